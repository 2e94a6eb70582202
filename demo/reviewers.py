"""The demonstration's reviewers: they work through the same services as people do, blind and one by one."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from demo.people import PASSWORD, Staff
from review.models import Assignment, Level, Part, Review, ReviewState, Suitability
from review.services.adjudication import give_differing_to_read
from review.services.assessment import record_analysis, record_comparison, sign_assessment
from review.services.drafts import compare_section, save_draft
from review.services.queue import take_next

# The person whom a probe shows, by the photograph's SHA-256, as registry number; None for strangers.
Truth = Callable[[str], str | None]

MOST_REVIEWS = 40
# What a careful eye says of the components of a candidate whom it names.
COMPARED = {
    "components": {
        component: {"probe": True, "candidate": True, "similarity": similarity, "explanation": why, "note": note}
        for component, similarity, why, note in (
            ("eyebrows", "similar", "", "Same course, thicker at the bridge of the nose"),
            ("nose", "similar", "", "Same width at the bridge"),
            ("chin", "somewhat", "light", "The shadow hides its left side"),
        )
    }
}
WANTED = {"concordant": 4, "no_candidate": 1, "adjudicated": 1}


@dataclass
class Reviewers:
    """Three reviewers and an adjudicator, who know what a careful eye would see; the third is once too cautious."""

    staff: Staff
    truth: Truth
    tally: Counter[str] = field(default_factory=Counter)

    def work(self, *, on_step: Callable[[], None] = lambda: None) -> Counter[str]:
        """Assess until every kind of outcome is there; leave the rest of the queue to whoever opens the site."""
        for number in range(MOST_REVIEWS):
            if all(self.tally[outcome] >= count for outcome, count in WANTED.items()):
                break
            # One mated case meets a cautious second reviewer, so that two careful people differ.
            if not self._review_one(cautious=number >= 2 and not self.tally["adjudicated"]):
                break
            on_step()
        return self.tally

    def _review_one(self, *, cautious: bool) -> bool:
        first = take_next(actor=self.staff["reviewer1"])
        if first is None:
            return False
        self._assess(first)
        second = take_next(actor=self.staff["reviewer2"])
        if second is None:
            return False
        self._assess(second, overlooks=cautious)
        self._adjudicate()
        self._count(first.review_id)
        return True

    def _adjudicate(self) -> None:
        third = take_next(actor=self.staff["adjudicator"])
        if third is not None:
            self._assess(third)

    def _assess(self, assignment: Assignment, *, overlooks: bool = False) -> None:
        assignment = Assignment.objects.select_related("review__probe__photograph", "reviewer").get(pk=assignment.pk)
        person_id = None if overlooks else self._person_in_list(assignment)
        actor = assignment.reviewer
        if not assignment.analysed_at:  # it may be, where an earlier run was stopped
            record_analysis(
                actor=actor, assignment=assignment, suitability=Suitability.LIMITED, limitations=["sharpness"]
            )
            assignment.refresh_from_db()
        if assignment.part == Part.ADJUDICATOR:
            give_differing_to_read(actor=actor, assignment=assignment)
            assignment.refresh_from_db()
        record_comparison(actor=actor, assignment=assignment, retained=[person_id] if person_id else [])
        assignment.refresh_from_db()
        if person_id:
            save_draft(actor=actor, assignment=assignment, section=compare_section(person_id), content=COMPARED)
        sign_assessment(
            actor=actor,
            assignment=assignment,
            password=PASSWORD,
            person_id=person_id,
            level=Level.SAME if person_id else Level.DIFFERENT,
            rationale=_rationale(assignment, person_id),
        )

    def _person_in_list(self, assignment: Assignment) -> UUID | None:
        registry_number = self.truth(assignment.review.probe.photograph.sha256)
        candidates = assignment.review.search.candidates.filter(person__registry_number=registry_number)
        return candidates.values_list("person_id", flat=True).first() if registry_number else None

    def _count(self, review_id: UUID) -> None:
        review = Review.objects.select_related("conclusion").get(pk=review_id)
        if review.state == ReviewState.CONCLUDED:
            self.tally[review.conclusion.outcome] += 1
            self.tally["adjudicated"] += review.conclusion.adjudicated


def _rationale(assignment: Assignment, person_id: UUID | None) -> str:
    if person_id is None:
        return "In no candidate do the brows, the bridge of the nose and the chin all agree with the photograph."
    seen = "Brows, the bridge of the nose and the line of the chin agree; light and sharpness explain the rest."
    return (
        f"After reading both assessments: {seen[0].lower()}{seen[1:]}" if assignment.part == Part.ADJUDICATOR else seen
    )
