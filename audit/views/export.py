"""The export of the log."""

import tempfile

from django.contrib import messages
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from audit.export import export_log
from audit.forms import ExportForm
from audit.policies import can_export_log
from audit.views.common import permitted

MEDIA_TYPES = {"jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8"}


@require_POST
def export(request: HttpRequest) -> HttpResponseBase:
    """Hand over the entries that the filters leave, as a file; only a finished one is sent."""
    viewer = permitted(request, can_export_log)
    form = ExportForm(request.POST, viewer=viewer)
    if not form.is_valid():
        messages.error(request, "Nothing was exported: a filter isn't as it should be. Set it again and export.")
        return redirect("audit:log")
    written = form.cleaned_data["form"]
    # FileResponse closes it, and with that it is gone.
    file = tempfile.TemporaryFile()  # noqa: SIM115
    export_log(actor=viewer, form=written, out=file, filters=form.filters())
    file.seek(0)
    name = f"audit-{viewer.agency.code}-{timezone.now():%Y%m%dT%H%M%SZ}.{written}"
    return FileResponse(file, as_attachment=True, filename=name, content_type=MEDIA_TYPES[written])
