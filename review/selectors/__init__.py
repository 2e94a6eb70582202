"""What reads in a review. Before a reviewer has signed, nothing here tells score, rank or another's trace."""

import random
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from identification.models import Calibration, Candidate, Case
from identification.policies import holds_a_role
from identification.recognition.calibration import Table, sentence
from review.corrected import ENDED, awaiting_another_judgement, known_before
from review.models import Assessment, Assignment, Part, Review
from review.services.queue import parts_of


def assignments(viewer: User) -> QuerySet[Assignment]:
    """The viewer's own places in reviews, nobody else's."""
    return Assignment.objects.filter(reviewer=viewer).select_related(
        "reviewer",
        "review__case__agency",
        "review__probe__photograph",
        "review__probe__face",
        "review__search__encoder",
    )


def rationales_for(assignment: Assignment) -> list[Assessment]:
    """The blind assessments that an adjudicator reads, in an order drawn for them; the page leaves the names out."""
    assessments = list(assignment.review.assessments.filter(part=Part.REVIEWER).select_related("person"))
    random.Random(assignment.seed).shuffle(assessments)  # noqa: S311  (an order to read in, not a secret)
    return assessments


def candidate_named(assessment: Assessment) -> Candidate | None:
    """The candidate whom an assessment names; None when it names nobody."""
    listed = Candidate.objects.filter(search=assessment.search_id, person=assessment.person_id)
    return listed.select_related("person", "reference__face").first()


def candidate_concluded(review: Review) -> Candidate | None:
    """The candidate whom a concordant review names, with rank and score, which may be shown now."""
    conclusion = getattr(review, "conclusion", None)
    if conclusion is None or conclusion.person_id is None:
        return None
    return review.search.candidates.select_related("person__gallery", "reference__face").get(person=conclusion.person)


@dataclass(frozen=True)
class ToldChance:
    """How often chance gives a candidate's score in a gallery of the search's size, and the calibration behind it."""

    candidate: Candidate
    sentence: str
    calibration: Calibration


def chance_of_score(assessment: Assessment) -> ToldChance | None:
    """What may be told of a score once an assessment is signed: of the candidate it names, else of the first one.

    None where the list is empty or the search's encoder has no calibration.
    """
    candidate = candidate_named(assessment) or Candidate.objects.filter(search=assessment.search_id, rank=1).first()
    calibration = Calibration.objects.filter(encoder__searches=assessment.search_id).first()
    if candidate is None or calibration is None:
        return None
    table = Table.from_rows(calibration.comparisons, calibration.table)
    said = sentence(table, score=candidate.score, gallery_size=assessment.search.gallery_size)
    return ToldChance(candidate, said, calibration)


def ended_reviews(viewer: User) -> QuerySet[Review]:
    """Reviews of the viewer's agency that have ended; unfinished ones tell nothing to anybody.

    Who may still assess another probe of the same case doesn't see what was found about this one, nor does who may
    assess the same face, corrected.
    """
    return _with_nothing_left_to_judge(viewer, reviews(viewer).filter(state__in=ENDED)).select_related(
        "case", "probe__photograph", "search__encoder", "conclusion__person", "conclusion__first_reviewer",
        "conclusion__second_reviewer", "conclusion__identification", "reopening__opened_by",
    )  # fmt: skip


def _with_nothing_left_to_judge(viewer: User, found: QuerySet[Review]) -> QuerySet[Review]:
    if not parts_of(viewer):
        return found
    judged = Assessment.objects.filter(review=OuterRef("pk"), reviewer=viewer)
    unfinished = Review.objects.unfinished().filter(case=OuterRef("case")).exclude(requested_by=viewer)
    # Who knows an earlier review of the same face isn't asked again.
    return found.filter(~Exists(unfinished.filter(~Exists(judged), ~Exists(known_before(viewer)))))


def reviews(viewer: User) -> QuerySet[Review]:
    """The reviews of the viewer's agency, without those that ended about a face which they may have to judge anew."""
    if not holds_a_role(viewer):
        return Review.objects.none()
    found = Review.objects.filter(case__agency=viewer.agency_id)
    return found.exclude(pk__in=awaiting_another_judgement(viewer)) if parts_of(viewer) else found


def reviews_of(viewer: User, case: Case) -> QuerySet[Review]:
    """The reviews in a case of which the viewer may know."""
    return (
        reviews(viewer)
        .filter(case=case)
        .select_related(
            "probe__face",
            "probe__photograph",
            "conclusion__person",
            "conclusion__identification__asserted_by",
            "reopening",
            "case",
        )
    )
