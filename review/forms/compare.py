"""The checklist of a comparison as a browser posts it: field by field, or, with its script, as one document."""

import json
from typing import Any

from django.http import QueryDict

from review.comparison import NotKept
from review.components import Component


def posted_comparison(posted: QueryDict) -> dict[str, Any]:
    """Return what a form says, unchecked: all of a comparison when its script filled it in, else the components."""
    whole = posted.get("comparison", "")
    if not whole:
        return {"components": {component: _component(posted, component) for component in Component.values}}
    try:
        content = json.loads(whole)
    except (ValueError, RecursionError) as error:
        raise NotKept("it is not whole") from error
    if not isinstance(content, dict):
        raise NotKept("it is not a comparison")
    return content


def _component(posted: QueryDict, component: str) -> dict[str, Any]:
    return {
        "probe": f"{component}-probe" in posted,
        "candidate": f"{component}-candidate" in posted,
        "similarity": posted.get(f"{component}-rating", ""),
        "explanation": posted.get(f"{component}-explanation", ""),
        "note": posted.get(f"{component}-note", ""),
    }
