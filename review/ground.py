"""What an assertion rests on: the identifiers that were confirmed, and whether they suffice by the policy."""

from dataclasses import dataclass
from uuid import UUID

from identification.models import Purpose, PurposePolicy
from review.errors import IncompleteWork
from review.models import Conclusion, Identifier, Verdict
from review.sufficiency import sufficient, what_is_missing


@dataclass(frozen=True)
class Ground:
    """What an assertion rests on: every identifier recorded, the leading one, and those that suffice with it."""

    identifiers: list[Identifier]
    leading: Identifier | None
    rests_on: list[Identifier]


def ground_of(conclusion: Conclusion, policy: PurposePolicy, leading_identifier: UUID | None) -> Ground:
    """Return what an assertion would rest on; IncompleteWork with what is missing when it doesn't suffice."""
    identifiers = list(conclusion.identifiers.select_related("recorded_by", "verification__verified_by"))
    confirmed = [identifier for identifier in identifiers if is_confirmed(identifier)]
    kinds = [identifier.kind for identifier in confirmed]
    if not sufficient(policy, kinds):
        raise IncompleteWork(what_is_missing(policy, kinds))
    leading = next((identifier for identifier in confirmed if identifier.pk == leading_identifier), None)
    if leading is None and (leading_identifier or policy.purpose != Purpose.MISSING or policy.corroboration_required):
        raise IncompleteWork("Choose the confirmed identifier that weighs most.")
    # One that suffices by itself carries the assertion; else all that were confirmed carry it together.
    alone = leading is None or sufficient(policy, [leading.kind])
    return Ground(identifiers, leading, ([leading] if leading else []) if alone else confirmed)


def is_confirmed(identifier: Identifier) -> bool:
    """Whether a second person confirmed it."""
    verification = getattr(identifier, "verification", None)
    return verification is not None and verification.verdict == Verdict.CONFIRMED
