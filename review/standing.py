"""Where a review and a case stand, in words, by the purpose of the case."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from identification.models import Purpose
from identification.services.probes import owes_search
from review.corrected import ENDED
from review.models import Conclusion, Identification, Outcome, Reopening, Review, ReviewState

UNFINISHED = (ReviewState.OPEN, ReviewState.DISCORDANT)

# What two concordant assessments give, by purpose; never more than this.
CONCORDANT = {
    Purpose.DECEASED: "potential identification",
    Purpose.CAPTURED: "presence established",
    Purpose.MISSING: "potential location",
    Purpose.INCIDENT: "investigative lead",
}

# What it is once somebody with the authority to has asserted it. Only of the dead does that say who they are: of the
# captured and the missing it says where they were, and not for longer than the photograph shows.
ASSERTED = {
    Purpose.DECEASED: "identification",
    Purpose.CAPTURED: "presence established, corroborated",
    Purpose.MISSING: "location established",
}
# A policy may ask for no identifier of the missing. What rests on the face alone never sounds like more.
ASSERTED_ON_THE_FACE_ALONE = "location asserted, not corroborated"

WHAT_IT_IS_NOT = {
    Purpose.DECEASED: (
        "This is not an identification. It becomes one only with at least one independent identifier other than the "
        "face, such as fingerprints, dental records, DNA or a document."
    ),
    Purpose.CAPTURED: (
        "It says that this person was there when the photograph was taken, and nothing about today. It is a potential "
        "identification until it has been corroborated."
    ),
    Purpose.MISSING: "It is not proof of where the person is now. It has to be corroborated before anybody is told.",
    Purpose.INCIDENT: (
        "It is an investigative lead and nothing more. Nobody may be arrested, charged or named on its strength alone."
    ),
}

WHAT_IT_IS_NOT_ONCE_ASSERTED = {
    Purpose.DECEASED: (
        "It says who the person in this photograph was, on the face and on what corroborates it. It says nothing of "
        "how or when they died, nor of anybody else in the photograph."
    ),
    Purpose.CAPTURED: "It says that this person was there when the photograph was taken, and nothing about today.",
    Purpose.MISSING: "It says where the person was when the photograph was taken. It is not proof of where they are.",
}

NEXT_STEP = {
    Purpose.DECEASED: "Corroborate with an identifier that has nothing to do with the face.",
    Purpose.CAPTURED: "Corroborate with a document or a statement.",
    Purpose.MISSING: "Corroborate as the case needs.",
    Purpose.INCIDENT: "The investigation looks for evidence that has nothing to do with the face.",
}

NEXT_STEP_ONCE_ASSERTED = {
    Purpose.DECEASED: "What the family is told is released by two people.",
    Purpose.CAPTURED: "What the family is told goes through the official bureau and is released by two people.",
    Purpose.MISSING: "What the family is told is released by two people.",
}

BEING_REVIEWED_AGAIN = "It is being reviewed again. Nobody is told anything on its strength until that has ended."
REVIEWED_AGAIN = "It was reviewed again since. What the later review came to is what stands."


def standing_of(review: Review) -> str:
    """Return in a few words where a review stands."""
    if review.state != ReviewState.CONCLUDED:
        return ReviewState(review.state).label.lower()
    return f"{ended_as(review)}{_since(review) if identification_of(review.conclusion) else ''}"


def ended_as(review: Review) -> str:
    """Return what an ended review came to, whatever has become of it since."""
    if review.state != ReviewState.CONCLUDED:
        return ReviewState(review.state).label.lower()
    asserted = identification_of(review.conclusion)
    return asserted_as(asserted) if asserted else concluded_as(review)


def concluded_as(review: Review) -> str:
    """Return what the assessments amounted to, whatever has become of it since."""
    if review.conclusion.outcome != Outcome.CONCORDANT:
        return Outcome(review.conclusion.outcome).label.lower()
    return CONCORDANT[Purpose(review.case.purpose)]


def asserted_as(identification: Identification) -> str:
    """Return what was asserted, whatever has become of it since."""
    if identification.leading_identifier_id is None:
        return ASSERTED_ON_THE_FACE_ALONE
    return ASSERTED[Purpose(identification.purpose)]


def identification_of(conclusion: Conclusion) -> Identification | None:
    """Return the identification that a conclusion has become, if it has."""
    return getattr(conclusion, "identification", None)


def what_it_is_not(review: Review) -> str:
    """Say what a concordant conclusion doesn't mean."""
    asserted = identification_of(review.conclusion) is not None
    return (WHAT_IT_IS_NOT_ONCE_ASSERTED if asserted else WHAT_IT_IS_NOT)[Purpose(review.case.purpose)]


