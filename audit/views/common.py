"""What the pages of the log share."""

from collections.abc import Callable
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User


def permitted(request: HttpRequest, policy: Callable[[Any], bool]) -> User:
    """Return who asks, if the policy lets them."""
    if not policy(request.user):
        raise PermissionDenied("The audit log is open to auditors and administrators of its agency.")
    return cast(User, request.user)
