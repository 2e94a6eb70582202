"""The administration: administrators alone, their own agency alone, nothing removed, every change on record."""

import hashlib
from collections.abc import Callable

import pytest
from django.conf import settings as django_settings
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import Agency, Role, User
from audit.models import Entry
from identification.models import Encoder, Gallery, Purpose, PurposePolicy
from tests.desk import changes, page_of

# Pages


def test_every_page_is_there_and_looks_like_unfold(desk: Client, gallery: Gallery, encoder: Encoder) -> None:
    policy = PurposePolicy.objects.get(pk="deceased")
    user = User.objects.first()
    pages = ["/admin/", "/admin/accounts/", "/admin/identification/", "/admin/password_change/"]
    for row in (gallery, policy, encoder, user, user.agency):
        kind = row._meta.label_lower.replace(".", "_")
        pages += [page_of(kind, "changelist"), page_of(kind, "change", row.pk), page_of(kind, "history", row.pk)]
    pages += [page_of("identification_gallery", "add"), page_of("accounts_user", "add")]
    pages += [reverse("admin:auth_user_password_change", args=[user.pk])]
    for address in pages:
        answer = desk.get(address, follow=True)
        assert answer.status_code == 200, address
        assert "unfold/css/styles" in answer.content.decode(), address


def test_nothing_but_what_is_administered_is_registered() -> None:
    assert {model._meta.label for model in admin.site._registry} == {
        "accounts.User",
        "accounts.Agency",
        "identification.Gallery",
        "identification.PurposePolicy",
        "identification.Encoder",
    }


def test_administration_has_the_policy_that_unfold_needs_and_no_other_page_has(desk: Client) -> None:
    policy = desk.get("/admin/").headers["Content-Security-Policy"]
    directives = {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()}
    assert directives["script-src"] == django_settings.ADMIN_CONTENT_SECURITY_POLICY["script-src"]
    assert directives["style-src"] == django_settings.ADMIN_CONTENT_SECURITY_POLICY["style-src"]
    assert directives["default-src"] == ["'none'"]
    assert directives["frame-ancestors"] == ["'none'"]
    assert "unsafe" not in desk.get("/cases/").headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["requester", "auditor", "adjudicator"])
def test_administration_is_closed_to_everybody_else(
    client: Client, request: pytest.FixtureRequest, name: str, gallery: Gallery
) -> None:
    client.force_login(request.getfixturevalue(name))
    for address in ("/admin/", page_of("accounts_user", "changelist"), page_of("identification_gallery", "add")):
        assert client.get(address, follow=True).status_code == 403
    client.post(page_of("identification_gallery", "change", gallery.pk), {"name": "Mine"})
    gallery.refresh_from_db()
    assert gallery.name == "Register"


@pytest.mark.parametrize("kind", ["accounts_user", "identification_gallery"])
def test_list_asks_a_fixed_number_of_questions(
    desk: Client, agency: Agency, person_with: Callable[..., User], django_assert_max_num_queries, kind: str
) -> None:
    for number in range(30):
        person_with(f"person{number}", Role.REVIEWER)
        Gallery.objects.create(
            agency=agency, name=f"G{number}", kind="humanitarian", lawful_basis="Law", purposes=["missing"]
        )
    with django_assert_max_num_queries(20):
        assert desk.get(page_of(kind, "changelist")).status_code == 200


# Nothing is removed


def test_nobody_can_delete_anything(desk: Client, gallery: Gallery, encoder: Encoder, auditor: User) -> None:
    rows = [gallery, encoder, auditor, auditor.agency, PurposePolicy.objects.first()]
    for row in rows:
        kind = row._meta.label_lower.replace(".", "_")
        for method in (desk.get, desk.post):
            assert method(page_of(kind, "delete", row.pk), {"post": "yes"}).status_code == 403
        in_bulk = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        desk.post(page_of(kind, "changelist"), in_bulk)
        assert type(row).objects.filter(pk=row.pk).exists()


