"""What the pages of the work show again: what somebody has written so far, and which pictures are open to them."""

from collections.abc import Collection
from dataclasses import dataclass

from accounts.models import User
from review.forms.work import EXCLUDE, RETAIN, decision_on
from review.models import Assignment
from review.services.drafts import CANDIDATES, draft_of
from review.services.exposure import FACE, PHOTOGRAPH, ExposureCapped, is_capped, is_shown
from review.shown import candidates_shown

Written = dict[str, str | list[str]]


def written_so_far(assignment: Assignment, section: str, fields: Collection[str]) -> Written:
    """Return the draft of a section, as far as it is what its form can show."""
    kept = draft_of(assignment, section)
    return {name: kept[name] for name in fields if name in kept and _is_of_a_form(kept[name])}


def _is_of_a_form(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def decisions_so_far(assignment: Assignment) -> dict[str, str]:
    """Return what was decided on each candidate: what was recorded, and over it what was drafted since."""
    shown = candidates_shown(assignment)
    recorded = {}
    if assignment.compared_at:
        recorded = {decision_on(one): RETAIN if one.person_id in assignment.retained else EXCLUDE for one in shown}
    drafted = written_so_far(assignment, CANDIDATES, [decision_on(one) for one in shown])
    return recorded | {name: decision for name, decision in drafted.items() if isinstance(decision, str)}


@dataclass(frozen=True)
class Pictures:
    """Which pictures of the photograph in question are open to a person, and why no more are, where none may be."""

    face: bool
    photograph: bool
    no_more_because: str


def pictures_of(viewer: User, assignment: Assignment) -> Pictures:
    """Return what may be sent now; of the deceased only what the person had shown."""
    face, photograph = is_shown(viewer, assignment, FACE), is_shown(viewer, assignment, PHOTOGRAPH)
    capped = not (face and photograph) and is_capped(viewer)
    return Pictures(face, photograph, str(ExposureCapped()) if capped else "")
