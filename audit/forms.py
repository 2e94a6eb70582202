"""What an auditor may ask of the log."""

from itertools import groupby
from typing import Any

from django import forms

from accounts.models import User
from audit.kinds import KINDS
from audit.selectors import Filters


def kind_choices() -> list[tuple[str, Any]]:
    """Return the kinds, grouped by the app that they come from."""
    ordered = sorted(KINDS.values(), key=lambda kind: kind.name)
    groups = groupby(ordered, key=lambda kind: kind.name.partition(":")[0].capitalize())
    return [("", "Everything"), *((app, [(kind.name, kind.label) for kind in kinds]) for app, kinds in groups)]


class FilterForm(forms.Form):
    """Kind, person and days; all may be left open. Only people of the viewer's agency can be chosen."""

    kind = forms.ChoiceField(required=False, choices=kind_choices, label="What happened")
    person = forms.ModelChoiceField(User.objects.none(), required=False, label="Who", empty_label="Anybody")
    since = forms.DateField(required=False, label="From", widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people: Any = self.fields["person"]
        people.queryset = User.objects.filter(agency=viewer.agency)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("since") and said.get("until") and said["since"] > said["until"]:
            self.add_error("until", "This day lies before the first one. Choose a later day.")
        return said

    def filters(self) -> Filters:
        """Return what was asked; call it on a valid form."""
        said = self.cleaned_data
        person = said["person"].pk if said["person"] else None
        return Filters(kind=said["kind"], person=person, since=said["since"], until=said["until"])


class ExportForm(FilterForm):
    """The same questions, and the form that the answer is to have."""

    form = forms.ChoiceField(choices=[("jsonl", "JSON Lines"), ("csv", "CSV")], label="Format")
