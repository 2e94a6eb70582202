"""What reviewers fill in. Candidates are named by their positions: a person's id would be met again elsewhere."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms

from review.levels import OF_NOBODY
from review.models import Assignment, Level, Limitation, Suitability
from review.shown import ShownCandidate, retained_shown

NOBODY = "nobody"
UNSUITABLE = "unsuitable"
RETAIN, EXCLUDE = "retain", "exclude"
# What the buttons under the candidates do.
GO_ON, NONE_OF_THESE, EXCLUDE_THE_REST = "go-on", "none-of-these", "exclude-the-rest"


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
    """Whom the reviewer retains and whom they exclude; nobody may stay undecided."""

    action = forms.TypedChoiceField(
        choices=[(action, "") for action in (GO_ON, NONE_OF_THESE, EXCLUDE_THE_REST)], required=False, empty_value=GO_ON
    )

    def __init__(self, *args: Any, candidates: Sequence[ShownCandidate], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.candidates = candidates
        for candidate in candidates:
            self.fields[decision_on(candidate)] = forms.ChoiceField(
                choices=[(RETAIN, ""), (EXCLUDE, "")], required=False
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        undecided = self.undecided if cleaned.get("action") == GO_ON else 0
        if undecided:
            wait = "One candidate is" if undecided == 1 else f"{undecided} candidates are"
            raise forms.ValidationError(f"{wait} undecided. Retain or exclude each, or exclude the rest.")
        return cleaned

    @property
    def undecided(self) -> int:
        """How many were neither retained nor excluded, as posted."""
        return sum(not self.cleaned_data.get(decision_on(candidate)) for candidate in self.candidates)

    def retained(self) -> list[UUID]:
        """Return the persons retained; "None of these" excludes all, whatever was said of each before."""
        if self.cleaned_data["action"] == NONE_OF_THESE:
            return []
        return [one.person_id for one in self.candidates if self.cleaned_data[decision_on(one)] == RETAIN]


def decision_on(candidate: ShownCandidate) -> str:
    """Return the name of the field that decides on a candidate."""
    return f"decision-{candidate.position}"


class SignatureForm(forms.Form):
    """The password that is given again with whatever is signed."""

    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Sign with your password."},
    )


class ConclusionForm(SignatureForm):
    """The finding, its grade, why, and the signature. A finding of nobody is graded as a person is."""

    finding = forms.ChoiceField(error_messages={"required": "Say what you found."})
    level = forms.TypedChoiceField(
        choices=[(str(level.value), level.label) for level in Level], coerce=int, empty_value=None, required=False
    )
    level_of_nobody = forms.TypedChoiceField(
        choices=[(str(level.value), words) for level, words in OF_NOBODY.items()], coerce=int, empty_value=None,
        required=False,
    )  # fmt: skip
    rationale = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=10_000,
        error_messages={"required": "Write in a sentence or more why you conclude this."},
    )
    field_order = ("finding", "level", "level_of_nobody", "rationale", "password")

    def __init__(self, *args: Any, assignment: Assignment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.persons = {str(shown.position): shown.person_id for shown in retained_shown(assignment)}
        choices = [(UNSUITABLE, ""), *((position, "") for position in self.persons)]
        choices += [(NOBODY, "")] if assignment.compared_at else []
        self.fields["finding"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        finding = cleaned.get("finding")
        if finding == NOBODY and cleaned.get("level_of_nobody") is None:
            self.add_error("level_of_nobody", "Say how far the comparison supports that nobody here is this person.")
        if finding in self.persons and cleaned.get("level") is None:
            self.add_error("level", "Say how far the comparison supports that they are the same person.")
        return cleaned

    def as_signed(self) -> dict[str, Any]:
        """Return what the service takes; the grade is that of what was found."""
        finding = self.cleaned_data["finding"]
        graded = {NOBODY: "level_of_nobody", UNSUITABLE: None}.get(finding, "level")
        return {
            "person_id": self.persons.get(finding),
            "level": self.cleaned_data[graded] if graded else None,
            "unsuitable": finding == UNSUITABLE,
            "rationale": self.cleaned_data["rationale"],
            "password": self.cleaned_data["password"],
        }


class NoteForm(SignatureForm):
    """What is added to an assessment after it was signed."""

    text = forms.CharField(
        label="What do you add?",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=10_000,
        error_messages={"required": "Write the note in a sentence or more."},
    )
    field_order = ("text", "password")


class DeclineForm(forms.Form):
    """Why a review is given back; any reason will do."""

    reason = forms.ChoiceField(
        choices=Assignment.DeclineReason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a reason."},
    )
