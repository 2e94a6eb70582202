"""One id per request: every entry written during it carries it, and so does the answer."""

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from audit import context

HEADER = "X-Request-ID"


def request_id(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Give the request a new id; what the client sends is not trusted to tell requests apart."""

    def middleware(request: HttpRequest) -> HttpResponse:
        token = context.request_id.set(str(uuid.uuid4()))
        try:
            response = get_response(request)
            response.headers[HEADER] = context.request_id.get()
        finally:
            context.request_id.reset(token)
        return response

    return middleware
