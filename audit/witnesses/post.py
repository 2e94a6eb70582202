"""One request to a server that isn't ours: whatever it does, it gets ten seconds and 64 KiB of our attention."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from types import TracebackType
from typing import Any, Self
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

SECONDS = 10
LONGEST_ANSWER = 64 * 1024


class Undelivered(Exception):
    """Nothing was handed over; the text says in one sentence why."""


@dataclass(frozen=True)
class Answer:
    """What the other side said."""

    status: int
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; bytes that are none become question marks, which no check lets pass."""
        return self.body.decode(errors="replace")


def post(url: str, body: bytes, media_type: str) -> Answer:
    """Send one POST; Undelivered unless an answer came whole, in time and within the limit.

    Redirects aren't followed: they are an answer like any other. Only http and https are spoken, through the
    environment's proxy where it names one.
    """
    host = urlsplit(url).netloc
    request = Request(url, body, {"Content-Type": media_type, "User-Agent": "Countersign"}, method="POST")  # noqa: S310
    with _Deadline(SECONDS) as deadline:
        try:
            answer = _read(deadline.opener(), request)
        except (OSError, HTTPException, ValueError) as problem:
            raise Undelivered(_sentence(host, problem, late=deadline.passed)) from problem
    if deadline.passed:
        raise Undelivered(_late(host))
    return answer


def _read(opener: OpenerDirector, request: Request) -> Answer:
    response: HTTPResponse = opener.open(request, timeout=SECONDS)
    with response:
        body = response.read(LONGEST_ANSWER + 1)
        if len(body) > LONGEST_ANSWER:
            raise ValueError(f"its answer is longer than {LONGEST_ANSWER // 1024} KiB")
        if response.length:
            raise ValueError("its answer broke off")
        return Answer(response.status, body)


def _sentence(host: str, problem: Exception, *, late: bool) -> str:
    """Return what went wrong; a time-out of one socket means the same to people as the end of our patience."""
    inner = problem.reason if isinstance(problem, URLError) else problem
    if late or isinstance(inner, TimeoutError):
        return _late(host)
    if isinstance(inner, ValueError):
        return f"{host} gave no answer that can be used: {inner}."
    said = inner.strerror if isinstance(inner, OSError) and inner.strerror else str(inner) or type(inner).__name__
    return f"{host} can't be reached: {said}."


def _late(host: str) -> str:
    return f"{host} didn't answer within {SECONDS} seconds."


class _Deadline:
    """Ends connections after so many seconds, however busily the other side goes on sending one byte at a time."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()

    def opener(self) -> OpenerDirector:
        """Return what opens http and https, and nothing else: no files, no redirects, no errors made of statuses."""
        opener = OpenerDirector()
        opener.add_handler(ProxyHandler())
        opener.add_handler(_Http(self._connecting(HTTPConnection)))
        opener.add_handler(_Https(self._connecting(HTTPSConnection)))
        return opener

    def _connecting(self, kind: type[HTTPConnection]) -> Callable[..., HTTPConnection]:
        def make(*args: Any, **options: Any) -> HTTPConnection:
            connection = kind(*args, **options)
            plain_connect = connection.connect

            def connect() -> None:
                plain_connect()
                self._sockets.append(connection.sock)
                if self.passed:
                    raise TimeoutError

            connection.connect = connect  # type: ignore[method-assign]
            return connection

        return make

    def _pass(self) -> None:
        self.passed = True
        for open_one in self._sockets:
            with suppress(OSError):
                # Not SSLSocket's own: that drops its TLS state under the thread that reads.
                socket.socket.shutdown(open_one, socket.SHUT_RDWR)


class _Http(HTTPHandler):
    def __init__(self, connecting: Callable[..., HTTPConnection]) -> None:
        super().__init__()
        self._connecting = connecting

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(self._connecting, req)


class _Https(HTTPSHandler):
    def __init__(self, connecting: Callable[..., HTTPConnection]) -> None:
        super().__init__()
        self._connecting = connecting

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(self._connecting, req)
