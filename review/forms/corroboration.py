"""What is filled in on the way from a conclusion to an identification."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from identification.models import PRIMARY_IDENTIFIERS, IdentifierKind
from review.models import Identifier, Verdict
from review.services.corroboration import LONGEST_SOURCE

_SECONDARY = [kind for kind in IdentifierKind if kind not in PRIMARY_IDENTIFIERS]
KINDS = [
    ("", "Choose"),
    ("Primary identifiers", [(kind.value, kind.label) for kind in PRIMARY_IDENTIFIERS]),
    ("Secondary identifiers", [(kind.value, kind.label) for kind in _SECONDARY]),
]
LONGEST_TEXT = 10_000


class AnyFileField(forms.FileField):
    """One file of any type. What is in it is read by people, and never shown by a page."""

    def clean(self, data: Any, initial: Any = None) -> UploadedFile:
        file: UploadedFile = super().clean(data, initial)
        if file.size and file.size > settings.UPLOAD_MAX_BYTES:
            raise forms.ValidationError(f"The file is larger than {_megabytes()} MB. Choose a smaller one.")
        return file


def _megabytes() -> int:
    return int(settings.UPLOAD_MAX_BYTES) // 1_000_000


class IdentifierForm(forms.Form):
    """An identifier with its source and its file."""

    kind = forms.ChoiceField(
        label="Kind", choices=KINDS, error_messages={"required": "Say of what kind the identifier is."}
    )
    source = forms.CharField(
        label="Where it comes from",
        max_length=LONGEST_SOURCE,
        help_text="Who gave it, from which record, and when.",
        error_messages={"required": "Say where it comes from."},
    )
    description = forms.CharField(
        label="What it shows",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="What was compared with what, and what was found; also where it speaks against.",
        error_messages={"required": "Say what was compared, and what was found."},
    )
    file = AnyFileField(
        label="File",
        error_messages={"required": "Choose the file.", "empty": "The file is empty. Choose another."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[
            "file"
        ].help_text = f"Of any type, up to {_megabytes()} MB. It is kept byte for byte and never shown on a page."


class VerificationForm(forms.Form):
    """A second person's verdict, and what they saw."""

    verdict = forms.ChoiceField(
        label="What do you find?",
        choices=Verdict.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Say whether you confirm it."},
    )
    note = forms.CharField(
        label="What did you see?",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="A sentence or more: what you opened or asked for, and what agrees or does not.",
        error_messages={"required": "Write what you saw."},
    )


class AssertionForm(forms.Form):
    """The identifier that weighs most, and the signature."""

    leading_identifier = forms.TypedChoiceField(
        label="Which confirmed identifier weighs most?",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose the confirmed identifier that weighs most."},
        empty_value=None,
    )
    password = forms.CharField(
        label="Your password",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Sign with your password."},
    )

    def __init__(self, *args: Any, confirmed: Sequence[Identifier], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not confirmed:
            del self.fields["leading_identifier"]
            return
        choices = [(str(each.pk), f"{each.get_kind_display()}: {each.source}") for each in confirmed]
        self.fields["leading_identifier"].choices = choices  # type: ignore[attr-defined]
        if len(confirmed) == 1:
            self.initial["leading_identifier"] = choices[0][0]