def next_step(review: Review) -> str:
    """Say what follows from a concordant conclusion."""
    if identification_of(review.conclusion) is None:
        return NEXT_STEP[Purpose(review.case.purpose)]
    if hasattr(review, "reopening"):
        return REVIEWED_AGAIN if _later_ended(review) else BEING_REVIEWED_AGAIN
    return NEXT_STEP_ONCE_ASSERTED[Purpose(review.case.purpose)]


def _since(review: Review) -> str:
    """Return what has become of an identification whose conclusion was opened anew."""
    if not hasattr(review, "reopening"):
        return ""
    return ", reviewed again since" if _later_ended(review) else ", being reviewed again"


def _later_ended(review: Review) -> bool:
    """Whether a later review of the same face has ended; one that was withdrawn passes the question on."""
    later = review.followed_by.all()
    return any(each.state in ENDED or (each.state == ReviewState.WITHDRAWN and _later_ended(each)) for each in later)


AGAIN = "being reviewed again"
NOBODY_ANY_MORE = "reopened, nobody was proposed any more"
REOPENED = "reopened"


@dataclass(frozen=True)
class Standing:
    """Where the reviews of one face stand together: by the latest that ended, and whether a newer one is under way."""

    chain: tuple[Review, ...]

    @property
    def ended(self) -> Review | None:
        """The latest review that has ended; where it left the face, the face stands."""
        return next((review for review in reversed(self.chain) if review.state in ENDED), None)

    @property
    def under_way(self) -> Review | None:
        """The review that still waits for somebody."""
        return next((review for review in self.chain if review.state in UNFINISHED), None)

    @property
    def words(self) -> str:
        """Say it in a few words; nothing where every review was withdrawn, since none stands."""
        if self.ended is None:
            return standing_of(self.under_way) if self.under_way else ""
        again = self.again
        return ended_as(self.ended) + (f", {again}" if again else "")

    @property
    def again(self) -> str:
        """Say what has become of the latest conclusion since; nothing while it simply stands."""
        if self.ended is None:
            return ""
        if self.under_way:
            return AGAIN
        return what_became_of(self.ended) if hasattr(self.ended, "reopening") else ""

    @property
    def reopened_in_words(self) -> str:
        """Say in a sentence why the latest conclusion was reopened, and what came of it so far."""
        return reopened_in_words(self.ended) if self.ended and hasattr(self.ended, "reopening") else ""


def what_became_of(review: Review) -> str:
    """Say what became of a reopened review that no newer one has replaced yet."""
    if owes_search(review.probe):
        return AGAIN
    latest = review.probe.searches.order_by("-ran_at").first()
    if latest and latest.ran_at > review.reopening.opened_at and not latest.candidates.exists():
        return NOBODY_ANY_MORE
    return AGAIN if review.followed_by.filter(state__in=UNFINISHED).exists() else REOPENED


def reopened_in_words(review: Review) -> str:
    """Say in a sentence why an ended review was reopened, and whether anybody was proposed since."""
    causes = {
        Reopening.Cause.NEW_EVIDENCE: "Reopened on new evidence",
        Reopening.Cause.REFERENCE_WITHDRAWN: "Reopened, a reference it rests on was withdrawn",
    }
    nobody = what_became_of(review) == NOBODY_ANY_MORE
    return causes[Reopening.Cause(review.reopening.cause)] + ("; nobody was proposed any more." if nobody else ".")


def standings_of(reviews: Iterable[Review]) -> list[Standing]:
    """Return where each face of a case stands, in the order of their first reviews."""
    chains: dict[UUID, list[Review]] = {}
    for review in sorted(reviews, key=lambda review: review.opened_at):
        chain = chains.get(review.refers_to_id, []) if review.refers_to_id else []
        chain.append(review)
        chains[review.pk] = chain
    distinct = {id(chain): chain for chain in chains.values()}
    return [Standing(tuple(chain)) for chain in distinct.values()]


def standing_of_case(reviews: Iterable[Review]) -> str:
    """Return in a few words where a case stands; with several faces, how many stand where.

    A face stands where its latest concluded review left it. A review that was withdrawn stands nowhere: it begins
    again.
    """
    standings = [standing.words for standing in standings_of(reviews) if standing.words]
    if len(standings) <= 1:
        return standings[0] if standings else "open"
    counts = {standing: standings.count(standing) for standing in dict.fromkeys(standings)}
    return ", ".join(f"{standing} ({count})" for standing, count in counts.items())
