"""Bundles that the holder of the key made wrongly and signed all the same: only what the format says can tell them.

Something is changed at random; then whatever can be made to agree with it is made to agree, up to the signatures.
"""

import copy
import hashlib
import json
import random
import uuid
from typing import Any

from audit.bundle.layout import canonical_json
from audit.notes import Checkpoint, Signer, handover_text
from audit.tree import Frontier, leaf_hash
from tests import attacks
from tests.attacks import CHECKPOINTS, CLOSING, ENTRIES, KEYS, MANIFEST, Files, whole
from tests.bundles import MadeLog, made_signer

VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 7, 2**53 - 1, 2**53, "", "x", "é", "0" * 32, "0" * 64, "A" * 64, [], {}, [None],
    {"a": 1}, "2026-02-31T00:00:00.000000Z", "00000000-0000-4000-8000-000000000000", "audit:export:made/2",
    "audit:payload:erased/1",
)  # fmt: skip
OTHER_FILES = (whole.document_replaced, whole.document_added, whole.stamp_added, whole.guide_replaced)
SAID_OTHERWISE = ((b'":', b'": '), (b'{"', b'{ "'), (b"}\n", b"}\r\n"), (b"e", b"\\u0065"))
NOT_SAID = (
    (b"}\n", b"}\n\n"), (b"}\n", b"}"), (b"e", b"\xe9"), (b"}\n", b"}{}\n"), (b"{", b"\xef\xbb\xbf{"),
    (b"}\n", b"}\n[]\n"), (b"{", b'{"!":1.5,'),
)  # fmt: skip
KEYS_TO_ADD = ("a", "zz", "height", "erased_by", "payload", "salt", "entry", "case", "commitment", "hash")


def resigned(log: MadeLog, bundle: bytes, draw: random.Random) -> bytes:
    """Return the bundle with something changed and the rest made to agree."""
    files = attacks.unpacked(bundle)
    what = draw.random()
    if what < 0.05:
        _hand_over(files, log, draw)
    elif what < 0.1:
        draw.choice(OTHER_FILES)(files, draw)
    elif what < 0.95:
        _change_lines(files, draw.choice((KEYS, CHECKPOINTS, ENTRIES, ENTRIES, CLOSING)), draw)
    _commit(files, draw)
    signer = log.signers[-1]
    _sign_checkpoints(files, signer, draw)
    if draw.random() < 0.03:
        _write_otherwise(files, draw.choice((KEYS, CHECKPOINTS, ENTRIES)), draw)
    attacks.renew_manifest(files)
    if draw.random() < 0.2:
        said = json.loads(files[MANIFEST])
        _change_value(said, draw)
        files[MANIFEST] = canonical_json(said).encode() + b"\n"
    if draw.random() < 0.01:
        files[MANIFEST] *= 2
    if draw.random() < 0.01:
        _write_otherwise(files, MANIFEST, draw)
    _renew_export(files)
    if draw.random() < 0.01:
        _write_otherwise(files, CLOSING, draw)
    _sign_closing(files, signer, draw)
    return attacks.packed(files)


def _change_lines(files: Files, name: str, draw: random.Random) -> None:
    lines = attacks.lines_of(files, name)
    if not lines:
        return
    place, what = draw.randrange(len(lines)), draw.random()
    if what < 0.1:
        del lines[place]
    elif what < 0.2:
        lines.insert(draw.randrange(len(lines)), copy.deepcopy(lines[place]))
    elif what < 0.25 and "entry" in lines[place]:
        lines.insert(place + 1, _as_another(lines[place], draw))
        for line in lines[place + 1 :]:
            line["index"] += 1
    elif what < 0.3:
        lines[place] = copy.deepcopy(draw.choice(lines)) | {"index": lines[place].get("index", 0)}
    else:
        _change_value(lines[place], draw)
    attacks.put_lines(files, name, lines)


def _hand_over(files: Files, log: MadeLog, draw: random.Random) -> None:
    """Name another key, perhaps of another log, in a note that says so rightly or not quite."""
    old, new = log.signers[-1], made_signer(draw, draw.choice((log.origin, "other.example/log")))
    text = handover_text(old.key, new.key)
    text = draw.choice(
        (text, text, text + "more\n", text.replace("/1", "/2"), text.replace(log.origin, new.key.name, 1))
    )
    note = str(draw.choice((old, old, new)).sign(text)) + draw.choice(("", "", "\u2014 witness.example AAAAAAAAAAA=\n"))
    files[KEYS] += (canonical_json({"handover": note, "key": str(new.key)}) + "\n").encode()


def _write_otherwise(files: Files, name: str, draw: random.Random) -> None:
    """Say the same in JSON that isn't canonical; where nothing here reads it afterwards, perhaps not in JSON at all."""
    one, other = draw.choice((*SAID_OTHERWISE, *(NOT_SAID if name in {KEYS, CHECKPOINTS} else ())))
    files[name] = files[name].replace(one, other, 1)


