"""A witness that another agency runs: it cosigns the checkpoints of logs that only grow (C2SP tlog-witness).

    python -m audit.witnesses.serve --name witness.example/w1 --folder /var/lib/witness --log VKEY

It needs this file, keeper.py beside it, audit/notes.py, audit/tree.py and the library `cryptography`. Put TLS in front
of it. Never bring back an older copy of its folder: it would then cosign twice what may be cosigned once.

GET / gives its vkey and the logs that it watches, each with the address of the last checkpoint that it cosigned.
"""

import argparse
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from audit.notes import BadNote, VerifierKey
from audit.witnesses.keeper import TEXT, Keeper, Refused

LONGEST_REQUEST = 64 * 1024


class Server(ThreadingHTTPServer):
    """Answers each request in a thread of its own, so that a slow client keeps nobody waiting."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], keeper: Keeper) -> None:
        super().__init__(address, Handler)
        self.keeper = keeper


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    timeout = 10

    def do_POST(self) -> None:
        """Take a checkpoint."""
        try:
            cosignature = self._cosigned(self._request())
        except Refused as refused:
            self._answer(refused.status, str(refused), refused.media_type)
        else:
            self._answer(200, cosignature)

    def do_GET(self) -> None:
        """Say who this is, or give the last checkpoint of a log."""
        keeper = self.server.keeper
        files = {f"/{keeper.file_of(log.name).stem}": log.name for log in keeper.logs}
        if self.path == "/":
            self._answer(200, f"{keeper.key}\n" + "".join(f"{origin} {path}\n" for path, origin in files.items()))
        elif self.path in files and keeper.file_of(files[self.path]).exists():
            self._answer(200, keeper.file_of(files[self.path]).read_text("utf-8"))
        else:
            self._answer(404, "There is nothing here. / lists what there is.")

    def _cosigned(self, request: str) -> str:
        try:
            return self.server.keeper.add_checkpoint(request)
        except (OSError, BadNote) as problem:
            self.log_error("%s", problem)
            # To cosign anything now could be to cosign twice.
            raise Refused(500, "This witness can't read or keep what it holds.") from problem

    def _request(self) -> str:
        if not self.path.endswith("/add-checkpoint"):
            raise Refused(404, "Checkpoints are taken at /add-checkpoint.")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and len(length) < 9 and int(length) <= LONGEST_REQUEST):
            raise Refused(413, f"A request says its length, which is at most {LONGEST_REQUEST} bytes.")
        try:
            return self.rfile.read(int(length)).decode()
        except UnicodeDecodeError:
            raise Refused(400, "A request is text in UTF-8.") from None

    def _answer(self, status: int, said: str, media_type: str = TEXT) -> None:
        body = said.encode()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(arguments: list[str]) -> None:
    """Serve until stopped."""
    said = _parsed(arguments)
    host, _, port = said.listen.rpartition(":")
    try:
        keeper = Keeper(said.name, said.folder, [VerifierKey.parsed(vkey) for vkey in said.log])
    except BlockingIOError:
        raise SystemExit(f"Another witness has {said.folder}: stop it, or give this one a folder of its own.") from None
    except (BadNote, OSError) as problem:
        raise SystemExit(f"{problem}.") from problem
    with Server((host, int(port)), keeper) as server:
        print(f"{keeper.key} http://{host}:{server.server_address[1]}", flush=True)
        server.serve_forever()


def _parsed(arguments: list[str]) -> Any:
    parser = argparse.ArgumentParser(description="Cosign the checkpoints of logs that only grow.")
    parser.add_argument("--name", required=True, help="this witness's name, such as witness.example/w1; it stays")
    parser.add_argument("--folder", required=True, type=Path, help="where its key and what it cosigned are kept")
    parser.add_argument("--log", required=True, action="append", help="a log's vkey; again for another log or key")
    parser.add_argument("--listen", default="127.0.0.1:8090", help="address and port")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
