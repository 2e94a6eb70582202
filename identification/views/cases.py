"""Cases: the list, opening one, adding photographs, and watching them being analysed."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from audit.looks import looked_lately
from audit.policies import can_read_log
from audit.services import record_alone
from identification import policies, selectors
from identification.errors import IdentificationError
from identification.forms import CaseForm, PhotographsForm
from identification.models import Case, RefusedFile
from identification.services import intake, probes

CASES_PER_PAGE = 50


@require_GET
def cases(request: HttpRequest) -> HttpResponse:
    """The cases of one's agency."""
    viewer = _viewer(request)
    page = Paginator(selectors.cases(viewer), CASES_PER_PAGE).get_page(request.GET.get("page"))
    may_open = policies.can_open_case(viewer)
    said = {"listed": len(page), "page": page.number}
    record_alone(kind="identification:cases:viewed/1", actor=viewer, subject=viewer.agency, payload=said)
    return render(request, "identification/cases.html", {"page": page, "may_open": may_open})


@require_http_methods(["GET", "POST"])
def open_case(request: HttpRequest) -> HttpResponse:
    """Case facts first, in one short form; photographs come on the case's own page."""
    if not policies.can_open_case(request.user):
        raise PermissionDenied("Opening a case needs the intake role.")
    form = CaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            case = intake.open_case(actor=_viewer(request), **form.cleaned_data)
        except IdentificationError as error:
            form.add_error(None, str(error))
        else:
            return redirect(case)
    return render(request, "identification/open_case.html", {"form": form})


@require_GET
def case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """A case: its photographs with the faces found, where it stands, and what is to be done."""
    viewer, kind = _viewer(request), "identification:case:viewed/1"
    found = get_object_or_404(selectors.cases(viewer), pk=case_id)
    renewing: bool = request.htmx  # type: ignore[attr-defined]
    # The page's own renewing is no further look; but any program can say that it only renews.
    if not (renewing and looked_lately(viewer, found, kind=kind)):
        record_alone(kind=kind, actor=viewer, subject=found, purpose=found.purpose)
    template = "identification/case.html#progress" if renewing else "identification/case.html"
    return render(request, template, _case_context(request, found))


def _case_context(request: HttpRequest, case: Case) -> dict[str, object]:
    viewer = _viewer(request)
    return {
        "case": case,
        "progress": selectors.progress_of(viewer, case),
        "form": PhotographsForm(),
        "may_add": policies.can_add_photographs(viewer, case),
        "shows_pictures": policies.shows_pictures(viewer, case),
        "may_read_log": can_read_log(viewer),
    }


@require_POST
def add_photographs(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Take in files, each with its own answer. A script sends them one by one and reads JSON, a form all at once."""
    viewer = _viewer(request)
    found = get_object_or_404(selectors.cases(viewer), pk=case_id)
    form = PhotographsForm(request.POST, request.FILES)
    if not form.is_valid():
        return _nothing_taken(request, found, " ".join(str(error) for error in form.errors["files"]), status=422)
    try:
        results = [
            intake.receive_photograph(actor=viewer, file=file, case=found) for file in form.cleaned_data["files"]
        ]
    except IdentificationError as error:
        return _nothing_taken(request, found, str(error), status=403)
    if _asks_for_json(request):
        return JsonResponse({"files": [_answer(result) for result in results]})
    return redirect(found)


def _nothing_taken(request: HttpRequest, case: Case, sentence: str, *, status: int) -> HttpResponse:
    """Say why no file was taken in: to a script in JSON, to a person on the case's page."""
    if _asks_for_json(request):
        return JsonResponse({"error": sentence}, status=status)
    messages.error(request, sentence)
    return redirect(case)


def _asks_for_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


def _answer(result: object) -> dict[str, str]:
    if isinstance(result, RefusedFile):
        return {"name": result.file_name, "state": "refused", "reason": result.reason}
    return {"name": str(result), "state": "received", "reason": ""}


@require_POST
def try_again(request: HttpRequest, photograph_id: UUID) -> HttpResponse:
    """Analyse a photograph that was set aside once more."""
    photograph = get_object_or_404(selectors.photographs(_viewer(request)), pk=photograph_id)
    try:
        intake.try_again(actor=_viewer(request), photograph=photograph)
    except IdentificationError as error:
        messages.error(request, str(error))
    home = photograph.case or photograph.gallery
    assert home is not None
    return redirect(home)


@require_POST
def choose_probe(request: HttpRequest, face_id: UUID) -> HttpResponse:
    """Ask who a face in a photograph of several people is."""
    face = get_object_or_404(selectors.faces(_viewer(request)), pk=face_id, photograph__case__isnull=False)
    try:
        probes.choose_probe(actor=_viewer(request), face=face)
    except IdentificationError as error:
        messages.error(request, str(error))
    assert face.photograph.case is not None
    return redirect(face.photograph.case)


@require_POST
def search_again(request: HttpRequest, probe_id: UUID) -> HttpResponse:
    """Search once more for a probe whose candidate list was empty."""
    probe = get_object_or_404(selectors.probes(_viewer(request)), pk=probe_id)
    try:
        probes.search_again(actor=_viewer(request), probe=probe)
    except IdentificationError as error:
        messages.error(request, str(error))
    return redirect(probe.case)


def _viewer(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
