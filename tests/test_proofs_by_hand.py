"""With docs/witnesses.md anybody checks a proof, having only the proof and the key: the page's own code is run here."""

import base64
import json
import random
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from accounts.models import User
from audit.keys import rotate_key
from audit.models import Checkpoint, Entry
from audit.notes import Checkpoint as Head
from audit.notes import Signer
from audit.proof_documents import consistency_document, inclusion_document, written
from audit.tree import consistency_proof, consistent, included, inclusion_proof, leaf_hash, root_of
from tests.audit_fixtures import erased, write_entries, write_viewed
from tests.sequencing import signed
from tests.witness_scene import grown, log_keys

PAGE = (settings.BASE_DIR / "docs" / "witnesses.md").read_text()
Document = dict[str, Any]
Checked = Callable[[Document], bool]


def code(language: str, beginning: str) -> str:
    """Return the one block of the page in this language that begins so."""
    (found,) = re.findall(rf"^```{language}\n({re.escape(beginning)}.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return str(found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "check.py").write_text(code("python", "import base64"))
    (tmp_path / "python3").symlink_to(sys.executable)
    return tmp_path


def typed(folder: Path, command: str) -> "subprocess.CompletedProcess[str]":
    """Type a command in the folder; python3 is the Python that runs this."""
    path = f"{folder}:/usr/local/bin:/usr/bin:/bin"
    return subprocess.run(
        ["sh", "-e", "-c", command], cwd=folder, capture_output=True, text=True, check=False, env={"PATH": path}
    )


@pytest.fixture
def check(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Checked:
    """Run the page's program on a document, in this process, and return whether it says that it holds."""

    def checked(document: Document) -> bool:
        (folder / "proof.json").write_text(written(document))
        monkeypatch.setattr(sys, "argv", ["check.py", str(folder / "proof.json")])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(folder / "check.py"))
        return not ended.value.code

    return checked


# --- Real proofs -----------------------------------------------------------------------------------------------------


@pytest.fixture
def proofs(auditor: User) -> list[Document]:
    """Proofs of this log: between checkpoints of several sizes, and of entries, one of them erased."""
    checkpoints = [grown(auditor, entries) for entries in (2, 5, 61, 190)]
    entry = write_viewed(auditor)
    checkpoints.append(signed())
    erased(auditor, entry)
    checkpoints.append(signed())
    sizes = [checkpoint.size for checkpoint in checkpoints]
    of_two = [consistency_document(older, newer) for older in sizes for newer in sizes if older <= newer]
    some = [Entry.objects.get(place__index=index) for index in (0, 3, sizes[1], sizes[2] - 1, sizes[3] - 1)]
    return of_two + [inclusion_document(each, checkpoints[-1]) for each in (*some, Entry.objects.get(pk=entry.pk))]


def test_right_proofs_hold(check: Checked, proofs: list[Document]) -> None:
    assert [document["payload"] for document in proofs if "payload" in document].count(None) == 1
    assert all(map(check, proofs))


def changed(value: Any) -> Iterator[Any]:
    """Yield other values, each of which says something else."""
    match value:
        case int():
            yield from (value + 1, value - 1, value * 2, 0, -1, 2**53, str(value), None)
        case list():
            yield from ([*value, "00" * 32], ["00" * 32, *value], value[::-1], value[1:], value[:-1], None)
            yield from ([*value[:at], "00" * 32, *value[at + 1 :]] for at in range(len(value)))
        case str():
            yield from (value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :] for at in range(0, len(value), 7))
            yield from (value + "x", value + "0", value[1:], "", None)
        case None:
            yield from ("", "{}", "00" * 16)


def as_read(key: str, said: Any) -> Any:
    """Return what the program reads of a value; the rest of a note, its origin too, is what openssl sees to."""
    if not key.endswith("checkpoint") or not isinstance(said, str):
        return said
    try:
        _, size, root = said.split("\n")[:3]
        return size, base64.b64decode(root)
    except ValueError:
        return None


def test_whatever_is_changed_in_a_proof_it_holds_no_more(check: Checked, proofs: list[Document]) -> None:
    tried = 0
    for document in proofs[::3]:
        for key, value in document.items():
            for other in changed(value):
                if as_read(key, other) != as_read(key, value):
                    tried += 1
                    assert not check(document | {key: other}), (key, other)
    assert tried > 500


def test_leaf_of_another_entry_is_not_at_this_place(check: Checked, proofs: list[Document]) -> None:
    first, second = (document for document in proofs if document.get("index") in (0, 3))
    assert not check(first | {key: second[key] for key in ("leaf", "payload", "salt")})
    assert not check(first | {"index": second["index"]})
    assert not check(first | {"payload": second["payload"], "salt": second["salt"]})


def test_document_of_another_form_does_not_hold(check: Checked, proofs: list[Document]) -> None:
    for odd in ({}, {"format": "countersign-bundle/1"}, proofs[0] | {"format": proofs[-1]["format"]}):
        assert not check(odd)


