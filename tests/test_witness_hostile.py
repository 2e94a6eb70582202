"""Whatever stands at a configured address: it gets ten seconds, 64 KiB, and is led nowhere else."""

import socket
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.models import User
from audit.models import Delivery
from audit.witnesses import pauses, post
from audit.witnesses.delivering import deliver
from audit.witnesses.post import Undelivered
from tests.witness_scene import answering, grown, outcome, speaking

HOOK = "hook"
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


def posted(address: str) -> str:
    """Return why nothing was handed over; the host is left out."""
    with pytest.raises(Undelivered) as refused:
        post.post(f"{address}/x", b"note", "text/plain")
    return str(refused.value).replace(address.removeprefix("http://"), "HOST")


def test_huge_answer_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = 0

    def without_end(connection: socket.socket) -> None:
        nonlocal sent
        connection.recv(65536)
        connection.sendall(OK + b"\r\n")
        while True:
            sent += connection.send(b"x" * 65536)

    with speaking(without_end) as address:
        assert posted(address) == "HOST gave no answer that can be used: its answer is longer than 64 KiB."
    assert sent < 50_000_000


def test_length_that_is_promised_is_not_waited_for() -> None:
    def broken_off(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(OK + b"Content-Length: 500\r\n\r\nshort")

    with speaking(broken_off) as address:
        assert posted(address) == "HOST gave no answer that can be used: its answer broke off."


def drips_its_headers(connection: socket.socket) -> None:
    connection.sendall(OK)
    while True:
        connection.sendall(b"X: y\r\n")
        time.sleep(0.05)


def drips_its_body(connection: socket.socket) -> None:
    connection.sendall(OK + b"\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def says_go_on_for_ever(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.05)


def is_silent(connection: socket.socket) -> None:
    time.sleep(1.5)


@pytest.mark.parametrize("speak", [drips_its_headers, drips_its_body, says_go_on_for_ever, is_silent])
def test_slow_answer_is_cut_off(speak: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "SECONDS", 0.5)
    with speaking(speak) as address:
        began = time.monotonic()
        assert posted(address) == "HOST didn't answer within 0.5 seconds."
        assert time.monotonic() - began < 1.4


@pytest.mark.parametrize(
    "said", [b"", b"\x00\xff" * 500, b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"x" * 70_000]
)
def test_answer_that_is_no_http_is_a_sentence(said: bytes) -> None:
    def speak(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(said)

    with speaking(speak) as address:
        sentence = posted(address)
    assert sentence.startswith("HOST ")
    assert sentence.endswith(".")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(auditor: User, settings, status: int) -> None:
    grown(auditor)
    with answering(lambda _: (200, {}, b"")) as (elsewhere, led_there):
        away = (status, {"Location": f"{elsewhere}/inner"}, b"")
        with answering(lambda _: away) as (address, asked):
            settings.AUDIT_WITNESSES = [f"{HOOK} {address}"]
            deliver(name=HOOK)
    assert outcome(HOOK) == (False, f"hook answered with status {status}: it should answer 200.")
    assert len(asked) == 1
    assert not led_there


@pytest.mark.parametrize(
    "said",
    [
        b"", b"\xff\xfe", b"\n\n", "— w \n".encode(), "— witness.example/w1 AAAA\n".encode(), b"x" * 60_000,
        "\n— witness.example/w1 AAAAAAAA\n".encode(), b"\x00",
    ],
)  # fmt: skip
def test_nonsense_in_the_place_of_a_cosignature_is_not_kept(auditor: User, settings, said: bytes) -> None:
    checkpoint = grown(auditor)
    vkey = "witness.example/w1+4fb57b0c+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    with answering(lambda _: (200, {}, said)) as (address, _):
        settings.AUDIT_WITNESSES = [f"{_with_id(vkey)} {address}"]
        deliver(name="witness.example/w1")
    succeeded, answer = outcome("witness.example/w1")
    assert not succeeded
    assert answer.startswith("witness.example/w1 answered with")
    assert len(answer) <= 1000
    assert checkpoint.deliveries.count() == 1


def test_witness_that_always_names_another_size_is_asked_twice(
    auditor: User, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pauses, "FIRST_PAUSE", timedelta(0))
    grown(auditor, 9)
    sizes = iter([b"3\n", b"5\n", b"7\n"])
    with answering(lambda _: (409, {}, next(sizes))) as (address, asked):
        settings.AUDIT_WITNESSES = [f"{_with_id('w+00000000+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')} {address}"]
        deliver(name="w")
    assert [one.body.split(b"\n")[0] for one in asked] == [b"old 0", b"old 3"]
    assert outcome("w")[1].startswith("w holds another log of 3 entries")


@pytest.mark.parametrize(
    "size", [b"99999999999999999999\n", b"-1\n", b"03\n", b"3 \n", "٣\n".encode(), b"9007199254740993"]
)
def test_size_that_is_none_is_not_followed(auditor: User, settings, size: bytes) -> None:
    grown(auditor)
    with answering(lambda _: (409, {}, size)) as (address, asked):
        settings.AUDIT_WITNESSES = [f"{_with_id('w+00000000+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')} {address}"]
        deliver(name="w")
    assert len(asked) == 1
    assert not Delivery.objects.get().succeeded


def _with_id(vkey: str) -> str:
    """Return the vkey with the id that belongs to its key."""
    from audit.notes import COSIGNATURE, VerifierKey

    return str(VerifierKey(vkey.partition("+")[0], bytes(32), COSIGNATURE))
