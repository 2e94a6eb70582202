"""A bundle holds what was asked for, proves itself, and is on the record."""

import json

import pytest

from accounts.models import User
from audit.models import Entry, Export
from audit.selectors import Filters
from tests.audit_fixtures import write_entries
from tests.exporting import exported, held, lines, member, sequencer, shown, uids, uids_of  # noqa: F401


def manifest(export: Export) -> dict:
    return json.loads(member(export.file, "manifest.json"))


def test_bundle_of_everything_holds(auditor: User) -> None:
    write_entries(auditor, 300)
    export = exported(auditor)
    facts = held(export).facts
    size = manifest(export)["size"]
    own = Entry.objects.filter(agency=auditor.agency)
    assert set(uids(export.file)) == uids_of(own, size)
    assert export.entries == facts["shown"] == len(uids(export.file))
    assert facts["size"] == size
