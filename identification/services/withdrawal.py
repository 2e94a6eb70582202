"""A reference is withdrawn: searches leave it out from now on, and what rests on it begins again."""

import hashlib

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.services import record
from identification import policies
from identification.errors import IdentificationError
from identification.models import Reference
from identification.policies import require
from identification.signals import reference_withdrawn


class WithdrawnAlready(IdentificationError):
    """Somebody withdrew the reference before."""


@transaction.atomic
def withdraw_reference(*, actor: User, reference: Reference, reason: str) -> Reference:
    """Leave a reference out of every search from now on. It stays in the gallery's records with the reason.

    The apps above are told in this transaction, while the row is held: whoever signs on this reference at the same
    moment comes before it or finds it withdrawn.
    """
    require(
        policies.can_withdraw_reference(actor, reference.gallery),
        "Withdrawing a reference needs the intake or the administrator role in the gallery's agency.",
    )
    if not reason.strip():
        raise IdentificationError("Say in a sentence why the reference is withdrawn.")
    said = {"withdrawn_at": timezone.now(), "withdrawn_by": actor, "withdrawal_reason": reason.strip()}
    if Reference.objects.filter(pk=reference.pk, withdrawn_at__isnull=True).update(**said) != 1:
        raise WithdrawnAlready("This reference has been withdrawn already.")
    withdrawn = Reference.objects.select_related("photograph", "withdrawn_by", "person").get(pk=reference.pk)
    _record(actor, withdrawn)
    reference_withdrawn.send(sender=Reference, reference=withdrawn)
    return withdrawn


def _record(actor: User, reference: Reference) -> None:
    record(
        kind="identification:reference:withdrawn/1",
        actor=actor,
        subject=reference,
        payload={
            "person": str(reference.person_id),
            "sha256": reference.photograph.sha256,
            "gallery": str(reference.gallery_id),
            "reason_sha256": hashlib.sha256(reference.withdrawal_reason.encode()).hexdigest(),
        },
    )
