"""What people fill in for cases and galleries."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from identification.models import Case, Face, Gallery, Person, Priority, Purpose
from identification.recognition.types import Box

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
        fields: ClassVar[list[str]] = ["purpose", "place", "occurred_on", "authority", "priority"]
        widgets: ClassVar[dict[str, Any]] = {
            "purpose": forms.RadioSelect,
            "priority": forms.RadioSelect,
            # A date input of a browser takes ISO 8601, whatever the language.
            "occurred_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purpose"].choices = PURPOSES_IN_WORDS  # type: ignore[attr-defined]
        self.fields["purpose"].help_text = "An incident searches incident galleries, the others humanitarian ones."
        self.fields["occurred_on"].initial = timezone.localdate
        # Whoever says nothing means routine.
        self.fields["priority"].required = False
        self.fields["priority"].help_text = "Urgent reviews are handed out before routine ones of the same purpose."

    def clean_priority(self) -> int:
        return self.cleaned_data["priority"] or Priority.ROUTINE


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


LANDMARKS = ("Left eye", "Right eye", "Nose", "Left corner of the mouth", "Right corner of the mouth")


class LandmarksForm(forms.Form):
    """Where eyes, nose and mouth are, in pixels of the upright photograph: ten numbers, all of them or none."""

    optional = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number, words in enumerate(LANDMARKS):
            for axis in ("x", "y"):
                field = forms.FloatField(label=f"{words}, {axis}", required=not self.optional)
                field.widget.attrs["data-landmark"] = number
                self.fields[f"landmark_{number}_{axis}"] = field

    def numbers(self) -> list[forms.BoundField]:
        """Return the fields of the landmarks."""
        return [field for field in self if field.name.startswith("landmark_")]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        given = [cleaned.get(field.name) is not None for field in self.numbers()]
        if self.optional and any(given) and not all(given):
            raise forms.ValidationError("Place all five, eyes, nose and the corners of the mouth, or none.")
        return cleaned

    def landmarks(self) -> list[float] | None:
        """Return ten numbers, or None where the detector is to look for them."""
        numbers = [self.cleaned_data[field.name] for field in self.numbers()]
        return None if None in numbers else numbers


class FaceForm(LandmarksForm):
    """A box around a face, new or one that is there, in pixels of the upright photograph."""

    optional = True

    face = forms.ChoiceField(
        label="Which box",
        required=False,
        error_messages={"invalid_choice": "Somebody has corrected this face already. Look at the photograph again."},
    )
    left = forms.FloatField(label="Left edge")
    top = forms.FloatField(label="Top edge")
    width = forms.FloatField()
    height = forms.FloatField()

    def __init__(self, *args: Any, faces: Sequence[Face], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.faces = {str(face.pk): face for face in faces}
        choices = [("", "A new box"), *((key, str(face)) for key, face in self.faces.items())]
        self.fields["face"].choices = choices  # type: ignore[attr-defined]

    def face_chosen(self) -> Face | None:
        """Return the face whose box is moved; None for a new box."""
        return self.faces.get(self.cleaned_data["face"])

    def box(self) -> Box:
        """Return the box."""
        return Box(*(self.cleaned_data[side] for side in ("left", "top", "width", "height")))


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


class WithdrawalForm(forms.Form):
    """Why a reference is withdrawn."""

    reason = forms.CharField(
        label="Why is it withdrawn?",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For example: it shows somebody else, or the family has asked for it back.",
        error_messages={"required": "Say in a sentence why the reference is withdrawn."},
    )
