"""Send photographs as the page does: signed in, one request per file, a few at once. See static/js/intake.js."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from django.core.files.base import ContentFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

AT_ONCE = 2  # as many as intake.js sends
TIMEOUT_SECONDS = 60
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class NotReceived(Exception):
    """The web server didn't take a photograph, or nobody could sign in."""


@dataclass
class Sender:
    """One person's session with the web server at a port of this machine."""

    port: int
    _cookies: dict[str, str] = field(default_factory=dict)

    def sign_in(self, username: str, password: str) -> None:
        """Sign in by the form."""
        token = self._token("/sign-in/")
        form = urlencode({"csrfmiddlewaretoken": token, "username": username, "password": password})
        status, _ = self._once("POST", "/sign-in/", form.encode(), "application/x-www-form-urlencoded")
        if status != 302 or "sessionid" not in self._cookies:
            raise NotReceived(f"Signing in as {username} failed with status {status}.")

    def send(self, address: str, bodies: Sequence[bytes]) -> None:
        """Send these requests to the page of a case at `address`; NotReceived when one photograph isn't taken."""
        headers = self._headers(MULTIPART_CONTENT) | {
            "Accept": "application/json",
            "X-CSRFToken": self._token(address),
        }
        waiting = iter(bodies)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for sent in [pool.submit(self._send, f"{address}photographs/", waiting, headers) for _ in range(AT_ONCE)]:
                sent.result()

    def _send(self, address: str, waiting: Iterator[bytes], headers: dict[str, str]) -> None:
        """Send what waits, one after the other over one connection, as a browser's connection does."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        try:
            for body in waiting:
                connection.request("POST", address, body, headers)
                _must_be_received(connection.getresponse())
        finally:
            connection.close()

    def _token(self, address: str) -> str:
        _, page = self._once("GET", address)
        found = _TOKEN.search(page)
        if found is None:
            raise NotReceived(f"The page at {address} has no form.")
        return found.group(1)

    def _once(self, method: str, address: str, body: bytes = b"", content_type: str = "") -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, address, body, self._headers(content_type))
            answer = connection.getresponse()
            for header in answer.headers.get_all("Set-Cookie", []):
                self._cookies |= {name: cookie.value for name, cookie in SimpleCookie(header).items()}
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def _headers(self, content_type: str) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return {"Cookie": cookies} | ({"Content-Type": content_type} if content_type else {})


def requests_for(photographs: Iterable[bytes]) -> list[bytes]:
    """Return the body of the request for each photograph; made beforehand, for the sender's machine isn't measured."""
    return [
        encode_multipart(BOUNDARY, {"files": ContentFile(data, name=f"DSC_{number:05d}.jpg")})
        for number, data in enumerate(photographs)
    ]


def _must_be_received(answer: HTTPResponse) -> None:
    told = answer.read()
    if answer.status != 200 or answer.headers.get_content_type() != "application/json":
        raise NotReceived(f"The web server answered {answer.status}: {told[:200].decode(errors='replace')}")
    for file in json.loads(told)["files"]:
        if file["state"] != "received":
            raise NotReceived(f"{file['name']} was refused: {file['reason']}")
