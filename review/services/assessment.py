"""A reviewer's work: analysis of the probe alone, comparison, and the signature that locks both."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from audit.services import record
from review import policies
from review.errors import IncompleteWork, ReviewWithdrawn, StaleAssignment
from review.evidence import changed_evidence
from review.levels import OF_NOBODY
from review.models import Assessment, Assignment, EvidenceChange, Level, Part, Review, ReviewState, Suitability
from review.policies import require
from review.services.conclusion import conclude_if_complete
from review.services.drafts import ANALYSIS, CANDIDATES, compare_section, drafts_of
from review.services.holding import hold_for_signature
from review.services.leases import keep_place
from review.services.signing import require_password
from review.services.withdrawal import withdraw_changed
from review.signed_document import Recorded, is_a_sentence, signed_document


def may_see_candidates(assignment: Assignment) -> bool:
    """Whether the probe was analysed and found fit for comparison; an adjudicator has read what others found, too."""
    fit = bool(assignment.analysed_at) and assignment.suitability != Suitability.UNSUITABLE
    return fit and (assignment.part == Part.REVIEWER or assignment.differing_read_at is not None)


def analysis_stays(assignment: Assignment) -> bool:
    """Whether candidates, or what others found, may have been seen, so that the analysis stays as it was before."""
    return may_see_candidates(assignment) or assignment.differing_read_at is not None


@transaction.atomic
def record_analysis(
    *, actor: User, assignment: Assignment, suitability: str, limitations: Sequence[str], note: str = ""
) -> None:
    """Record what the probe is good for. Only then does the server send any candidate."""
    require(policies.is_theirs(actor, assignment), "This review is somebody else's.")
    # Asked of the row, under its lock: a second window may have gone on. Candidates are sent once the probe is recorded
    # as good for comparison, whether or not the comparison was finished.
    now = Assignment.objects.select_for_update(of=("self",)).get(pk=assignment.pk)
    if analysis_stays(now):
        known = "The candidates are" if may_see_candidates(now) else "What others found is"
        raise IncompleteWork(f"{known} open to you; the analysis of the probe stays as it was before.")
    keep_place(
        assignment,
        suitability=suitability,
        limitations=list(limitations),
        analysis_note=note,
        analysed_at=timezone.now(),
    )
    _drop_drafts(assignment, ANALYSIS)
    record(
        kind="review:analysis:recorded/1",
        actor=actor,
        subject=assignment,
        agency=assignment.review.case.agency,
        payload={"review": str(assignment.review_id), "suitability": suitability},
    )


@transaction.atomic
def record_comparison(*, actor: User, assignment: Assignment, retained: Sequence[UUID]) -> None:
    """Record whom the reviewer retains; everybody else in the list is excluded. Retaining nobody is a finding too."""
    require(policies.is_theirs(actor, assignment), "This review is somebody else's.")
    if not may_see_candidates(assignment):
        raise IncompleteWork("Record what the photograph is good for before comparing.")
    listed = set(assignment.review.search.candidates.values_list("person_id", flat=True))
    if not set(retained) <= listed:
        raise IncompleteWork("Retain only people from the candidate list.")
    keep_place(assignment, retained=sorted(retained), compared_at=timezone.now())
    _drop_drafts(assignment, CANDIDATES)
    record(
        kind="review:comparison:recorded/1",
        actor=actor,
        subject=assignment,
        agency=assignment.review.case.agency,
        payload={"review": str(assignment.review_id), "retained": len(retained), "listed": len(listed)},
    )


def sign_assessment(
    *,
    actor: User,
    assignment: Assignment,
    rationale: str,
    password: str,
    person_id: UUID | None = None,
    level: int | None = None,
    unsuitable: bool = False,
) -> Assessment:
    """Lock a finding with the signer's password; the last signature that a review needs concludes it.

    ReviewWithdrawn when the evidence is no longer what the review's signatures bind: nothing is signed, what others
    signed is void, and the review begins again.
    """
    require(policies.is_theirs(actor, assignment), "This review is somebody else's.")
    require_password(actor=actor, subject=assignment, review=assignment.review, password=password)
    try:
        signed = _sign(
            actor=actor,
            assignment_id=assignment.pk,
            recorded=Recorded(person_id, level, rationale.strip(), unsuitable=unsuitable),
        )
    except IntegrityError as error:
        if "assessment_one_per_reviewer" not in str(error) and "assignment_id" not in str(error):
            raise
        raise StaleAssignment("You have signed this review already.") from error
    if isinstance(signed, EvidenceChange):
        # Only now: the withdrawal has to be committed.
        raise ReviewWithdrawn(signed)
    return signed


@transaction.atomic
def _sign(*, actor: User, assignment_id: UUID, recorded: Recorded) -> Assessment | EvidenceChange:
    """Sign on evidence that holds, or withdraw the review and return what has changed."""
    # The lock lets the second of two simultaneous signatures see the first, and so conclude.
    review, assignment = hold_for_signature(actor=actor, assignment_id=assignment_id)
    _check_place(actor, assignment, review)
    _check_finding(assignment, recorded)
    changed = changed_evidence(review)
    if changed:
        withdraw_changed(actor=actor, review=review, cause=changed)
        return changed
    assessment = _lock(actor, assignment, review, recorded)
    keep_place(assignment, state=Assignment.State.SIGNED)
    # What counts of them stands in the signed document.
    _drop_drafts(assignment)
    _record_signature(actor, assessment, review)
    conclude_if_complete(actor=actor, review=review)
    return assessment


def _lock(actor: User, assignment: Assignment, review: Review, recorded: Recorded) -> Assessment:
    document = signed_document(signer=actor, assignment=assignment, review=review, recorded=recorded)
    return Assessment.objects.create(
        assignment=assignment,
        review=review,
        search=review.search,
        reviewer=actor,
        requested_by_id=review.requested_by_id,
        part=assignment.part,
        suitability=recorded.suitability(assignment),
        person_id=recorded.person_id,
        level=recorded.level,
        rationale=recorded.rationale,
        document=document.decode(),
        evidence_sha256=review.evidence_sha256,
        document_sha256=hashlib.sha256(document).hexdigest(),
    )


def _check_place(actor: User, assignment: Assignment, review: Review) -> None:
    reviewing = assignment.part == Part.REVIEWER
    permitted = policies.can_review if reviewing else policies.can_adjudicate
    require(permitted(actor, review), "You may no longer take this part in the review.")
    if review.state == ReviewState.WITHDRAWN:
        raise ReviewWithdrawn(review.withdrawn_because)
    if review.state != (ReviewState.OPEN if reviewing else ReviewState.DISCORDANT):
        raise StaleAssignment("This review has ended. Nothing was signed.")


def _check_finding(assignment: Assignment, recorded: Recorded) -> None:
    """Raise IncompleteWork with the first thing that is missing or doesn't fit."""
    if not assignment.analysed_at:
        raise IncompleteWork("Record what the photograph is good for before signing.")
    if assignment.part == Part.ADJUDICATOR and not assignment.differing_read_at:
        raise IncompleteWork("Read the assessments that differ before signing.")
    if not is_a_sentence(recorded.rationale):
        raise IncompleteWork("Write in a sentence or more why you conclude this; one word is not enough.")
    _check_level(recorded)
    if not recorded.unsuitable:
        _check_comparison(assignment, recorded.person_id)


