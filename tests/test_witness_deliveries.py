"""The newest checkpoint reaches every witness; what it answers is checked, and one that is away disturbs nothing."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.keys import rotate_key
from audit.models import Checkpoint, Delivery, Entry, Leaf
from audit.notes import COSIGNATURE, Note, VerifierKey
from audit.tasks import deliver_checkpoints
from audit.witnesses import pauses
from audit.witnesses.configured import Way, Witness
from audit.witnesses.delivering import deliver, due_witnesses
from audit.witnesses.standing import standings
from config.celery import app
from tests.audit_fixtures import write_entries
from tests.sequencing import signed
from tests.threads import in_threads
from tests.witness_scene import NAME, Agency, Asked, answering, closed_port, grown, log_keys, outcome

HOOK = "hook"


@pytest.fixture(autouse=True)
def _no_proxy_and_no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the test about pauses waits."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(pauses, "FIRST_PAUSE", timedelta(0))


@pytest.fixture
def agency_abroad(db: None, tmp_path: Path, settings) -> Iterator[Agency]:
    """Another agency's witness, configured here and away."""
    abroad = Agency(tmp_path / "witness", log_keys())
    with abroad.there():
        settings.AUDIT_WITNESSES = [abroad.setting]
    return abroad


def test_witness_cosigns_and_the_cosignature_is_published(client: Client, auditor: User, agency_abroad: Agency) -> None:
    checkpoint = grown(auditor)
    with agency_abroad.there() as keeper:
        assert due_witnesses() == [NAME]
        deliver(name=NAME)
        assert due_witnesses() == []
    published = Note.parsed(client.get("/audit/checkpoint").content.decode())
    assert published.text == Note.parsed(checkpoint.note).text
    published.signed_by(log_keys()[0])
    assert abs(published.signed_by(keeper.key) - timezone.now().timestamp()) < 60
    # By hand, as C2SP writes it.
    value = published.signatures[1].value
    said = f"cosignature/v1\ntime {int.from_bytes(value[:8], 'big')}\n{published.text}".encode()
    Ed25519PublicKey.from_public_bytes(keeper.key.public).verify(value[8:], said)


def test_witness_that_was_away_catches_up_with_one_delivery(auditor: User, agency_abroad: Agency) -> None:
    first = grown(auditor, 5)
    with agency_abroad.there():
        deliver(name=NAME)
    for _ in range(3):
        newest = grown(auditor, 4)
        deliver(name=NAME)
        succeeded, answer = outcome()
        assert not succeeded
        assert answer == f"127.0.0.1:{agency_abroad.port} can't be reached: Connection refused."
    (standing,) = standings()
    assert (standing.accepted.checkpoint, standing.behind, standing.fails) == (first, newest.size - first.size, True)
    with agency_abroad.there() as keeper:
        deliver(name=NAME)
        assert keeper.asked == 1
    assert outcome()[0]
    assert Delivery.objects.to(NAME).last().checkpoint == newest
    assert Delivery.objects.filter(succeeded=True).count() == 2
    (standing,) = standings()
    assert (standing.behind, standing.fails) == (0, False)
    assert standing.failure is not None


def test_witness_that_holds_another_size_says_so_and_gets_the_proof_from_there(
    auditor: User, agency_abroad: Agency
) -> None:
    """As after a crash between its answer and our keeping it."""
    checkpoint = grown(auditor, 5)
    with agency_abroad.there() as keeper:
        keeper.add_checkpoint(f"old 0\n\n{checkpoint.note}")
        newest = grown(auditor, 6)
        deliver(name=NAME)
        assert keeper.asked == 3
    assert outcome()[0]
    assert Delivery.objects.get().checkpoint == newest


def test_the_same_checkpoint_again_is_cosigned_again(auditor: User, agency_abroad: Agency) -> None:
    checkpoint = grown(auditor, 5)
    with agency_abroad.there() as keeper:
        keeper.add_checkpoint(f"old 0\n\n{checkpoint.note}")
        deliver(name=NAME)
    assert outcome()[0]


