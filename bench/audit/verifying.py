"""How long does the verifier take? `python -m bench.audit.verifying [ENTRIES]` makes a bundle and times the command.

The bundle shows every entry, of kinds that a day's work leaves: of twenty one is a search with a full list, one a
signature, the others looks at photographs; and it has a checkpoint for each thousand.
The time is that of `python verify.py BUNDLE` as a process of its own, from its start to its verdict.
"""

import argparse
import hashlib
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.bundle import About, BundleCheckpoint, BundleKey, BundleWriter
from audit.notes import Checkpoint, Signer
from audit.tree import Frontier, leaf_hash

ENTRIES = 1_000_000
PER_CHECKPOINT = 1000
ORIGIN, MOMENT = "bench.example/log", "2026-11-14T14:05:00.000000Z"
VERIFIER = Path(__file__).parent.parent.parent / "audit" / "verify.py"
LISTED = 20
PER_SEARCH = 20
LEAF = (
    '{{"actor":{actor},"actor_roles":["requester","reviewer"],"agency":1,"case":"{case}","commitment":"{commitment}",'
    '"kind":"{kind}","purpose":"deceased","recorded_at":"' + MOMENT + '",'
    '"request_id":"{request}","subject_id":"{case}","subject_type":"identification.search","uid":"{uid}","version":2}}'
)


@dataclass(frozen=True)
class Timed:
    """One run of the verifier."""

    entries: int
    bundle_bytes: int
    seconds: float
    peak_bytes: int
    sentence: str

    def __str__(self) -> str:
        rate = self.entries / self.seconds
        return (
            f"verify.py: {self.entries:,} entries ({self.bundle_bytes / 1e6:,.0f} MB) in {self.seconds:.1f} s,"
            f" {rate:,.0f} a second, at most {self.peak_bytes / 1e6:,.0f} MB of memory"
        )


@dataclass(frozen=True)
class _Entry:
    leaf: str
    payload: str
    salt: bytes


def made_entries(number: int) -> Iterator[_Entry]:
    """Yield entries of a day's work; the same ones every time."""
    draw = random.Random(1)  # noqa: S311 - nothing secret is drawn
    for index in range(number):
        kind, said = _said(draw, index)
        yield _made(draw, index, kind, json.dumps(said, sort_keys=True, separators=(",", ":")))


def _said(draw: random.Random, index: int) -> tuple[str, dict[str, Any]]:
    match index % PER_SEARCH:
        case 0:
            return "identification:search:run/1", _searched(draw)
        case 1:
            said = {"review": _uuid(draw), "part": "reviewer", "document_sha256": _sha256(draw)}
            return "review:assessment:signed/1", said
        case _:
            return "identification:photograph:viewed/1", {"variant": "crop", "review": _uuid(draw)}


def _searched(draw: random.Random) -> dict[str, Any]:
    """Return what identification/services/search.py records."""
    ids = ("case", "probe", "face")
    hashes = ("sha256", "embedding_sha256", "weights_sha256")
    return {name: _uuid(draw) for name in ids} | {name: _sha256(draw) for name in hashes} | {
        "encoder": "facenet-vggface2 2.5.3", "galleries": [_uuid(draw) for _ in range(3)],
        "gallery_kind": "humanitarian", "gallery_sizes": [40_000, 12_000, 310], "gallery_size": 52_310,
        "persons": 31_007, "method": "exact", "list_length": LISTED, "cut_off": None,
        "settings": {"score": "cosine similarity", "precision": "half", "one_candidate_per": "person"},
        "candidates": LISTED, "candidate_ids": [_uuid(draw) for _ in range(LISTED)],
        "candidate_references": [_uuid(draw) for _ in range(LISTED)],
        "scores": [repr(draw.random()) for _ in range(LISTED)],
    }  # fmt: skip


def _uuid(draw: random.Random) -> str:
    return str(uuid.UUID(bytes=draw.randbytes(16), version=4))


def _sha256(draw: random.Random) -> str:
    return draw.randbytes(32).hex()


def _made(draw: random.Random, index: int, kind: str, payload: str) -> _Entry:
    salt, uid = draw.randbytes(16), _uuid(draw)
    commitment = hashlib.sha256(salt + payload.encode()).hexdigest()
    leaf = LEAF.format(actor=index % 340, case=index // 9, commitment=commitment, kind=kind, request=uid[::-1], uid=uid)
    return _Entry(leaf, payload, salt)


def write_bundle(out: BinaryIO, number: int) -> None:
    """Write a bundle that shows this many entries."""
    signer = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    checkpoints, _ = _signed(signer, made_entries(number))
    about = About(ORIGIN, number, MOMENT)
    writer = BundleWriter(out, about=about, keys=[BundleKey(str(signer.key))], checkpoints=checkpoints)
    tree = Frontier()
    for entry in made_entries(number):
        writer.show(entry.leaf, entry.payload, entry.salt)
        tree.append(leaf_hash(entry.leaf.encode()))
    made = _made(random.Random(2), number, "audit:export:made/2", f'{{"manifest_sha256":"{writer.seal()}"}}')  # noqa: S311
    writer.show(made.leaf, made.payload, made.salt)
    tree.append(leaf_hash(made.leaf.encode()))
    writer.finish(_note(signer, tree))


def _signed(signer: Signer, entries: Iterator[_Entry]) -> tuple[list[BundleCheckpoint], Frontier]:
    tree, checkpoints = Frontier(), []
    for entry in entries:
        tree.append(leaf_hash(entry.leaf.encode()))
        if tree.size % PER_CHECKPOINT == 0:
            checkpoints.append(BundleCheckpoint(_note(signer, tree), MOMENT))
    return checkpoints, tree


def _note(signer: Signer, tree: Frontier) -> str:
    return str(signer.sign(Checkpoint(ORIGIN, tree.size, tree.root()).text()))


def timed(bundle: Path, entries: int) -> Timed:
    """Run the verifier on a bundle that must hold."""
    begun = time.perf_counter()
    run = subprocess.run([sys.executable, "-I", VERIFIER, bundle], capture_output=True, text=True, check=False)  # noqa: S603
    seconds = time.perf_counter() - begun
    if run.returncode:
        raise SystemExit(f"The bundle made for this doesn't hold: {run.stdout}{run.stderr}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return Timed(entries, bundle.stat().st_size, seconds, peak, run.stdout.strip())


def measured(entries: int = ENTRIES) -> Timed:
    """Make a bundle of this many entries in a folder for a while, and time the verifier on it."""
    with tempfile.TemporaryDirectory(prefix="countersign-bench-") as folder:
        bundle = Path(folder) / "bundle.zip"
        with bundle.open("wb") as out:
            write_bundle(out, entries)
        return timed(bundle, entries)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("entries", type=int, nargs="?", default=ENTRIES)
    print(measured(parser.parse_args().entries))


if __name__ == "__main__":
    main()
