"""What an entry takes from its surroundings: the request during which it was written, or the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

COMMAND_LINE = "command-line"

# Empty outside a request: at the command line and in the worker.
request_id: ContextVar[str] = ContextVar("audit_request_id", default="")
# Where somebody acts who isn't signed in: the operator at the command line. Empty in a request and in services.
at: ContextVar[str] = ContextVar("audit_at", default="")


@contextmanager
def at_command_line() -> Iterator[None]:
    """Let entries say that the operator acted, where nobody signed in did."""
    token = at.set(COMMAND_LINE)
    try:
        yield
    finally:
        at.reset(token)