def test_nothing_is_added_where_it_has_its_own_way(desk: Client) -> None:
    for kind in ("identification_encoder", "identification_purposepolicy", "accounts_agency"):
        assert desk.get(page_of(kind, "add")).status_code == 403


# Policies


def policy_form(**facts: object) -> dict[str, object]:
    """What the page of the policy for the deceased sends when nothing on it was changed."""
    kinds = ["fingerprints", "dental", "dna"]
    said = {"sufficient_kinds": kinds, "sufficient_together": 2, "precedence": 30}
    return {"reviewers": 2, "list_length": 20, "corroboration_required": "on"} | said | facts


def test_policy_is_tightened_and_the_change_is_on_record(desk: Client, administrator: User) -> None:
    answer = desk.post(page_of("identification_purposepolicy", "change", "deceased"), policy_form(reviewers=3))
    assert answer.status_code == 302
    assert PurposePolicy.objects.get(pk="deceased").reviewers == 3
    entry = Entry.objects.get(kind="identification:policy:changed/1")
    assert (entry.actor, entry.subject_id) == (administrator, "deceased")
    (change,) = changes("identification:policy:changed/1")
    assert (change["fields"], change["purpose"]) == (["reviewers"], "deceased")
    assert change["values"] == {
        "reviewers": 3, "list_length": 20, "corroboration_required": True, "sufficient_together": 2, "precedence": 30,
        "sufficient_kinds": ["fingerprints", "dental", "dna"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"reviewers": 1}, "two"),
        ({"reviewers": 0}, "two"),
        ({"reviewers": -1}, "greater than"),
        ({"list_length": 51}, "50"),
        ({"list_length": 0}, "50"),
        ({"corroboration_required": ""}, "independent identifier"),
        ({"sufficient_kinds": [], "sufficient_together": 0}, "say what suffices"),
        ({"sufficient_together": 1}, "two or more"),
        ({"sufficient_together": 10}, "two or more"),
        ({"sufficient_kinds": ["face"]}, "face is not one of the available choices"),
        ({"precedence": -1}, "greater than"),
    ],
)
def test_policy_that_is_too_loose_is_refused_with_a_sentence(
    desk: Client, facts: dict[str, object], words: str
) -> None:
    answer = desk.post(page_of("identification_purposepolicy", "change", "deceased"), policy_form(**facts))
    assert answer.status_code == 200
    errors = str(answer.context["errors"]) + str(answer.context["adminform"].form.errors)
    assert words in errors
    assert "Constraint" not in errors
    policy = PurposePolicy.objects.get(pk="deceased")
    assert (policy.reviewers, policy.list_length, policy.corroboration_required) == (2, 20, True)
    assert (len(policy.sufficient_kinds), policy.sufficient_together, policy.precedence) == (3, 2, 30)
    assert not changes("identification:policy:changed/1")


@pytest.mark.parametrize("facts", [{"sufficient_kinds": []}, {"sufficient_together": 0}])
def test_either_way_of_corroborating_suffices_for_a_policy(desk: Client, facts: dict[str, object]) -> None:
    answer = desk.post(page_of("identification_purposepolicy", "change", "deceased"), policy_form(**facts))
    assert answer.status_code == 302
    (change,) = changes("identification:policy:changed/1")
    assert change["fields"] == list(facts)
    assert change["values"].items() >= facts.items()


def test_precedence_of_a_purpose_is_changed_in_the_administration(desk: Client) -> None:
    desk.post(page_of("identification_purposepolicy", "change", "deceased"), policy_form(precedence=5))
    assert PurposePolicy.objects.get(pk="deceased").precedence == 5


def test_policy_of_a_purpose_stays_that_of_this_purpose(desk: Client) -> None:
    desk.post(page_of("identification_purposepolicy", "change", "deceased"), policy_form(purpose="incident"))
    assert set(PurposePolicy.objects.values_list("purpose", flat=True)) == set(Purpose.values)


def test_saving_without_a_change_leaves_no_entry(desk: Client) -> None:
    desk.post(page_of("identification_purposepolicy", "change", "deceased"), policy_form())
    assert not changes("identification:policy:changed/1")


