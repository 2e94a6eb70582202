"""Attacks on what is said about the bundle, on its other files, and on its end."""

import hashlib
import json
import random
from typing import Any

from audit.bundle.layout import canonical_json
from audit.notes import Note
from audit.tree import leaf_hash
from tests.attacks.files import CHECKPOINTS, CLOSING, KEYS, MANIFEST, Files, lines_of, put_lines
from tests.attacks.lines import Attack, change_one, listing
from tests.bundles import KINDS, MadeLog, made_bundle, made_signer

ON_THE_WHOLE: dict[str, Attack] = {}
attack = listing(ON_THE_WHOLE)


@attack
def claim_changed(files: Files, draw: random.Random) -> bool:
    said = json.loads(files[MANIFEST])
    other = {
        "agency": 99, "exported_at": "2020-01-01T00:00:00.000000Z", "exported_by": 99, "filters": {"kind": "other"},
        "format": "countersign-bundle/2", "origin": "other.example/log", "more": 1, "size": 10**6, "entries": 10**6,
    }  # fmt: skip
    key = draw.choice(sorted(other))
    said[key] = other[key]
    files[MANIFEST] = canonical_json(said).encode() + b"\n"
    return True


@attack
def document_replaced(files: Files, draw: random.Random) -> bool:
    names = [name for name in files if name.startswith("records/")]
    if names:
        files[draw.choice(names)] = b'{"finding":3}'
    return bool(names)


def _with_others(files: Files, others: Files) -> None:
    """Put other files in their place, before the manifest."""
    ends = {name: files.pop(name) for name in (MANIFEST, CLOSING, "closing.txt")}
    both = {name: files.pop(name) for name in list(files) if "/" in name} | others
    files.update(sorted(both.items()))
    files.update(ends)


@attack
def document_added(files: Files, draw: random.Random) -> bool:
    document = draw.randbytes(20).hex().encode()
    _with_others(files, {f"records/{hashlib.sha256(document).hexdigest()}.json": document})
    return True


@attack
def stamp_added(files: Files, draw: random.Random) -> bool:
    _with_others(files, {f"stamps/{draw.choice(['0', '7', '007', '10000000'])}.tsr": b"0\x03abc"})
    return True


@attack
def file_dropped(files: Files, draw: random.Random) -> bool:
    del files[draw.choice(sorted(files))]
    return True


@attack
def guide_replaced(files: Files, draw: random.Random) -> bool:
    files[draw.choice(["README.txt", "verify.py"])] = b"print('It holds.')\n"
    return True


@attack
def files_in_another_order(files: Files, draw: random.Random) -> bool:
    names = list(files)
    one, two = draw.sample(names, 2)
    names[names.index(one)], names[names.index(two)] = two, one
    was = dict(files)
    files.clear()
    files.update({name: was[name] for name in names})
    return True


@attack
def old_checkpoint_as_the_closing_one(files: Files, draw: random.Random) -> bool:
    notes = [line["note"] for line in lines_of(files, CHECKPOINTS)]
    if notes:
        files["closing.txt"] = draw.choice(notes).encode()
    return bool(notes)


@attack
def closing_cut_to_an_old_checkpoint(files: Files, draw: random.Random) -> bool:
    """Nothing after the last checkpoint is said to exist."""
    files[CLOSING] = b""
    return old_checkpoint_as_the_closing_one(files, draw)


@attack
def closing_signed_by_a_stranger(files: Files, draw: random.Random) -> bool:
    files["closing.txt"] = str(made_signer(draw).sign(Note.parsed(files["closing.txt"].decode()).text)).encode()
    return True


@attack
def closing_signed_by_a_stranger_whose_key_is_added(files: Files, draw: random.Random) -> bool:
    stranger, lines = made_signer(draw), lines_of(files, KEYS)
    lines.append({"handover": None, "key": str(stranger.key)})
    put_lines(files, KEYS, lines)
    files["closing.txt"] = str(stranger.sign(Note.parsed(files["closing.txt"].decode()).text)).encode()
    return True


@attack
def export_hidden(files: Files, draw: random.Random) -> bool:
    """The log's entry about the export is hidden behind its right hash."""

    def change(line: dict[str, Any]) -> None:
        root, index = leaf_hash(canonical_json(line["entry"]).encode()).hex(), line["index"]
        line.clear()
        line.update(hash=root, height=0, index=index)

    return change_one(files, draw, change, "entry", name=CLOSING)


@attack
def entries_of_the_closing_dropped(files: Files, draw: random.Random) -> bool:
    files[CLOSING] = b"".join(line + b"\n" for line in files[CLOSING].split(b"\n")[:-1] if b'"entry"' in line)
    return True


# What holds by itself, and must not against a checkpoint of the log that it pretends to be.


def forged_continuation(log: MadeLog, *, genuine_first: bool = False) -> bytes:
    """Return a bundle by somebody without the log's key: its entries, then his own, signed by a key that he adds."""
    stranger = MadeLog(random.Random("forger"), log.origin, checkpoints=list(log.checkpoints))
    stranger.add_key(made_signer(stranger.draw, log.origin))
    stranger.keys = [*log.keys, *stranger.keys] if genuine_first else [*stranger.keys, *log.keys]
    for entry in log.entries:
        stranger.put(entry)
    stranger.append(KINDS[-1], {"forged": True})
    return made_bundle(stranger)
