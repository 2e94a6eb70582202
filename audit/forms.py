"""What an auditor may ask of the log."""

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Any

from django import forms
from django.db.models import Max, Min
from django.utils.text import capfirst

from accounts.models import User
from audit import subjects
from audit.kinds import KINDS, Kind, called
from audit.kinds.keys import SUBJECT_ID
from audit.kinds.values import MODEL, Shape
from audit.models import Checkpoint, Export
from audit.selectors import Filters

CASE = "identification.case"
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
NO_SUCH_CASE = "Your agency has no case with this number. Type it as the case shows it."
NO_SUCH_KIND = "The log knows no such kind of entry. Choose one from the list."
NO_SUCH_PERSON = "Your agency has no such account. Choose somebody from the list."
NO_SUCH_PURPOSE = "There is no such purpose. Choose one from the list."
NO_SUCH_SUBJECT = "The link that you followed names nothing that entries could be about. Choose from what stands here."


class Day(forms.DateField):
    """A day that the log could know; any other is said in one sentence."""

    def __init__(self, *, label: str) -> None:
        picked = {"type": "date", "min": FIRST_DAY.isoformat(), "max": LAST_DAY.isoformat()}
        widget = forms.DateInput(picked, "%Y-%m-%d")
        said = {"invalid": "This is no day. Write it as in 2026-11-14."}
        super().__init__(required=False, label=label, widget=widget, error_messages=said)

    def to_python(self, value: Any) -> date | None:
        day: date | None = super().to_python(value)
        if day and not FIRST_DAY <= day <= LAST_DAY:
            raise forms.ValidationError("No entry is from that far away. Choose a day from 1900 to 2999.")
        return day


class Person(forms.ModelChoiceField):
    """Somebody from the list; anything else is said in one sentence."""

    def to_python(self, value: Any) -> User | None:
        try:
            found: User | None = super().to_python(value)
        except forms.ValidationError:
            raise forms.ValidationError(NO_SUCH_PERSON) from None
        return found


class FromLink(forms.Field):
    """What a link says entries are about; nobody types it."""

    widget = forms.HiddenInput

    def __init__(self, shape: Shape) -> None:
        super().__init__(required=False)
        self.shape = shape

    def to_python(self, value: Any) -> str:
        said = str(value or "")
        if said and not self.shape.fits(said):
            raise forms.ValidationError(NO_SUCH_SUBJECT)
        return said


def kind_choices() -> list[tuple[str, Any]]:
    """Return the kinds, grouped by the app that they come from; each group and each thing can be asked for whole."""
    ordered = sorted(KINDS)
    groups = groupby(ordered, key=lambda name: name.partition(":")[0])
    return [("", "Everything"), *((called(app), list(_choices_of(app, list(names)))) for app, names in groups)]


def _choices_of(app: str, names: list[str]) -> Iterator[tuple[str, str]]:
    yield f"{app}:", f"{called(app)}: everything"
    for thing, of_thing in groupby(names, key=lambda name: name.split(":")[1]):
        kinds = [KINDS[name] for name in of_thing]
        if len(kinds) > 1:
            yield f"{app}:{thing}:", f"{capfirst(thing)}: everything"
        yield from ((kind.name, _label(kind)) for kind in kinds)


def _label(kind: Kind) -> str:
    """Return the name of a kind; with its version where there is more than one."""
    version = kind.name.partition("/")[2]
    label = capfirst(kind.label)
    return label if version == "1" else f"{label} ({version})"