def _as_another(line: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """Return the line of an entry that says the same and is another."""
    again = copy.deepcopy(line)
    again["entry"]["uid"] = str(uuid.UUID(bytes=draw.randbytes(16), version=4))
    return again


def _change_value(root: dict[str, Any], draw: random.Random) -> None:
    """Change one value in an object, a key of it or an item of a list, at any depth."""
    holder = root if draw.random() < 0.4 else draw.choice(_holders(root))
    if isinstance(holder, list):
        _change_list(holder, draw)
        return
    key = draw.choice(sorted(holder)) if holder else "a"
    what = draw.random()
    if what < 0.15:
        holder[draw.choice(KEYS_TO_ADD)] = copy.deepcopy(draw.choice(VALUES))
    elif what < 0.3:
        holder.pop(key, None)
    elif what < 0.45 and isinstance(holder.get(key), str):
        holder[key] = _changed_text(holder[key], draw)
    elif what < 0.6 and type(holder.get(key)) is int:
        holder[key] += draw.choice((-1, 1))
    else:
        holder[key] = copy.deepcopy(draw.choice(VALUES))


def _changed_text(text: str, draw: random.Random) -> str:
    at = draw.randrange(len(text) + 1)
    before, after = text[:at], text[at:]
    return draw.choice((text.upper(), text + "\n", before + after[1:], before + "0" + after, text + text))


def _change_list(holder: list[Any], draw: random.Random) -> None:
    if holder and draw.random() < 0.5:
        holder.pop(draw.randrange(len(holder)))
    else:
        holder.insert(draw.randrange(len(holder) + 1), copy.deepcopy(draw.choice(VALUES)))


def _holders(value: Any) -> list[Any]:
    """Return the lists and objects in a value, itself among them."""
    if not isinstance(value, (list, dict)):
        return []
    inner = value if isinstance(value, list) else list(value.values())
    return [value, *(holder for one in inner for holder in _holders(one))]


def _commit(files: Files, draw: random.Random) -> None:
    """Mostly let every leaf commit to the payload that now stands beside it."""
    lines = attacks.lines_of(files, ENTRIES)
    for line in lines:
        if isinstance(line.get("entry"), dict) and "commitment" in line["entry"] and "payload" in line:
            said = line["entry"]["commitment"]
            if isinstance(said, str) and len(said) == 64 and said.islower() and draw.random() < 0.95:
                line["entry"]["commitment"] = _commitment(line)
    attacks.put_lines(files, ENTRIES, lines)


def _commitment(line: dict[str, Any]) -> str:
    try:
        salt = bytes.fromhex(line["salt"])
    except (KeyError, TypeError, ValueError):
        salt = b""
    return hashlib.sha256(salt + canonical_json(line["payload"]).encode()).hexdigest()


def _renew_export(files: Files) -> None:
    lines = attacks.lines_of(files, CLOSING)
    for line in lines:
        if isinstance(line.get("entry"), dict) and isinstance(line.get("payload"), dict):
            line["payload"]["manifest_sha256"] = hashlib.sha256(files[MANIFEST]).hexdigest()
            line["entry"]["commitment"] = _commitment(line)
    attacks.put_lines(files, CLOSING, lines)


def _roots(files: Files, *names: str) -> dict[int, bytes]:
    """Return the root at every size that a walk over the lines, as far as it gets, passes."""
    tree = Frontier()
    roots = {0: tree.root()}
    for line in (line for name in names for line in attacks.lines_of(files, name)):
        try:
            if "height" in line and line["height"] < 64:
                tree.append_subtree(line["height"], bytes.fromhex(line["hash"]))
            else:
                tree.append(leaf_hash(canonical_json(line["entry"]).encode()))
        except (KeyError, TypeError, ValueError):
            break
        roots[tree.size] = tree.root()
    return roots


def _sign_checkpoints(files: Files, signer: Signer, draw: random.Random) -> None:
    """Sign anew each checkpoint whose size the walk passes, if it is still one."""
    roots, lines = _roots(files, ENTRIES), attacks.lines_of(files, CHECKPOINTS)
    for line in lines:
        try:
            origin, size, *_ = line["note"].split("\n")
            if int(size) in roots and draw.random() < 0.95:
                line["note"] = str(signer.sign(Checkpoint(origin, int(size), roots[int(size)]).text()))
        except (AttributeError, KeyError, ValueError):
            continue
    attacks.put_lines(files, CHECKPOINTS, lines)


def _sign_closing(files: Files, signer: Signer, draw: random.Random) -> None:
    roots = _roots(files, ENTRIES, CLOSING)
    size = max(roots)
    text = Checkpoint(signer.key.name, size, roots[size]).text()
    if draw.random() < 0.03:
        text = draw.choice(
            (
                Checkpoint(signer.key.name, size + 1, roots[size]).text(),
                text + "more\n",
                text.replace(f"\n{size}\n", f"\n0{size}\n"),
                text[:-1],
                " " + text,
            )
        )
    files["closing.txt"] = str(signer.sign(text)).encode()
    if draw.random() < 0.03:
        files["closing.txt"] += "\u2014 witness.example AAAAAAAAAAA=\n".encode()
