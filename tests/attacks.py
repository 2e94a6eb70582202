"""What somebody may do to a bundle who hasn't got the private key, and may make anew whatever else he likes.

An attack changes files in place, or returns False where this bundle has nothing to attack. The seal says how far the
attacker goes to cover it up: ZIP alone, the manifest too, the payload of the export's entry too, its leaf as well.
"""

import hashlib
import io
import json
import random
import zipfile
from collections.abc import Callable
from typing import Any

from audit.bundle.container import Container
from audit.bundle.layout import canonical_json
from audit.notes import Checkpoint, Note
from audit.tree import leaf_hash
from tests.bundles import BEGIN, KINDS, MadeLog, made_bundle, made_signer, written

Files = dict[str, bytes]
Attack = Callable[[Files, random.Random], bool]
KEYS, CHECKPOINTS, ENTRIES = "keys.jsonl", "checkpoints.jsonl", "entries.jsonl"
MANIFEST, CLOSING = "manifest.json", "closing.jsonl"
SEALS = ("container", "manifest", "export payload", "export leaf")


def unpacked(bundle: bytes) -> Files:
    """Return the files of a bundle in their order."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(files: Files) -> bytes:
    """Return files as a bundle, with headers and checksums that agree."""
    out = io.BytesIO()
    container = Container(out)
    for name, data in files.items():
        container.add(name, data)
    container.finish()
    return out.getvalue()


def lines_of(files: Files, name: str) -> list[dict[str, Any]]:
    """Return the lines of a file, read."""
    return [json.loads(line) for line in files[name].decode().split("\n")[:-1]]


def put_lines(files: Files, name: str, lines: list[dict[str, Any]]) -> None:
    """Write a file anew."""
    files[name] = "".join(canonical_json(line) + "\n" for line in lines).encode("utf-8", "surrogatepass")


def sealed(files: Files, seal: str) -> bytes:
    """Cover a change up as far as the seal says, and as the files that are left allow."""
    if SEALS.index(seal) >= 1 and {MANIFEST, ENTRIES} <= files.keys():
        _renew_manifest(files)
    if SEALS.index(seal) >= 2 and {MANIFEST, CLOSING} <= files.keys():
        _renew_export(files, leaf=seal == SEALS[3])
    return packed(files)


def _renew_manifest(files: Files) -> None:
    said = json.loads(files[MANIFEST])
    names = [name for name in files if name not in {MANIFEST, CLOSING, "closing.txt"}]
    said["files"] = [
        {"bytes": len(files[name]), "name": name, "sha256": hashlib.sha256(files[name]).hexdigest()} for name in names
    ]
    lines = lines_of(files, ENTRIES)
    said["entries"] = sum("entry" in line for line in lines)
    said["size"] = _leaves(lines)
    files[MANIFEST] = canonical_json(said).encode() + b"\n"


def _leaves(lines: list[dict[str, Any]]) -> int:
    """Return how many leaves lines stand for; a height that can't be one counts as none."""
    heights = [line.get("height", 0) for line in lines]
    return sum(1 << height for height in heights if type(height) is int and 0 <= height < 64)


def _renew_export(files: Files, *, leaf: bool) -> None:
    lines = lines_of(files, CLOSING)
    for line in lines:
        if "entry" in line:
            line["payload"]["manifest_sha256"] = hashlib.sha256(files[MANIFEST]).hexdigest()
            if leaf:
                line["entry"]["commitment"] = commitment(line)
    put_lines(files, CLOSING, lines)


def commitment(line: dict[str, Any]) -> str:
    """Return what a leaf should say about this payload and salt."""
    return hashlib.sha256(bytes.fromhex(line["salt"]) + canonical_json(line["payload"]).encode()).hexdigest()


ATTACKS: dict[str, Attack] = {}


def attack(function: Attack) -> Attack:
    """List an attack by its name."""
    ATTACKS[function.__name__] = function
    return function


def _on_lines(files: Files, name: str, change: Callable[[list[dict[str, Any]]], bool | None]) -> bool:
    lines = lines_of(files, name)
    if change(lines) is False:
        return False
    put_lines(files, name, lines)
    return True


def _one(lines: list[dict[str, Any]], draw: random.Random, *keys: str) -> int | None:
    """Return the place of a line, drawn from those that have all the keys."""
    places = [place for place, line in enumerate(lines) if all(key in line for key in keys)]
    return draw.choice(places) if places else None


def _change_one(
    files: Files, draw: random.Random, change: Callable[[dict[str, Any]], None], *keys: str, name: str = ENTRIES
) -> bool:
    def changed(lines: list[dict[str, Any]]) -> bool:
        place = _one(lines, draw, *keys)
        if place is not None:
            change(lines[place])
        return place is not None

    return _on_lines(files, name, changed)


def _renumber(lines: list[dict[str, Any]]) -> None:
    at = 0
    for line in lines:
        line["index"] = at
        at += _leaves([line])


# Entries.


