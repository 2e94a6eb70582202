"""What is done to accounts. The log stands above and hears of it by a signal, in the same transaction."""

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from accounts.models import User
from accounts.signals import password_changed


@transaction.atomic
def set_password(*, actor: User | None, user: User, password: str) -> None:
    """Set a password together with its entry; actor None is the operator at the command line.

    ValidationError where it is none that a person may have.
    """
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    password_changed.send(sender=User, user=user, actor=actor)
