"""Logs that never were in a database, and bundles of them; the same seed always gives the same bytes."""

import hashlib
import io
import random
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.bundle import About, BundleCheckpoint, BundleKey, BundleWriter
from audit.bundle.layout import canonical_json
from audit.notes import Checkpoint, Signer, handover_text
from audit.tree import cover, joined, leaf_hash, node_hash

ORIGIN = "countersign.example/log"
BEGIN = datetime(2026, 11, 14, 14, 5, tzinfo=UTC)
KINDS = (
    "accounts:session:opened/1",
    "identification:case:opened/1",
    "identification:photograph:received/1",
    "identification:search:made/1",
    "review:assessment:signed/1",
)
# Where two languages may write JSON in two ways: escapes, beyond the first plane, line separators, DEL.
TEXTS = (
    "",
    "deceased",
    'a "quoted" \\ text',
    "\t\n\r\b\f\x00\x1f\x7f",
    "Zażółć",
    "\u2028\u2029",
    "𝄞 \U0010ffff",
    "</script>",
    "é\u0301",
)


def written(moment: datetime) -> str:
    """Return a time as entries have it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def made_signer(draw: random.Random, origin: str = ORIGIN) -> Signer:
    """Return a key that follows from the seed."""
    return Signer(origin, Ed25519PrivateKey.from_private_bytes(draw.randbytes(32)))


@dataclass
class MadeEntry:
    """An entry with what stands beside it; payload None: version 1."""

    uid: str
    leaf: str
    payload: str | None
    salt: bytes
    erased_by: str | None = None
    file: bytes | None = None


@dataclass
class MadeLog:
    """A log in memory, with every subtree: levels[height][position]."""

    draw: random.Random
    origin: str = ORIGIN
    entries: list[MadeEntry] = field(default_factory=list)
    signers: list[Signer] = field(default_factory=list)
    keys: list[BundleKey] = field(default_factory=list)
    checkpoints: list[BundleCheckpoint] = field(default_factory=list)
    levels: list[list[bytes]] = field(default_factory=lambda: [[]])
    stamps: dict[str, bytes] = field(default_factory=dict)

    def append(self, kind: str, payload: dict[str, Any], *, version: int = 2, file: bytes | None = None) -> MadeEntry:
        """Add an entry; it gets the next index."""
        salt, text = self.draw.randbytes(16), canonical_json(payload)
        leaf = self._leaf(kind) | {"version": version}
        if version == 1:
            leaf["payload"] = payload
        else:
            leaf |= {
                "case": self.draw.choice(["", "42"]),
                "commitment": hashlib.sha256(salt + text.encode()).hexdigest(),
            }
        entry = MadeEntry(leaf["uid"], canonical_json(leaf), None if version == 1 else text, salt, file=file)
        self.put(entry)
        return entry

    def put(self, entry: MadeEntry) -> None:
        """Add an entry as it is."""
        self.entries.append(entry)
        node, height = leaf_hash(entry.leaf.encode()), 0
        self.levels[0].append(node)
        while len(self.levels[height]) % 2 == 0:
            node = node_hash(*self.levels[height][-2:])
            height += 1
            if height == len(self.levels):
                self.levels.append([])
            self.levels[height].append(node)

    def erase(self, erased: Iterable[MadeEntry]) -> MadeEntry:
        """Erase the payloads of entries by a new one."""
        those = list(erased)
        by = self.append("audit:payload:erased/1", {"entries": [entry.uid for entry in those], "reason": "request"})
        for entry in those:
            entry.erased_by = by.uid
        return by

    def add_key(self, signer: Signer, *, handed_over: bool = True) -> None:
        """Sign with this key from now on."""
        handover = None
        if self.signers and handed_over:
            handover = str(self.signers[-1].sign(handover_text(self.signers[-1].key, signer.key)))
        self.signers.append(signer)
        self.keys.append(BundleKey(str(signer.key), handover))

    def subtree(self, height: int, first: int) -> bytes:
        """Return the root of a complete subtree."""
        return self.levels[height][first >> height]

    def root(self, size: int) -> bytes:
        """Return the root over the first entries."""
        return joined([self.subtree(height, first) for height, first in cover(0, size)])

    def signed(self, size: int | None = None) -> BundleCheckpoint:
        """Return a checkpoint over the first entries (all of them), signed by the newest key."""
        size = len(self.entries) if size is None else size
        note = self.signers[-1].sign(Checkpoint(self.origin, size, self.root(size)).text())
        return BundleCheckpoint(str(note), written(self._moment()))

    def checkpoint(self) -> None:
        """Sign the log as it stands, unless it is signed already."""
        if not self.checkpoints or self.checkpoints[-1].size < len(self.entries):
            self.checkpoints.append(self.signed())

    def _moment(self) -> datetime:
        return BEGIN + timedelta(seconds=7 * len(self.entries))

    def _leaf(self, kind: str) -> dict[str, Any]:
        return {
            "actor": self.draw.choice([None, 3, 4]),
            "actor_roles": self.draw.choice([[], ["auditor"], ["administrator", "reviewer"]]),
            "agency": self.draw.choice([None, 1]),
            "kind": kind,
            "purpose": self.draw.choice(["", "deceased", "missing"]),
            "recorded_at": written(self._moment()),
            "request_id": "",
            "subject_id": str(self.draw.randrange(100)),
            "subject_type": "identification.photograph",
            "uid": str(uuid.UUID(bytes=self.draw.randbytes(16), version=4)),
        }


def made_payload(draw: random.Random) -> dict[str, Any]:
    """Return a payload with everything that JSON in an entry may hold."""
    return {
        "sha256": draw.randbytes(32).hex(),
        "settings": {"exact": draw.random() < 0.5, "cutoff": "0.45", "none": None},
        "faces": [draw.randrange(-5, 5), 2**53 - 1, 1 - 2**53],
        "code": draw.choice(TEXTS),
        "nested": [[], {}, [draw.choice(TEXTS)]],
    }


def made_log(seed: int = 1, size: int = 20, *, keys: int = 1, checkpoints: int = 3, origin: str = ORIGIN) -> MadeLog:
    """Return a log of this many entries, with about as many keys and checkpoints as asked for.

    Some of its entries are of version 1, some payloads are erased, some name a document.
    """
    log = MadeLog(random.Random(seed), origin)
    log.add_key(made_signer(log.draw, origin))
    rotate_at = set(log.draw.sample(range(size), min(size, keys - 1)))
    sign_at = set(log.draw.sample(range(size + 1), min(size + 1, checkpoints)))
    while len(log.entries) < size:
        _grow(log)
        if len(log.entries) in sign_at:
            log.checkpoint()
        if len(log.entries) in rotate_at:
            log.add_key(made_signer(log.draw, origin))
    return log


def _grow(log: MadeLog) -> None:
    draw, what = log.draw, log.draw.random()
    if what < 0.1:
        log.append(draw.choice(KINDS), made_payload(draw), version=1)
    elif what < 0.2:
        document = canonical_json({"finding": draw.randrange(-3, 4), "nonce": draw.randbytes(8).hex()}).encode()
        log.append("review:assessment:signed/1", {"document": hashlib.sha256(document).hexdigest()}, file=document)
    elif what < 0.3 and (erasable := [entry for entry in log.entries if _is_erasable(entry)]):
        log.erase(draw.sample(erasable, min(len(erasable), draw.randrange(1, 3))))
    else:
        log.append(draw.choice(KINDS), made_payload(draw))


def _is_erasable(entry: MadeEntry) -> bool:
    return entry.payload is not None and not entry.erased_by and "audit:payload:erased" not in entry.leaf


# Short ones, so that bundles are small and vectors stay as they are when the real ones change.
GUIDES = (b"See docs/audit.md.\n", b"# See audit/verify.py.\n")


def everything(_: int) -> bool:
    """Show every entry."""
    return True


def nothing(_: int) -> bool:
    """Show no entry."""
    return False


def some_of(seed: int, share: float = 0.3) -> Callable[[int], bool]:
    """Show a share of the entries, drawn by the seed."""
    draw = random.Random(seed)
    return lambda _: draw.random() < share


def made_bundle(
    log: MadeLog,
    shown: Callable[[int], bool] = everything,
    *,
    before: int = 2,
    after: int = 1,
    stamps: bool = True,
    guides: tuple[bytes, bytes] | None = GUIDES,
) -> bytes:
    """Export a log: it gets an entry about that, some entries before and after it, and a checkpoint over all."""
    out, size = io.BytesIO(), len(log.entries)
    about = About(log.origin, size, written(BEGIN), 7, 1, {"kind": "review:assessment:signed/1"})
    writer = BundleWriter(out, about=about, keys=log.keys, checkpoints=log.checkpoints, guides=guides)
    selected = _selected(log, shown)
    for index in selected:
        writer.hide(until=index, subtree=log.subtree)
        _show(writer, log.entries[index])
    writer.hide(until=size, subtree=log.subtree)
    for name, data in _files(log, selected, stamps=stamps):
        writer.add_file(name, data)
    _close(writer, log, before, after)
    return out.getvalue()


def _selected(log: MadeLog, shown: Callable[[int], bool]) -> list[int]:
    """Return the indices shown; what erased a payload that is shown as erased is shown too."""
    selected = {index for index in range(len(log.entries)) if shown(index)}
    by = {log.entries[index].erased_by for index in selected} - {None}
    return sorted(selected | {index for index, entry in enumerate(log.entries) if entry.uid in by})


def _files(log: MadeLog, selected: list[int], *, stamps: bool) -> list[tuple[str, bytes]]:
    shown = [log.entries[index] for index in selected]
    documents = {entry.file for entry in shown if entry.file is not None and not entry.erased_by}
    files = {f"records/{hashlib.sha256(document).hexdigest()}.json": document for document in documents}
    if stamps and log.checkpoints:
        files[f"stamps/{log.checkpoints[0].size}.tsr"] = b"\x30\x82a time stamp"
    return sorted(files.items())


def _show(writer: BundleWriter, entry: MadeEntry) -> None:
    if entry.payload is None:
        writer.show_first_version(entry.leaf)
    elif entry.erased_by:
        writer.show_erased(entry.leaf, entry.erased_by)
    else:
        writer.show(entry.leaf, entry.payload, entry.salt)


def _close(writer: BundleWriter, log: MadeLog, before: int, after: int) -> None:
    sha256 = writer.seal()
    for _ in range(before):
        log.append(KINDS[0], {"late": True})
    entry, index = log.append("audit:export:made/2", {"manifest_sha256": sha256}), len(log.entries) - 1
    for _ in range(after):
        log.append(KINDS[0], {"later": True})
    writer.hide(until=index, subtree=log.subtree)
    _show(writer, entry)
    writer.hide(until=len(log.entries), subtree=log.subtree)
    writer.finish(log.signed().note)
