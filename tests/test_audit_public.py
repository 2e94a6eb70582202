"""What everybody may read of the log: checkpoints, keys, proofs; no cookie, no name, and nothing else."""

import base64
import json
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from audit.keys import rotate_key
from audit.models import Checkpoint, Entry
from audit.notes import Checkpoint as Head
from audit.notes import Note, VerifierKey
from audit.tree import consistent
from tests.witness_scene import grown, log_keys

PAGES = ("/audit/checkpoint", "/audit/checkpoints.txt", "/audit/keys", "/audit/keys.jsonl")


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def test_newest_checkpoint_is_open_to_everybody(client: Client, auditor: User) -> None:
    grown(auditor)
    newest = grown(auditor)
    note = Note.parsed(text(client, "/audit/checkpoint"))
    note.signed_by(log_keys()[-1])
    assert Head.parsed(note.text) == Head("localhost/countersign", newest.size, bytes(newest.root))


def test_older_checkpoint_is_found_by_its_size(client: Client, auditor: User) -> None:
    older = grown(auditor)
    grown(auditor)
    assert text(client, f"/audit/checkpoint/{older.size}") == older.note


def test_checkpoints_are_listed(client: Client, auditor: User) -> None:
    made = [grown(auditor).size for _ in range(3)]
    listed = text(client, "/audit/checkpoints.txt").splitlines()
    assert [int(line.split()[0]) for line in listed] == made[::-1]
    assert text(client, f"/audit/checkpoints.txt?before={made[1]}").splitlines() == listed[2:]
    assert text(client, "/audit/checkpoints.txt?before=x").splitlines() == listed


def test_keys_are_listed_with_their_handovers(client: Client, auditor: User) -> None:
    grown(auditor)
    rotate_key()
    Path(settings.AUDIT_KEY_FILE).unlink()
    rotate_key(lost=True)
    keys = [str(key) for key in log_keys()]
    lines = [json.loads(line) for line in text(client, "/audit/keys.jsonl").splitlines()]
    assert [line["key"] for line in lines] == keys
    assert [bool(line["handover"]) for line in lines] == [False, True, False]
    handover = Note.parsed(lines[1]["handover"])
    handover.signed_by(VerifierKey.parsed(keys[0]))
    assert handover.text == f"countersign-handover/1\nlocalhost/countersign\n{keys[1]}\n"


def test_keys_that_were_given_up_are_not_among_those_that_count(client: Client, auditor: User) -> None:
    """Whoever stole a key that was then given up could sign with it; `verify.py --key` is to refuse what it signs."""
    assert text(client, "/audit/keys") == ""
    grown(auditor)
    rotate_key()
    assert text(client, "/audit/keys").splitlines() == [str(key) for key in log_keys()]
    Path(settings.AUDIT_KEY_FILE).unlink()
    rotate_key(lost=True)
    rotate_key()
    given_up, counting = log_keys()[:2], log_keys()[2:]
    assert text(client, "/audit/keys").splitlines() == [str(key) for key in counting]
    assert all(str(key) in text(client, "/audit/keys.jsonl") for key in given_up)


def test_consistency_between_two_checkpoints_is_proved(client: Client, auditor: User) -> None:
    sizes = [grown(auditor, entries).size for entries in (5, 300, 11)]
    for older, newer in [(sizes[0], sizes[1]), (sizes[0], sizes[2]), (sizes[1], sizes[2]), (sizes[2], sizes[2])]:
        said = json.loads(text(client, f"/audit/consistency/{older}/{newer}"))
        notes = [text(client, f"/audit/checkpoint/{size}") for size in (older, newer)]
        assert [said["older_checkpoint"], said["newer_checkpoint"]] == notes
        roots, proof = [_root(note) for note in notes], [bytes.fromhex(step) for step in said["proof"]]
        assert consistent(older, newer, proof, *roots)
        if proof:
            assert not consistent(older, newer, [*proof[:-1], bytes(32)], *roots)


def _root(note: str) -> bytes:
    return Head.parsed(Note.parsed(note).text).root


