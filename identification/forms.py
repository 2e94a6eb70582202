"""What people fill in for cases and galleries."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from identification.models import Case, Gallery, Person, Purpose

# What each purpose asks.
PURPOSES_IN_WORDS = [
    (Purpose.DECEASED, "Deceased: who was the person in these photographs?"),
    (Purpose.CAPTURED, "Captured: who is held, and in what state?"),
    (Purpose.MISSING, "Missing: is this somebody whom a family looks for?"),
    (Purpose.INCIDENT, "Incident: who was recorded there? It gives an investigative lead and nothing more."),
]
ACCEPTED = "image/jpeg,image/png,image/webp"


class SeveralFiles(forms.ClearableFileInput):
    """A file input that takes several files."""

    allow_multiple_selected = True


class SeveralFilesField(forms.FileField):
    """One or more files. What is in them is judged file by file in the service, not here."""

    widget = SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:  # noqa: ARG002  (Django's signature)
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if not files:
            raise forms.ValidationError("Choose at least one photograph.")
        return list(files)


class CaseForm(forms.ModelForm):
    """The facts of a case, which come before any photograph."""

    class Meta:
        model = Case
        fields: ClassVar[list[str]] = ["purpose", "place", "occurred_on", "authority"]
        widgets: ClassVar[dict[str, Any]] = {
            "purpose": forms.RadioSelect,
            # A date input of a browser takes ISO 8601, whatever the language.
            "occurred_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purpose"].choices = PURPOSES_IN_WORDS  # type: ignore[attr-defined]
        self.fields["purpose"].help_text = "An incident searches incident galleries, the others humanitarian ones."
        self.fields["occurred_on"].initial = timezone.localdate


def _what_is_taken() -> str:
    megabytes = settings.UPLOAD_MAX_BYTES // 1_000_000
    return f"JPEG, PNG or WebP, up to {megabytes} MB each. Several at once are welcome."


class PhotographsForm(forms.Form):
    """Photographs to add to a case."""

    files = SeveralFilesField(label="Photographs")  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["files"].help_text = _what_is_taken()
        self.fields["files"].widget.attrs["accept"] = ACCEPTED


class EnrolForm(forms.ModelForm):
    """A known person with one or more references."""

    provenance = forms.CharField(max_length=300, help_text="Who gave these photographs, from which record, and when.")
    files = SeveralFilesField(label="References")  # type: ignore[assignment]

    class Meta:
        model = Person
        fields: ClassVar[list[str]] = ["name", "registry_number", "born_in", "home"]

    def __init__(self, *args: Any, gallery: Gallery, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.gallery = gallery
        self.fields["files"].help_text = f"Each shows this person alone. {_what_is_taken()}"
        self.fields["files"].widget.attrs["accept"] = ACCEPTED
        self.fields["born_in"].widget.attrs |= {"min": 1850, "max": timezone.localdate().year}

    def clean_registry_number(self) -> str:
        """Say in words what the database would refuse: one number, one person in a gallery."""
        number: str = self.cleaned_data["registry_number"]
        if number and Person.objects.filter(gallery=self.gallery, registry_number=number).exists():
            raise forms.ValidationError("Somebody is enrolled here under this number already. Check it on the record.")
        return number
