"""What an entry takes from its surroundings: the request during which it was written."""

from contextvars import ContextVar

# Empty outside a request: at the command line and in the worker.
request_id: ContextVar[str] = ContextVar("audit_request_id", default="")
