"""What a signer adds after signing: a signed entry of its own, the assessment stays as it is."""

import hashlib

from django.db import transaction

from accounts.models import User
from audit.services import record
from review import policies
from review.errors import IncompleteWork
from review.models import Assessment, SupplementaryNote
from review.policies import require
from review.services.signing import require_password
from review.signed_document import is_a_sentence, signed_note

LONGEST_NOTE = 10_000


def sign_note(*, actor: User, assessment: Assessment, text: str, password: str) -> SupplementaryNote:
    """Add a note to one's own assessment, signed with the password like the assessment itself."""
    require(policies.is_theirs(actor, assessment.assignment), "This assessment is somebody else's.")
    if not is_a_sentence(text):
        raise IncompleteWork("Write the note in a sentence or more.")
    if len(text) > LONGEST_NOTE:
        raise IncompleteWork("This is longer than a note can be. Shorten it, or sign two.")
    require(
        policies.reaches_its_agency(actor, assessment.review),
        "The agreement by which you reviewed for this agency has ended, so nothing more is signed by it.",
    )
    require_password(actor=actor, subject=assessment.assignment, review=assessment.review, password=password)
    return _sign(actor, assessment, text.strip())


@transaction.atomic
def _sign(actor: User, assessment: Assessment, text: str) -> SupplementaryNote:
    document = signed_note(signer=actor, assessment=assessment, text=text)
    note = SupplementaryNote.objects.create(
        assessment=assessment,
        author=actor,
        text=text,
        document=document.decode(),
        document_sha256=hashlib.sha256(document).hexdigest(),
    )
    record(
        kind="review:note:signed/1",
        actor=actor,
        subject=note,
        agency=assessment.review.case.agency,
        purpose=assessment.review.case.purpose,
        payload={
            "assessment": str(assessment.pk),
            "document_sha256": note.document_sha256,
            "review": str(assessment.review_id),
        },
    )
    return note
