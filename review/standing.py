"""Where a review and a case stand, in words, by the purpose of the case."""

from collections.abc import Iterable

from identification.models import Purpose
from review.models import Outcome, Review, ReviewState

# What two concordant assessments give, by purpose; never more than this.
CONCORDANT = {
    Purpose.DECEASED: "potential identification",
    Purpose.CAPTURED: "presence established",
    Purpose.MISSING: "potential location",
    Purpose.INCIDENT: "investigative lead",
}

WHAT_IT_IS_NOT = {
    Purpose.DECEASED: (
        "This is not an identification. It becomes one only with at least one independent identifier other than the "
        "face, such as fingerprints, dental records, DNA or a document."
    ),
    Purpose.CAPTURED: "It says that this person was there when the photograph was taken, and nothing about today.",
    Purpose.MISSING: "It is not proof of where the person is now. It has to be corroborated before anybody is told.",
    Purpose.INCIDENT: (
        "It is an investigative lead and nothing more. Nobody may be arrested, charged or named on its strength alone."
    ),
}

NEXT_STEP = {
    Purpose.DECEASED: "Corroborate with an identifier that has nothing to do with the face.",
    Purpose.CAPTURED: "Corroborate with a document or a statement.",
    Purpose.MISSING: "Corroborate as the case needs.",
    Purpose.INCIDENT: "The investigation looks for evidence that has nothing to do with the face.",
}


def standing_of(review: Review) -> str:
    """Return in a few words where a review stands."""
    if review.state != ReviewState.CONCLUDED:
        return ReviewState(review.state).label.lower()
    if review.conclusion.outcome == Outcome.CONCORDANT:
        return CONCORDANT[Purpose(review.case.purpose)]
    return Outcome(review.conclusion.outcome).label.lower()


def standing_of_case(reviews: Iterable[Review]) -> str:
    """Return in a few words where a case stands; with several probes, how many stand where.

    A review that was withdrawn stands nowhere: it begins again with the corrected face.
    """
    standings = [standing_of(review) for review in reviews if review.state != ReviewState.WITHDRAWN]
    if len(standings) <= 1:
        return standings[0] if standings else "open"
    counts = {standing: standings.count(standing) for standing in dict.fromkeys(standings)}
    return ", ".join(f"{standing} ({count})" for standing, count in counts.items())
