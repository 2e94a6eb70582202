"""A row that says that a checkpoint was stamped counts only with a time stamp on that checkpoint."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from accounts.models import User
from audit.models import Checkpoint, Delivery, Stamp
from audit.witnesses import delivering, pauses
from audit.witnesses.configured import Way, Witness, witnesses
from audit.witnesses.delivering import Attempts, deliver, due_witnesses
from audit.witnesses.handing import Receipt
from audit.witnesses.stamping import Token
from audit.witnesses.standing import standings
from tests import exporting, tsa
from tests.audit_fixtures import app_connection
from tests.exporting import exported, held
from tests.stack import wait_until
from tests.threads import somebody_waits
from tests.tsa import Authority, needs_openssl
from tests.witness_scene import grown

pytestmark = needs_openssl
authority, sequencer = tsa.authority, exporting.sequencer


@pytest.fixture(autouse=True)
def _no_proxy_and_no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(pauses, "FIRST_PAUSE", timedelta(0))


def on(checkpoint: Checkpoint, authority: Authority) -> bytes:
    """Return the authority's stamp on a checkpoint."""
    builder = TimestampRequestBuilder().data(checkpoint.note.encode()).hash_algorithm(HashAlgorithm.SHA256)
    return authority.reply(builder.build().as_bytes())


def claim(checkpoint: Checkpoint, token: bytes | None) -> None:
    """Add the rows that say that a checkpoint was stamped, as whoever signs in as the web may."""
    (name,), now = witnesses(), timezone.now()
    if token is not None:
        Stamp.objects.create(checkpoint=checkpoint, authority=name, token=token, stamped_at=now)
    Delivery.objects.create(checkpoint=checkpoint, witness=name, tried_at=now, succeeded=True)


def of_an_older_one(older: Checkpoint, newest: Checkpoint, authority: Authority, folder: Path) -> bytes:
    return on(older, authority)


def refused(older: Checkpoint, newest: Checkpoint, authority: Authority, folder: Path) -> bytes:
    return authority.reply(b"no query")


def of_a_stranger(older: Checkpoint, newest: Checkpoint, authority: Authority, folder: Path) -> bytes:
    return on(newest, Authority(folder / "stranger"))


def cut_short(older: Checkpoint, newest: Checkpoint, authority: Authority, folder: Path) -> bytes:
    return on(newest, authority)[:-1]


def nothing(older: Checkpoint, newest: Checkpoint, authority: Authority, folder: Path) -> bytes:
    return b""


def no_row(older: Checkpoint, newest: Checkpoint, authority: Authority, folder: Path) -> None:
    return None


Forging = Callable[[Checkpoint, Checkpoint, Authority, Path], bytes | None]
FORGED: tuple[Forging, ...] = (of_an_older_one, refused, of_a_stranger, cut_short, nothing, no_row)


@pytest.mark.parametrize("forge", FORGED)
def test_authority_is_asked_whatever_a_forged_row_says(
    auditor: User, settings, authority: Authority, tmp_path: Path, client: Client, caplog, forge: Forging
) -> None:
    older, newest = grown(auditor), grown(auditor)
    settings.AUDIT_TSA_CERTIFICATES = str(authority.certificates)
    client.force_login(auditor)
    with authority.there() as settings.AUDIT_TSA_URL:
        claim(newest, forge(older, newest, authority, tmp_path))
        (name,) = due_witnesses()
        (standing,) = standings()
        assert (standing.accepted, standing.behind, standing.unproven) == (None, newest.size, 1)
        assert "1 row says that it took one" in client.get(reverse("audit:checkpoints")).content.decode()
        delivery = deliver(name=name)
        assert due_witnesses() == []
    assert delivery is not None
    assert (delivery.succeeded, delivery.answer) == (True, "")
    assert f"1 rows that say that {name} took a checkpoint count for nothing" in caplog.text
    assert authority.verifies(bytes(Stamp.objects.latest("id").token), newest.note.encode())
    (standing,) = standings()
    assert (standing.accepted, standing.behind, standing.unproven) == (delivery, 0, 0)


@pytest.mark.parametrize("forge", [of_an_older_one, refused, cut_short, nothing])
def test_authority_is_asked_also_where_nobody_said_whose_stamps_count(
    auditor: User, settings, authority: Authority, tmp_path: Path, forge: Forging
) -> None:
    older, newest = grown(auditor), grown(auditor)
    settings.AUDIT_TSA_URL = "http://127.0.0.1:9"
    claim(newest, forge(older, newest, authority, tmp_path))
    assert due_witnesses() == list(witnesses())