def _check_level(recorded: Recorded) -> None:
    """A level goes with every finding but unsuitable: of a person all seven, of nobody those for different people."""
    if recorded.unsuitable:
        if recorded.person_id or recorded.level is not None:
            raise IncompleteWork("A photograph that is unsuitable for comparison supports nothing about anybody.")
    elif recorded.level not in (Level.values if recorded.person_id else OF_NOBODY):
        raise IncompleteWork("Say how far the comparison supports what you found, whether you name somebody or nobody.")


def _check_comparison(assignment: Assignment, person_id: UUID | None) -> None:
    if assignment.suitability == Suitability.UNSUITABLE:
        raise IncompleteWork("You recorded the photograph as unsuitable for comparison. Sign that, or record it anew.")
    if not assignment.compared_at:
        raise IncompleteWork("Go through the candidates before signing.")
    if person_id and person_id not in assignment.retained:
        raise IncompleteWork("You excluded this person. Retain them first if you have changed your mind.")
    left = not_compared(assignment)
    if left:
        raise IncompleteWork(
            f"Compare each candidate whom you retained before signing; {len(left)} of {len(assignment.retained)} "
            "wait for it."
        )


def not_compared(assignment: Assignment) -> list[UUID]:
    """Return the retained persons of whom no comparison was kept."""
    drafts = drafts_of(assignment)
    return [person for person in assignment.retained if compare_section(person) not in drafts]


def _drop_drafts(assignment: Assignment, *sections: str) -> None:
    drafts = assignment.drafts.filter(section__in=sections) if sections else assignment.drafts
    drafts.all().delete()


def _record_signature(actor: User, assessment: Assessment, review: Review) -> None:
    record(
        kind="review:assessment:signed/1",
        actor=actor,
        subject=assessment,
        agency=review.case.agency,
        purpose=review.case.purpose,
        payload={
            "review": str(review.pk),
            "part": assessment.part,
            "document_sha256": assessment.document_sha256,
        },
    )
