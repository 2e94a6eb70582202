"""Attacks on checkpoints and keys."""

import random
from typing import Any

from audit.notes import Checkpoint, Note
from tests.attacks.files import CHECKPOINTS, KEYS, Files, lines_of, put_lines
from tests.attacks.lines import Attack, change_one, listing, on_lines
from tests.bundles import made_signer

ON_SIGNATURES: dict[str, Attack] = {}
attack = listing(ON_SIGNATURES)


@attack
def checkpoint_dropped(files: Files, draw: random.Random) -> bool:
    def change(lines: list[dict[str, Any]]) -> bool:
        return bool(lines) and lines.pop(draw.randrange(len(lines))) is not None

    return on_lines(files, CHECKPOINTS, change)


@attack
def checkpoint_repeated(files: Files, draw: random.Random) -> bool:
    def change(lines: list[dict[str, Any]]) -> bool:
        if not lines:
            return False
        lines.append(draw.choice(lines))
        return True

    return on_lines(files, CHECKPOINTS, change)


@attack
def checkpoint_over_another_root(files: Files, draw: random.Random) -> bool:
    """The signature stays, what is signed changes."""

    def change(line: dict[str, Any]) -> None:
        note = Note.parsed(line["note"])
        was = Checkpoint.parsed(note.text)
        line["note"] = str(Note(Checkpoint(was.origin, was.size, draw.randbytes(32)).text(), note.signatures))

    return change_one(files, draw, change, "note", name=CHECKPOINTS)


@attack
def checkpoint_signed_by_a_stranger(files: Files, draw: random.Random) -> bool:
    def change(line: dict[str, Any]) -> None:
        line["note"] = str(made_signer(draw).sign(Note.parsed(line["note"]).text))

    return change_one(files, draw, change, "note", name=CHECKPOINTS)


@attack
def checkpoint_signed_at_another_time(files: Files, draw: random.Random) -> bool:
    moment = draw.choice(["2020-01-01T00:00:00.000000Z", "yesterday", None, 0])
    return change_one(files, draw, lambda line: line.update(signed_at=moment), "note", name=CHECKPOINTS)


@attack
def witness_added(files: Files, draw: random.Random) -> bool:
    def change(line: dict[str, Any]) -> None:
        line["note"] += made_signer(draw, "witness.example").sign("x\n").signatures[0].line()

    return change_one(files, draw, change, "note", name=CHECKPOINTS)


@attack
def key_replaced(files: Files, draw: random.Random) -> bool:
    return change_one(files, draw, lambda line: line.update(key=str(made_signer(draw).key)), "key", name=KEYS)


@attack
def key_added(files: Files, draw: random.Random) -> bool:
    def change(lines: list[dict[str, Any]]) -> None:
        lines.insert(draw.randrange(len(lines) + 1), {"handover": None, "key": str(made_signer(draw).key)})

    return on_lines(files, KEYS, change)


@attack
def key_dropped(files: Files, draw: random.Random) -> bool:
    def change(lines: list[dict[str, Any]]) -> None:
        lines.pop(draw.randrange(len(lines)))

    return on_lines(files, KEYS, change)


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
