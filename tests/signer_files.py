"""What the signer keeps outside the database: its key, and its memory of what it signed."""

from pathlib import Path

from django.conf import settings

from audit.keys import load_signer
from audit.memory import remember
from audit.notes import Checkpoint as Head


def key_file() -> Path:
    return Path(settings.AUDIT_KEY_FILE)


def memory() -> Path:
    return key_file().with_name(key_file().name + ".signed")


def remembered_beyond(size: int) -> Head:
    """Let the signer remember a larger log than there is, as after an older copy was put in its place."""
    signer = load_signer()[1]
    head = Head(signer.key.name, size, bytes(range(32)))
    remember(str(signer.sign(head.text())))
    return head