def test_real_row_counts_whoever_added_it(auditor: User, settings, authority: Authority) -> None:
    settings.AUDIT_TSA_CERTIFICATES, settings.AUDIT_TSA_URL = str(authority.certificates), "http://127.0.0.1:9"
    newest = grown(auditor)
    claim(newest, on(newest, authority))
    assert due_witnesses() == []
    assert standings()[0].accepted.checkpoint == newest


def test_stamp_counts_no_more_once_its_certificate_is_not_trusted(
    auditor: User, settings, authority: Authority, tmp_path: Path
) -> None:
    settings.AUDIT_TSA_URL, newest = "http://127.0.0.1:9", grown(auditor)
    claim(newest, on(newest, Authority(tmp_path / "stranger")))
    assert due_witnesses() == [], "nobody said whose stamps count"
    settings.AUDIT_TSA_CERTIFICATES = str(authority.certificates)
    assert due_witnesses() == list(witnesses())


def test_row_that_is_added_later_puts_off_no_stamp(auditor: User, settings, authority: Authority) -> None:
    """Each hour another row for the stamp of the hour before would otherwise keep the next from being asked for."""
    settings.AUDIT_TSA_URL, stamped = "http://127.0.0.1:9", grown(auditor)
    claim(stamped, on(stamped, authority))
    newest, now, (witness,) = grown(auditor), timezone.now(), witnesses().values()
    Delivery.objects.create(
        checkpoint=stamped, witness=witness.name, tried_at=now + timedelta(minutes=59), succeeded=True
    )
    attempts = Attempts.at(witness)
    assert not attempts.waits_for(witness, newest, now + timedelta(minutes=58))
    assert attempts.waits_for(witness, newest, now + timedelta(minutes=61))


def test_authority_whose_clock_runs_ahead_is_asked_once_an_hour(auditor: User, settings, authority: Authority) -> None:
    settings.AUDIT_TSA_URL, stamped = "http://127.0.0.1:9", grown(auditor)
    claim(stamped, on(stamped, authority))
    newest, (witness,) = grown(auditor), witnesses().values()
    earlier = timezone.now() - timedelta(hours=2)
    Delivery.objects.create(checkpoint=stamped, witness=witness.name, tried_at=earlier, succeeded=True)
    assert not Attempts.at(witness).waits_for(witness, newest, earlier + timedelta(minutes=59))
    assert Attempts.at(witness).waits_for(witness, newest, earlier + timedelta(minutes=61))


@pytest.mark.parametrize("forge", FORGED[:-1])
def test_bundle_holds_no_forged_stamp(
    auditor: User, settings, authority: Authority, tmp_path: Path, caplog, forge: Forging
) -> None:
    """The forged row is there first, and stays."""
    older, newest = grown(auditor), grown(auditor)
    settings.AUDIT_TSA_URL, settings.AUDIT_TSA_CERTIFICATES = "http://127.0.0.1:9", str(authority.certificates)
    claim(newest, forge(older, newest, authority, tmp_path))
    name = f"stamps/{newest.size}.tsr"
    assert stamps_in(auditor) == {}
    assert caplog.record_tuples[-1][:2] == ("audit.exporting.bundle", logging.WARNING)
    assert f"over {newest.size} entries counts for nothing and is left out of an export" in caplog.text
    real = on(newest, authority)
    claim(newest, real)
    claim(newest, on(newest, authority))
    assert stamps_in(auditor) == {name: real}, "the one that was kept first"


def stamps_in(actor: User) -> dict[str, bytes]:
    """Return the stamps of a bundle that is exported now."""
    export = exported(actor)
    held(export)
    return exporting.members(export.file, "stamps/")


@pytest.mark.django_db(transaction=True)
def test_stamp_that_two_keep_at_the_same_moment_is_kept_once(auditor: User, authority: Authority) -> None:
    checkpoint = grown(auditor)
    witness, token = Witness("tsa", Way.STAMPED, "http://127.0.0.1:9"), on(checkpoint, authority)
    kept: list[Delivery] = []

    def keep() -> None:
        try:
            receipt = Receipt(token=Token(token, timezone.now()))
            kept.append(delivering._keep_receipt(witness, checkpoint, receipt))
        finally:
            connection.close()

    second = threading.Thread(target=keep)
    with app_connection() as first, first.transaction():
        first.execute(
            "INSERT INTO audit_stamp (checkpoint_id, token, stamped_at, authority) VALUES (%s, %s, now(), 'tsa')",
            [checkpoint.pk, token],
        )
        second.start()
        wait_until(somebody_waits, seconds=30, what="the second one finds the first at it")
    second.join(30)
    assert [delivery.succeeded for delivery in kept] == [True]
    assert Stamp.objects.count() == 1
