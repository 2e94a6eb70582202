"""An entry's proof, as page, as JSON and by command, and that one checkpoint continues another."""

import hashlib
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.keys import verifier_keys
from audit.models import Checkpoint, Delivery, Entry, Payload
from audit.notes import COSIGNATURE, Note, Signature, VerifierKey
from audit.notes import Checkpoint as Head
from audit.proof_path import steps
from audit.proofs import prove_inclusion
from audit.tree import consistent, included, inclusion_proof, leaf_hash, range_root, root_of
from audit.witnesses.configured import witnesses
from audit.witnesses.seals import seal
from tests.audit_fixtures import erased, write_entries, write_viewed
from tests.sequencing import sequenced, signed


@pytest.fixture
def read(client: Client, auditor: User) -> Callable[..., Any]:
    def get(name: str, *args: Any, **query: Any) -> Any:
        client.force_login(auditor)
        return client.get(reverse(f"audit:{name}", args=args), query)

    return get


def holds(document: dict[str, Any]) -> bool:
    """Check a proof from the document alone, as somebody outside would."""
    proof = [bytes.fromhex(step) for step in document["proof"]]
    note = Note.parsed(document["checkpoint"])
    note.signed_by(verifier_keys()[-1])
    head, leaf = Head.parsed(note.text), leaf_hash(document["leaf"].encode())
    return head.size == document["size"] and included(leaf, document["index"], document["size"], proof, head.root)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 255, 256, 257])
