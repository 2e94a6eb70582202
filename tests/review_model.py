"""What the reviews of one face come to, as plain Python: the workflow is compared with it, step by step.

The model knows no database: reviews, places, signatures, and the rules by which they end, are withdrawn or reopened.
"""

from collections import Counter
from dataclasses import dataclass, field

REVIEWERS = ("r0", "r1", "r2", "r3", "r4", "r5")
ADJUDICATORS = ("a0", "a1", "a2")
UNFINISHED, ENDED = ("open", "discordant"), ("concluded", "inconclusive")


@dataclass
class ModelPlace:
    """One person's place in one review."""

    part: str
    state: str = "open"
    ready: bool = False


@dataclass
class ModelReview:
    """One review: of which face, with whom as candidates, and what happened in it."""

    face: int
    listed: tuple[int, ...]
    refers_to: int | None
    state: str = "open"
    because: str = ""
    finding: str = ""
    reopened: bool = False
    places: dict[str, ModelPlace] = field(default_factory=dict)
    signed: dict[str, str] = field(default_factory=dict)

    def conclude_if_complete(self) -> None:
        """Two who agree conclude; else an adjudicator makes it three, of whom two decide; undecided decides nothing."""
        if len(self.signed) < 2:
            return
        adjudicated = any(name in ADJUDICATORS for name in self.signed)
        (finding, votes), *others = Counter(self.signed.values()).most_common()
        if finding != "undecided" and (2 * votes > len(self.signed) if adjudicated else not others):
            self.state, self.finding = "concluded", finding
        else:
            self.state = "inconclusive" if adjudicated else "discordant"

    def withdraw(self, because: str) -> None:
        self.state, self.because = "withdrawn", because
        for place in self.places.values():
            if place.state == "open":
                place.state = "lapsed"


@dataclass
class Model:
    """One case with one face, which corrections replace, and three people in the gallery."""

    reviews: list[ModelReview] = field(default_factory=list)
    withdrawn: set[int] = field(default_factory=set)
    face: int = 0
    search_owed: bool = False

    @property
    def unfinished(self) -> ModelReview | None:
        return next((review for review in self.reviews if review.state in UNFINISHED), None)

    def place_of(self, name: str) -> ModelPlace | None:
        held = [review.places[name] for review in self.reviews if name in review.places]
        return next((place for place in held if place.state == "open"), None)

    def search(self) -> None:
        """A search proposes whoever still has a reference; an empty list opens nothing."""
        self.search_owed = False
        listed = tuple(person for person in range(3) if person not in self.withdrawn)
        if listed:
            before = len(self.reviews) - 1 if self.reviews else None
            self.reviews.append(ModelReview(self.face, listed, before))

    def take(self, name: str) -> ModelPlace | None:
        """Return the place that a person holds or is given; nobody judges a face twice."""
        held, review = self.place_of(name), self.unfinished
        if held or review is None:
            return held
        part, state, places = ("reviewer", "open", 2) if name in REVIEWERS else ("adjudicator", "discordant", 1)
        had = review.places.get(name)
        taken = sum(place.part == part and place.state in ("open", "signed") for place in review.places.values())
        knows = any(name in earlier.signed for earlier in self.reviews if earlier is not review)
        if review.state != state or knows or taken >= places or (had and had.state != "lapsed"):
            return None
        review.places[name] = had or ModelPlace(part)
        review.places[name].state = "open"
        return review.places[name]

    def sign(self, name: str, finding: str) -> None:
        review = self.unfinished
        assert review is not None
        review.places[name].state = "signed"
        review.signed[name] = finding
        review.conclude_if_complete()

    def correct(self) -> None:
        """A corrected face is another face: what is unfinished is void, what has ended stands."""
        if self.unfinished:
            self.unfinished.withdraw("face_corrected")
        self.face += 1
        self.search_owed = True

    def withdraw_reference(self, person: int) -> None:
        """What is unfinished and shows it begins again; what was concluded about the person is reopened."""
        self.withdrawn.add(person)
        if self.unfinished and person in self.unfinished.listed:
            self.unfinished.withdraw("reference_withdrawn")
            self.search_owed = True
        for number, review in enumerate(self.reviews):
            if review.state == "concluded" and review.finding == f"person:{person}" and self.is_latest(number):
                review.reopened = True
                self.search_owed = self.search_owed or review.face == self.face

    def may_reopen(self, number: int) -> bool:
        review = self.reviews[number]
        return review.state in ENDED and review.face == self.face and self.is_latest(number)

    def reopen(self, number: int) -> None:
        self.reviews[number].reopened = True
        self.search_owed = True

    def is_latest(self, number: int) -> bool:
        """Whether no later review of the same face has taken a review's place, and it wasn't reopened."""
        review = self.reviews[number]
        later = self.reviews[number + 1 :]
        return not review.reopened and not any(each.face == review.face and each.state != "withdrawn" for each in later)
