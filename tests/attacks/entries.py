"""Attacks on entries.jsonl: on what entries say, on their places, and on what hides them."""

import json
import random
from typing import Any

from audit.bundle.layout import canonical_json
from audit.tree import leaf_hash
from tests.attacks.files import CLOSING, ENTRIES, Files, commitment, lines_of, put_lines
from tests.attacks.lines import Attack, change_one, drawn_place, listing, on_lines, renumber
from tests.bundles import BEGIN, written

ON_ENTRIES: dict[str, Attack] = {}
attack = listing(ON_ENTRIES)


@attack
def payload_changed(files: Files, draw: random.Random) -> bool:
    return change_one(files, draw, lambda line: line["payload"].update(code=draw.randbytes(4).hex()), "payload")


@attack
def payload_and_commitment_changed(files: Files, draw: random.Random) -> bool:
    def change(line: dict[str, Any]) -> None:
        line["payload"]["code"] = draw.randbytes(4).hex()
        line["entry"]["commitment"] = commitment(line)

    return change_one(files, draw, change, "payload")


@attack
def salt_changed(files: Files, draw: random.Random) -> bool:
    return change_one(files, draw, lambda line: line.update(salt=draw.randbytes(16).hex()), "salt")


@attack
def salt_taken(files: Files, draw: random.Random) -> bool:
    return change_one(files, draw, lambda line: line.pop("salt"), "salt")


@attack
def leaf_changed(files: Files, draw: random.Random) -> bool:
    other = {
        "actor": 99, "actor_roles": ["nobody"], "agency": 99, "kind": "review:assessment:voided/1", "purpose": "other",
        "recorded_at": written(BEGIN), "request_id": "x", "subject_id": "other", "subject_type": "other",
        "uid": "00000000-0000-4000-8000-000000000000", "version": 3, "commitment": "0" * 64, "case": "other",
    }  # fmt: skip
    key = draw.choice(sorted(other))
    return change_one(files, draw, lambda line: line["entry"].update({key: other[key]}), "entry")


@attack
def leaf_of_another_type(files: Files, draw: random.Random) -> bool:
    value = draw.choice([None, True, 1, "1", [], {}, [1], -1])
    key = draw.choice(["actor", "actor_roles", "kind", "purpose", "recorded_at", "subject_id", "uid", "version"])
    return change_one(files, draw, lambda line: line["entry"].update({key: value}), "entry")


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
        place = drawn_place(lines, draw, "entry")
        return place is not None and lines.pop(place) is not None

    return on_lines(files, ENTRIES, change)


@attack
def entry_dropped_and_the_others_renumbered(files: Files, draw: random.Random) -> bool:
    return entry_dropped(files, draw) and on_lines(files, ENTRIES, renumber)


@attack
def entry_hidden(files: Files, draw: random.Random) -> bool:
    """The right hash stands in place of an entry that was exported."""

    def change(line: dict[str, Any]) -> None:
        root = leaf_hash(canonical_json(line.pop("entry")).encode()).hex()
        index = line["index"]
        line.clear()
        line.update(hash=root, height=0, index=index)

    return change_one(files, draw, change, "entry")


@attack
def hidden_hash_changed(files: Files, draw: random.Random) -> bool:
    return change_one(files, draw, lambda line: line.update(hash=draw.randbytes(32).hex()), "hash")


@attack
def hidden_height_changed(files: Files, draw: random.Random) -> bool:
    def change(line: dict[str, Any]) -> None:
        line["height"] = draw.choice([-1, line["height"] + 1, 64, 10**9, True, None])

    return change_one(files, draw, change, "hash")


@attack
def hidden_dropped(files: Files, draw: random.Random) -> bool:
    name = draw.choice([ENTRIES, CLOSING])

    def change(lines: list[dict[str, Any]]) -> bool:
        place = drawn_place(lines, draw, "hash")
        return place is not None and lines.pop(place) is not None

    return on_lines(files, name, change)


@attack
def entry_put_into_the_past(files: Files, draw: random.Random) -> bool:
    def change(lines: list[dict[str, Any]]) -> bool:
        place = drawn_place(lines, draw, "payload")
        if place is None:
            return False
        line = json.loads(json.dumps(lines[place]))
        line["entry"]["uid"] = "00000000-0000-4000-8000-000000000000"
        lines.insert(draw.randrange(len(lines)), line)
        renumber(lines)
        return True

    return on_lines(files, ENTRIES, change)


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

    return on_lines(files, ENTRIES, change)


@attack
def number_changed(files: Files, draw: random.Random) -> bool:
    value = draw.choice([-1, True, None, "0", 2**53, 10**30, 1.5])
    return change_one(files, draw, lambda line: line.update(index=value), "index")


@attack
def end_cut_off(files: Files, draw: random.Random) -> bool:
    def change(lines: list[dict[str, Any]]) -> bool:
        if not lines:
            return False
        del lines[draw.randrange(len(lines)) :]
        return True

    return on_lines(files, ENTRIES, change)


@attack
def erasure_faked(files: Files, draw: random.Random) -> bool:
    """A payload is taken away, and some entry, or none, is named as what erased it."""
    uids = [line["entry"]["uid"] for line in lines_of(files, ENTRIES) if "entry" in line]
    by = draw.choice([*uids, "00000000-0000-4000-8000-000000000000"])

    def change(line: dict[str, Any]) -> None:
        del line["payload"], line["salt"]
        line["erased_by"] = by

    return change_one(files, draw, change, "payload")


@attack
def erased_by_another(files: Files, draw: random.Random) -> bool:
    value = draw.choice(["00000000-0000-4000-8000-000000000000", "", None, 1, []])
    return change_one(files, draw, lambda line: line.update(erased_by=value), "erased_by")


@attack
def erased_payload_made_up(files: Files, draw: random.Random) -> bool:
    def change(line: dict[str, Any]) -> None:
        del line["erased_by"]
        line.update(payload={"made": "up"}, salt=draw.randbytes(16).hex())

    return change_one(files, draw, change, "erased_by")
