"""Makes the published test vectors anew: `python -m tests.vectors.audit.make`. The same bytes each time.

tree.json      RFC 6962: leaves, their hashes, the root of every size, all proofs of inclusion and consistency
notes.json     signed notes and keys (C2SP signed-note), each with whether the signature holds
entries.json   leaves, payloads and salts with leaf hash and commitment; canonical JSON (RFC 8785)
bundles.json   what a verifier must say of each file in bundles/: with which --key and --checkpoint, ok or not
"""

import hashlib
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from audit.bundle.layout import canonical_json
from audit.notes import BadNote, Checkpoint, Note, VerifierKey
from audit.tree import (
    consistency_proof,
    cover,
    inclusion_proof,
    joined,
    leaf_hash,
    node_hash,
)
from tests import attacks
from tests.bundles import TEXTS, MadeLog, made_bundle, made_log, made_payload, made_signer, nothing, some_of

HERE = Path(__file__).parent
# The test tree of Certificate Transparency.
LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
# From the documentation of golang.org/x/mod/sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def tree() -> dict[str, Any]:
    """Return the tree over LEAVES with everything that can be proved in it."""
    hashes = [leaf_hash(bytes.fromhex(text)) for text in LEAVES]

    def subtree(height: int, first: int) -> bytes:
        if not height:
            return hashes[first]
        return node_hash(subtree(height - 1, first), subtree(height - 1, first + (1 << height - 1)))

    def hexed(proof: list[bytes]) -> list[str]:
        return [node.hex() for node in proof]

    sizes = range(1, len(LEAVES) + 1)
    return {
        "leaves": list(LEAVES),
        "leaf_hashes": hexed(hashes),
        "roots": hexed([joined([subtree(*part) for part in cover(0, size)]) for size in (0, *sizes)]),
        "inclusion": [
            {"index": index, "size": size, "proof": hexed(inclusion_proof(subtree, index, size))}
            for size in sizes
            for index in range(size)
        ],
        "consistency": [
            {"older": older, "newer": newer, "proof": hexed(consistency_proof(subtree, older, newer))}
            for newer in sizes
            for older in range(1, newer + 1)
        ],
    }


def notes() -> list[dict[str, Any]]:
    """Return notes, each with a key and whether that key signed it."""
    log = made_log(1, 5)
    key, note = str(log.signers[0].key), log.signed().note
    text, signature = note.split("\n\n")
    cases = {
        "the example of Go's package note": (GO_KEY, GO_NOTE),
        "a checkpoint": (key, note),
        "a checkpoint with a witness": (key, note + "\u2014 witness.example AAAAAAAA\n"),
        "another key": (str(made_log(2, 1).signers[0].key), note),
        "another size": (key, note.replace("\n5\n", "\n6\n")),
        "another signature": (key, note.replace(signature[-10:], "A" * 6 + signature[-4:])),
        "no empty line": (key, text + "\n" + signature),
        "no signature": (key, text + "\n\n"),
        "a hyphen for the dash": (key, note.replace("\u2014", "-")),
        "base64 with other last bits": (key, _other_bits(note)),
        "spaces at the end": (key, note.rstrip("\n") + " \n"),
    }
    return [{"case": case, "key": key, "note": note, "ok": _holds(key, note)} for case, (key, note) in cases.items()]


