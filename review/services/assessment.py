"""A reviewer's work: analysis of the probe alone, comparison, and the signature that locks both."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from audit.services import record
from review import policies
from review.errors import IncompleteWork, ReviewWithdrawn, SignatureRefused, StaleAssignment
from review.evidence import changed_evidence
from review.models import Assessment, Assignment, EvidenceChange, Level, Part, Review, ReviewState, Suitability
from review.policies import require
from review.services.conclusion import conclude_if_complete
from review.services.holding import hold_for_signature
from review.services.queue import keep_place
from review.services.withdrawal import withdraw_changed
from review.signed_document import Recorded, signed_document


def may_see_candidates(assignment: Assignment) -> bool:
    """Whether the probe was analysed and found fit for comparison; from then on the analysis stays."""
    return bool(assignment.analysed_at) and assignment.suitability != Suitability.UNSUITABLE


@transaction.atomic
def record_analysis(
    *, actor: User, assignment: Assignment, suitability: str, limitations: Sequence[str], note: str = ""
) -> None:
    """Record what the probe is good for. Only then does the server send any candidate."""
    require(policies.is_theirs(actor, assignment), "This review is somebody else's.")
    # Asked of the row, under its lock: a second window may have gone on. Candidates are sent once the probe is recorded
    # as good for comparison, whether or not the comparison was finished.
    now = Assignment.objects.select_for_update(of=("self",)).get(pk=assignment.pk)
    if may_see_candidates(now):
        raise IncompleteWork("The candidates are open to you; the analysis of the probe stays as it was before.")
    keep_place(
        assignment,
        suitability=suitability,
        limitations=list(limitations),
        analysis_note=note,
        analysed_at=timezone.now(),
    )
    record(
        kind="review:analysis:recorded/1",
        actor=actor,
        subject=assignment,
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
    record(
        kind="review:comparison:recorded/1",
        actor=actor,
        subject=assignment,
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
    if not actor.check_password(password):
        _record_refusal(actor=actor, assignment=assignment)
        raise SignatureRefused("That is not your password. Nothing was signed; your work is kept.")
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
def _record_refusal(*, actor: User, assignment: Assignment) -> None:
    record(
        kind="review:signature:refused/1",
        actor=actor,
        subject=assignment,
        payload={"review": str(assignment.review_id)},
    )


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
    person_id, level = recorded.person_id, recorded.level
    if not assignment.analysed_at:
        raise IncompleteWork("Record what the photograph is good for before signing.")
    if not recorded.rationale:
        raise IncompleteWork("Write in a sentence or more why you conclude this.")
    if not _grades(person_id, level):
        raise IncompleteWork("Choose a person together with a level of support, or none of these people.")
    if recorded.unsuitable and person_id:
        raise IncompleteWork("A photograph that is unsuitable for comparison can't support a person.")
    if not recorded.unsuitable:
        _check_comparison(assignment, person_id)


def _grades(person_id: UUID | None, level: int | None) -> bool:
    """Whether a level fits: any for a person; for nobody none, or one on the side of different people."""
    if person_id is None:
        return level is None or level in (-1, -2, -3)
    return level in Level.values


def _check_comparison(assignment: Assignment, person_id: UUID | None) -> None:
    if assignment.suitability == Suitability.UNSUITABLE:
        raise IncompleteWork("You recorded the photograph as unsuitable for comparison. Sign that, or record it anew.")
    if not assignment.compared_at:
        raise IncompleteWork("Go through the candidates before signing.")
    if person_id and person_id not in assignment.retained:
        raise IncompleteWork("You excluded this person. Retain them first if you have changed your mind.")


def _record_signature(actor: User, assessment: Assessment, review: Review) -> None:
    record(
        kind="review:assessment:signed/1",
        actor=actor,
        subject=assessment,
        purpose=review.case.purpose,
        payload={
            "review": str(review.pk),
            "part": assessment.part,
            "document_sha256": assessment.document_sha256,
        },
    )