@pytest.mark.parametrize(
    "address",
    [
        "/audit/checkpoint", "/audit/checkpoint/7", "/audit/checkpoint/99999999999999999999999",
        "/audit/consistency/1/2", "/audit/consistency/0/0", "/audit/consistency/99999999999999999999999/1",
    ],
)  # fmt: skip
def test_what_there_is_not_is_a_sentence(client: Client, db: None, address: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/plain; charset=utf-8")
    assert answer.content.decode().endswith("checkpoints.txt lists them.\n") or b"lists those" in answer.content
    assert "no-store" in answer.headers["Cache-Control"]


def test_proof_is_for_checkpoints_alone(client: Client, auditor: User) -> None:
    """Sizes in between would say how the log grew, to the entry."""
    older, newer = grown(auditor), grown(auditor)
    assert client.get(f"/audit/consistency/{older.size}/{newer.size - 1}").status_code == 404
    assert client.get(f"/audit/consistency/{newer.size}/{older.size}").status_code == 404


def test_no_cookie_and_caches_may_keep_it_for_a_minute(client: Client, auditor: User) -> None:
    checkpoint = grown(auditor)
    client.force_login(auditor)
    for address in (*PAGES, f"/audit/consistency/{checkpoint.size}/{checkpoint.size}"):
        answer = client.get(address)
        assert not answer.cookies
        assert answer.headers["Cache-Control"] == "public, max-age=60"
        assert "Cookie" not in answer.headers.get("Vary", "")
        assert answer.headers["Content-Type"].startswith(("text/plain", "application/json"))


def test_reading_is_all_that_can_be_done(client: Client, auditor: User) -> None:
    grown(auditor)
    entries = Entry.objects.count()
    for address in PAGES:
        assert client.head(address).status_code == 200
        assert client.post(address).status_code == 405
        assert client.delete(address).status_code == 405
    assert Entry.objects.count() == entries


def test_nothing_but_hashes_sizes_and_times_leaves(client: Client, auditor: User) -> None:
    """Not even the hash of an entry; where a proof holds one, nobody could guess what it is of: leaves are salted."""
    checkpoint = grown(auditor, 40)
    everything = "".join(text(client, page) for page in PAGES)
    for entry in Entry.objects.all():
        for said in (str(entry.uid), entry.kind, entry.leaf["commitment"]):
            assert said not in everything
        assert base64.b64encode(bytes(entry.leaf_hash)).decode() not in everything
    assert base64.b64encode(bytes(checkpoint.root)).decode() in everything


def test_leaves_cannot_be_guessed(auditor: User) -> None:
    """What the docstring of the pages promises: the same thing recorded twice has leaves with nothing in common."""
    grown(auditor, 2 * 200)
    leaves = [entry.leaf for entry in Entry.objects.all()]
    assert len({leaf["uid"] for leaf in leaves}) == len({leaf["commitment"] for leaf in leaves}) == len(leaves)


# By command


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("audit", *arguments, stdout=out)
    return out.getvalue()


def test_command_prints_what_the_pages_say(client: Client, auditor: User, tmp_path: Path) -> None:
    older, newer = grown(auditor), grown(auditor)
    assert run("checkpoint") == text(client, "/audit/checkpoint")
    assert run("checkpoint", "--size", str(older.size)) == older.note
    assert run("checkpoint", "--out", str(tmp_path / "kept.txt")).startswith(f"The checkpoint over {newer.size}")
    assert (tmp_path / "kept.txt").read_text() == newer.note
    sizes = (str(older.size), str(newer.size))
    assert run("consistency", *sizes) == text(client, f"/audit/consistency/{sizes[0]}/{sizes[1]}")


def test_command_says_what_there_is_not(db: None, tmp_path: Path) -> None:
    assert not Checkpoint.objects.exists()
    with pytest.raises(CommandError, match="There is no such checkpoint"):
        run("checkpoint")
    with pytest.raises(CommandError, match="sizes of checkpoints"):
        run("consistency", "1", "2")


def test_command_says_where_nothing_can_be_written(auditor: User, tmp_path: Path) -> None:
    grown(auditor)
    with pytest.raises(CommandError, match="can't be written: No such file or directory"):
        run("checkpoint", "--out", str(tmp_path / "nowhere" / "kept.txt"))
