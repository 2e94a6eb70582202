"""What the signer itself remembers: the last head that it signed, in a file beside its key.

Whoever owns the database but not the signer's files could otherwise rewrite the log, or put an older copy in its
place, and have the true key sign the result. What was signed before decides, not what the tables say of it.

The file belongs to the log and not to one key: a rotation leaves it where it is.
"""

from pathlib import Path

from django.conf import settings

from audit.keys import KeyProblem, write_safely
from audit.models import Checkpoint, Leaf
from audit.notes import BadNote, Note
from audit.notes import Checkpoint as Head
from audit.proofs import stored_subtrees
from audit.rehash import Corrupt
from audit.tree import range_root

BEGIN_ANEW = (
    "bring it back; if it is lost, as where the key came from a backup, `manage.py audit resume --restored` begins it"
    " anew and says so in the log."
)


def _file() -> Path:
    key = Path(settings.AUDIT_KEY_FILE)
    return key.with_name(key.name + ".signed")


def remember(note: str) -> None:
    """Keep a head before it is handed out."""
    write_safely(_file(), note.encode())


def remembered() -> Head | None:
    """Return the last head that was signed, None where there is no memory; Corrupt where the file holds no head."""
    try:
        return Head.parsed(Note.parsed(_file().read_bytes().decode()).text)
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise KeyProblem(f"{_file()} can't be read ({problem.strerror}): let the sequencer read it.") from problem
    except (BadNote, UnicodeDecodeError) as problem:
        raise Corrupt(f"{_file()}, which should hold what was signed last, is damaged: {BEGIN_ANEW}") from problem


def compare_with_memory(size: int) -> None:
    """Raise Corrupt unless a log of this size begins with what was signed last."""
    last = remembered()
    if last is None and Checkpoint.objects.exists():
        raise Corrupt(f"{_file()}, which should hold what was signed last, is missing: {BEGIN_ANEW}")
    if last is None or not last.size:
        return
    if last.size > size or not Leaf.objects.filter(index=last.size - 1).exists():
        raise Corrupt(
            f"{last.size} entries were signed, but the log holds {size}: it was cut back, or is an older copy."
            " If that was your own doing, `manage.py audit resume --restored` lets it go on and says so in the log."
        )
    if range_root(stored_subtrees(), 0, last.size) != last.root:
        raise Corrupt(f"The first {last.size} entries aren't those that were signed: the log was changed since.")