def test_cosignature_of_another_key_is_refused(auditor: User, agency_abroad: Agency, settings) -> None:
    grown(auditor)
    other = VerifierKey(NAME, Ed25519PrivateKey.generate().public_key().public_bytes_raw(), COSIGNATURE)
    settings.AUDIT_WITNESSES = [f"{other} http://127.0.0.1:{agency_abroad.port}"]
    with agency_abroad.there():
        deliver(name=NAME)
    assert outcome() == (False, f"{NAME} answered without a cosignature by its key {other.id.hex()}.")


def test_cosignature_of_another_checkpoint_is_refused(
    client: Client, auditor: User, agency_abroad: Agency, settings
) -> None:
    first = grown(auditor)
    with agency_abroad.there() as keeper:
        stale = keeper.add_checkpoint(f"old 0\n\n{first.note}")
    grown(auditor)
    with answering(lambda _: (200, {}, stale.encode())) as (address, _):
        settings.AUDIT_WITNESSES = [f"{keeper.key} {address}"]
        deliver(name=NAME)
    succeeded, answer = outcome()
    assert not succeeded
    assert answer.endswith(f"The signature of {NAME} ({keeper.key.id.hex()}) doesn't hold.")
    assert NAME not in client.get("/audit/checkpoint").content.decode()


def test_only_the_cosignature_asked_for_is_kept(auditor: User, agency_abroad: Agency, settings) -> None:
    """A witness may add lines of others; nobody here vouches for those."""
    checkpoint = grown(auditor)
    stranger = Note.parsed(checkpoint.note).signatures[0].line().replace("localhost/countersign", "stranger.example")
    with agency_abroad.there() as keeper:
        ours = keeper.add_checkpoint(f"old 0\n\n{checkpoint.note}")
    with answering(lambda _: (200, {}, (stranger + ours).encode())) as (address, _):
        settings.AUDIT_WITNESSES = [f"{keeper.key} {address}"]
        deliver(name=NAME)
    assert outcome() == (True, ours)


def test_answer_that_makes_the_note_another_text_is_refused(auditor: User, agency_abroad: Agency, settings) -> None:
    """An empty line begins the signatures anew, so that all before it would be what is signed."""
    checkpoint = grown(auditor)
    with agency_abroad.there() as keeper:
        ours = keeper.add_checkpoint(f"old 0\n\n{checkpoint.note}")
    with answering(lambda _: (200, {}, f"\n{ours}{ours}".encode())) as (address, _):
        settings.AUDIT_WITNESSES = [f"{keeper.key} {address}"]
        deliver(name=NAME)
    assert outcome() == (False, f"{NAME} answered without a cosignature by its key {keeper.key.id.hex()}.")


def test_row_that_nobody_cosigned_counts_for_nothing(client: Client, auditor: User, agency_abroad: Agency) -> None:
    """The role of the web may add rows, and says in one what it likes."""
    first = grown(auditor)
    with agency_abroad.there():
        deliver(name=NAME)
    newest, real = grown(auditor, 5), outcome()[1]
    forged = Note.parsed(newest.note).signatures[0].line()
    for answer in ("", real, forged, forged.replace("localhost/countersign", NAME), "— no signature"):
        Delivery.objects.create(
            checkpoint=newest, witness=NAME, tried_at=timezone.now(), succeeded=True, answer=answer
        )  # fmt: skip
    assert client.get("/audit/checkpoint").content.decode() == newest.note
    (standing,) = standings()
    assert (standing.accepted.checkpoint, standing.behind) == (first, newest.size - first.size)
    assert due_witnesses() == [NAME]
    with agency_abroad.there():
        deliver(name=NAME)
    assert outcome()[0]
    assert standings()[0].behind == 0
    assert NAME in client.get("/audit/checkpoint").content.decode()


# The log's owner against the witness


