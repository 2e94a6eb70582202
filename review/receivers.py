"""News from identification: a search ran, so a review opens, in the same transaction."""

from typing import Any

from django.dispatch import receiver

from identification.models import Search
from identification.signals import search_ran
from review.services.queue import open_review


@receiver(search_ran)
def open_review_of_search(search: Search, **_: Any) -> None:
    """Open the review of what was proposed."""
    open_review(search=search)