def test_steps_lead_to_the_root_and_say_what_they_cover(size: int) -> None:
    draw = random.Random(size)
    leaves = [draw.randbytes(32) for _ in range(size)]

    def subtrees(height: int, first: int) -> bytes:
        return root_of(leaves[first : first + (1 << height)])

    for index in {0, size // 2, size - 1}:
        told = steps(leaves[index], index, size, inclusion_proof(subtrees, index, size))
        assert (told[-1].node if told else leaves[index]) == root_of(leaves)
        for step in told:
            first, last = step.covers
            assert first <= index <= last
            assert step.node == range_root(subtrees, first, last + 1)
            first, last = step.joined_with
            assert step.sibling == range_root(subtrees, first, last + 1)
            assert step.sibling_is_left == (last < index)


def test_page_shows_leaf_payload_and_proof(read, auditor: User) -> None:
    entry = write_entries(auditor, 300)[123]
    checkpoint = signed()
    answer = read("entry", entry.uid)
    text = answer.content.decode()
    said = Payload.objects.get(entry=entry)
    index = Entry.objects.get(pk=entry.pk).place.index
    for shown in (
        f"Entry {index}", str(entry.uid), bytes(entry.leaf_hash).hex(), bytes(said.salt).hex(),
        entry.leaf["commitment"],
        f"Root over all {checkpoint.size} entries", checkpoint.note.splitlines()[2],
        f"audit prove {entry.uid} --size {checkpoint.size}", "To check it by hand",
    ):  # fmt: skip
        assert shown in text, shown
    told = answer.context["steps"]
    assert text.count('class="join"') == len(told) + 1
    assert all(step.sibling_hex[:8] in text for step in told)
    assert told[-1].node == bytes(checkpoint.root)
    assert " style=" not in text[text.index('id="work"') :]


def test_every_picture_in_the_path_has_its_words(read, auditor: User) -> None:
    entry = write_entries(auditor, 9)[4]
    signed()
    answer = read("entry", entry.uid)
    text = " ".join(answer.content.decode().split())
    for step in answer.context["steps"]:
        assert f"{step.number}. Joined with what stands {'before' if step.sibling_is_left else 'after'} it" in text
    assert text.count('<svg class="join"') == text.count('height="56" aria-hidden="true"')


def test_entry_of_no_agency_is_every_auditors_to_read(read) -> None:
    """Keys, starts and the like: nobody else's matter, and all that an outsider can go by."""
    signed()
    entry = Entry.objects.get(place__index=0)
    assert (entry.kind, entry.agency) == ("audit:key:made/1", None)
    assert read("entry", entry.uid).status_code == 200


def test_only_entry_is_its_own_root(auditor: User) -> None:
    entry = write_entries(auditor, 1)[0]
    sequenced()
    assert prove_inclusion(entry, 1) == steps(bytes(entry.leaf_hash), 0, 1, []) == []


def test_json_can_be_checked_alone(read, auditor: User) -> None:
    entry = write_entries(auditor, 300)[200]
    older = signed()
    write_entries(auditor, 50)
    newer = signed()
    for checkpoint, query in ((newer, {}), (older, {"size": older.size})):
        answer = read("proof", entry.uid, **query)
        document = answer.json()
        assert answer.headers["Content-Type"] == "application/json"
        assert document["size"] == checkpoint.size
        assert holds(document)
        committed = hashlib.sha256(bytes.fromhex(document["salt"]) + document["payload"].encode()).hexdigest()
        assert json.loads(document["leaf"])["commitment"] == committed
        assert document["payload"] == entry.said.content
    document["leaf"] = document["leaf"].replace("2", "3")
    assert not holds(document)


@pytest.mark.parametrize("size", ["5", "0", "-1", "x", "9" * 30, "٣"])
def test_json_for_a_size_without_checkpoint_is_a_sentence(read, auditor: User, size: str) -> None:
    entry = write_entries(auditor, 9)[2]
    signed()
    answer = read("proof", entry.uid, size=size)
    assert answer.status_code == 404
    assert answer.json()["error"].endswith(".")


def test_erased_entry_is_still_proved_and_tells_nothing(read, auditor: User) -> None:
    write_entries(auditor, 8)
    entry = write_viewed(auditor)
    content = entry.said.content
    erased(auditor, entry)
    signed()
    answer = read("proof", entry.uid)
    assert holds(answer.json())
    assert answer.json()["payload"] is None
    assert answer.json()["salt"] is None
    assert content not in answer.content.decode()


@pytest.mark.parametrize("name", ["entry", "proof"])
def test_place_of_an_entry_is_asked_for_once(read, auditor: User, name: str) -> None:
    entry = write_entries(auditor, 300)[123]
    signed()
    read(name, entry.uid)
    with CaptureQueriesContext(connection) as asked:
        assert read(name, entry.uid).status_code == 200
    by = (entry.uid.hex, f'"entry_id" = {entry.pk}')
    about = [one["sql"] for one in asked if '"audit_leaf"' in one["sql"] and any(key in one["sql"] for key in by)]
    assert len(about) == 1, about


def test_command_asks_for_the_place_of_an_entry_once(auditor: User, capsys: pytest.CaptureFixture[str]) -> None:
    entry = write_entries(auditor, 300)[123]
    signed()
    with CaptureQueriesContext(connection) as asked:
        call_command("audit", "prove", str(entry.uid))
    assert sum(f'"entry_id" = {entry.pk}' in one["sql"] and "audit_leaf" in one["sql"] for one in asked) == 1
    assert json.loads(capsys.readouterr().out)["index"] == Entry.objects.get(pk=entry.pk).place.index


def test_entry_that_no_checkpoint_covers_says_when_one_will(read, auditor: User) -> None:
    signed()
    entry = write_entries(auditor, 1)[0]
    for expected in (
        "waits for its place",
        "Not under a checkpoint yet",
        "The next is due by",
        "Sign a checkpoint now",
    ):
        assert expected in read("entry", entry.uid).content.decode()
    sequenced()
    assert "Not under a checkpoint yet" in read("entry", entry.uid).content.decode()
    assert read("proof", entry.uid).status_code == 404
    signed()
    assert "Under a signed checkpoint" in read("entry", entry.uid).content.decode()


def test_command_prints_the_proof(read, auditor: User, capsys: pytest.CaptureFixture[str]) -> None:
    entry = write_entries(auditor, 9)[2]
    with pytest.raises(CommandError, match="No such checkpoint"):
        call_command("audit", "prove", str(entry.uid))
    older = signed()
    late = write_entries(auditor, 9)[2]
    signed()
    call_command("audit", "prove", str(entry.uid), "--size", str(older.size))
    printed = capsys.readouterr().out
    assert json.loads(printed)["size"] == older.size
    assert holds(json.loads(printed))
    assert read("proof", entry.uid, size=older.size).content.decode() == printed
    with pytest.raises(CommandError, match="has no place among the first"):
        call_command("audit", "prove", str(late.uid), "--size", str(older.size))
    with pytest.raises(CommandError, match="holds no entry"):
        call_command("audit", "prove", "00000000-0000-4000-8000-000000000000")


# --- That one checkpoint continues another -------------------------------------------------------------------------


@pytest.fixture
def two(auditor: User) -> tuple[Checkpoint, Checkpoint]:
    write_entries(auditor, 37)
    older = signed()
    write_entries(auditor, 300)
    return older, signed()


def test_consistency_proof_holds_between_two_checkpoints(
    read, two: tuple[Checkpoint, Checkpoint], capsys: pytest.CaptureFixture[str]
) -> None:
    older, newer = two
    sizes = {"older": older.size, "newer": newer.size}
    answer = read("consistency-proof", **sizes, form="json")
    document = answer.json()
    assert "attachment" in answer.headers["Content-Disposition"]
    roots = [Head.parsed(Note.parsed(document[f"{name}_checkpoint"]).text).root for name in ("older", "newer")]
    proof = [bytes.fromhex(step) for step in document["proof"]]
    assert consistent(older.size, newer.size, proof, *roots)
    page = read("consistency-proof", **sizes).content.decode()
    assert all(step in page for step in document["proof"])
    assert read("consistency", older.size, newer.size).content == answer.content
    call_command("audit", "consistency", str(older.size), str(newer.size))
    assert capsys.readouterr().out.encode() == answer.content


def test_proof_that_the_log_has_lost_is_said(read, two: tuple[Checkpoint, Checkpoint]) -> None:
    """The owner of the tables took a leaf out from under what was signed; the page is still one."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE audit_leaf DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM audit_leaf WHERE leaf_index = 20")
    sizes = {"older": two[0].size, "newer": two[1].size}
    page, file = read("consistency-proof", **sizes), read("consistency-proof", **sizes, form="json")
    assert (page.status_code, file.status_code) == (422, 404)
    assert "The log holds no complete subtree of height" in page.content.decode()
    assert "The log holds no complete subtree of height" in file.json()["error"]


def test_same_size_needs_no_hashes(read, two: tuple[Checkpoint, Checkpoint]) -> None:
    size = two[0].size
    assert "nothing more is needed" in read("consistency-proof", older=size, newer=size).content.decode()


@pytest.mark.parametrize(
    ("older", "newer", "sentence"),
    [
        (5, None, "No checkpoint has this size (5)."),
        (None, 5, "No checkpoint has this size (5)."),
        (0, None, "Give the number in the second line"),
        ("x", None, "Give the number in the second line"),
        (None, 2**53, "Give the number in the second line"),
    ],
)
def test_sizes_without_checkpoint_are_said(read, two, older: Any, newer: Any, sentence: str) -> None:
    sizes = {"older": two[0].size if older is None else older, "newer": two[1].size if newer is None else newer}
    page = read("consistency-proof", **sizes)
    assert page.status_code == 422
    assert sentence in page.content.decode()
    file = read("consistency-proof", **sizes, form="json")
    assert file.status_code == 404
    assert sentence in file.json()["error"]


def test_sizes_the_wrong_way_round_are_said(read, two: tuple[Checkpoint, Checkpoint]) -> None:
    page = read("consistency-proof", older=two[1].size, newer=two[0].size).content.decode()
    assert "the other way round" in page


# --- Witnesses -----------------------------------------------------------------------------------------------------


def cosigned(checkpoint: Checkpoint) -> tuple[VerifierKey, str]:
    """Return a witness's key and the line by which it cosigned."""
    private, text = Ed25519PrivateKey.generate(), Note.parsed(checkpoint.note).text
    key = VerifierKey("w.example/1", private.public_key().public_bytes_raw(), COSIGNATURE)
    value = (7).to_bytes(8, "big") + private.sign(f"cosignature/v1\ntime 7\n{text}".encode())
    return key, Signature(key.name, key.id, value).line()


def test_page_says_how_far_each_witness_has_come(read, settings, two: tuple[Checkpoint, Checkpoint]) -> None:
    older, newer = two
    key, line = cosigned(newer)
    settings.AUDIT_WITNESSES = [f"{key} https://ombud.example/secret", "press mailto:desk@press.example"]
    now = timezone.now()
    Delivery.objects.create(checkpoint=newer, witness=key.name, tried_at=now, succeeded=True, answer=line)
    sealed = seal(witnesses()["press"], older, now)
    Delivery.objects.create(checkpoint=older, witness="press", tried_at=now, succeeded=True, answer=sealed)
    Delivery.objects.create(checkpoint=newer, witness="press", tried_at=now, succeeded=False, answer="No answer.")
    text = " ".join(read("checkpoints").content.decode().split())
    assert f"Took the checkpoint over {newer.size} entries" in text
    assert f"{newer.size - older.size} entries behind" in text
    assert "The last attempt failed" in text
    assert "No answer." in text
    assert "secret" not in text
    assert line.strip() in read("checkpoint-note", newer.pk).content.decode(), "cosignatures go along"


@pytest.mark.parametrize(
    ("rows", "stands", "said"),
    [
        ("", "Has taken none yet", ""),
        (
            "n",
            "Nothing shows that it has taken any",
            "1 row says that it took one, and nothing bears it",
        ),
        (
            "nn",
            "Nothing shows that it has taken any",
            "2 rows say that it took one, and nothing bears them",
        ),
        ("on", "Took the checkpoint", "1 later row says that it took one, and nothing bears it out"),
        ("onn", "Took the checkpoint", "2 later rows say that it took one, and nothing bears them out"),
        ("no", "Took the checkpoint", ""),
        ("o" + "n" * 101, "t be told what it took", "The last 100 rows say that it took one"),
    ],
)
def test_page_says_what_is_true_of_rows_that_nothing_bears_out(
    read, settings, two: tuple[Checkpoint, Checkpoint], rows: str, stands: str, said: str
) -> None:
    """Each letter is a row: o of the older checkpoint, cosigned; n of the newer, about which nothing came back."""
    older, newer = two
    key, line = cosigned(older)
    settings.AUDIT_WITNESSES = [f"{key} https://ombud.example"]
    for row in rows:
        checkpoint, answer = (older, line) if row == "o" else (newer, "")
        Delivery.objects.create(
            checkpoint=checkpoint, witness=key.name, tried_at=timezone.now(), succeeded=True, answer=answer
        )
    text = " ".join(read("checkpoints").content.decode().split())
    told = {"Has taken none yet", "Nothing shows that", "Took the checkpoint", "t be told what"}
    assert [state for state in told if state in text] == [state for state in told if state in stands]
    assert said in text
    assert ("that it took one" in text) == bool(said)
    assert "took a later one" not in text


def test_page_shows_nobodys_whole_mailbox(read, settings, two: tuple[Checkpoint, Checkpoint]) -> None:
    """Not in a name, an address, or what a mail server answered."""
    settings.AUDIT_WITNESSES = ["mailto:olena.k@press.example", "court mailto:clerk@court.example"]
    for name, mailbox in (("olena.k@press.example", "olena.k@press.example"), ("court", "clerk@court.example")):
        said = f"The mail server refused {{'{mailbox}': (550, b'<{mailbox}> is full')}}."
        Delivery.objects.create(checkpoint=two[1], witness=name, tried_at=timezone.now(), succeeded=False, answer=said)
    text = read("checkpoints").content.decode()
    assert text.count("o…@press.example") == 4
    assert text.count("c…@court.example") == 3
    assert "olena" not in text
    assert "clerk" not in text


def test_hash_of_the_page_is_the_leafs(auditor: User) -> None:
    entry = write_entries(auditor, 1)[0]
    assert leaf_hash(entry.canonical.encode()) == bytes(entry.leaf_hash)
