"""The witness that others run cosigns what continues what it holds, and nothing else, whatever happens to it."""

import base64
import hashlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.notes import Checkpoint, Note, Signer, VerifierKey
from audit.tree import Subtrees, consistency_proof, leaf_hash, root_of
from audit.witnesses.keeper import Keeper, Refused

ORIGIN = "log.example/audit"
NAME = "witness.example/w1"


class Log:
    """A log without a database, whose entries can be made to differ after some point."""

    def __init__(self, *, forked_after: int = 1000, key: Ed25519PrivateKey | None = None) -> None:
        self.private = key or Ed25519PrivateKey.generate()
        self.signer = Signer(ORIGIN, self.private)
        self.leaves = [leaf_hash(b"%d" % (n if n < forked_after else -n)) for n in range(300)]

    def note(self, size: int) -> str:
        return str(self.signer.sign(Checkpoint(ORIGIN, size, root_of(self.leaves[:size])).text()))

    def request(self, old: int, size: int) -> str:
        proof = consistency_proof(self._subtrees(), old, size) if 0 < old <= size else []
        lines = [f"old {old}", *(base64.b64encode(step).decode() for step in proof), "", self.note(size)]
        return "\n".join(lines)

    def _subtrees(self) -> Subtrees:
        return lambda height, first: root_of(self.leaves[first : first + (1 << height)])


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def keeper(tmp_path: Path, log: Log) -> Iterator[Keeper]:
    one = Keeper(NAME, tmp_path, [log.signer.key])
    yield one
    one.close()


def refusal(keeper: Keeper, request: str) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        keeper.add_checkpoint(request)
    return refused.value.status, str(refused.value)


@pytest.mark.parametrize(("old", "size"), [(0, 0), (1, 1), (1, 2), (7, 8), (8, 8), (9, 300), (128, 255)])
def test_growth_is_cosigned(keeper: Keeper, log: Log, old: int, size: int) -> None:
    keeper.add_checkpoint(log.request(0, old))
    line = keeper.add_checkpoint(log.request(old, size))
    Note.parsed(log.note(size) + line).signed_by(keeper.key)
    held = keeper.file_of(ORIGIN).read_text()
    assert Checkpoint.parsed(Note.parsed(held).text).size == size
    assert line in held


def test_statuses_are_those_of_the_protocol(keeper: Keeper, log: Log) -> None:
    stranger = Log()
    assert refusal(keeper, stranger.request(0, 5))[0] == 403
    assert refusal(keeper, log.request(0, 5).replace(ORIGIN, "other.example"))[0] == 404
    assert refusal(keeper, log.request(6, 5))[0] == 400
    keeper.add_checkpoint(log.request(0, 5))
    assert refusal(keeper, log.request(0, 9)) == (409, "5\n")
    assert refusal(keeper, log.request(4, 9)) == (409, "5\n")
    assert refusal(keeper, log.request(4, 4)) == (409, "5\n")
    assert refusal(keeper, log.request(5, 9).replace("old 5\n", "old 5\n" + "A" * 43 + "=\n"))[0] == 422
    assert refusal(keeper, log.request(0, 9).replace("old 0", "old 5"))[0] == 422


def test_proof_with_a_first_checkpoint_is_refused(keeper: Keeper, log: Log) -> None:
    assert refusal(keeper, log.request(0, 9).replace("old 0\n", "old 0\n" + "A" * 43 + "=\n"))[0] == 422


@pytest.mark.parametrize("size", [100, 101, 130, 300])
def test_forked_log_is_refused_and_its_signature_kept(keeper: Keeper, log: Log, size: int) -> None:
    keeper.add_checkpoint(log.request(0, 100))
    forked = Log(forked_after=40, key=log.private)
    assert refusal(keeper, forked.request(100, size))[0] == (409 if size == 100 else 422)
    (proof,) = (keeper.folder / "refused").iterdir()
    assert proof.read_text() == forked.note(size)
    keeper.add_checkpoint(log.request(100, 101))


def test_refused_ones_do_not_fill_the_disk(keeper: Keeper, log: Log) -> None:
    keeper.add_checkpoint(log.request(0, 100))
    forked = Log(forked_after=40, key=log.private)
    for size in range(101, 240):
        refusal(keeper, forked.request(100, size))
    assert len(list((keeper.folder / "refused").iterdir())) == 100


@pytest.mark.parametrize(
    "request_text",
    [
        "", "old 0", "old 0\n\n", "old\n\nx\n1\nAAAA\n", "old 00\n\n{note}", "old -1\n\n{note}", "old x\n\n{note}",
        "new 0\n\n{note}", "old 0\nnot base64\n\n{note}", "old 99999999999999999999999999\n\n{note}", "old 0\n{note}",
        "old 0\n" + "AAAA\n" * 64 + "\n{note}", "old ٣\n\n{note}",
    ],
)  # fmt: skip
def test_request_that_is_none_is_refused(keeper: Keeper, log: Log, request_text: str) -> None:
    assert refusal(keeper, request_text.replace("{note}", log.note(5)))[0] == 400
    assert not keeper.file_of(ORIGIN).exists()


