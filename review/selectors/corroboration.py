"""What corroborates a conclusion, as somebody who may read it sees it, and what they may do about it."""

from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.models import User
from identification.models import PRIMARY_IDENTIFIERS, Purpose, PurposePolicy
from review import policies, selectors
from review.ground import is_confirmed
from review.models import Conclusion, Identification, Identifier, Outcome, Review
from review.services.corroboration import why_closed
from review.sufficiency import what_is_missing


def identifiers(viewer: User) -> QuerySet[Identifier]:
    """The identifiers that the viewer may know of: of conclusions they may read, in a role that works with them."""
    return Identifier.objects.filter(conclusion__review__in=selectors.ended_reviews(viewer)).select_related(
        "conclusion__review__case", "conclusion__person", "recorded_by"
    )


@dataclass(frozen=True)
class Recorded:
    """One identifier, and what this viewer may do with it."""

    identifier: Identifier
    may_verify: bool

    @property
    def is_primary(self) -> bool:
        """Whether INTERPOL counts its kind as primary."""
        return self.identifier.kind in PRIMARY_IDENTIFIERS


@dataclass(frozen=True)
class Corroboration:
    """Everything about a conclusion besides the face."""

    recorded: list[Recorded]
    missing: str
    closed: str
    identification: Identification | None
    may_read: bool
    may_record: bool
    may_assert: bool

    @property
    def confirmed(self) -> list[Identifier]:
        """The identifiers that a second person confirmed."""
        return [each.identifier for each in self.recorded if is_confirmed(each.identifier)]

    @property
    def unverified(self) -> int:
        """How many identifiers nobody has verified yet."""
        return sum(not hasattr(each.identifier, "verification") for each in self.recorded)


def corroboration_of(viewer: User, review: Review) -> Corroboration | None:
    """Return what corroborates a conclusion; None where nothing can: an incident, or a conclusion that names nobody."""
    conclusion: Conclusion | None = getattr(review, "conclusion", None)
    if conclusion is None or conclusion.outcome != Outcome.CONCORDANT or review.case.purpose == Purpose.INCIDENT:
        return None
    found = list(conclusion.identifiers.select_related("recorded_by", "verification__verified_by"))
    policy = PurposePolicy.objects.get(pk=review.case.purpose)
    missing = what_is_missing(policy, [each.kind for each in found if is_confirmed(each)])
    closed = why_closed(conclusion)
    verifies = not closed and policies.can_verify_identifier(viewer, review)
    return Corroboration(
        recorded=[
            Recorded(each, verifies and each.recorded_by_id != viewer.pk and not hasattr(each, "verification"))
            for each in found
        ],
        missing=missing,
        closed=closed,
        identification=getattr(conclusion, "identification", None),
        may_read=policies.can_read_identifier(viewer, review),
        may_record=not closed and policies.can_record_identifier(viewer, review),
        may_assert=not closed and not missing and policies.can_assert_identity(viewer, review),
    )
