"""What corroborates a conclusion, for the part of its page that shows it."""

from django import template

from accounts.models import User
from review.models import Review
from review.selectors import corroboration as selectors

register = template.Library()


@register.simple_tag
def corroboration_of(viewer: User, review: Review) -> selectors.Corroboration | None:
    """Return what corroborates a review's conclusion, or None where nothing can."""
    return selectors.corroboration_of(viewer, review)