def _other_bits(note: str) -> str:
    """Set bits that base64 leaves over: 68 bytes end in one '=', so the letter before has two to spare."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = note.rstrip("=\n")[-1]
    return note[: len(note.rstrip("=\n")) - 1] + letters[letters.index(last) + 1] + "=\n"


def _holds(key: str, note: str) -> bool:
    try:
        Note.parsed(note).signed_by(VerifierKey.parsed(key))
    except BadNote:
        return False
    return True


def entries() -> list[dict[str, Any]]:
    """Return entries with what is hashed, in hexadecimal digits of the bytes."""
    log = made_log(3, 12, checkpoints=0)
    for text in TEXTS:
        log.append("identification:case:opened/1", {"text": text, text.encode().hex() or "empty": [[{}]]})
    return [
        {
            "leaf": json.loads(entry.leaf),
            "leaf_canonical": entry.leaf.encode().hex(),
            "leaf_hash": leaf_hash(entry.leaf.encode()).hex(),
            **({} if entry.payload is None else _payload(entry.payload, entry.salt)),
        }
        for entry in log.entries
    ]


def _payload(payload: str, salt: bytes) -> dict[str, Any]:
    return {
        "payload": json.loads(payload),
        "payload_canonical": payload.encode().hex(),
        "salt": salt.hex(),
        "commitment": hashlib.sha256(salt + payload.encode()).hexdigest(),
    }


Bundle = tuple[str, bytes, dict[str, Any]]


def good_bundles() -> Iterator[Bundle]:
    """Yield bundles that hold: name, bytes, and with what to verify them."""
    yield "empty", made_bundle(made_log(10, 0, checkpoints=0)), {}
    yield "one-entry", made_bundle(made_log(11, 1, checkpoints=2)), {}
    yield "all-shown", made_bundle(made_log(12, 9)), {}
    yield "all-hidden", made_bundle(made_log(13, 23), nothing), {}
    yield "some-shown", made_bundle(made_log(14, 19, checkpoints=4), some_of(14)), {}
    log = made_log(15, 12, keys=3)
    handed = made_bundle(log)
    yield "keys-handed-over", handed, {"keys": [log.keys[0].vkey]}
    yield "newest-key-known", handed, {"keys": [log.keys[-1].vkey]}
    yield "kept-checkpoint", handed, {"checkpoint": log.checkpoints[0].note}
    log = made_log(17, 3)
    log.add_key(made_signer(log.draw), handed_over=False)
    yield "kept-checkpoint-of-a-key-after-a-lost-one", made_bundle(log), {"checkpoint": log.signed(3).note}
    log = made_log(16, 3)
    log.erase([log.append("identification:case:opened/1", made_payload(log.draw))])
    yield "erased", made_bundle(log), {}
    yield "before-it-was-attacked", _attacked(), {}


def _attacked() -> bytes:
    """Return a small bundle that has something of everything."""
    log = made_log(50, 1, keys=1, checkpoints=0)
    first = log.append("identification:case:opened/1", {"a": 1})
    log.append("accounts:session:opened/1", {"a": 1}, version=1)
    document = b'{"finding":2}'
    log.checkpoint()
    log.add_key(made_signer(log.draw))
    log.append("review:assessment:signed/1", {"document": hashlib.sha256(document).hexdigest()}, file=document)
    log.erase([first])
    log.checkpoint()
    return made_bundle(log, bool)


def bad_bundles() -> Iterator[Bundle]:
    """Yield bundles that don't hold: in wrong company, attacked, damaged."""
    yield from _wrong_company()
    whole = _attacked()
    for number, (name, attack) in enumerate(attacks.ATTACKS.items()):
        seal = attacks.SEALS[number % len(attacks.SEALS)]
        files = attacks.unpacked(whole)
        if attack(files, random.Random(f"vector {name}")) and (changed := attacks.sealed(files, seal)) != whole:
            yield name.replace("_", "-"), changed, {}
    yield "cut-short", whole[:-1], {}
    yield "added-to", whole + b"\n", {}
    yield "bit-flipped", whole[:2000] + bytes([whole[2000] ^ 1]) + whole[2001:], {}
    yield "nothing", b"", {}


def _wrong_company() -> Iterator[Bundle]:
    """Yield bundles that hold, but not with this key or this checkpoint."""
    log, other = made_log(20, 6, checkpoints=4), made_log(21, 6, checkpoints=4)
    whole = made_bundle(log, nothing)
    yield "key-of-another", whole, {"keys": [other.keys[0].vkey]}
    yield "checkpoint-of-another", whole, {"checkpoint": other.checkpoints[0].note}
    log.append("accounts:session:opened/1", {})
    yield "checkpoint-beyond", whole, {"checkpoint": log.signed().note}
    fork, size = made_log(20, 5, checkpoints=0), log.checkpoints[-1].size
    while len(fork.entries) < size:
        fork.append("accounts:session:opened/1", {})
    yield "checkpoint-of-a-fork", whole, {"checkpoint": forked(fork, log, size)}
    genuine = made_log(22, 6)
    genuine.checkpoint()
    continued = attacks.forged_continuation(genuine)
    yield "continued-by-a-stranger", continued, {"checkpoint": genuine.checkpoints[-1].note}
    continued = attacks.forged_continuation(genuine, genuine_first=True)
    yield "continued-by-a-stranger-named-last", continued, {"checkpoint": genuine.checkpoints[-1].note}
    within = made_log(20, 6, checkpoints=0)
    yield "checkpoint-within-a-hidden-range", made_bundle(within, nothing), {"checkpoint": within.signed(3).note}


def forked(fork: MadeLog, log: MadeLog, size: int) -> str:
    """Return a checkpoint that the same key signed over another history of the same length."""
    assert fork.root(size) != log.root(size)
    return str(log.signers[-1].sign(Checkpoint(log.origin, size, fork.root(size)).text()))


def main(folder: Path = HERE) -> None:
    """Write all of it."""
    for name, made in (("tree", tree()), ("notes", notes()), ("entries", entries())):
        _write(folder / f"{name}.json", made)
    shutil.rmtree(folder / "bundles", ignore_errors=True)
    (folder / "bundles").mkdir()
    expected = [_bundle(folder, *bundle, ok=True) for bundle in good_bundles()]
    expected += [_bundle(folder, *bundle, ok=False) for bundle in bad_bundles()]
    _write(folder / "bundles.json", expected)


def _bundle(folder: Path, name: str, data: bytes, company: dict[str, Any], *, ok: bool) -> dict[str, Any]:
    file = f"{'good' if ok else 'bad'}-{name}.zip"
    (folder / "bundles" / file).write_bytes(data)
    return {"file": file, "keys": company.get("keys", []), "checkpoint": company.get("checkpoint"), "ok": ok}


def _write(path: Path, made: Any) -> None:
    path.write_text(json.dumps(made, indent=1, ensure_ascii=True) + "\n", encoding="ascii")
    assert canonical_json(made)


if __name__ == "__main__":
    main()
