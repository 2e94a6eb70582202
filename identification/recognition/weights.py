"""Fetch or install the weights of an encoder: a file is there whole and with the pinned SHA-256, or not at all."""

import hashlib
import os
import queue
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.request import urlopen

if TYPE_CHECKING:
    from identification.recognition.encoders.base import EncoderSpec

CHUNK = 1 << 20  # bytes

Opener = Callable[..., Any]  # as urllib.request.urlopen: (address, timeout=seconds) -> a readable context manager
Progress = Callable[[int, int], None]  # bytes so far, bytes in all


class WeightsUnavailable(Exception):
    """Weights can't be fetched or installed; the text says why and what to do. Nothing was left behind."""


@dataclass(frozen=True)
class WeightsFile:
    """One pinned file: its name in the folder of weights, its published address, size in bytes and SHA-256."""

    filename: str
    address: str
    size: int
    sha256: str


FACENET_VGGFACE2 = WeightsFile(
    filename="20180402-114759-vggface2.pt",
    address="https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9/20180402-114759-vggface2.pt",
    size=111_898_327,
    sha256="281cebca8662831adb987a874bdcb36e73f5b1c6dc5ee5878f305e985625d99b",
)
PINNED: Mapping[str, WeightsFile] = {"facenet-vggface2": FACENET_VGGFACE2}


def fetch(
    encoder: "str | EncoderSpec | WeightsFile",
    *,
    weights_dir: Path,
    timeout_seconds: float = 10,
    opener: Opener | None = None,
    on_progress: Progress | None = None,
) -> Path:
    """Download pinned weights unless they are there already, and return their place.

    `timeout_seconds` bounds the wait for the first bytes, connecting included, and then every wait for more.
    Raises WeightsUnavailable when the address can't be reached, stalls, or gives another file than the pinned one.
    """
    pinned = pinned_file(encoder)
    target = weights_dir / pinned.filename
    if is_installed(pinned, weights_dir=weights_dir):
        return target
    with placing(target) as out:
        try:
            _download(pinned, out, timeout_seconds, opener or urlopen, on_progress or (lambda _done, _total: None))
        except (OSError, HTTPException) as error:
            raise WeightsUnavailable(
                f"{pinned.address} can't be reached ({_reason(error)}). Try again with a connection, or get "
                f"{pinned.filename} elsewhere and install it from the file."
            ) from error
        _verify(Path(out.name), pinned, what="The file at the published address")
    return target


def install(path: Path, encoder: "str | EncoderSpec | WeightsFile", *, weights_dir: Path) -> Path:
    """Copy a weights file into place after checking its size and SHA-256; raises WeightsUnavailable."""
    pinned = pinned_file(encoder)
    target = weights_dir / pinned.filename
    if not path.is_file():
        raise WeightsUnavailable(f"There is no file {path}. Give the path of {pinned.filename}.")
    _verify(path, pinned, what=f"The file {path.name}")
    with placing(target) as out:
        copy_into(out, path)
        # Once more: the source may have changed between check and copy.
        _verify(Path(out.name), pinned, what=f"The copy of {path.name}")
    return target


def recognised(path: Path) -> str | None:
    """The name of the encoder whose pinned weights this file holds, whatever it is called; None for any other file."""
    if not path.is_file():
        return None
    alike = {name: pinned for name, pinned in PINNED.items() if pinned.size == path.stat().st_size}
    found = sha256_of(path) if alike else ""
    return next((name for name, pinned in alike.items() if pinned.sha256 == found), None)


def is_installed(encoder: "str | EncoderSpec | WeightsFile", *, weights_dir: Path) -> bool:
    """Whether the file is there with the right size; its checksum is verified when it is loaded."""
    pinned = pinned_file(encoder)
    target = weights_dir / pinned.filename
    return target.is_file() and target.stat().st_size == pinned.size


def pinned_file(encoder: "str | EncoderSpec | WeightsFile") -> WeightsFile:
    """The pinned file of an encoder; raises WeightsUnavailable for one whose weights aren't installed this way."""
    if isinstance(encoder, WeightsFile):
        return encoder
    name = encoder if isinstance(encoder, str) else encoder.name
    if name not in PINNED:
        known = ", ".join(PINNED)
        raise WeightsUnavailable(f"No weights are installed by hand for an encoder named {name}. Choose from: {known}.")
    return PINNED[name]


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def placing(target: Path) -> Iterator[IO[bytes]]:
    """A temporary file beside the target that takes its name only if the block ends well, and vanishes otherwise."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".part-", delete=False) as out:
        part = Path(out.name)
        try:
            yield out
            out.flush()
            os.fsync(out.fileno())
            part.chmod(0o644)
            part.replace(target)
        except BaseException:
            part.unlink()
            raise


def copy_into(out: IO[bytes], source: Path) -> None:
    """Copy a file into an open one, so that who opens that by its name finds all of it."""
    with source.open("rb") as file:
        shutil.copyfileobj(file, out, CHUNK)
    out.flush()


def _download(pinned: WeightsFile, out: IO[bytes], timeout: float, opener: Opener, on_progress: Progress) -> None:
    """Copy the address into `out`, never more than the pinned size and one chunk; OSError when it fails or stalls."""
    response, chunk = _first_bytes(pinned.address, timeout, opener)
    done = 0
    with response:
        while chunk and done <= pinned.size:
            out.write(chunk)
            done += len(chunk)
            on_progress(done, pinned.size)
            chunk = response.read1(CHUNK)
    out.flush()


def _first_bytes(address: str, timeout: float, opener: Opener) -> tuple[Any, bytes]:
    """The open response and its first chunk, or TimeoutError after `timeout` seconds in all.

    A thread, because name lookups, several addresses of one name and redirections each take a timeout of their own.
    """
    answers: queue.Queue[tuple[Any, bytes] | Exception] = queue.Queue()

    def ask() -> None:
        try:
            response = opener(address, timeout=timeout)
            answers.put((response, response.read1(CHUNK)))
        except Exception as error:  # noqa: BLE001 - handed to the caller, who decides
            answers.put(error)

    threading.Thread(target=ask, daemon=True, name="weights-fetch").start()
    try:
        answer = answers.get(timeout=timeout)
    except queue.Empty:
        raise TimeoutError(f"no answer within {timeout:g} seconds") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _verify(path: Path, pinned: WeightsFile, *, what: str) -> None:
    size = path.stat().st_size
    if size < pinned.size:
        raise WeightsUnavailable(
            f"{what} is incomplete: {size:,} of {pinned.size:,} bytes. Get {pinned.filename} again."
        )
    if size > pinned.size or (found := sha256_of(path)) != pinned.sha256:
        seen = f"{size:,} bytes" if size > pinned.size else f"SHA-256 {found}"
        expected = f"{pinned.size:,} bytes" if size > pinned.size else pinned.sha256
        raise WeightsUnavailable(
            f"{what} isn't {pinned.filename}: it has {seen} instead of {expected}. Get it from {pinned.address}."
        )


def _reason(error: Exception) -> str:
    """The cause in words, without urllib's wrapping."""
    return str(getattr(error, "reason", None) or error) or type(error).__name__
