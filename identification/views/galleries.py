"""Galleries: what they hold, on which basis, and enrolling people."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from audit.services import record_alone
from identification import policies, selectors
from identification.errors import IdentificationError
from identification.forms import EnrolForm
from identification.models import Gallery, RefusedFile
from identification.services import enrolment
from identification.services.correction import was_read

PERSONS_PER_PAGE = 48


@require_GET
def galleries(request: HttpRequest) -> HttpResponse:
    """The galleries of one's agency."""
    viewer = _viewer(request)
    context = {"galleries": selectors.galleries(viewer), "may_open": policies.can_open_gallery(viewer)}
    return render(request, "identification/galleries.html", context)


@require_GET
def gallery(request: HttpRequest, gallery_id: UUID) -> HttpResponse:
    """One gallery with its people, and references that were refused."""
    viewer = _viewer(request)
    found = get_object_or_404(selectors.galleries(viewer), pk=gallery_id)
    page = Paginator(selectors.persons(viewer, found), PERSONS_PER_PAGE).get_page(request.GET.get("page"))
    refused, may_enrol = selectors.refused_references(viewer, found), policies.can_enrol(viewer, found)
    said = {"people": len(page), "page": page.number}
    record_alone(kind="identification:gallery:viewed/1", actor=viewer, subject=found, payload=said)
    context = {
        "gallery": found,
        "page": page,
        "waiting": found.photographs.filter(state="waiting").count(),
        "refused": refused,
        "mendable": {one.photograph_id for one in refused if may_enrol and was_read(one.photograph)},
        "weak": selectors.references_worth_replacing(viewer, found),
        "may_enrol": may_enrol,
    }
    return render(request, "identification/gallery.html", context)


@require_http_methods(["GET", "POST"])
def enrol(request: HttpRequest, gallery_id: UUID) -> HttpResponse:
    """Enrol one person with their references."""
    viewer = _viewer(request)
    found = get_object_or_404(selectors.galleries(viewer), pk=gallery_id)
    if not policies.can_enrol(viewer, found):
        raise PermissionDenied("Enrolling people needs the intake role.")
    form = EnrolForm(request.POST or None, request.FILES or None, gallery=found)
    if request.method == "POST" and form.is_valid():
        try:
            _enrol(request, viewer, found, form)
        except IdentificationError as error:
            form.add_error(None, str(error))
        else:
            return redirect(found)
    return render(request, "identification/enrol.html", {"gallery": found, "form": form})


def _viewer(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    if not policies.can_browse_galleries(request.user):
        raise PermissionDenied("Galleries are open to intake, auditors and administrators.")
    return request.user


def _enrol(request: HttpRequest, actor: User, gallery: Gallery, form: EnrolForm) -> None:
    facts = {name: form.cleaned_data[name] for name in ("name", "registry_number", "born_in", "home")}
    person = enrolment.enrol_person(actor=actor, gallery=gallery, **facts)
    for file in form.cleaned_data["files"]:
        result = enrolment.add_reference(
            actor=actor, person=person, file=file, provenance=form.cleaned_data["provenance"]
        )
        if isinstance(result, RefusedFile):
            messages.error(request, f"{result.file_name}: {result.reason}")