def rewrite(without: int) -> Checkpoint:
    """Make the log anew without one entry, as somebody who owns the database and the key could."""
    tables = ("audit_delivery", "audit_checkpoint", "audit_leaf", "audit_subtree", "audit_payload", "audit_entry")
    gone = Leaf.objects.get(index=without).entry_id
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for table in tables[:4]:
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute("DELETE FROM audit_payload WHERE entry_id = %s", [gone])
        cursor.execute("DELETE FROM audit_entry WHERE id = %s", [gone])
        cursor.execute("DELETE FROM audit_treestate")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    key = Path(settings.AUDIT_KEY_FILE)
    key.with_name(key.name + ".signed").unlink()  # who owns the signer's files too makes it forget
    return signed()


def test_log_rewritten_in_the_middle_is_not_cosigned(auditor: User, agency_abroad: Agency) -> None:
    held = grown(auditor, 20)
    with agency_abroad.there():
        deliver(name=NAME)
        rewrite(without=7)
        forked = grown(auditor, 9)
        assert forked.size > held.size
        deliver(name=NAME)
    succeeded, answer = outcome()
    assert not succeeded
    assert answer == (
        f"{NAME} isn't shown that this log begins with the {held.size} entries that it holds: some were changed."
    )
    (proof,) = (agency_abroad.folder / "refused").iterdir()
    assert proof.read_text() == forked.note


def test_log_rewritten_to_the_same_length_is_not_cosigned(auditor: User, agency_abroad: Agency) -> None:
    held = grown(auditor, 20)
    with agency_abroad.there():
        deliver(name=NAME)
        rewrite(without=7)
        assert grown(auditor, 1).size == held.size
        deliver(name=NAME)
    succeeded, answer = outcome()
    assert not succeeded
    assert answer.startswith(f"{NAME} holds another log of {held.size} entries")


def test_log_that_was_cut_back_is_not_cosigned(auditor: User, agency_abroad: Agency) -> None:
    """As an older database that was restored is: it doesn't know any more what the witness took."""
    held = grown(auditor, 20)
    with agency_abroad.there():
        deliver(name=NAME)
        cut = rewrite(without=held.size - 1)
        deliver(name=NAME)
    said = f"{NAME} has cosigned {held.size} entries of this log, which now has {cut.size}: it was cut back, or"
    assert outcome() == (False, f"{said} an older one restored.")


def test_new_key_is_not_taken_until_the_witness_is_given_it(auditor: User, agency_abroad: Agency) -> None:
    grown(auditor)
    with agency_abroad.there():
        deliver(name=NAME)
        rotate_key()
        grown(auditor)
        deliver(name=NAME)
    assert outcome()[1].startswith(f"{NAME} doesn't know the key that signed this checkpoint")
    agency_abroad.logs = log_keys()
    with agency_abroad.there():
        deliver(name=NAME)
    assert outcome()[0]


# Other ways


def test_web_address_gets_the_note(auditor: User, settings) -> None:
    checkpoint = grown(auditor)
    with answering(lambda _: (204, {}, b"")) as (address, asked):
        settings.AUDIT_WITNESSES = [f"{HOOK} {address}/checkpoints?secret=1"]
        deliver(name=HOOK)
        deliver(name=HOOK)
    assert asked == [Asked("/checkpoints?secret=1", "text/plain; charset=utf-8", checkpoint.note.encode())]
    assert outcome(HOOK)[0]
    assert due_witnesses() == []


def test_web_address_that_fails_is_tried_again(auditor: User, settings) -> None:
    grown(auditor)
    with answering(lambda _: (500, {}, b"")) as (address, _):
        settings.AUDIT_WITNESSES = [f"{HOOK} {address}"]
        deliver(name=HOOK)
    assert outcome(HOOK) == (False, "hook answered with status 500: it should answer 200.")
    assert due_witnesses() == [HOOK]


