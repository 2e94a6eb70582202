"""What the things that entries are about are called on a page.

An entry holds the kind of thing and its id. Apps whose things have a number or a name that an
auditor may read say so when they are ready: `name_subjects("identification.case", "number")`. The rest
are called by kind and id.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from operator import attrgetter
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models

from accounts.models import Agency

Names = dict[tuple[str, str], str]

_NAME_FIELDS = {"accounts.user": "full_name", "accounts.agency": "name"}
# These need no word before their name.
_PROPER_NAMES = {"accounts.user", "accounts.agency"}


def name_subjects(label: str, field: str) -> None:
    """Call things of this model ("app.model") by one of their fields."""
    _NAME_FIELDS[label] = field


# How to get from a thing to the case that it belongs to; most have a field of that name.
_WAYS_TO_CASE: dict[str, str] = {}


def find_case(label: str, way: str) -> None:
    """Say how a thing of this model ("app.model") leads to its case: "review.case_id"."""
    _WAYS_TO_CASE[label] = way


def case_of(subject: models.Model | None, payload: Mapping[str, Any]) -> str:
    """Return the id of the case that an entry is about, as text: that of its payload, else that of its subject."""
    if said := payload.get("case"):
        return str(said)
    if subject is None:
        return ""
    way = _WAYS_TO_CASE.get(subject._meta.label_lower, "case_id")
    try:
        return str(attrgetter(way)(subject) or "")
    except AttributeError:
        return ""


# The purposes that entries may have, as (value, label); apps that know them say so when they are ready.
purposes: list[tuple[str, str]] = []


def offer_purposes(choices: Iterable[tuple[str, str]]) -> None:
    """Say which purposes can be asked for."""
    purposes[:] = choices


def named_so(label: str, name: str, agency: Agency | None) -> str | None:
    """Return the id of the thing of this model ("app.model") that has this name; of any agency where none is given."""
    model, field = apps.get_model(label), _NAME_FIELDS[label]
    own: dict[str, Any] = {"agency": agency} if agency else {}
    found = model._base_manager.filter(**{field: name}, **own).values_list("pk", flat=True).first()
    return str(found) if found is not None else None


def own(label: str, pk: Any, agency: Agency) -> models.Model | None:
    """Return the agency's thing of this model ("app.model") with this id; None where it has none."""
    model: type[models.Model] = apps.get_model(label)
    try:
        return model._base_manager.filter(agency=agency, pk=pk).first()
    except ValidationError:  # no id of such a thing
        return None


def names_of(wanted: Iterable[tuple[str, str]], agency: Agency | None) -> Names:
    """Return what each (type, id) is called, with one query per type that has names; without an agency, of all."""
    names: Names = {}
    by_type: dict[str, set[str]] = {}
    for subject_type, subject_id in wanted:
        by_type.setdefault(subject_type, set()).add(subject_id)
    for subject_type, ids in by_type.items():
        names |= _names_of_type(subject_type, ids, agency)
    return names


def _names_of_type(subject_type: str, ids: set[str], agency: Agency | None) -> Names:
    try:
        model = apps.get_model(subject_type)
    except (LookupError, ValueError):
        return {(subject_type, pk): f"{subject_type} {pk}".strip() or "none" for pk in ids}
    if model is Agency and agency:
        return {(subject_type, str(agency.pk)): agency.name}
    kind = str(model._meta.verbose_name)
    named = _looked_up(model, ids, agency)
    if subject_type in _PROPER_NAMES:
        return {(subject_type, pk): name for pk, name in named.items()}
    return {(subject_type, pk): f"{kind} {named.get(pk, pk)}" for pk in ids}


def _looked_up(model: type[models.Model], ids: set[str], agency: Agency | None) -> dict[str, str]:
    """Return names by id. What another agency holds keeps its name to itself."""
    field = _NAME_FIELDS.get(model._meta.label_lower)
    if field is None:
        return {}
    own: dict[str, Any] = {"agency": agency} if agency and _has_agency(model) else {}
    rows = model._base_manager.filter(pk__in=_possible(model, ids), **own).values_list("pk", field)
    return {str(pk): str(name) for pk, name in rows}


def _possible(model: type[models.Model], ids: set[str]) -> Iterator[Any]:
    """Leave the ids that a thing of this model could have; the log may name any."""
    key = model._meta.pk
    for pk in ids:
        with suppress(ValidationError):
            value = key.to_python(pk)
            key.run_validators(value)
            yield value


def _has_agency(model: type[models.Model]) -> bool:
    try:
        model._meta.get_field("agency")
    except FieldDoesNotExist:
        return False
    return True
