"""What the pages of the log say of what was asked of them, in words for people who didn't build it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.forms import kind_choices
from audit.kinds import GROUPS, KINDS, called
from audit.models import Entry, Export
from audit.services import record
from identification.models import Case, Encoder
from tests import factories

UNREADABLE = "Change what is marked, or show everything."


@pytest.fixture
def read(client: Client, auditor: User) -> Callable[..., Any]:
    client.force_login(auditor)
    return lambda name, *args, **query: client.get(reverse(f"audit:{name}", args=args), query)


@pytest.mark.parametrize("page", ["log", "uses"])
def test_filter_that_cannot_be_read_shows_nothing_as_if_it_fitted(
    read, page: str, requester: User, case: Case, encoder: Encoder, random_vectors
) -> None:
    factories.searched(requester, case, encoder, random_vectors())
    looks = Entry.objects.filter(kind__in=("audit:log:viewed/1", "audit:uses:viewed/1"))
    answer = read(page, since="yesterday")
    assert UNREADABLE in answer.content.decode()
    assert case.number not in answer.content.decode()
    assert not looks.exists(), "who was shown nothing looked at nothing"
    answer = read(page, since="2020-01-01")
    assert UNREADABLE not in answer.content.decode()
    assert case.number in answer.content.decode()
    assert looks.exists()


def test_uses_are_saved_as_a_table_only_where_the_filter_can_be_read(read) -> None:
    answer = read("uses", since="yesterday", format="csv")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "Save as CSV" not in answer.content.decode()
    assert read("uses", since="2020-01-01", format="csv").headers["Content-Type"].startswith("text/csv")


def test_nothing_is_wrong_with_two_checkpoints_before_they_are_named(read) -> None:
    page = read("consistency-proof")
    assert page.status_code == 200
    assert not page.context["form"].errors
    assert "A consistency proof shows" in page.content.decode()
    assert read("consistency-proof", older="", newer="").status_code == 422


def test_log_of_a_case_is_exported_from_its_page(read, case: Case) -> None:
    page = read("case", case.pk).content.decode()
    address = f"{reverse('audit:exports')}?case={case.number}"
    assert f'<a class="primary" href="{address}">' in page
    assert read("exports", case=case.number).context["form"]["case"].value() == case.number


def test_kinds_are_offered_in_words(read) -> None:
    assert {name.partition(":")[0] for name in KINDS} == set(GROUPS)
    offered = dict(pair for _, pairs in kind_choices()[1:] for pair in pairs)
    assert offered["review:"] == "Reviews and conclusions: everything"
    assert offered["accounts:role:"] == "Role: everything"
    assert offered["identification:photograph:tried-again/1"] == "Photograph tried again"
    assert offered["audit:export:made/2"] == "Export made (2)"
    assert not [label for label in offered.values() if label[0].islower()]


@pytest.mark.parametrize(
    ("kind", "words"), [("review:", "“Reviews and conclusions”"), ("accounts:role:granted/1", "“role granted”")]
)
def test_export_says_what_it_shows_in_words(kind: str, words: str) -> None:
    assert Export(filters={"kind": kind}).in_words == f"Entries of the kind {words}."
    assert called("gone:thing/1") == "thing/1", "a kind that an older version of Countersign knew"


def test_entry_says_what_its_kind_is_called(read, auditor: User) -> None:
    kind, subject = "accounts:agency:changed/1", auditor.agency
    entry = record(kind=kind, actor=auditor, subject=subject, agency=subject, payload={"fields": ["name"]})
    for page in (read("entry", entry.uid), read("log")):
        assert "Agency changed <code>accounts:agency:changed/1</code>" in page.content.decode()
