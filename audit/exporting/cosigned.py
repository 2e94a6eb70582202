"""Checkpoints as a bundle holds them: with the cosignatures of witnesses, as far as every verifier can read these."""

import re
from collections.abc import Callable, Sequence

from audit.bundle import BundleCheckpoint
from audit.models import Checkpoint, SigningKey
from audit.notes import Note, VerifierKey
from audit.services import written_time
from audit.witnesses.published import published_note

# The names that the format allows; a witness may go by another, and then would spoil the bundle.
NAME = re.compile(r"[!-*,-~]{1,200}")


def bundled(
    checkpoints: Sequence[Checkpoint], keys: Sequence[SigningKey], still_at_it: Callable[[], None]
) -> list[BundleCheckpoint]:
    """Return checkpoints with their cosignatures; of each witness's one is asked for and verified, which takes time."""
    known, found = [VerifierKey.parsed(key.vkey) for key in keys], []
    for each in checkpoints:
        note = Note.parsed(published_note(each))
        found.append(BundleCheckpoint(str(legible(note, known)), written_time(each.signed_at)))
        still_at_it()
    return found


def legible(note: Note, keys: Sequence[VerifierKey]) -> Note:
    """Return a note without the lines of witnesses for which a verifier would refuse it.

    That is a name of other letters, and the name and id of a key of the log: four bytes can be hit on purpose.
    """
    first, *others = note.signatures
    ours = {(key.name, key.id) for key in keys}
    kept = [one for one in others if NAME.fullmatch(one.name) and (one.name, one.key_id) not in ours]
    return Note(note.text, (first, *kept))
