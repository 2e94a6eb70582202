"""News from identification, in the same transaction: a search ran, a face was corrected, a reference withdrawn."""

from typing import Any

from django.dispatch import receiver

from identification.models import FaceCorrection, Reference, Search
from identification.signals import face_replaced, reference_withdrawn, search_ran
from review.services.queue import open_review
from review.services.reopening import reopen_resting_on
from review.services.withdrawal import withdraw_corrected, withdraw_resting_on


@receiver(search_ran)
def open_review_of_search(search: Search, **_: Any) -> None:
    """Open the review of what was proposed."""
    open_review(search=search)


@receiver(face_replaced)
def withdraw_review_of_face(correction: FaceCorrection, **_: Any) -> None:
    """Withdraw the unfinished review of a face that counts no more."""
    withdraw_corrected(correction=correction)


@receiver(reference_withdrawn)
def begin_again_without_reference(reference: Reference, **_: Any) -> None:
    """Withdraw what is unfinished and reopen what was concluded on a reference that counts no more."""
    actor = reference.withdrawn_by
    assert actor is not None
    # In this order: whoever concludes at this moment holds the review, and is waited for here.
    withdraw_resting_on(actor=actor, reference=reference)
    reopen_resting_on(actor=actor, reference=reference)
