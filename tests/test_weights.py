"""Weights are there whole and with the pinned checksum, or not at all."""

import hashlib
import io
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

import pytest

from identification.recognition.weights import (
    FACENET_VGGFACE2,
    WeightsFile,
    WeightsUnavailable,
    fetch,
    install,
    is_installed,
)

CONTENT = bytes(range(256)) * 9000
PINNED = WeightsFile("made.pt", "https://weights.invalid/made.pt", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


def serving(content: bytes) -> Callable[..., io.BytesIO]:
    def opener(address: str, timeout: float) -> io.BytesIO:
        assert (address, timeout) == (PINNED.address, 5)
        return io.BytesIO(content)

    return opener


def test_fetched_weights_are_installed_under_their_name(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = fetch(
        PINNED,
        weights_dir=tmp_path / "weights",
        timeout_seconds=5,
        opener=serving(CONTENT),
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert path == tmp_path / "weights" / "made.pt"
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [file.name for file in path.parent.iterdir()] == ["made.pt"]


def test_weights_that_are_there_are_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / PINNED.filename).write_bytes(CONTENT)

    def opener(address: str, timeout: float) -> io.BytesIO:
        raise AssertionError("fetched")

    assert fetch(PINNED, weights_dir=tmp_path, opener=opener).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (CONTENT[:-1] + b"!", "isn't made.pt: it has SHA-256"),
        (CONTENT[:5000], "is incomplete: 5,000 of 2,304,000 bytes"),
        (CONTENT + b"more", "isn't made.pt: it has 2,304,004 bytes"),
        (b"", "is incomplete: 0 of"),
    ],
)
def test_wrong_weights_leave_nothing_behind(tmp_path: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(WeightsUnavailable, match=sentence):
        fetch(PINNED, weights_dir=tmp_path / "fetched", timeout_seconds=5, opener=serving(content))
    offered = tmp_path / "offered.pt"
    offered.write_bytes(content)
    with pytest.raises(WeightsUnavailable, match=sentence):
        install(offered, PINNED, weights_dir=tmp_path / "installed")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [offered]


def test_unreachable_address_is_named_with_the_way_round_it(tmp_path: Path) -> None:
    def opener(address: str, timeout: float) -> io.BytesIO:
        raise URLError("no route to host")

    with pytest.raises(WeightsUnavailable, match=r"can't be reached \(no route to host\).*install it from the file"):
        fetch(PINNED, weights_dir=tmp_path, opener=opener)
    assert list(tmp_path.iterdir()) == []


def test_address_that_never_answers_is_given_up_in_time(tmp_path: Path) -> None:
    closing = threading.Event()

    def opener(address: str, timeout: float) -> io.BytesIO:
        closing.wait(20)
        return io.BytesIO(CONTENT)

    with pytest.raises(WeightsUnavailable, match=r"no answer within 0\.2 seconds"):
        fetch(PINNED, weights_dir=tmp_path, timeout_seconds=0.2, opener=opener)
    closing.set()
    assert list(tmp_path.iterdir()) == []


def test_connection_lost_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    class Lost(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 0:
                raise ConnectionResetError("connection reset")
            return super().read1(1000)

    with pytest.raises(WeightsUnavailable, match="connection reset"):
        fetch(PINNED, weights_dir=tmp_path, opener=lambda address, timeout: Lost(CONTENT))
    assert list(tmp_path.iterdir()) == []


def test_endless_answer_is_cut_off(tmp_path: Path) -> None:
    class Endless(io.BytesIO):
        given = 0

        def read1(self, size: int | None = -1, /) -> bytes:
            self.given += size or 0
            assert self.given < 2 * PINNED.size, "kept reading"
            return bytes(size or 0)

    with pytest.raises(WeightsUnavailable, match=r"isn't made\.pt"):
        fetch(PINNED, weights_dir=tmp_path, opener=lambda address, timeout: Endless())
    assert list(tmp_path.iterdir()) == []


def test_local_file_is_installed_after_the_same_check(tmp_path: Path) -> None:
    offered = tmp_path / "any name.bin"
    offered.write_bytes(CONTENT)
    assert install(offered, PINNED, weights_dir=tmp_path / "weights").read_bytes() == CONTENT
    assert is_installed(PINNED, weights_dir=tmp_path / "weights")


def test_missing_file_and_unknown_encoder_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable, match=r"no file .*gone\.pt"):
        install(tmp_path / "gone.pt", PINNED, weights_dir=tmp_path)
    with pytest.raises(WeightsUnavailable, match=r"named arcface\. Choose from: facenet-vggface2"):
        fetch("arcface", weights_dir=tmp_path)


def test_installed_weights_survive_a_failed_replacement(tmp_path: Path) -> None:
    (tmp_path / PINNED.filename).write_bytes(CONTENT)
    wrong = tmp_path / "wrong.pt"
    wrong.write_bytes(CONTENT[:-1] + b"!")
    with pytest.raises(WeightsUnavailable):
        install(wrong, PINNED, weights_dir=tmp_path)
    assert (tmp_path / PINNED.filename).read_bytes() == CONTENT


def test_facenet_is_pinned_to_its_published_file() -> None:
    assert FACENET_VGGFACE2.size == 111_898_327
    assert FACENET_VGGFACE2.sha256 == "281cebca8662831adb987a874bdcb36e73f5b1c6dc5ee5878f305e985625d99b"
    assert FACENET_VGGFACE2.address.endswith("/v2.2.9/20180402-114759-vggface2.pt")
