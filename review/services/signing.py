"""The password that is given again with a signature, and how often it may be wrong."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from audit.models import Entry
from audit.services import record
from review.errors import SignatureRefused
from review.models import Review

MOST_REFUSED = 5
WITHIN = timedelta(minutes=15)
# Kinds apart, as what an entry says beyond its kind can be erased: only a password that was checked counts.
WRONG, NOT_CHECKED = "review:signature:refused/1", "review:signature:locked-out/1"


def require_password(*, actor: User, subject: Model, review: Review, password: str) -> None:
    """Raise SignatureRefused unless this is the signer's own password; after five wrong ones nothing is checked.

    Whoever sits down at an unlocked screen can't try passwords there until one fits. Each try that is refused leaves
    one entry, as it does at sign-in.
    """
    with transaction.atomic():
        # The person's row, so that many tries at the same moment are counted one after the other.
        User.objects.select_for_update(of=("self",), no_key=True).get(pk=actor.pk)
        checked = refused_lately(actor) < MOST_REFUSED
        right = checked and actor.check_password(password)
        if not right:
            _record_refusal(WRONG if checked else NOT_CHECKED, actor, subject, review)
    if not checked:
        raise SignatureRefused(
            "Your password was wrong five times, so no signature is taken for up to a quarter of an hour. Nothing "
            "was signed; your work is kept."
        )
    if not right:
        raise SignatureRefused("That is not your password. Nothing was signed; your work is kept.")


def refused_lately(actor: User) -> int:
    """Return how often somebody's password was wrong within the last quarter of an hour, as the log has it."""
    refusals = Entry.objects.filter(actor=actor, kind=WRONG)
    return refusals.filter(recorded_at__gt=timezone.now() - WITHIN).count()


def _record_refusal(kind: str, actor: User, subject: Model, review: Review) -> None:
    record(
        kind=kind,
        actor=actor,
        subject=subject,
        agency=review.case.agency,
        payload={"review": str(review.pk)},
    )
