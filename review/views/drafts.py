"""Work in progress, saved by the pages themselves every few seconds (static/js/draft.js)."""

import json
import re
from typing import Any
from uuid import UUID

import rfc8785
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from review import selectors
from review.comparison import checked
from review.errors import IncompleteWork, StaleAssignment
from review.models import Assignment
from review.services.assessment import may_see_candidates
from review.services.drafts import ANALYSIS, CANDIDATES, CONCLUDE, compare_section, save_draft
from review.shown import ShownCandidate, candidate_at
from review.views.common import viewer

# The pages leave these out; a page that forgot to would not have them kept.
NEVER_KEPT = frozenset({"password", "csrfmiddlewaretoken"})
COMPARED_AT_POSITION = re.compile(r"compare-([0-9]{1,3})")


@sensitive_post_parameters()
@require_POST
def draft(request: HttpRequest, assignment_id: UUID, section: str) -> HttpResponse:
    """Keep one section of the viewer's own work: 204, or why not, as {"sentence": ...}."""
    assignment = get_object_or_404(selectors.assignments(viewer(request)), pk=assignment_id)
    shown = _compared_at(assignment, section)
    kept_as = compare_section(shown.person_id) if shown else _section(section)
    content = _content(request)
    if content is None:
        return _not_kept("This can't be kept as a draft. What was saved before is kept.", status=400)
    try:
        if shown:
            content = checked(content, references=len(shown.references))
        save_draft(actor=viewer(request), assignment=assignment, section=kept_as, content=content)
    except StaleAssignment as error:
        return _not_kept(str(error), status=409)
    except IncompleteWork as error:
        return _not_kept(str(error), status=400)
    return HttpResponse(status=204)


def _section(section: str) -> str:
    if section not in (ANALYSIS, CANDIDATES, CONCLUDE):
        raise Http404("There is no such section.")
    return section


def _compared_at(assignment: Assignment, section: str) -> ShownCandidate | None:
    """Return the candidate of a section: a page knows their position, the draft the person."""
    named = COMPARED_AT_POSITION.fullmatch(section)
    return candidate_at(assignment, int(named[1])) if named and may_see_candidates(assignment) else None


def _content(request: HttpRequest) -> dict[str, Any] | None:
    """Return what was sent; None where it is no JSON object that PostgreSQL and RFC 8785 can hold."""
    try:
        content = json.loads(request.body)
        canonical = rfc8785.dumps(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or b"\\u0000" in canonical:
        return None
    return {key: value for key, value in content.items() if key not in NEVER_KEPT}


def _not_kept(sentence: str, *, status: int) -> JsonResponse:
    return JsonResponse({"sentence": sentence}, status=status)