@attack
def payload_changed(files: Files, draw: random.Random) -> bool:
    return _change_one(files, draw, lambda line: line["payload"].update(code=draw.randbytes(4).hex()), "payload")


@attack
def payload_and_commitment_changed(files: Files, draw: random.Random) -> bool:
    def change(line: dict[str, Any]) -> None:
        line["payload"]["code"] = draw.randbytes(4).hex()
        line["entry"]["commitment"] = commitment(line)

    return _change_one(files, draw, change, "payload")


@attack
def salt_changed(files: Files, draw: random.Random) -> bool:
    return _change_one(files, draw, lambda line: line.update(salt=draw.randbytes(16).hex()), "salt")


@attack
def salt_taken(files: Files, draw: random.Random) -> bool:
    return _change_one(files, draw, lambda line: line.pop("salt"), "salt")


@attack
def leaf_changed(files: Files, draw: random.Random) -> bool:
    other = {
        "actor": 99, "actor_roles": ["nobody"], "agency": 99, "kind": "review:assessment:voided/1", "purpose": "other",
        "recorded_at": written(BEGIN), "request_id": "x", "subject_id": "other", "subject_type": "other",
        "uid": "00000000-0000-4000-8000-000000000000", "version": 3, "commitment": "0" * 64, "case": "other",
    }  # fmt: skip
    key = draw.choice(sorted(other))
    return _change_one(files, draw, lambda line: line["entry"].update({key: other[key]}), "entry")


@attack
def leaf_of_another_type(files: Files, draw: random.Random) -> bool:
    value = draw.choice([None, True, 1, "1", [], {}, [1], -1])
    key = draw.choice(["actor", "actor_roles", "kind", "purpose", "recorded_at", "subject_id", "uid", "version"])
    return _change_one(files, draw, lambda line: line["entry"].update({key: value}), "entry")


@attack
def first_version_payload_changed(files: Files, draw: random.Random) -> bool:
    lines = lines_of(files, ENTRIES)
    old = [line for line in lines if line.get("entry", {}).get("version") == 1]
    if old:
        draw.choice(old)["entry"]["payload"]["code"] = draw.randbytes(4).hex()
        put_lines(files, ENTRIES, lines)
    return bool(old)


@attack
def entry_dropped(files: Files, draw: random.Random) -> bool:
    def change(lines: list[dict[str, Any]]) -> bool:
        place = _one(lines, draw, "entry")
        return place is not None and lines.pop(place) is not None

    return _on_lines(files, ENTRIES, change)


@attack
def entry_dropped_and_the_others_renumbered(files: Files, draw: random.Random) -> bool:
    return entry_dropped(files, draw) and _on_lines(files, ENTRIES, _renumber)


@attack
def entry_hidden(files: Files, draw: random.Random) -> bool:
    """The right hash stands in place of an entry that was exported."""

    def change(line: dict[str, Any]) -> None:
        root = leaf_hash(canonical_json(line.pop("entry")).encode()).hex()
        index = line["index"]
        line.clear()
        line.update(hash=root, height=0, index=index)

    return _change_one(files, draw, change, "entry")


@attack
def hidden_hash_changed(files: Files, draw: random.Random) -> bool:
    return _change_one(files, draw, lambda line: line.update(hash=draw.randbytes(32).hex()), "hash")


@attack
def hidden_height_changed(files: Files, draw: random.Random) -> bool:
    def change(line: dict[str, Any]) -> None:
        line["height"] = draw.choice([-1, line["height"] + 1, 64, 10**9, True, None])

    return _change_one(files, draw, change, "hash")


@attack
def hidden_dropped(files: Files, draw: random.Random) -> bool:
    name = draw.choice([ENTRIES, CLOSING])

    def change(lines: list[dict[str, Any]]) -> bool:
        place = _one(lines, draw, "hash")
        return place is not None and lines.pop(place) is not None

    return _on_lines(files, name, change)


@attack
def entry_put_into_the_past(files: Files, draw: random.Random) -> bool:
    def change(lines: list[dict[str, Any]]) -> bool:
        place = _one(lines, draw, "payload")
        if place is None:
            return False
        line = json.loads(json.dumps(lines[place]))
        line["entry"]["uid"] = "00000000-0000-4000-8000-000000000000"
        lines.insert(draw.randrange(len(lines)), line)
        _renumber(lines)
        return True

    return _on_lines(files, ENTRIES, change)


@attack
def two_swapped(files: Files, draw: random.Random) -> bool:
    """Each takes the other's place, its number as well."""

    def change(lines: list[dict[str, Any]]) -> bool:
        places = [place for place, line in enumerate(lines) if "entry" in line]
        if len(places) < 2:
            return False
        one, two = draw.sample(places, 2)
        lines[one], lines[two] = lines[two], lines[one]
        lines[one]["index"], lines[two]["index"] = lines[two]["index"], lines[one]["index"]
        return True

    return _on_lines(files, ENTRIES, change)


@attack
def number_changed(files: Files, draw: random.Random) -> bool:
    value = draw.choice([-1, True, None, "0", 2**53, 10**30, 1.5])
    return _change_one(files, draw, lambda line: line.update(index=value), "index")


