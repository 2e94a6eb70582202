"""What the pages of a reviewer's work ask for."""

from django import template

from accounts.models import User
from review.models import Assignment
from review.selectors import desk

register = template.Library()


@register.simple_tag
def pictures_of(viewer: User, assignment: Assignment) -> desk.Pictures:
    """Return which pictures of the photograph in question are open to the viewer."""
    return desk.pictures_of(viewer, assignment)