# --- Every shape of tree ---------------------------------------------------------------------------------------------

LEAVES = [f"leaf {number}" for number in range(19)]
HASHES = [leaf_hash(text.encode()) for text in LEAVES]
SIGNER = Signer("log.example", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def subtree(height: int, first: int) -> bytes:
    return root_of(HASHES[first : first + (1 << height)])


def note(size: int) -> str:
    return str(SIGNER.sign(Head("log.example", size, root_of(HASHES[:size])).text()))


def of_a_leaf(index: int, size: int) -> Document:
    proof = [step.hex() for step in inclusion_proof(subtree, index, size)]
    return {"format": "countersign-inclusion-proof/1", "index": index, "size": size, "leaf": LEAVES[index],
            "payload": None, "salt": None, "proof": proof, "checkpoint": note(size)}  # fmt: skip


def of_two_sizes(older: int, newer: int) -> Document:
    proof = [step.hex() for step in consistency_proof(subtree, older, newer)]
    return {"format": "countersign-consistency-proof/1", "older": older, "newer": newer, "proof": proof,
            "older_checkpoint": note(older), "newer_checkpoint": note(newer)}  # fmt: skip


def test_program_holds_with_the_rfc_for_every_tree_up_to_19_leaves(check: Checked) -> None:
    """Right proofs hold; others, one step too long or short or of a neighbour, hold where the RFC's own rule does."""
    draw = random.Random(19)
    for size in range(1, len(LEAVES) + 1):
        for at in range(size):
            assert check(of_a_leaf(at, size))
            assert check(of_two_sizes(at + 1, size))
        at, other = draw.randrange(size), draw.randrange(size)
        for path in odd_paths(draw, of_a_leaf(other, size)["proof"]):
            expected = included(HASHES[at], at, size, [bytes.fromhex(step) for step in path], root_of(HASHES[:size]))
            assert check(of_a_leaf(at, size) | {"proof": path}) == expected
        for path in odd_paths(draw, of_two_sizes(other + 1, size)["proof"]):
            roots = root_of(HASHES[: at + 1]), root_of(HASHES[:size])
            expected = consistent(at + 1, size, [bytes.fromhex(step) for step in path], *roots)
            assert check(of_two_sizes(at + 1, size) | {"proof": path}) == expected


def odd_paths(draw: random.Random, path: list[str]) -> list[list[str]]:
    other = draw.choice(HASHES).hex()
    return [path, path[1:], path[:-1], path[::-1], [*path, other], [other, *path]]


# --- As somebody would type it ---------------------------------------------------------------------------------------


def test_program_needs_python_alone_and_says_it_in_words(folder: Path, auditor: User) -> None:
    older, newer = grown(auditor), grown(auditor)
    document = consistency_document(older.size, newer.size)
    (folder / "proof.json").write_text(written(document))
    right = typed(folder, "python3 -I -S check.py proof.json")
    assert (right.returncode, right.stdout, right.stderr) == (0, "It holds under the checkpoint.\n", "")
    (folder / "proof.json").write_text(written(document | {"newer": newer.size + 1}))
    wrong = typed(folder, "python3 -I -S check.py proof.json")
    assert (wrong.returncode, wrong.stdout, wrong.stderr) == (1, "It does not hold.\n", "")


def test_signature_is_checked_with_openssl(folder: Path, auditor: User) -> None:
    """By the key of each checkpoint, and by no other; not where one of the three lines was changed."""
    older = grown(auditor)
    rotate_key()
    newer = grown(auditor)
    first, second = map(str, log_keys())
    document = consistency_document(older.size, newer.size)
    forged = document | {"newer_checkpoint": document["newer_checkpoint"].replace(f"\n{newer.size}\n", "\n9\n")}
    for name, key, told, holds in (
        ("older_checkpoint", first, document, True), ("newer_checkpoint", second, document, True),
        ("newer_checkpoint", first, document, False), ("newer_checkpoint", second, forged, False),
    ):  # fmt: skip
        (folder / "proof.json").write_text(written(told))
        (folder / "key").write_text(f"{key}\n")
        done = typed(folder, code("sh", "python3 -c").replace(" checkpoint > note", f" {name} > note"))
        assert ("Signature Verified Successfully" in done.stdout, done.returncode == 0) == (holds, holds), done


def test_page_names_every_key_of_both_documents(auditor: User) -> None:
    entry = write_entries(auditor, 3)[1]
    checkpoint = signed()
    assert Checkpoint.objects.count() == 1
    for column, document in ((1, inclusion_document(entry, checkpoint)),
                             (2, consistency_document(checkpoint.size, checkpoint.size))):  # fmt: skip
        rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in PAGE.splitlines() if row.startswith("| `")]
        rows = [row for row in rows if len(row) == 3 and row[column]]
        named = [key for row in rows for key in re.findall(r"`(\w+)`", row[0])]
        assert sorted(named) == sorted(json.loads(written(document)))
