"""Pictures of the deceased open one by one, each when somebody asks for it."""

from contextlib import suppress

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from review.models import Assignment, Exposure
from review.services.exposure import ExposureCapped
from review.services.exposure import reveal as reveal_picture
from review.views.common import of_ones_own, viewer

# Where the step stands, and so where it leads back to.
FROM = ("probe", "candidates", "conclude", "differing")


@require_POST
@of_ones_own
def reveal(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    """Show the face, or the whole photograph, from now on; beyond the day's limit the page says so."""
    variant = request.POST.get("picture", "")
    if variant not in Exposure.Variant.values:
        raise Http404("There is no such picture.")
    # The page says so itself; that the limit was reached is on record since the last picture.
    with suppress(ExposureCapped):
        reveal_picture(actor=viewer(request), assignment=assignment, variant=variant)
    step = request.POST.get("step")
    return redirect(f"review:{step if step in FROM else 'probe'}", assignment.pk)