def test_many_at_once_never_go_back(keeper: Keeper, log: Log) -> None:
    """Two requests that were both right when they were checked: only one of them is by the time it is kept."""

    refusals = set()

    def push(size: int) -> int | None:
        for _ in range(400):
            held = keeper.file_of(ORIGIN)
            old = Checkpoint.parsed(Note.parsed(held.read_text()).text).size if held.exists() else 0
            if old > size:
                return None
            try:
                keeper.add_checkpoint(log.request(old, size))
            except Refused as refused:
                refusals.add(refused.status)
            else:
                return size
        return None

    with ThreadPoolExecutor(8) as pool:
        cosigned = [size for size in pool.map(push, random.Random(3).sample(range(1, 200), 40)) if size]
    assert Checkpoint.parsed(Note.parsed(keeper.file_of(ORIGIN).read_text()).text).size == max(cosigned)
    assert refusals <= {409}


def test_second_witness_cannot_have_the_same_folder(keeper: Keeper, log: Log) -> None:
    with pytest.raises(BlockingIOError):
        Keeper(NAME, keeper.folder, [log.signer.key])


def test_key_stays_and_is_for_nobody_elses_eyes(tmp_path: Path, log: Log) -> None:
    first = Keeper(NAME, tmp_path, [])
    first.close()
    second = Keeper(NAME, tmp_path, [])
    second.close()
    assert str(first.key) == str(second.key)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert str(second.key).split("+")[2].startswith("B")
    assert VerifierKey.parsed(str(second.key)) == second.key


# As a process


@contextmanager
def running(folder: Path, log: Log) -> Iterator[tuple[subprocess.Popen, HTTPConnection]]:
    command = [
        sys.executable, "-m", "audit.witnesses.serve", "--name", NAME, "--folder", str(folder),
        "--log", str(log.signer.key), "--listen", "127.0.0.1:0",
    ]  # fmt: skip
    bare = {key: value for key, value in os.environ.items() if not key.startswith(("DJANGO", "DATABASE", "SECRET"))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=bare) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[1]
        connection = HTTPConnection(address.removeprefix("http://"), timeout=60)
        try:
            yield process, connection
        finally:
            connection.close()
            process.kill()


def asked(connection: HTTPConnection, method: str, path: str, body: str | None = None) -> tuple[int, str, str]:
    connection.request(method, path, body.encode() if body else None)
    answer = connection.getresponse()
    return answer.status, answer.headers["Content-Type"], answer.read().decode()


def test_killed_witness_still_knows_what_it_cosigned(tmp_path: Path, log: Log) -> None:
    forked = Log(forked_after=40, key=log.private)
    with running(tmp_path, log) as (process, connection):
        assert asked(connection, "POST", "/add-checkpoint", log.request(0, 100))[0] == 200
        process.send_signal(signal.SIGKILL)
    with running(tmp_path, log) as (_, connection):
        assert asked(connection, "POST", "/add-checkpoint", forked.request(0, 90))[:1] == (409,)
        assert asked(connection, "POST", "/add-checkpoint", forked.request(100, 120))[0] == 422
        status, media_type, size = asked(connection, "POST", "/add-checkpoint", log.request(0, 120))
        assert (status, media_type, size) == (409, "text/x.tlog.size", "100\n")
        assert asked(connection, "POST", "/add-checkpoint", log.request(100, 120))[0] == 200


def test_witness_says_who_it_is_and_what_it_holds(tmp_path: Path, log: Log) -> None:
    path = f"/{hashlib.sha256(ORIGIN.encode()).hexdigest()}"
    with running(tmp_path, log) as (_, connection):
        status, _, said = asked(connection, "GET", "/")
        vkey, of_log = said.splitlines()
        assert (status, of_log) == (200, f"{ORIGIN} {path}")
        assert asked(connection, "GET", path)[0] == 404
        asked(connection, "POST", "/add-checkpoint", log.request(0, 100))
        note = Note.parsed(asked(connection, "GET", path)[2])
        note.signed_by(VerifierKey.parsed(vkey))
        note.signed_by(log.signer.key)
        assert asked(connection, "GET", "/key")[0] == 404
        assert asked(connection, "POST", "/elsewhere", "x")[0] == 404


def test_too_much_is_not_read(tmp_path: Path, log: Log) -> None:
    with running(tmp_path, log) as (_, connection):
        for length in ("70000", "99999999999999999999", "-5", "x"):
            connection.putrequest("POST", "/add-checkpoint")
            connection.putheader("Content-Length", length)
            connection.endheaders()
            answer = connection.getresponse()
            assert answer.status == 413
            answer.read()
            connection.close()
        assert asked(connection, "GET", "/")[0] == 200


def test_state_that_is_damaged_is_not_signed_over(tmp_path: Path, log: Log) -> None:
    """It could have held more than it can say."""
    with running(tmp_path, log) as (_, connection):
        asked(connection, "POST", "/add-checkpoint", log.request(0, 100))
        (held,) = tmp_path.glob("*.note")
        held.write_text("")
        assert asked(connection, "POST", "/add-checkpoint", log.request(0, 100))[0] == 500
        assert held.read_text() == ""
