"""What the signer itself remembers: the last head that it signed, in a file beside its key.

Whoever owns the database but not the signer's files could otherwise rewrite the log, or put an older copy in its
place, and have the true key sign the result. What was signed before decides, not what the tables say of it.
"""

from pathlib import Path

from django.conf import settings

from audit.keys import write_safely
from audit.models import Leaf
from audit.notes import Checkpoint as Head
from audit.notes import Note
from audit.proofs import stored_subtrees
from audit.rehash import Corrupt
from audit.tree import range_root


def _file() -> Path:
    key = Path(settings.AUDIT_KEY_FILE)
    return key.with_name(key.name + ".signed")


def remember(note: str) -> None:
    """Keep a head before it is handed out."""
    write_safely(_file(), note.encode())


def remembered() -> Head | None:
    """Return the last head that was signed; None where nothing was signed with these files yet."""
    try:
        return Head.parsed(Note.parsed(_file().read_text()).text)
    except FileNotFoundError:
        return None


def compare_with_memory(size: int) -> None:
    """Raise Corrupt unless a log of this size begins with what was signed last."""
    last = remembered()
    if last is None or not last.size:
        return
    if last.size > size or not Leaf.objects.filter(index=last.size - 1).exists():
        raise Corrupt(
            f"{last.size} entries were signed, but the log holds {size}: it was cut back, or is an older copy."
            " If that was your own doing, `manage.py audit resume --restored` lets it go on and says so in the log."
        )
    if range_root(stored_subtrees(), 0, last.size) != last.root:
        raise Corrupt(f"The first {last.size} entries aren't those that were signed: the log was changed since.")