def test_mailbox_gets_a_letter_that_says_what_it_is(auditor: User, settings) -> None:
    settings.AUDIT_WITNESSES = ["mailto:desk@press.example"]
    checkpoint = grown(auditor)
    deliver(name="desk@press.example")
    (letter,) = mail.outbox
    assert letter.to == ["desk@press.example"]
    assert letter.subject == f"Checkpoint of localhost/countersign: {checkpoint.size} entries"
    assert checkpoint.note in letter.body
    assert "Keep it where the operator of the log can't reach it" in letter.body
    ((name, content, _),) = letter.attachments
    assert (name, content) == (f"checkpoint-{checkpoint.size}.txt", checkpoint.note.encode())


def test_mailbox_gets_one_letter_a_day(auditor: User, settings) -> None:
    settings.AUDIT_WITNESSES = ["mailto:desk@press.example"]
    for _ in range(3):
        grown(auditor)
        deliver(name="desk@press.example")
    assert len(mail.outbox) == 1
    settings.AUDIT_MAIL_EVERY = 0
    deliver(name="desk@press.example")
    assert len(mail.outbox) == 2


def test_mail_server_that_is_away_is_a_failed_delivery(auditor: User, settings) -> None:
    settings.AUDIT_WITNESSES = ["mailto:desk@press.example"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", closed_port()
    grown(auditor)
    deliver(name="desk@press.example")
    succeeded, answer = outcome("desk@press.example")
    assert not succeeded
    assert answer.startswith("The mail server didn't take the letter to desk@press.example:")
    assert "refused" in answer


# Each on its own


@pytest.mark.django_db(transaction=True)
def test_one_that_is_away_keeps_nobody_else_waiting(auditor: User, settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.conf, "task_always_eager", True)
    grown(auditor)
    with answering(lambda _: (200, {}, b"")) as (address, asked):
        settings.AUDIT_WITNESSES = [
            f"away http://127.0.0.1:{closed_port()}", "mailto:desk@press.example", f"{HOOK} {address}",
        ]  # fmt: skip
        deliver_checkpoints()
    assert [outcome(name)[0] for name in ("away", "desk@press.example", HOOK)] == [False, True, True]
    assert len(asked) == len(mail.outbox) == 1


def test_pauses_grow_to_an_hour_and_end_with_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    now, witness = 1000.0, Witness(HOOK, Way.POSTED, "http://127.0.0.1")
    monkeypatch.setattr("audit.witnesses.pauses.time.monotonic", lambda: now)
    for pause in [50, 100, 200, 400, 800, 1600, 3200, 3600, 3600] + [3600] * 2000:
        pauses.failed(witness)
        now += pause - 1
        assert pauses.left_alone(witness)
        now += 1
        assert not pauses.left_alone(witness)
    pauses.failed(witness)
    pauses.succeeded(witness)
    assert not pauses.left_alone(witness)
    pauses.failed(witness)
    now += 50
    assert not pauses.left_alone(witness)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_deliver_once(auditor: User, tmp_path: Path, settings) -> None:
    grown(auditor)
    abroad = Agency(tmp_path / "witness", log_keys())
    with abroad.there() as keeper:
        settings.AUDIT_WITNESSES = [abroad.setting]
        delivered = in_threads(6, lambda _: deliver(name=NAME))
        assert keeper.asked == 1
    assert [row.succeeded for row in delivered if row] == [True]
    assert Delivery.objects.count() == 1


def test_nothing_happens_without_a_checkpoint_or_for_a_stranger(auditor: User, agency_abroad: Agency) -> None:
    write_entries(auditor, 3)
    assert due_witnesses() == []
    assert deliver(name=NAME) is None
    grown(auditor)
    assert deliver(name="nobody") is None
    assert not Delivery.objects.exists()


def test_delivering_writes_no_entry(auditor: User, agency_abroad: Agency) -> None:
    """Or every delivery would ask for the next checkpoint, and that for a delivery."""
    grown(auditor)
    before = Entry.objects.count()
    with agency_abroad.there():
        deliver(name=NAME)
    assert Entry.objects.count() == before
