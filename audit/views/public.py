"""What everybody may read without signing in: checkpoints, keys, and proofs that a log continues another.

Nothing leaves here but hashes, signatures, sizes and times. A root and the hashes in a proof are SHA-256 over leaves,
and every leaf holds a random id (122 bits) and, since version 2, a commitment with a random salt (128 bits), so that
nobody can find out what stands in a leaf by guessing. What a reader does learn is how many entries the log has at
which time, that is how much goes on here; whoever holds checkpoints has to know that. No answer depends on
a cookie or sets one, and what was found may be kept by caches for a minute.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import rfc8785
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from audit.checkpoints import checkpoint_over, newest_checkpoint
from audit.models import Checkpoint, SigningKey
from audit.proof_documents import MEDIA_TYPE, consistency_document, written
from audit.proofs import NoProof
from audit.services import written_time
from audit.witnesses.published import published_note

TEXT = "text/plain; charset=utf-8"
KEPT_SECONDS = 60
LISTED = 1000
Answering = Callable[..., HttpResponse]


def public(view: Answering) -> Answering:
    """Open a view to everybody, for reading, and let caches keep what was found for a minute."""

    @wraps(view)
    def answered(request: HttpRequest, **named: Any) -> HttpResponse:
        response = view(request, **named)
        # LoginRequiredMiddleware looks at the session before it lets everybody in; the answer is the same for all.
        request.session.accessed = False
        if response.status_code == 200:
            patch_cache_control(response, public=True, max_age=KEPT_SECONDS)
        return response

    opened: Answering = login_not_required(require_safe(answered))
    return opened


@public
def checkpoint(_: HttpRequest, entries: int | None = None) -> HttpResponse:
    """Answer with the newest checkpoint, or the newest over so many entries, and with who cosigned it."""
    found = newest_checkpoint() if entries is None else checkpoint_over(entries)
    if found is None:
        return _not_found("There is no such checkpoint. /audit/checkpoints.txt lists those there are.")
    return HttpResponse(published_note(found), content_type=TEXT)


@public
def checkpoints(request: HttpRequest) -> HttpResponse:
    """List sizes and times, the newest first; `?before=SIZE` goes on where a list ended."""
    found = Checkpoint.objects.order_by("-id")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 17:
        found = found.filter(size__lt=int(before))
    lines = [f"{size} {written_time(at)}\n" for size, at in found.values_list("size", "signed_at")[:LISTED]]
    return HttpResponse("".join(lines), content_type=TEXT)


@public
def keys(_: HttpRequest) -> HttpResponse:
    """List the vkeys that count, the oldest first, one a line: a file for `verify.py --key`.

    They begin with the newest to which none handed over. What came before it was given up as lost, perhaps to a thief,
    who could sign a log of his own with it; keys.jsonl still shows it, since it signed older checkpoints.
    """
    known = SigningKey.objects.order_by("id")
    first = known.filter(handover="").last()
    counting = known.filter(id__gte=first.pk) if first else known.none()
    return HttpResponse("".join(f"{key.vkey}\n" for key in counting), content_type=TEXT)


@public
def handovers(_: HttpRequest) -> HttpResponse:
    """List the keys with the notes by which each made the next its successor, as keys.jsonl in a bundle."""
    lines = [
        rfc8785.dumps({"handover": key.handover or None, "key": key.vkey}) for key in SigningKey.objects.order_by("id")
    ]
    return HttpResponse(b"".join(line + b"\n" for line in lines), content_type=TEXT)


@public
def consistency(_: HttpRequest, older: int, newer: int) -> HttpResponse:
    """Answer with the proof that the log under one checkpoint begins with the log under an older one."""
    try:
        proof = consistency_document(older, newer)
    except NoProof as problem:
        return _not_found(str(problem))
    return HttpResponse(written(proof), content_type=MEDIA_TYPE)


def _not_found(sentence: str) -> HttpResponse:
    return HttpResponse(sentence + "\n", content_type=TEXT, status=404)