class FilterForm(forms.Form):
    """What, who, which case, purpose and days; all may be left open. Only people of the viewer's agency can be chosen.

    What an entry is about is never typed: a link sets it.
    """

    kind = forms.ChoiceField(
        required=False, choices=kind_choices, label="What happened", error_messages={"invalid_choice": NO_SUCH_KIND}
    )
    person = Person(User.objects.none(), required=False, label="Who", empty_label="Anybody")
    case = forms.CharField(
        required=False, label="Case number", widget=forms.TextInput({"maxlength": 36}),
        error_messages={"null_characters_not_allowed": NO_SUCH_CASE},
    )  # fmt: skip
    purpose = forms.ChoiceField(
        required=False, choices=lambda: [("", "Any purpose"), *subjects.purposes], label="Purpose",
        error_messages={"invalid_choice": NO_SUCH_PURPOSE},
    )  # fmt: skip
    since = Day(label="From")
    until = Day(label="To")
    subject_type = FromLink(MODEL)
    subject_id = FromLink(SUBJECT_ID)

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer, self.case_id = viewer, ""
        people: Any = self.fields["person"]
        people.queryset = User.objects.filter(agency=viewer.agency)

    def clean_case(self) -> str:
        number = str(self.cleaned_data["case"]).strip()
        if number:
            self.case_id = subjects.named_so(CASE, number, self.viewer.agency) or ""
            if not self.case_id:
                raise forms.ValidationError(NO_SUCH_CASE)
        return number

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("since") and said.get("until") and said["since"] > said["until"]:
            self.add_error("until", "This day lies before the first one. Choose a later day.")
        return said

    @property
    def not_from_here(self) -> str:
        """What is wrong with the link that was followed, if anything is; no field shows it."""
        return NO_SUCH_SUBJECT if {"subject_type", "subject_id"} & self.errors.keys() else ""

    def filters(self) -> Filters:
        """Return what was asked; call it on a valid form."""
        said = self.cleaned_data
        return Filters(
            kind=said["kind"],
            person=said["person"].pk if said["person"] else None,
            since=said["since"],
            until=said["until"],
            case=self.case_id,
            purpose=said["purpose"],
            subject_type=said["subject_type"] if said["subject_id"] else "",
            subject_id=said["subject_id"] if said["subject_type"] else "",
        )


class UsesForm(FilterForm):
    """Which searches the report of uses is about: a case, a purpose, days."""

    NOT_ASKED = ("kind", "person", "subject_type", "subject_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.NOT_ASKED:
            del self.fields[name]

    def clean(self) -> dict[str, Any]:
        return dict.fromkeys(self.NOT_ASKED, "") | super().clean()


class ExportForm(FilterForm):
    """What an export shows, its format, and the checkpoint that whoever gets it holds."""

    checkpoint = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=2**53 - 1,
        label="Checkpoint held",
        help_text="If whoever gets the bundle kept a checkpoint: the number in its second line.",
    )
    format = forms.ChoiceField(choices=Export.Format.choices, widget=forms.RadioSelect, label="Format")

    def clean_checkpoint(self) -> int | None:
        size: int | None = self.cleaned_data["checkpoint"]
        if size is not None and not Checkpoint.objects.filter(size=size).exists():
            raise forms.ValidationError(
                f"This log signed no checkpoint over {size:,} entries. Look at the second line of the one that is held;"
                " if it says this, the log isn't the one that was signed: tell whoever watches over it."
            )
        return size

    def hold(self) -> list[int]:
        """Return the sizes of the checkpoints that the bundle has to be comparable with."""
        size = self.cleaned_data["checkpoint"]
        return [size] if size else []


class Size(forms.IntegerField):
    """How many entries a checkpoint is over; anything else is said in one sentence."""

    def __init__(self, *, label: str) -> None:
        asked = "Give the number in the second line of the checkpoint, without commas."
        said = dict.fromkeys(("required", "invalid", "min_value", "max_value"), asked)
        super().__init__(min_value=1, max_value=2**53 - 1, label=label, error_messages=said)


class ConsistencyForm(forms.Form):
    """Two checkpoints by their sizes."""

    older = Size(label="Earlier checkpoint (entries)")
    newer = Size(label="Later checkpoint (entries)")

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        for name in ("older", "newer"):
            if name in said and not Checkpoint.objects.filter(size=said[name]).exists():
                self.add_error(name, _no_such_checkpoint(said[name]))
        if not self.errors and said["older"] > said["newer"]:
            self.add_error("newer", "This checkpoint is the earlier one. Put the two the other way round.")
        return said


def _no_such_checkpoint(size: int) -> str:
    sizes = Checkpoint.objects.filter(size__gt=0)
    below = sizes.filter(size__lt=size).aggregate(at=Max("size"))["at"]
    above = sizes.filter(size__gt=size).aggregate(at=Min("size"))["at"]
    near = " and ".join(f"{at:,}" for at in (below, above) if at)
    return f"No checkpoint has this size ({size:,})." + (f" Those nearest to it: {near}." if near else "")
