"""A time stamp is kept when it is about this checkpoint and answers this request, and never otherwise."""

import random
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from rfc3161_client import VerifierBuilder, decode_timestamp_response

from accounts.models import User
from audit.models import Delivery, Stamp
from audit.witnesses import pauses
from audit.witnesses.configured import witnesses
from audit.witnesses.delivering import deliver, due_witnesses
from audit.witnesses.post import Undelivered
from audit.witnesses.stamping import stamped, trusted_certificates
from audit.witnesses.standing import standings
from tests import tsa
from tests.tsa import Authority, needs_openssl
from tests.witness_scene import Asked, answering, grown

pytestmark = needs_openssl
authority = tsa.authority


@pytest.fixture(autouse=True)
def _no_proxy_and_no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(pauses, "FIRST_PAUSE", timedelta(0))


def asked_for_a_stamp() -> str:
    """Ask whoever stamps the time; return what it came to, "" where a stamp was kept."""
    (name,) = witnesses()
    delivery = deliver(name=name)
    assert delivery is not None
    assert delivery.succeeded == Stamp.objects.filter(checkpoint=delivery.checkpoint).exists()
    return delivery.answer.removeprefix(name)


def test_stamp_is_kept_and_holds_by_two_programs(auditor: User, settings, authority: Authority) -> None:
    checkpoint = grown(auditor)
    with authority.there() as settings.AUDIT_TSA_URL:
        settings.AUDIT_TSA_CERTIFICATES = str(authority.certificates)
        assert asked_for_a_stamp() == ""
    stamp = Stamp.objects.get()
    assert stamp.checkpoint == checkpoint
    assert abs(stamp.stamped_at - timezone.now()) < timedelta(minutes=1)
    token, note = bytes(stamp.token), checkpoint.note.encode()
    assert authority.verifies(token, note)
    assert not authority.verifies(token, note + b"x")
    (ca,) = trusted_certificates(authority.certificates)
    assert VerifierBuilder().add_root_certificate(ca).build().verify_message(decode_timestamp_response(token), note)


def test_stamp_is_asked_for_once_an_hour(auditor: User, settings, authority: Authority) -> None:
    with authority.there() as settings.AUDIT_TSA_URL:
        grown(auditor)
        assert asked_for_a_stamp() == ""
        newest = grown(auditor)
        assert due_witnesses() == []
        settings.AUDIT_TSA_EVERY = 0
        assert asked_for_a_stamp() == ""
        assert due_witnesses() == []
    assert Stamp.objects.count() == 2
    (standing,) = standings()
    assert (standing.accepted.checkpoint, standing.behind) == (newest, 0)


def test_stamp_under_a_strangers_certificate_is_not_kept(
    auditor: User, settings, authority: Authority, tmp_path: Path
) -> None:
    grown(auditor)
    stranger = Authority(tmp_path / "stranger")
    settings.AUDIT_TSA_CERTIFICATES = str(authority.certificates)
    with stranger.there() as settings.AUDIT_TSA_URL:
        assert asked_for_a_stamp().endswith("it isn't signed under the certificates in AUDIT_TSA_CERTIFICATES.")


def test_stamp_on_something_else_is_not_kept(auditor: User, settings, authority: Authority) -> None:
    old = grown(auditor)
    with authority.there() as settings.AUDIT_TSA_URL:
        assert asked_for_a_stamp() == ""
    kept = bytes(Stamp.objects.get(checkpoint=old).token)
    settings.AUDIT_TSA_EVERY = 0
    grown(auditor)
    with answering(lambda _: (200, {}, kept)) as (settings.AUDIT_TSA_URL, _):
        assert asked_for_a_stamp() == " gave no time stamp that holds: it is about something else."


