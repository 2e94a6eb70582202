"""What administrators fill in to agree with another agency."""

from typing import Any

from django import forms

from accounts.models import Agency, User
from identification.models import Purpose
from review.selectors.agreements import other_agencies


class AgreementForm(forms.Form):
    """Who may help, for which purposes, and on which basis."""

    helper = forms.ModelChoiceField(
        label="Agency that helps",
        queryset=Agency.objects.none(),
        empty_label="Choose an agency",
        error_messages={"required": "Choose the agency whose reviewers may help."},
    )
    purposes = forms.MultipleChoiceField(
        label="For cases of these purposes",
        choices=Purpose.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one purpose."},
    )
    basis = forms.CharField(
        label="On which basis",
        help_text="The treaty, law or document that lets their reviewers look at your photographs.",
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=2000,
        error_messages={"required": "Say on which treaty, law or document the agreement rests."},
    )

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["helper"].queryset = other_agencies(viewer)  # type: ignore[attr-defined]
