"""What a signer is shown once their work is locked."""

from dataclasses import dataclass

from identification.models import Candidate
from review.models import Assignment
from review.shown import candidates_shown


@dataclass(frozen=True)
class Listed:
    """A candidate with score, rank and source, and the position at which the signer saw them, where it was kept."""

    candidate: Candidate
    position: int | None


def list_as_it_was(assignment: Assignment) -> list[Listed]:
    """Return the candidate list by rank, which only a signer is given."""
    positions = {shown.person_id: shown.position for shown in candidates_shown(assignment)}
    candidates = assignment.review.search.candidates.select_related("person__gallery", "reference").order_by("rank")
    return [Listed(candidate, positions.get(candidate.person_id)) for candidate in candidates]