def test_answer_to_an_older_request_is_not_kept(auditor: User, settings, authority: Authority) -> None:
    """The same note, another nonce: whoever answers has kept an old answer."""
    grown(auditor)
    earlier: list[bytes] = []

    def broken_off(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        earlier.append(authority.reply(asked.body))
        return 500, {}, b""

    with answering(broken_off) as (settings.AUDIT_TSA_URL, _):
        assert asked_for_a_stamp() == " answered with status 500 instead of a time stamp."
    with answering(lambda _: (200, {}, earlier[0])) as (settings.AUDIT_TSA_URL, _):
        assert asked_for_a_stamp() == " gave no time stamp that holds: it answers another request."


def test_refusal_of_the_authority_is_a_sentence(auditor: User, settings, authority: Authority) -> None:
    grown(auditor)
    rejected = authority.reply(b"no query")
    with answering(lambda _: (200, {}, rejected)) as (settings.AUDIT_TSA_URL, _):
        assert asked_for_a_stamp().startswith(" gave no time stamp that holds: it wasn't granted (")


@pytest.mark.parametrize("said", [b"", b"<html>Sign in</html>", b"\x30\x80", b"\x30\x03\x02\x01\x00", b"\x00" * 60_000])
def test_nonsense_is_not_kept(auditor: User, settings, said: bytes) -> None:
    grown(auditor)
    with answering(lambda _: (200, {}, said)) as (settings.AUDIT_TSA_URL, _):
        assert asked_for_a_stamp() == " gave no time stamp that holds: it isn't written as RFC 3161 says."
    assert not Stamp.objects.exists()


def test_stamp_that_was_changed_on_the_way_is_not_kept(auditor: User, settings, authority: Authority) -> None:
    """A bit of it, anywhere. A few bits of an answer mean nothing to anybody: then the command agrees that it holds."""
    checkpoint, draw, refused = grown(auditor), random.Random(5), 0
    settings.AUDIT_TSA_CERTIFICATES = str(authority.certificates)

    def changed(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        reply = bytearray(authority.reply(asked.body))
        reply[draw.randrange(len(reply))] ^= 1 << draw.randrange(8)
        return 200, {}, bytes(reply)

    with answering(changed) as (settings.AUDIT_TSA_URL, _):
        (asked,) = witnesses().values()
        for _ in range(60):
            try:
                assert authority.verifies(stamped(asked, checkpoint).answer, checkpoint.note.encode())
            except Undelivered:
                refused += 1
    assert refused > 50


def test_certificates_that_cannot_be_read_are_a_sentence(
    auditor: User, settings, authority: Authority, tmp_path: Path
) -> None:
    grown(auditor)
    settings.AUDIT_TSA_CERTIFICATES = str(tmp_path / "none.pem")
    with authority.there() as settings.AUDIT_TSA_URL:
        assert "none.pem, which holds no certificate to be read." in asked_for_a_stamp()


@pytest.mark.parametrize("url", ["ftp://tsa.example", "tsa.example", "https://", "file:///etc/passwd"])
def test_address_that_is_none_is_said_at_start(settings, url: str) -> None:
    settings.AUDIT_TSA_URL = url
    with pytest.raises(ImproperlyConfigured, match="AUDIT_TSA_URL: The address should begin with https://"):
        witnesses()


def test_deliveries_and_stamps_are_never_changed(auditor: User, settings, authority: Authority) -> None:
    grown(auditor)
    with authority.there() as settings.AUDIT_TSA_URL:
        asked_for_a_stamp()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for statement in (
        "UPDATE audit_delivery SET succeeded = false",
        "DELETE FROM audit_delivery",
        "TRUNCATE audit_delivery",
        "UPDATE audit_stamp SET stamped_at = now()",
        "DELETE FROM audit_stamp",
        "TRUNCATE audit_stamp",
    ):
        with pytest.raises(DatabaseError, match="_is_append_only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert (Delivery.objects.count(), Stamp.objects.count()) == (1, 1)


def test_a_stamp_is_kept_once_and_beside_any_other(auditor: User) -> None:
    """What somebody made up for a checkpoint takes no place from the real one."""
    said = {"checkpoint": grown(auditor), "stamped_at": timezone.now(), "authority": "tsa.example"}
    Stamp.objects.create(token=b"x" * 5000, **said)
    with pytest.raises(DatabaseError, match="audit_stamp_is_kept_once"), transaction.atomic():
        Stamp.objects.create(token=b"x" * 5000, **said)
    Stamp.objects.create(token=b"y" * 5000, **said)
