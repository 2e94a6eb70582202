"""What reviewers fill in."""

from typing import Any
from uuid import UUID

from django import forms

from identification.models import Candidate
from review.models import Assignment, Level, Limitation, Suitability

NOBODY = "nobody"
UNSUITABLE = "unsuitable"


class AnalysisForm(forms.Form):
    """What the probe is good for, before any candidate is shown."""

    suitability = forms.ChoiceField(
        label="What is the photograph good for?",
        choices=Suitability.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Say what the photograph is good for."},
    )
    limitations = forms.MultipleChoiceField(
        label="What limits it", choices=Limitation.choices, widget=forms.CheckboxSelectMultiple, required=False
    )
    note = forms.CharField(
        label="What stands out", required=False, widget=forms.Textarea(attrs={"rows": 3}), max_length=2000
    )


class ComparisonForm(forms.Form):
    """Whom the reviewer retains; whoever is not ticked is excluded."""

    retained = forms.MultipleChoiceField(required=False)

    def __init__(self, *args: Any, candidates: list[Candidate], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["retained"].choices = [(str(candidate.person_id), "") for candidate in candidates]  # type: ignore[attr-defined]


class ConclusionForm(forms.Form):
    """The finding, its grade, why, and the signature."""

    finding = forms.ChoiceField(error_messages={"required": "Say what you found."})
    level = forms.TypedChoiceField(
        choices=[("", "")] + [(str(level.value), level.label) for level in Level], coerce=int, empty_value=None,
        required=False,
    )  # fmt: skip
    rationale = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=10_000,
        error_messages={"required": "Write in a sentence or more why you conclude this."},
    )
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Sign with your password."},
    )

    def __init__(self, *args: Any, assignment: Assignment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [(str(person), "") for person in assignment.retained]
        self.fields["finding"].choices = [(NOBODY, ""), (UNSUITABLE, ""), *people]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        named = cleaned.get("finding") not in (None, NOBODY, UNSUITABLE)
        if named and cleaned.get("level") is None:
            self.add_error("level", "Say how far the comparison supports that they are the same person.")
        return cleaned

    def as_signed(self) -> dict[str, Any]:
        """Return what the service takes; a grade counts only with a person."""
        finding = self.cleaned_data["finding"]
        person_id = None if finding in (NOBODY, UNSUITABLE) else UUID(finding)
        return {
            "person_id": person_id,
            "level": self.cleaned_data["level"] if person_id else None,
            "unsuitable": finding == UNSUITABLE,
            "rationale": self.cleaned_data["rationale"],
            "password": self.cleaned_data["password"],
        }


class DeclineForm(forms.Form):
    """Why a review is given back; any reason will do."""

    reason = forms.ChoiceField(
        choices=Assignment.DeclineReason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a reason."},
    )
