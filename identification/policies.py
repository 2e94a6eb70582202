"""Who may do what with cases, photographs and galleries. Services ask these again."""

from typing import Any

import rules

from accounts.models import User
from accounts.policies import is_adjudicator, is_administrator, is_auditor, is_intake, is_reviewer
from identification.errors import NotPermitted
from identification.models import Case, Purpose


@rules.predicate
def in_its_agency(user: User, thing: Any) -> bool:
    """Whether the case, gallery or photograph belongs to the person's own agency."""
    return bool(user.agency_id == thing.agency_id)


@rules.predicate
def holds_a_role(user: User) -> bool:
    """Whether the person has any work here at all."""
    return bool(user.is_active and user.roles)


@rules.predicate
def is_of_a_gallery(_: User, photograph: Any) -> bool:
    """Whether a photograph is a reference."""
    return photograph.gallery_id is not None


can_open_case = is_intake
can_add_photographs = is_intake & in_its_agency
can_choose_probe = is_intake & in_its_agency
can_open_gallery = is_administrator
can_choose_encoder = is_administrator
can_see_encoders = is_administrator | is_auditor
can_enrol = (is_intake | is_administrator) & in_its_agency
can_withdraw_reference = can_enrol
can_correct_faces = in_its_agency & (is_intake | (is_administrator & is_of_a_gallery))
# Whoever is to look at the deceased in reviews is shown them there, when they ask and so many a day, not elsewhere.
is_shown_the_deceased_unasked = is_intake | ~(is_reviewer | is_adjudicator)
# People's names and faces in a gallery would sway somebody who is to compare without names.
can_browse_galleries = is_intake | is_administrator | is_auditor


def shows_pictures(user: User, case: Case | None) -> bool:
    """Whether pages of a case show its photographs to this person; those of the deceased not to who reviews."""
    return case is None or case.purpose != Purpose.DECEASED or is_shown_the_deceased_unasked(user)


def require(allowed: bool, sentence: str) -> None:
    """Raise NotPermitted with the sentence unless allowed."""
    if not allowed:
        raise NotPermitted(sentence)