# Galleries


def gallery_form(**facts: object) -> dict[str, object]:
    return {"name": "New", "kind": "humanitarian", "lawful_basis": "Law 1", "purposes": ["deceased"]} | facts


def test_gallery_is_opened_for_the_administrators_agency(desk: Client, administrator: User) -> None:
    assert desk.post(page_of("identification_gallery", "add"), gallery_form()).status_code == 302
    gallery = Gallery.objects.get()
    assert (gallery.agency, gallery.purposes) == (administrator.agency, ["deceased"])
    basis = hashlib.sha256(b"Law 1").hexdigest()
    said = {"gallery_kind": "humanitarian", "purposes": ["deceased"], "basis_sha256": basis}
    assert changes("identification:gallery:opened/1") == [said]


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": "incident"},
        {"purposes": ["deceased", "incident"]},
        {"kind": "incident", "purposes": ["incident", "missing"]},
    ],
)
def test_gallery_whose_purposes_do_not_fit_its_kind_gets_a_sentence(desk: Client, facts: dict[str, object]) -> None:
    answer = desk.post(page_of("identification_gallery", "add"), gallery_form(**facts))
    assert answer.status_code == 200
    text = str(answer.context["adminform"].form.errors)
    assert "never searched together" in text
    assert "Constraint" not in text
    assert not Gallery.objects.exists()


@pytest.mark.parametrize("purposes", [["incident"], ["missing", "incident"], []])
def test_gallery_keeps_purposes_of_its_kind_when_it_is_changed(
    desk: Client, gallery: Gallery, purposes: list[str]
) -> None:
    answer = desk.post(page_of("identification_gallery", "change", gallery.pk), gallery_form(purposes=purposes))
    assert answer.status_code == 200
    gallery.refresh_from_db()
    assert gallery.name == "Register"


def test_kind_of_a_gallery_is_never_changed(desk: Client, gallery: Gallery) -> None:
    data = gallery_form(name="Renamed", kind="incident", purposes=["missing"])
    assert desk.post(page_of("identification_gallery", "change", gallery.pk), data).status_code == 302
    gallery.refresh_from_db()
    assert (gallery.name, gallery.kind) == ("Renamed", "humanitarian")
    (change,) = changes("identification:gallery:changed/1")
    assert "kind" not in change["fields"]
    assert "name" in change["fields"]
    assert change["purposes"] == ["missing"]


def test_name_of_a_gallery_that_is_taken_gets_a_sentence(desk: Client, gallery: Gallery) -> None:
    answer = desk.post(page_of("identification_gallery", "add"), gallery_form(name=gallery.name))
    assert answer.status_code == 200
    assert "already" in str(answer.context["adminform"].form.errors)
    assert Gallery.objects.count() == 1


def test_another_agencys_gallery_is_not_there(desk: Client, outsider: User) -> None:
    theirs = Gallery.objects.create(
        agency=outsider.agency, name="Theirs", kind="humanitarian", lawful_basis="Law", purposes=["missing"]
    )
    assert "Theirs" not in desk.get(page_of("identification_gallery", "changelist")).content.decode()
    for action in ("change", "history", "delete"):
        answer = desk.get(page_of("identification_gallery", action, theirs.pk))
        assert answer.status_code in (302, 403, 404)
    desk.post(page_of("identification_gallery", "change", theirs.pk), gallery_form(name="Mine now"))
    theirs.refresh_from_db()
    assert theirs.name == "Theirs"
    # Its name is free here all the same.
    assert desk.post(page_of("identification_gallery", "add"), gallery_form(name="Theirs")).status_code == 302


def test_entry_and_change_stand_or_fall_together(
    desk: Client, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("the log can't be written")

    monkeypatch.setattr("audit.administration.record", fail)
    answer = desk.post(page_of("identification_gallery", "change", gallery.pk), gallery_form(name="Renamed"))
    assert answer.status_code == 500
    gallery.refresh_from_db()
    assert gallery.name == "Register"
