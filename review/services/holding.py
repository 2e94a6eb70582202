"""What a signature rests on, held until its transaction ends, so that it is not taken away underneath.

Whoever takes something away (a role, a face, a reference) changes the row that is held here: they come first and the
signature is refused, or they wait for it. The order is the same for all, so that nobody waits in a circle: role,
photograph, references, review, places.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from accounts.models import Role, User
from identification.models import Reference
from review.errors import NotPermitted
from review.evidence import references_in
from review.models import Assignment, Part, Review

ROLE_OF = {Part.REVIEWER: Role.REVIEWER, Part.ADJUDICATOR: Role.ADJUDICATOR}

# Django knows no FOR SHARE: several may hold these at once, only a change waits.
_ROLE = """
SELECT 1 FROM accounts_heldrole AS held JOIN accounts_user AS person ON person.id = held.user_id
WHERE held.user_id = %s AND held.role = %s AND person.is_active FOR KEY SHARE OF held
"""
_PHOTOGRAPH = "SELECT 1 FROM identification_photograph WHERE id = %s FOR SHARE"
_REFERENCES = "SELECT 1 FROM identification_reference WHERE id = ANY(%s) ORDER BY id FOR SHARE"


def hold_for_signature(*, actor: User, assignment_id: UUID) -> tuple[Review, Assignment]:
    """Hold the signer's role, the evidence, the review and the place; NotPermitted without the role."""
    unheld = Assignment.objects.select_related("review__probe").get(pk=assignment_id)
    hold_role(actor, ROLE_OF[Part(unheld.part)])
    _hold(_PHOTOGRAPH, unheld.review.probe.photograph_id)
    _hold(_REFERENCES, [UUID(reference) for reference in references_in(unheld.review)])
    reviews = Review.objects.select_for_update(of=("self",), no_key=True).select_related(
        "case", "search__encoder", "probe__photograph", "probe__face"
    )
    review = reviews.get(pk=unheld.review_id)
    return review, Assignment.objects.select_for_update(of=("self",)).get(pk=assignment_id)


def hold_role(actor: User, role: Role) -> None:
    """Hold the role that a signature needs: who takes it away waits for it. NotPermitted where it is gone."""
    if not _hold(_ROLE, actor.pk, role.value):
        raise NotPermitted("You may no longer take this part in the review.")


def hold_references(references: QuerySet[Reference]) -> None:
    """Let nobody withdraw these or change their faces until the transaction ends."""
    ids: Sequence[UUID] = list(references.values_list("pk", flat=True))
    _hold(_REFERENCES, list(ids))


def _hold(sql: str, *parameters: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return bool(cursor.fetchall())
