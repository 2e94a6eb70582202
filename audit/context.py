"""What an entry takes from its surroundings: the request during which it was written, or the command line."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from uuid import UUID

from audit.kinds.keys import AT_COMMAND_LINE

# Empty outside a request: at the command line, and in what a worker does of itself. What a request has a worker do goes
# on under the request's id, which its message carries (config/celery.py, config/worker.py).
request_id: ContextVar[str] = ContextVar("audit_request_id", default="")
# Where somebody acts who isn't signed in: the operator at the command line. Empty in a request and in services.
at: ContextVar[str] = ContextVar("audit_at", default="")


def go_on_with(handed_on: object) -> None:
    """Write entries under the id that a message carries; under none where it carries none, or no such id."""
    request_id.set("")
    with suppress(ValueError):
        request_id.set(str(UUID(str(handed_on))))


@contextmanager
def outside_requests() -> Iterator[None]:
    """Let what is asked for here belong to no request: it is somebody else's work."""
    token = request_id.set("")
    try:
        yield
    finally:
        request_id.reset(token)


@contextmanager
def at_command_line() -> Iterator[None]:
    """Let entries say that the operator acted, where nobody signed in did."""
    token = at.set(AT_COMMAND_LINE)
    try:
        yield
    finally:
        at.reset(token)
