"""One entry: what it says, where it stands, and the proof that it stands there under a signed root."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.models import User
from audit import subjects
from audit.checkpoints import checkpoint_over, newest_checkpoint
from audit.forms import CASE
from audit.models import Checkpoint, Entry
from audit.policies import can_read_log
from audit.proof_documents import MEDIA_TYPE, Document, inclusion_document, written
from audit.proof_path import Step, steps
from audit.proofs import NoProof
from audit.reading import leaf_of
from audit.selectors import entries, timeline
from audit.services import record_alone
from audit.standing import standing
from audit.views.common import permitted


@require_GET
def entry(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Show an entry of the viewer's agency with its proof against the newest checkpoint, or say when one comes."""
    viewer = permitted(request, can_read_log)
    found = get_object_or_404(entries(viewer), uid=uid)
    (line,) = timeline(viewer, [found])
    stands = standing()
    document = _document(found, stands.newest)
    context = {
        "entry": found,
        "line": line,
        "proof": document,
        "steps": _steps(found, document),
        "standing": stands,
        **_said(found),
        "case": subjects.own(CASE, found.case, viewer.agency) if found.case else None,
    }
    _record_view(viewer, found, stands.newest)
    return render(request, "audit/entry.html", context)


@require_GET
def proof(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Answer with the proof as JSON: against the newest checkpoint, or against that over `?size=` entries."""
    viewer = permitted(request, can_read_log)
    found = get_object_or_404(entries(viewer), uid=uid)
    checkpoint = _checkpoint_asked_for(request.GET.get("size", ""))
    document = _document(found, checkpoint)
    if document is None:
        sentence = "No checkpoint of this size covers the entry; ask for a later one or wait for the next."
        return JsonResponse({"error": sentence}, status=404)
    _record_view(viewer, found, checkpoint)
    return HttpResponse(written(document), content_type=MEDIA_TYPE)


def _checkpoint_asked_for(size: str) -> Checkpoint | None:
    if not size:
        return newest_checkpoint()
    return checkpoint_over(int(size)) if size.isascii() and size.isdigit() and len(size) < 17 else None


def _document(found: Entry, checkpoint: Checkpoint | None) -> Document | None:
    try:
        return inclusion_document(found, checkpoint) if checkpoint else None
    except NoProof:
        return None


def _said(found: Entry) -> dict[str, Any]:
    """Return the payload's row (an entry of version 1 has none), its salt in digits, and what the leaf commits to."""
    said = getattr(found, "said", None)
    salt = bytes(said.salt).hex() if said and said.salt is not None else ""
    return {"said": said, "salt": salt, "commitment": leaf_of(found).get("commitment", "")}


def _steps(found: Entry, document: Document | None) -> list[Step]:
    if document is None:
        return []
    path = [bytes.fromhex(step) for step in document["proof"]]
    return steps(bytes(found.leaf_hash), document["index"], document["size"], path)


def _record_view(viewer: User, found: Entry, checkpoint: Checkpoint | None) -> None:
    said: dict[str, Any] = {"uid": str(found.uid)} | ({"size": checkpoint.size} if checkpoint else {})
    record_alone(kind="audit:entry:viewed/1", actor=viewer, subject=found, payload=said)
