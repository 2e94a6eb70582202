"""News from identification, in the same transaction: a search ran, a face was corrected."""

from typing import Any

from django.dispatch import receiver

from identification.models import FaceCorrection, Search
from identification.signals import face_replaced, search_ran
from review.services.queue import open_review
from review.services.withdrawal import withdraw_review


@receiver(search_ran)
def open_review_of_search(search: Search, **_: Any) -> None:
    """Open the review of what was proposed."""
    open_review(search=search)


@receiver(face_replaced)
def withdraw_review_of_face(correction: FaceCorrection, **_: Any) -> None:
    """Withdraw the unfinished review of a face that counts no more; refuse the correction if anybody has signed."""
    withdraw_review(correction=correction)
