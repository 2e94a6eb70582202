"""Step 5: what a signer is shown once their work is locked, and the notes that they add to it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from audit.services import record_alone
from review import selectors
from review.errors import ReviewError
from review.forms.work import NoteForm
from review.models import Assignment, ReviewState
from review.selectors.signed import list_as_it_was
from review.services.notes import sign_note
from review.signed_document import meaning_of_note
from review.views.common import viewer


@require_GET
def signed(request: HttpRequest, assignment_id: UUID) -> HttpResponse:
    """Step 5: after signing, score, rank and source are shown; nothing can be changed."""
    return _page(request, _place(request, assignment_id), NoteForm())


@sensitive_post_parameters("password")
@require_POST
def note(request: HttpRequest, assignment_id: UUID) -> HttpResponse:
    """Add a signed note to one's own assessment."""
    assignment = _place(request, assignment_id)
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            sign_note(actor=viewer(request), assessment=assignment.assessment, **form.cleaned_data)
        except ReviewError as error:
            form.add_error(None, str(error))
        else:
            messages.info(request, "Your note is signed and stands with your assessment.")
            return redirect("review:signed", assignment.pk)
    return _page(request, assignment, form)


def _place(request: HttpRequest, assignment_id: UUID) -> Assignment:
    places = selectors.assignments(viewer(request)).filter(state=Assignment.State.SIGNED)
    return get_object_or_404(places.select_related("assessment"), pk=assignment_id)


def _page(request: HttpRequest, assignment: Assignment, form: NoteForm) -> HttpResponse:
    _record_look(request, assignment)
    context = {
        "assignment": assignment,
        "assessment": assignment.assessment,
        "listed": list_as_it_was(assignment),
        "notes": assignment.assessment.notes.all(),
        "form": form,
        "meaning": meaning_of_note(),
        # Whether it has ended, or was withdrawn under this signature, and nothing else of the state: the rest would
        # tell what others did.
        "ended": selectors.ended_reviews(viewer(request)).filter(pk=assignment.review_id).exists(),
        "withdrawn": assignment.review.state == ReviewState.WITHDRAWN,
    }
    return render(request, "review/signed.html", context)


def _record_look(request: HttpRequest, assignment: Assignment) -> None:
    review = assignment.review
    record_alone(
        kind="review:assessment:viewed/1",
        actor=viewer(request),
        subject=assignment.assessment,
        agency=review.case.agency,
        purpose=review.case.purpose,
        payload={"review": str(review.pk), "search": str(review.search_id)},
    )
