"""Bundles whose signatures all hold, because the holder of the key made them, with something odd written in the log.

Two verifiers that read the format differently would part ways here.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from audit.bundle.layout import canonical_json
from tests.bundles import KINDS, MadeEntry, MadeLog, made_bundle, made_log, nothing


def nested(levels: int) -> str:
    """Return a payload of this many objects, one in the other."""
    return '{"a":' * (levels - 1) + "{}" + "}" * (levels - 1)


# Texts of payloads, hashed as they are; whether a verifier takes them.
PAYLOADS: dict[str, tuple[str, bool]] = {
    "plain": ('{"a":1}', True),
    "empty": ("{}", True),
    "largest-numbers": ('{"a":[9007199254740991,-9007199254740991,0]}', True),
    "escapes": ('{"a":"\\b\\t\\n\\f\\r\\"\\\\\\u0000\\u001f\x7f/"}', True),
    "any-text": ('{"a":"\u2028 \U0001d11e \ufeff \uffff \u00e9"}', True),
    "a-key-of-controls": ('{"\\u0000":1,"":2}', False),
    "keys-of-all-sorts": ('{"":1,"\\n":2," ":3,"A":4,"a":5,"~":6}', True),
    "sixty-four-levels": (nested(63), True),
    "sixty-five-levels": (nested(64), False),
    "a-thousand-levels": (nested(1000), False),
    "lists-of-sixty-five-levels": ('{"a":' + "[" * 63 + "]" * 63 + "}", False),
    "a-fraction": ('{"a":1.5}', False),
    "a-whole-fraction": ('{"a":1.0}', False),
    "an-exponent": ('{"a":1e3}', False),
    "a-number-too-large": ('{"a":9007199254740992}', False),
    "a-number-far-too-large": ('{"a":' + "9" * 5000 + "}", False),
    "minus-nought": ('{"a":-0}', False),
    "a-leading-nought": ('{"a":01}', False),
    "not-a-number": ('{"a":NaN}', False),
    "infinity": ('{"a":Infinity}', False),
    "a-space": ('{"a": 1}', False),
    "keys-out-of-order": ('{"b":1,"a":2}', False),
    "a-key-twice": ('{"a":1,"a":1}', False),
    "a-key-beyond-ascii": ('{"\u00e9":1}', False),
    "a-deep-key-beyond-ascii": ('{"a":[{"\uff21":1}]}', False),
    "an-escape-for-a-letter": ('{"a":"\\u0041"}', False),
    "an-escaped-slash": ('{"a":"\\/"}', False),
    "an-escape-in-capitals": ('{"a":"\\u001F"}', False),
    "a-long-escape": ('{"a":"\\u000a"}', False),
    "an-escaped-surrogate": ('{"a":"\\ud800"}', False),
    "escaped-surrogates": ('{"a":"\\ud834\\udd1e"}', False),
    "a-list": ("[]", False),
    "null": ("null", False),
    "text": ('"a"', False),
    "a-prototype": ('{"__proto__":{"a":1},"constructor":2}', True),
    "numbers-for-keys": ('{"1":1,"10":2,"2":3,"a":4}', True),
}
LONG = "x" * 1_047_000

# What is changed in a leaf before it is hashed and signed; whether a verifier takes it.
LEAVES: dict[str, tuple[dict[str, Any], bool]] = {
    "all-null": ({"actor": None, "agency": None, "actor_roles": []}, True),
    "text-of-all-sorts": ({"purpose": '"\\\n\x00\u2028\U0001d11e,"version":1}', "actor_roles": ["", '","', "]"]}, True),
    "a-negative-actor": ({"actor": -3}, True),
    "a-fake-version-in-text": ({"subject_id": '","uid":"x","version":2}'}, True),
    "actor-is-text": ({"actor": "3"}, False),
    "actor-is-true": ({"actor": True}, False),
    "actor-is-a-list": ({"actor": []}, False),
    "agency-is-false": ({"agency": False}, False),
    "roles-are-null": ({"actor_roles": None}, False),
    "roles-are-text": ({"actor_roles": "auditor"}, False),
    "roles-are-numbers": ({"actor_roles": [1]}, False),
    "roles-are-nested": ({"actor_roles": [["auditor"]]}, False),
    "case-is-null": ({"case": None}, False),
    "kind-is-a-number": ({"kind": 7}, False),
    "commitment-in-capitals": ({"commitment": "A" * 64}, False),
    "time-without-microseconds": ({"recorded_at": "2026-11-14T14:05:00Z"}, False),
    "time-in-other-digits": ({"recorded_at": "\u0662026-11-14T14:05:00.000000Z"}, False),
    "time-that-never-was": ({"recorded_at": "2026-99-99T99:99:99.999999Z"}, True),
    "uid-in-capitals": ({"uid": "AAAAAAAA-AAAA-4AAA-AAAA-AAAAAAAAAAAA"}, False),
    "uid-without-hyphens": ({"uid": "a" * 32}, False),
    "version-3": ({"version": 3}, False),
    "version-is-text": ({"version": "2"}, False),
    "version-is-true": ({"version": True}, False),
    "version-1-without-payload": ({"version": 1}, False),
    "one-key-more": ({"more": 1}, False),
    "one-object-more": ({"pillar": {}}, False),
}

Odd = tuple[str, bytes, bool]


def odd_bundles() -> Iterator[Odd]:
    """Yield a name, a bundle, and whether it holds."""
    for name, (payload, ok) in PAYLOADS.items():
        yield f"payload-{name}", made_bundle(_log_with(payload)), ok
    for name, (changes, ok) in LEAVES.items():
        yield f"leaf-{name}", made_bundle(_log_with('{"a":1}', changes)), ok
    for name, build, ok in BUILT:
        yield name, build(), ok


def _log_with(payload: str, changes: dict[str, Any] | None = None) -> MadeLog:
    """Return a log of two, of which the second has this payload."""
    log = made_log(30, 1, checkpoints=2)
    log.append(KINDS[0], {})
    entry = log.entries.pop()
    log = made_log(30, 1, checkpoints=2)
    leaf = json.loads(entry.leaf)
    leaf["commitment"] = hashlib.sha256(entry.salt + payload.encode("utf-8", "surrogatepass")).hexdigest()
    leaf |= changes or {}
    log.put(MadeEntry(leaf["uid"], canonical_json(leaf), payload, entry.salt))
    return log


def _uid_twice() -> bytes:
    log = made_log(31, 2)
    log.put(log.append(KINDS[0], {"a": 1}))
    return made_bundle(log)


def _uid_twice_in_closing() -> bytes:
    log = made_log(31, 2)
    was = log.append

    def same_uid(*args: Any, **kwargs: Any) -> MadeEntry:
        entry = was(*args, **kwargs)
        if kwargs.get("version", 2) == 2 and "audit:export" in args[0]:
            log.entries.pop()
            for level in log.levels:
                del level[len(log.entries) >> log.levels.index(level) :]
            leaf = json.loads(entry.leaf) | {"uid": log.entries[0].uid}
            entry = MadeEntry(leaf["uid"], canonical_json(leaf), entry.payload, entry.salt)
            log.put(entry)
        return entry

    log.append = same_uid  # type: ignore[method-assign]
    return made_bundle(log)


def _erased_by(change: Callable[[MadeLog, MadeEntry], None]) -> Callable[[], bytes]:
    def build() -> bytes:
        log = made_log(32, 2, checkpoints=0)
        entry = log.append(KINDS[0], {"a": 1})
        change(log, entry)
        return made_bundle(log)

    return build


def _by_one_that_lists_nobody(log: MadeLog, entry: MadeEntry) -> None:
    entry.erased_by = log.append("audit:payload:erased/1", {"entries": []}).uid


def _by_one_that_lists_no_list(log: MadeLog, entry: MadeEntry) -> None:
    entry.erased_by = log.append("audit:payload:erased/1", {"entries": entry.uid}).uid


def _by_one_of_another_kind(log: MadeLog, entry: MadeEntry) -> None:
    entry.erased_by = log.append("audit:payload:erased/2", {"entries": [entry.uid]}).uid


def _by_an_earlier_one(log: MadeLog, _: MadeEntry) -> None:
    by = log.append("audit:payload:erased/1", {"entries": []})
    log.append(KINDS[0], {"a": 1}).erased_by = by.uid


def _by_one_that_is_erased(log: MadeLog, entry: MadeEntry) -> None:
    log.erase([log.erase([entry])])


def _by_itself(log: MadeLog, entry: MadeEntry) -> None:
    entry.erased_by = entry.uid


def _by_one_of_the_first_version(log: MadeLog, entry: MadeEntry) -> None:
    entry.erased_by = log.append("audit:payload:erased/1", {"entries": [entry.uid]}, version=1).uid


def _long_line(more: int) -> Callable[[], bytes]:
    """Return what builds a bundle with a line of 2**20 bytes and some more."""

    def build() -> bytes:
        text = canonical_json({"a": LONG})
        log = _log_with(text)
        short = len(log.entries[1].leaf) + len(text) + len('{"entry":,"index":1,"payload":,"salt":""}') + 32
        return made_bundle(_log_with(canonical_json({"a": LONG + "x" * (2**20 + more - short)})))

    return build


def _empty_checkpoint() -> bytes:
    log = made_log(33, 0, checkpoints=0)
    log.checkpoints.append(log.signed(0))
    log.append(KINDS[0], {})
    return made_bundle(log, nothing)


def _long_note(more: int) -> Callable[[], bytes]:
    """Return what builds a bundle with a note of 16 KiB and some bytes more, through the lines of witnesses."""

    def build() -> bytes:
        log = made_log(35, 3, checkpoints=0)
        signed, line = log.signed(), "\u2014 witness.example/w1 AAAAAAAAAAAA\n"
        left = (1 << 14) + more - len(signed.note.encode())
        many, rest = divmod(left, len(line.encode()))
        note = signed.note + line * (many - 1) + line.replace("/w1", "/w1" + "x" * rest)
        log.checkpoints = [replace(signed, note=note)]
        return made_bundle(log)

    return build


def _lost_key(number: int) -> Callable[[], bytes]:
    """Return what builds a bundle in which a key wasn't handed over, the closing signed by the newest."""

    def build() -> bytes:
        log = made_log(34, 3, keys=1)
        for which in range(2):
            log.add_key(made_log(40 + which, 0).signers[0], handed_over=which != number)
        log.checkpoint()
        return made_bundle(log)

    return build


