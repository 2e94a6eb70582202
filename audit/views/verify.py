"""The page on which anybody verifies a bundle in their own browser, and the verifier as a file. Open to everybody."""

from pathlib import Path

from csp.constants import NONE, SELF
from csp.decorators import csp_replace, csp_update
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

VERIFIER = Path(__file__).resolve().parent.parent / "verify.py"


@login_not_required
@csp_update({"worker-src": [SELF]})
# The page could not hand the file on even if it wished to: the browser lets it open no connection.
@csp_replace({"connect-src": [NONE]})
@require_safe
def verify_bundle(request: HttpRequest) -> HttpResponse:
    """Show the page; everything else happens in the visitor's browser."""
    return render(request, "audit/verify.html")


@login_not_required
@require_safe
def verifier(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  (as Django calls it)
    """Hand over verify.py, which verifies a bundle without Countersign."""
    as_file = {"Content-Disposition": f'attachment; filename="{VERIFIER.name}"'}
    return HttpResponse(VERIFIER.read_bytes(), content_type="text/x-python", headers=as_file)
