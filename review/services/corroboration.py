"""From a conclusion to an identification: identifiers recorded by one person, verified by another, asserted by a third.

Each service holds the review's row for itself until it commits. A reopening and a later review refer to that row, so
they and these services come one after the other; what was asserted is what stood.
"""

import hashlib
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import Role, User
from audit.services import record
from identification import storage
from identification.models import Face, IdentifierKind, Purpose, PurposePolicy
from identification.services.intake import HandedInFile
from review import policies, selectors
from review.asserted_document import asserted_document
from review.errors import IncompleteWork, StaleConclusion
from review.ground import Ground, ground_of
from review.models import Conclusion, Identification, Identifier, Outcome, Review, Verdict, Verification
from review.policies import require
from review.services.holding import hold_role
from review.services.signing import require_password

LONGEST_SOURCE = 300
LONGEST_FILE_NAME = 255


def record_identifier(
    *, actor: User, conclusion: Conclusion, kind: str, source: str, description: str, file: HandedInFile
) -> Identifier:
    """Record something other than the face that speaks for or against a conclusion, with its file byte for byte."""
    may = policies.can_record_identifier(actor, conclusion.review)
    require(may, "Recording an identifier needs the intake or the liaison role in the case's agency.")
    source, description = source.strip(), description.strip()
    if kind not in IdentifierKind.values or not source or not description:
        raise IncompleteWork("Say of what kind the identifier is, where it comes from, and what it shows.")
    if len(source) > LONGEST_SOURCE:
        raise IncompleteWork(f"Say where it comes from in at most {LONGEST_SOURCE} characters.")
    return _record(actor, conclusion, Identifier(kind=kind, source=source, description=description), file)


@transaction.atomic
def _record(actor: User, conclusion: Conclusion, identifier: Identifier, file: HandedInFile) -> Identifier:
    held = hold(actor=actor, conclusion=conclusion)
    data = _read(file)
    identifier.conclusion = held
    identifier.file_name = short_name(file.name)
    identifier.byte_size = len(data)
    identifier.file_sha256 = storage.keep_original(data)
    identifier.recorded_by = actor
    identifier.save(force_insert=True)
    record(
        kind="review:identifier:recorded/1",
        actor=actor,
        subject=identifier,
        purpose=held.review.case.purpose,
        payload={
            "case": str(held.review.case_id),
            "review": str(held.pk),
            "identifier_kind": identifier.kind,
            "file_sha256": identifier.file_sha256,
            "bytes": identifier.byte_size,
        },
    )
    return identifier


@transaction.atomic
def verify_identifier(*, actor: User, identifier: Identifier, verdict: str, note: str) -> Verification:
    """Record a second person's own look at an identifier: neither its recorder's nor that of anybody who reviewed."""
    review = identifier.conclusion.review
    require(actor.pk != identifier.recorded_by_id, "You recorded this identifier, so somebody else verifies it.")
    require(not policies.has_assessed(actor, review), "You judged the face, so somebody else verifies what is no face.")
    require(policies.can_verify_identifier(actor, review), "Verifying an identifier needs a role in the case's agency.")
    if verdict not in Verdict.values or not note.strip():
        raise IncompleteWork("Say whether you confirm the identifier, and what you saw.")
    held = hold(actor=actor, conclusion=identifier.conclusion)
    if Verification.objects.filter(pk=identifier.pk).exists():
        raise StaleConclusion("Somebody has verified this identifier already. Nothing was changed.")
    verification = Verification.objects.create(
        identifier=identifier,
        conclusion=held,
        recorded_by_id=identifier.recorded_by_id,
        verified_by=actor,
        verdict=verdict,
        note=note.strip(),
    )
    record(
        kind="review:identifier:verified/1",
        actor=actor,
        subject=identifier,
        purpose=held.review.case.purpose,
        payload={"case": str(held.review.case_id), "review": str(held.pk), "verdict": verdict},
    )
    return verification


def assert_identity(
    *, actor: User, conclusion: Conclusion, leading_identifier: UUID | None, password: str
) -> Identification:
    """Assert with one's password that a conclusion and what corroborates it suffice by the policy of the purpose."""
    review = conclusion.review
    require(not policies.has_asked(actor, review), "You asked about this face, so somebody else asserts who it is.")
    require(not policies.has_assessed(actor, review), "You judged the face, so somebody else asserts who it is.")
    require(policies.can_assert_identity(actor, review), "Asserting needs the role “Asserts identity” in this agency.")
    require(selectors.ended_reviews(actor).filter(pk=review.pk).exists(), STILL_TO_JUDGE)
    require_password(actor=actor, subject=conclusion, review=review, password=password)
    return _assert(actor, conclusion, leading_identifier)


