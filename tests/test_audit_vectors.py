"""Our tree, notes and entries agree with the published vectors, and with what others published before us."""

import hashlib
import json
from typing import Any

import pytest
import rfc8785

from audit.notes import BadNote, Note, VerifierKey
from audit.tree import consistent, included, leaf_hash, root_of
from tests.vectors.audit import make

# From the tests of certificate-transparency-go, for the same eight leaves.
LAST_ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
INCLUSION = {
    (0, 8): "96a296d224f285c6 5f083f0a1a33ca07 6b47aaf29ee3c2af",
    (5, 8): "bc1a0643b12e4d2d ca854ea128ed050b d37ee418976dd957",
    (2, 3): "fac54203e7cc696c",
    (1, 5): "6e340b9cffb37a98 5f083f0a1a33ca07 bc1a0643b12e4d2d",
}
CONSISTENCY = {
    (1, 8): "96a296d224f285c6 5f083f0a1a33ca07 6b47aaf29ee3c2af",
    (6, 8): "0ebc5d3437fbe2db ca854ea128ed050b d37ee418976dd957",
    (2, 5): "5f083f0a1a33ca07 bc1a0643b12e4d2d",
}


def read(name: str) -> Any:
    return json.loads((make.HERE / name).read_text())


def begins(proof: list[str]) -> str:
    return " ".join(node[:16] for node in proof)


def test_tree_is_that_of_certificate_transparency() -> None:
    tree = read("tree.json")
    leaves = [leaf_hash(bytes.fromhex(text)) for text in tree["leaves"]]
    assert [leaf.hex() for leaf in leaves] == tree["leaf_hashes"]
    assert [root_of(leaves[:size]).hex() for size in range(9)] == tree["roots"]
    assert tree["roots"][8] == LAST_ROOT
    inclusion = {(case["index"], case["size"]): begins(case["proof"]) for case in tree["inclusion"]}
    consistency = {(case["older"], case["newer"]): begins(case["proof"]) for case in tree["consistency"]}
    assert inclusion | INCLUSION == inclusion
    assert consistency | CONSISTENCY == consistency


def test_proofs_lead_to_the_roots_and_to_no_other() -> None:
    tree = read("tree.json")
    leaves, roots = ([bytes.fromhex(text) for text in tree[key]] for key in ("leaf_hashes", "roots"))
    for case in tree["inclusion"]:
        proof, index, size = [bytes.fromhex(node) for node in case["proof"]], case["index"], case["size"]
        fits = [included(leaf, index, size, proof, roots[size]) for leaf in leaves]
        assert fits == [number == index for number in range(8)]
    for case in tree["consistency"]:
        proof, older, newer = [bytes.fromhex(node) for node in case["proof"]], case["older"], case["newer"]
        fits = [consistent(older, newer, proof, root, roots[newer]) for root in roots[1:]]
        assert fits == [number == older for number in range(1, 9)]


@pytest.mark.parametrize("case", read("notes.json"), ids=lambda case: case["case"])
def test_notes_hold_or_not(case: dict[str, Any]) -> None:
    try:
        Note.parsed(case["note"]).signed_by(VerifierKey.parsed(case["key"]))
    except BadNote:
        assert not case["ok"]
    else:
        assert case["ok"]


def test_first_note_is_go_s_own() -> None:
    first = read("notes.json")[0]
    assert (first["key"][:12], first["ok"]) == ("PeterNeumann", True)


@pytest.mark.parametrize("number", range(len(read("entries.json"))))
def test_entries_are_hashed_as_they_are_written(number: int) -> None:
    case = read("entries.json")[number]
    leaf = rfc8785.dumps(case["leaf"])
    assert leaf.hex() == case["leaf_canonical"]
    assert hashlib.sha256(b"\0" + leaf).hexdigest() == case["leaf_hash"]
    if "payload" in case:
        payload = rfc8785.dumps(case["payload"])
        assert payload.hex() == case["payload_canonical"]
        assert hashlib.sha256(bytes.fromhex(case["salt"]) + payload).hexdigest() == case["commitment"]
        assert case["leaf"]["commitment"] == case["commitment"]