BUILT: tuple[tuple[str, Callable[[], bytes], bool], ...] = (
    ("uid-twice", _uid_twice, False),
    ("uid-twice-in-closing", _uid_twice_in_closing, False),
    ("erased-by-one-that-lists-nobody", _erased_by(_by_one_that_lists_nobody), False),
    ("erased-by-one-that-lists-no-list", _erased_by(_by_one_that_lists_no_list), False),
    ("erased-by-one-of-another-kind", _erased_by(_by_one_of_another_kind), False),
    ("erased-by-an-earlier-one", _erased_by(_by_an_earlier_one), False),
    ("erased-by-one-that-is-erased", _erased_by(_by_one_that_is_erased), False),
    ("erased-by-itself", _erased_by(_by_itself), False),
    ("erased-by-one-of-the-first-version", _erased_by(_by_one_of_the_first_version), True),
    ("checkpoint-over-nothing", _empty_checkpoint, True),
    ("note-of-16-kib", _long_note(0), True),
    ("note-of-more-than-16-kib", _long_note(1), False),
    ("handed-over-twice", _lost_key(9), True),
    ("lost-key-in-the-middle", _lost_key(0), False),
    ("lost-key-at-the-end", _lost_key(1), False),
)
LONG_LINES = (("line-of-a-mebibyte", _long_line(0), True), ("line-of-more-than-a-mebibyte", _long_line(1), False))