@transaction.atomic
def _assert(actor: User, conclusion: Conclusion, leading_identifier: UUID | None) -> Identification:
    hold_role(actor, Role.ASSERTER)
    held = hold(actor=actor, conclusion=conclusion)
    policy = PurposePolicy.objects.get(pk=held.review.case.purpose)
    ground = ground_of(held, policy, leading_identifier)
    _check_independence(actor, ground)
    assert held.person is not None  # a concordant conclusion names somebody: conclusion_says_what_was_found
    document = asserted_document(signer=actor, conclusion=held, policy=policy, ground=ground)
    identification = Identification.objects.create(
        conclusion=held,
        case=held.review.case,
        purpose=held.review.case.purpose,
        person=held.person,
        first_reviewer_id=held.first_reviewer_id,
        second_reviewer_id=held.second_reviewer_id,
        requested_by_id=held.requested_by_id,
        asserted_by=actor,
        leading_identifier=ground.leading,
        leading_verdict=ground.leading.verification.verdict if ground.leading else None,
        document=document.decode(),
        document_sha256=hashlib.sha256(document).hexdigest(),
    )
    _record_assertion(actor, identification, ground)
    return identification


def _check_independence(actor: User, ground: Ground) -> None:
    """Refuse whoever would weigh their own work: the third signature is worth something only from a third person."""
    own = any(actor.pk in (each.recorded_by_id, each.verification.verified_by_id) for each in ground.rests_on)
    require(not own, "You recorded or verified an identifier that this rests on, so somebody else asserts it.")


def _record_assertion(actor: User, identification: Identification, ground: Ground) -> None:
    record(
        kind="review:identity:asserted/1",
        actor=actor,
        subject=identification,
        purpose=identification.purpose,
        payload={
            "case": str(identification.case_id),
            "review": str(identification.pk),
            "person": str(identification.person_id),
            "identifiers": [str(identifier.pk) for identifier in ground.identifiers],
            "document_sha256": identification.document_sha256,
        },
    )


STILL_TO_JUDGE = "You may still have to judge a face of this case, so what corroborates it stays hidden from you."


def hold(*, actor: User, conclusion: Conclusion) -> Conclusion:
    """Hold a conclusion until the end of the transaction; refuse where nothing can be added to it (any more).

    FOR UPDATE, and not the weaker lock that signatures take: it also waits for, and keeps waiting, rows that refer to
    the review, which are its reopening and a later review.
    """
    Review.objects.select_for_update(of=("self",)).get(pk=conclusion.pk)
    require(selectors.ended_reviews(actor).filter(pk=conclusion.pk).exists(), STILL_TO_JUDGE)
    held = Conclusion.objects.select_related("review__case", "person").get(pk=conclusion.pk)
    sentence = why_closed(held)
    if sentence:
        raise StaleConclusion(sentence)
    return held


def why_closed(conclusion: Conclusion) -> str:
    """Say why nothing can be recorded, verified or asserted for a conclusion; nothing when it can."""
    review = conclusion.review
    if review.case.purpose == Purpose.INCIDENT:
        return "An investigative lead stays a lead: it is neither corroborated here nor asserted."
    if conclusion.outcome != Outcome.CONCORDANT:
        return "Nobody is named by this conclusion, so there is nobody to corroborate."
    if not Face.objects.standing().filter(pk=review.probe.face_id).exists():
        return "The face was corrected since. Work on with the corrected face."
    if hasattr(review, "reopening") or review.followed_by.exists():
        return "This is being reviewed again, or was. Work on with the later review."
    if Identification.objects.filter(pk=conclusion.pk).exists():
        return "This has been asserted already. New evidence opens the review anew."
    return ""


def _read(file: HandedInFile) -> bytes:
    """Return the file's bytes; IncompleteWork when there are none or too many. What is in them is nobody's guess."""
    with file.open("rb") as stream:
        data = stream.read(settings.UPLOAD_MAX_BYTES + 1)
    if not data:
        raise IncompleteWork("The file is empty. Choose another.")
    if len(data) > settings.UPLOAD_MAX_BYTES:
        raise IncompleteWork(f"The file is larger than {settings.UPLOAD_MAX_BYTES // 1_000_000} MB. Choose a smaller.")
    return data


def short_name(name: str | None) -> str:
    """Return the sender's name for a file, without path and characters that can't be seen."""
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(filter(str.isprintable, last))[-LONGEST_FILE_NAME:] or "unnamed"


def open_file(*, actor: User, identifier: Identifier) -> bytes:
    """Return an identifier's file after its view was recorded; it is read again against its hash."""
    review = identifier.conclusion.review
    require(policies.can_read_identifier(actor, review), "These files are for those who work with the case.")
    require(selectors.ended_reviews(actor).filter(pk=review.pk).exists(), STILL_TO_JUDGE)
    data = storage.read_original(identifier.file_sha256)
    _record_view(actor, identifier)
    return data


@transaction.atomic
def _record_view(actor: User, identifier: Identifier) -> None:
    review = identifier.conclusion.review
    record(
        kind="review:identifier:viewed/1",
        actor=actor,
        subject=identifier,
        purpose=review.case.purpose,
        payload={"case": str(review.case_id), "review": str(review.pk), "file_sha256": identifier.file_sha256},
    )
