"""The other side of a delivery, for real: witnesses, mailboxes and web addresses on this machine."""

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from accounts.models import User
from audit.keys import ensure_key, verifier_keys
from audit.models import Checkpoint, Delivery
from audit.notes import VerifierKey
from audit.witnesses.keeper import Keeper
from audit.witnesses.serve import Server
from tests.audit_fixtures import write_entries
from tests.sequencing import signed

NAME = "witness.example/w1"


def grown(actor: User, entries: int = 3) -> Checkpoint:
    """Return a checkpoint after so many more entries."""
    write_entries(actor, entries)
    return signed()


def log_keys() -> list[VerifierKey]:
    """Return the keys of this log; the first is made where there is none."""
    ensure_key()
    return verifier_keys()


def outcome(name: str = NAME) -> tuple[bool, str]:
    """Return what the last delivery to a witness came to."""
    last = Delivery.objects.to(name).last()
    assert last is not None
    return last.succeeded, last.answer


class Counting(Keeper):
    """A witness that also counts what it is asked."""

    asked = 0

    def add_checkpoint(self, request: str) -> str:
        self.asked += 1
        return super().add_checkpoint(request)


@dataclass
class Agency:
    """Another agency with its witness, which can be away and come back at the same address."""

    folder: Path
    logs: list[VerifierKey]
    port: int = 0
    keeper: Counting = field(init=False)

    @contextmanager
    def there(self) -> Iterator[Counting]:
        """Have it answer until the block ends; then it is away, with what it keeps on its disk."""
        self.keeper = Counting(NAME, self.folder, self.logs)
        with closing(self.keeper), served(Server(("127.0.0.1", self.port), self.keeper)) as port:
            self.port = port
            yield self.keeper

    @property
    def setting(self) -> str:
        """Its entry in AUDIT_WITNESSES."""
        return f"{self.keeper.key} http://127.0.0.1:{self.port}"


@contextmanager
def served(server: socketserver.BaseServer) -> Iterator[int]:
    """Run a server until the block ends; yield its port."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Asked:
    """A request that a server of the tests got."""

    path: str
    media_type: str
    body: bytes


@contextmanager
def answering(answer: Callable[[Asked], tuple[int, dict[str, str], bytes]]) -> Iterator[tuple[str, list[Asked]]]:
    """Answer requests as the function says; yield the address and the requests so far."""
    requests: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            requests.append(Asked(self.path, self.headers["Content-Type"], body))
            status, headers, said = answer(requests[-1])
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(said))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(said)

        def do_GET(self) -> None:
            requests.append(Asked(self.path, "", b""))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}", requests


@contextmanager
def speaking(speak: Callable[[socket.socket], None]) -> Iterator[str]:
    """Let a function loose on each connection, without HTTP between; yield the address."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):  # the other side has hung up, which is what it should do
                speak(self.request)

    class Raw(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with served(Raw(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}"


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
