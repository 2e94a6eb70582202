"""Writes a bundle from start to end; knows neither Django nor a database.

    writer = BundleWriter(out, about=About(...), keys=[BundleKey(...)], checkpoints=[BundleCheckpoint(...)])
    # The leaves 0 to about.size - 1, in order and without a gap:
    writer.hide(until=17, subtree=stored_root)   # leaves up to, and without, 17
    writer.show(leaf, payload, salt)             # leaf 17; show_erased() and show_first_version() likewise
    writer.hide(until=about.size, subtree=stored_root)
    writer.add_file("records/<sha256>.json", data)    # then other files, sorted by name
    sha256 = writer.seal()                       # manifest.json; the log now gets an entry that names this hash ...
    writer.hide(until=index, subtree=stored_root)     # ... and, once there is a checkpoint over it, the rest follows
    writer.show(leaf, payload, salt)
    writer.hide(until=closing_size, subtree=stored_root)
    writer.finish(closing_note)

`next_index` says which leaf is expected. A call out of turn raises OutOfTurn. The file is whole only after finish():
write beside the place where it will stand, and rename.
"""

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, cast

from audit.bundle import layout
from audit.bundle.container import Container
from audit.bundle.layout import About, BundleCheckpoint, BundleKey
from audit.tree import Subtrees

HERE = Path(__file__).parent
README_FILE = HERE / "README.txt"
VERIFIER_FILE = HERE.parent / "verify.py"


class OutOfTurn(RuntimeError):
    """A part of a bundle was given before or after its place."""


class BundleWriter:
    """A bundle that is being written to an open, empty, seekable file."""

    def __init__(
        self,
        out: BinaryIO,
        *,
        about: About,
        keys: Sequence[BundleKey],
        checkpoints: Sequence[BundleCheckpoint],
        guides: tuple[bytes, bytes] | None = None,
    ) -> None:
        """`guides` stands in for README.txt and verify.py, for test vectors that should stay as they are."""
        self.about = about
        self.next_index = self.shown = 0
        self._boundaries = [checkpoint.size for checkpoint in checkpoints]
        self._container = Container(out)
        self._last_name = ""
        self._sealed = False
        self._open = ExitStack()
        self._begin(keys, checkpoints, guides or (README_FILE.read_bytes(), VERIFIER_FILE.read_bytes()))

    def show(self, leaf: str, payload: str, salt: bytes) -> None:
        """Write the next leaf with its payload, both as the canonical texts that were hashed."""
        self._entry(layout.entry_line(self.next_index, leaf, payload, salt))

    def show_erased(self, leaf: str, erased_by: str) -> None:
        """Write the next leaf, whose payload was erased; erased_by is the uid of the entry that says so."""
        self._entry(layout.erased_line(self.next_index, leaf, erased_by))

    def show_first_version(self, leaf: str) -> None:
        """Write the next leaf, which is of version 1 and holds its payload."""
        self._entry(layout.first_version_line(self.next_index, leaf))

    def hide(self, *, until: int, subtree: Subtrees) -> None:
        """Write hashes in place of the leaves up to, and without, one; subtree(height, first leaf) gives each."""
        if until < self.next_index:
            raise OutOfTurn(f"Leaf {self.next_index} is the next; nothing can be hidden up to {until}")
        for height, first in layout.hidden_ranges(self.next_index, until, self._boundaries):
            self._lines.write(layout.hidden_line(first, height, subtree(height, first)).encode())
        self.next_index = until

    def add_file(self, name: str, data: bytes | BinaryIO) -> None:
        """Add a record or a time stamp after the last leaf; names must come sorted."""
        self._end_entries()
        if not self._last_name < name or not name.startswith((layout.RECORDS, layout.STAMPS)):
            raise OutOfTurn(f"{name} can't follow {self._last_name or 'the entries'}: records, then stamps, by name")
        self._last_name = name
        with self._container.member(name) as member:
            if isinstance(data, bytes):
                member.write(data)
            else:
                shutil.copyfileobj(data, cast(BinaryIO, member), 1 << 20)

    def seal(self) -> str:
        """Write the manifest; return its hash, which the log must now hold. Leaves after this go on from `size`."""
        self._end_entries()
        said = layout.manifest_line(self.about, self.shown, self._container.members)
        self._container.add(layout.MANIFEST, said.encode())
        self._sealed, self._boundaries = True, []
        self._lines = self._open.enter_context(self._container.member(layout.CLOSING_LINES))
        return self._container.members[-1].sha256

    def finish(self, closing_note: str) -> None:
        """Write the checkpoint over everything, and the directory."""
        if not self._sealed:
            raise OutOfTurn("The bundle isn't sealed yet")
        self._open.close()
        self._container.add(layout.CLOSING_NOTE, closing_note.encode())
        self._container.finish()

    def _begin(
        self, keys: Sequence[BundleKey], checkpoints: Sequence[BundleCheckpoint], guides: tuple[bytes, bytes]
    ) -> None:
        self._container.add(layout.README, guides[0])
        self._container.add(layout.VERIFIER, guides[1])
        self._container.add(layout.KEYS, "".join(map(layout.key_line, keys)).encode())
        with self._container.member(layout.CHECKPOINTS) as member:
            for checkpoint in checkpoints:
                member.write(layout.checkpoint_line(checkpoint).encode())
        self._lines = self._open.enter_context(self._container.member(layout.ENTRIES))

    def _entry(self, line: str) -> None:
        self._lines.write(line.encode())
        self.next_index += 1
        self.shown += 1

    def _end_entries(self) -> None:
        if self._sealed:
            raise OutOfTurn("The bundle is sealed already: only the closing lines may follow")
        if self.next_index != self.about.size:
            raise OutOfTurn(f"Leaf {self.next_index} is the next of {self.about.size}: all come before other files")
        self._open.close()
