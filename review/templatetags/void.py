"""Which of somebody's signatures are void."""

from django import template

from accounts.models import User
from review.selectors.void import VoidSignature
from review.selectors.void import void_signatures as of_viewer

register = template.Library()


@register.simple_tag
def void_signatures(viewer: User) -> list[VoidSignature]:
    """Return what the viewer signed lately that counts no more."""
    return of_viewer(viewer)