@attack
def end_cut_off(files: Files, draw: random.Random) -> bool:
    def change(lines: list[dict[str, Any]]) -> bool:
        if not lines:
            return False
        del lines[draw.randrange(len(lines)) :]
        return True

    return _on_lines(files, ENTRIES, change)


@attack
def erasure_faked(files: Files, draw: random.Random) -> bool:
    """A payload is taken away, and some entry, or none, is named as what erased it."""
    uids = [line["entry"]["uid"] for line in lines_of(files, ENTRIES) if "entry" in line]
    by = draw.choice([*uids, "00000000-0000-4000-8000-000000000000"])

    def change(line: dict[str, Any]) -> None:
        del line["payload"], line["salt"]
        line["erased_by"] = by

    return _change_one(files, draw, change, "payload")


@attack
def erased_by_another(files: Files, draw: random.Random) -> bool:
    value = draw.choice(["00000000-0000-4000-8000-000000000000", "", None, 1, []])
    return _change_one(files, draw, lambda line: line.update(erased_by=value), "erased_by")


@attack
def erased_payload_made_up(files: Files, draw: random.Random) -> bool:
    def change(line: dict[str, Any]) -> None:
        del line["erased_by"]
        line.update(payload={"made": "up"}, salt=draw.randbytes(16).hex())

    return _change_one(files, draw, change, "erased_by")


# Checkpoints and keys.


@attack
def checkpoint_dropped(files: Files, draw: random.Random) -> bool:
    def change(lines: list[dict[str, Any]]) -> bool:
        return bool(lines) and lines.pop(draw.randrange(len(lines))) is not None

    return _on_lines(files, CHECKPOINTS, change)


@attack
def checkpoint_repeated(files: Files, draw: random.Random) -> bool:
    def change(lines: list[dict[str, Any]]) -> bool:
        if not lines:
            return False
        lines.append(draw.choice(lines))
        return True

    return _on_lines(files, CHECKPOINTS, change)


@attack
def checkpoint_over_another_root(files: Files, draw: random.Random) -> bool:
    """The signature stays, what is signed changes."""

    def change(line: dict[str, Any]) -> None:
        note = Note.parsed(line["note"])
        was = Checkpoint.parsed(note.text)
        line["note"] = str(Note(Checkpoint(was.origin, was.size, draw.randbytes(32)).text(), note.signatures))

    return _change_one(files, draw, change, "note", name=CHECKPOINTS)


@attack
def checkpoint_signed_by_a_stranger(files: Files, draw: random.Random) -> bool:
    def change(line: dict[str, Any]) -> None:
        line["note"] = str(made_signer(draw).sign(Note.parsed(line["note"]).text))

    return _change_one(files, draw, change, "note", name=CHECKPOINTS)


@attack
def checkpoint_signed_at_another_time(files: Files, draw: random.Random) -> bool:
    moment = draw.choice(["2020-01-01T00:00:00.000000Z", "yesterday", None, 0])
    return _change_one(files, draw, lambda line: line.update(signed_at=moment), "note", name=CHECKPOINTS)


@attack
def witness_added(files: Files, draw: random.Random) -> bool:
    def change(line: dict[str, Any]) -> None:
        line["note"] += made_signer(draw, "witness.example").sign("x\n").signatures[0].line()

    return _change_one(files, draw, change, "note", name=CHECKPOINTS)


@attack
def key_replaced(files: Files, draw: random.Random) -> bool:
    return _change_one(files, draw, lambda line: line.update(key=str(made_signer(draw).key)), "key", name=KEYS)


@attack
def key_added(files: Files, draw: random.Random) -> bool:
    def change(lines: list[dict[str, Any]]) -> None:
        lines.insert(draw.randrange(len(lines) + 1), {"handover": None, "key": str(made_signer(draw).key)})

    return _on_lines(files, KEYS, change)


@attack
def key_dropped(files: Files, draw: random.Random) -> bool:
    def change(lines: list[dict[str, Any]]) -> None:
        lines.pop(draw.randrange(len(lines)))

    return _on_lines(files, KEYS, change)


@attack
def handover_dropped(files: Files, draw: random.Random) -> bool:
    lines = lines_of(files, KEYS)
    lines[-1]["handover"] = None
    put_lines(files, KEYS, lines)
    return len(lines) > 1


@attack
def handover_faked(files: Files, draw: random.Random) -> bool:
    """The last key is said to have named a stranger's, who signs everything from there on."""
    lines, stranger = lines_of(files, KEYS), made_signer(draw)
    text = f"countersign-handover/1\n{stranger.key.name}\n{stranger.key}\n"
    lines.append({"handover": str(stranger.sign(text)), "key": str(stranger.key)})
    put_lines(files, KEYS, lines)
    files["closing.txt"] = str(stranger.sign(Note.parsed(files["closing.txt"].decode()).text)).encode()
    return True


# What is said about the bundle, and its end.


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

    return _change_one(files, draw, change, "entry", name=CLOSING)


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
