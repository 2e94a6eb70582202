"""What people ask of the sequencer."""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import User
from audit.checkpoints import request_checkpoint
from audit.models import CheckpointRequest
from audit.policies import can_read_log
from audit.services import record


@transaction.atomic
def ask_for_checkpoint(*, actor: User) -> CheckpointRequest:
    """Ask for a checkpoint over all that is committed by now; the entry about it is under that one too."""
    if not can_read_log(actor):
        raise PermissionDenied("Only those who may read the log may ask for a checkpoint.")
    request = request_checkpoint()
    record(kind="audit:checkpoint:asked/1", actor=actor, subject=request)
    return request
