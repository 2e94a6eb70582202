"""What an auditor may ask of the log."""

from dataclasses import replace
from itertools import groupby
from typing import Any

from django import forms

from accounts.models import Agency, User
from audit.kinds import KINDS
from audit.models import Checkpoint, Export
from audit.selectors import Filters
from audit.subjects import named_so


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


class CaseField(forms.CharField):
    """A case of the viewer's agency by its number; its id is what comes out."""

    def __init__(self) -> None:
        super().__init__(required=False, max_length=36, label="Case number")
        self.agency: Agency | None = None

    def clean(self, value: Any) -> str:
        number = super().clean(value).strip()
        found = named_so("identification.case", number, self.agency) if number else ""
        if found is None:
            raise forms.ValidationError("No case of your agency has this number. Look it up in the list of cases.")
        return found


class CaseFilterForm(FilterForm):
    """The same, narrowed to a case."""

    case = CaseField()

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, viewer=viewer, **kwargs)
        case: Any = self.fields["case"]
        case.agency = viewer.agency

    def filters(self) -> Filters:
        """Return what was asked; call it on a valid form."""
        return replace(super().filters(), case=self.cleaned_data["case"])


class UsesForm(CaseFilterForm):
    """Which searches the report of uses is about."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["kind"], self.fields["person"]

    def clean(self) -> dict[str, Any]:
        return {"kind": "", "person": None, **super().clean()}


class ExportForm(CaseFilterForm):
    """What an export shows, its format, and the checkpoint that whoever gets it holds."""

    checkpoint = forms.IntegerField(
        required=False,
        min_value=1,
        label="Checkpoint held",
        help_text="If whoever gets the bundle kept a checkpoint: the number of entries in its second line.",
    )
    format = forms.ChoiceField(choices=Export.Format.choices, widget=forms.RadioSelect, label="Format")

    def clean_checkpoint(self) -> int | None:
        size: int | None = self.cleaned_data["checkpoint"]
        if size is not None and not Checkpoint.objects.filter(size=size).exists():
            raise forms.ValidationError(
                f"This log knows no checkpoint over {size} entries. Look at the second line of the one that is held; if"
                " it says this, the log was changed: tell whoever watches over it."
            )
        return size

    def hold(self) -> list[int]:
        """Return the sizes of the checkpoints that the bundle has to be comparable with."""
        size = self.cleaned_data["checkpoint"]
        return [size] if size else []
