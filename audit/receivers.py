"""Sign-ins in the log. A name that somebody typed is never kept: it may be a password in the wrong box."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from accounts.signals import password_changed
from audit.context import at_command_line
from audit.services import record, record_alone


@receiver(user_logged_in)
def record_sign_in(*, user: User, **_: Any) -> None:
    """A session opens only with its entry: if that can't be written, the sign-in fails."""
    record_alone(kind="accounts:session:opened/1", actor=user, subject=user)


@receiver(user_logged_out)
def record_sign_out(*, user: User | None, **_: Any) -> None:
    """A session that nobody had signed in to closes without an entry."""
    if user is not None:
        record_alone(kind="accounts:session:closed/1", actor=user, subject=user)


@receiver(password_changed)
@at_command_line()
def record_new_password(*, user: User, actor: User | None, **_: Any) -> None:
    """A new password, in the transaction that sets it. Where nobody signed in set it, the operator did."""
    payload = {"fields": ["password"], "has_password": True}
    record(kind="accounts:user:changed/1", actor=actor, subject=user, agency=user.agency, payload=payload)


@receiver(user_login_failed)
def record_refusal(*, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """One entry per refusal, lockouts included: axes, installed before this app, has marked the request by now.

    Nobody has shown who they are, so there is no actor. The account is named by its id where there is one.
    """
    user = _account(credentials.get(User.USERNAME_FIELD))
    record_alone(
        kind="accounts:session:refused/1",
        actor=None,
        subject=user,
        agency=user.agency if user else None,
        payload={"reason": "locked_out" if getattr(request, "axes_locked_out", False) else "credentials"},
    )


def _account(typed: Any) -> User | None:
    if not isinstance(typed, str) or "\x00" in typed:
        return None
    return User.objects.select_related("agency").filter(username=typed).first()
