"""The list of what is logged, line by line: the real thing is done, and its entries say what they should.

A thing is done through a page or a service; that every page leaves its entry is test_every_page_is_logged.py.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from audit.erasure import Basis, erase_payloads
from audit.models import Entry
from audit.startup import SETTINGS, record_start
from identification.models import Face, Person, Photograph
from identification.services import correction as correcting
from identification.services import enrolment, intake
from identification.services.encoders import activate_encoder
from identification.services.withdrawal import withdraw_reference
from review.models import Assignment
from review.services import leases, queue
from tests import corroboration_scene, exporting, factories
from tests.correction_scene import BOX, ELSEWHERE, LANDMARKS, photograph_with, read
from tests.corroboration_scene import asserted, confirmed
from tests.desk import NEW_PASSWORD, account_form, page_of, roles_form
from tests.sequencing import sequenced
from tests.signing_in import sign_in
from tests.staged import Stage, newest_id, stage  # noqa: F401  (a fixture)
from tests.world import read as read_to_its_end

conclusion, recorder = corroboration_scene.conclusion, corroboration_scene.recorder
verifier, asserter, sequencer = corroboration_scene.verifier, corroboration_scene.asserter, exporting.sequencer

# Another face, a little aside of the one that is moved.
NEARBY = replace(BOX, left=BOX.left + 12)
NEARBY_LANDMARKS = [value + 12 * (1 - place % 2) for place, value in enumerate(LANDMARKS)]


def of_session(s: Stage) -> None:
    assert sign_in(Client(), s.auditor.username) == 302
    assert sign_in(Client(), s.auditor.username, "wrong") == 200


def of_case_looked_at(s: Stage) -> None:
    assert s.browser(s.requester).get(reverse("identification:case", args=[s.case.pk])).status_code == 200
    assert s.browser(s.requester).get(reverse("identification:cases")).status_code == 200


def of_photograph_looked_at(s: Stage) -> None:
    face = s.review.probe.face
    for name, pk in (("photograph-image", face.photograph_id), ("face-image", face.pk)):
        read_to_its_end(s.browser(s.requester).get(reverse(f"identification:{name}", args=[pk])))
    place = s.place()
    read_to_its_end(s.browser(s.first_reviewer).get(reverse("review:probe-image", args=[place.pk, "crop"])))


def of_upload(s: Stage) -> None:
    s.hand_in(SimpleUploadedFile("a.png", factories.picture_file().read()), SimpleUploadedFile("b.pdf", b"%PDF-1.7"))


def of_corrections(s: Stage) -> None:
    first, second = (s.random_vectors(), s.random_vectors())
    photograph = photograph_with(s.requester, s.case, s.encoder, first, second)
    moved, removed = Face.objects.filter(photograph=photograph).order_by("ordinal")
    s.models.vectors, s.models.in_box = [first], None
    correcting.remove_face(actor=s.requester, face=removed)
    correcting.move_face(actor=s.requester, face=moved, box=BOX, landmarks=LANDMARKS)
    unseen = correcting.add_face(actor=s.requester, photograph=photograph, box=NEARBY)
    read(unseen)
    correcting.place_landmarks(actor=s.requester, correction=unseen, landmarks=NEARBY_LANDMARKS)
    other = correcting.add_face(actor=s.requester, photograph=photograph, box=ELSEWHERE)
    correcting.dismiss_correction(actor=s.requester, correction=other)


def of_search(s: Stage) -> None:
    assert s.review.search.candidates.count() == 3


def of_lease(s: Stage) -> None:
    place = s.place()
    leases.leave_for_later(actor=s.first_reviewer, assignment=place)
    place = factories.taken(s.first_reviewer)
    Assignment.objects.filter(pk=place.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    assert leases.lapse_assignments() == 1
    queue.decline(actor=s.first_reviewer, assignment=factories.taken(s.first_reviewer), reason="other_work")


def of_draft(s: Stage) -> None:
    place = s.place_past(comparison=False)
    leases.leave_for_later(actor=s.first_reviewer, assignment=place)
    assert s.browser(s.first_reviewer).get(reverse("review:work", args=[place.pk])).status_code == 302


def of_assessment(s: Stage) -> None:
    assert s.review
    factories.signed(s.first_reviewer, s.people[0])


def of_conclusion(s: Stage) -> None:
    assert s.conclusion.outcome == "concordant"


def of_corroboration(s: Stage) -> None:
    asserted(s.asserter, s.conclusion, confirmed(s.recorder, s.verifier, s.conclusion))


def of_policy(s: Stage) -> None:
    said = {"reviewers": 3, "list_length": 20, "sufficient_together": 0, "precedence": 30}
    assert s.desk.post(page_of("identification_purposepolicy", "change", "missing"), said).status_code == 302


def of_enrolment(s: Stage) -> None:
    person = enrolment.enrol_person(actor=s.administrator, gallery=s.gallery, name="Known")
    enrolment.add_reference(actor=s.administrator, person=person, file=factories.picture_file(), provenance="Test")


def of_withdrawal(s: Stage) -> None:
    person: Person = factories.enrol(s.requester, s.gallery, s.encoder, "Known", s.random_vectors())
    withdraw_reference(actor=s.administrator, reference=person.references.get(), reason="Shows a brother.")


def of_erasure(s: Stage) -> None:
    intake.receive_photograph(actor=s.requester, file=factories.picture_file(), case=s.case)
    sequenced()
    some = Entry.objects.filter(case=str(s.case.pk))
    erase_payloads(actor=s.administrator, entries=some, basis=Basis.REQUEST)


def of_encoder(s: Stage) -> None:
    activate_encoder(actor=s.administrator, name="dlib-resnet-v1")


def of_export(s: Stage) -> None:
    export = exporting.exported(s.auditor, "jsonl")
    read_to_its_end(s.browser(s.auditor).get(reverse("audit:download-export", args=[export.pk])))


def of_roles(s: Stage) -> None:
    person = s.auditor
    said = account_form(person) | roles_form(person, Role.INTAKE, remove=(Role.AUDITOR,))
    assert s.desk.post(page_of("accounts_user", "change", person.pk), said).status_code == 302


def of_accounts(s: Stage) -> None:
    said = {"username": "newcomer", "full_name": "New Comer", "email": "", "usable_password": "true"}
    said |= {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD} | roles_form()
    assert s.desk.post(page_of("accounts_user", "add"), said).status_code == 302
    closed = account_form(s.auditor) | {"is_active": ""}
    assert s.desk.post(page_of("accounts_user", "change", s.auditor.pk), closed).status_code == 302


def of_start(_: Stage) -> None:
    record_start(service="web server")


@dataclass(frozen=True)
class Says:
    """What the entries of a kind say: whether they name the case, and which keys their payload has at least."""

    kind: str
    keys: str = ""
    of_case: bool = False


def about_a_case(kind: str, keys: str = "") -> Says:
    return Says(kind, keys, of_case=True)


REPRODUCES = (
    "probe face sha256 embedding_sha256 encoder weights_sha256 galleries gallery_kind gallery_sizes gallery_size"
    " persons method settings list_length cut_off candidates candidate_ids candidate_references scores"
)
ANSWERS: dict[str, tuple[Callable[[Stage], None], tuple[Says, ...]]] = {
    "sign-in and failure": (
        of_session,
        (Says("accounts:session:opened/1"), Says("accounts:session:refused/1", "reason")),
    ),
    "view of a case": (
        of_case_looked_at,
        (about_a_case("identification:case:viewed/1"), Says("identification:cases:viewed/1", "listed page")),
    ),
    "view of a photograph": (of_photograph_looked_at, (about_a_case("identification:photograph:viewed/1", "variant"),)),
    "upload": (
        of_upload,
        (
            about_a_case("identification:photograph:received/1", "sha256 bytes"),
            about_a_case("identification:photograph:refused/1", "code bytes"),
        ),
    ),
    "detection corrections": (
        of_corrections,
        (
            about_a_case("identification:face:added/1", "correction box"),
            about_a_case("identification:face:moved/1", "correction finding box landmarks"),
            about_a_case("identification:face:removed/1", "correction finding"),
            about_a_case("identification:face:read/1", "correction outcome"),
            about_a_case("identification:face:placed/1", "correction landmarks"),
            about_a_case("identification:face:dismissed/1", "correction"),
        ),
    ),
    "search": (
        of_search,
        (
            about_a_case("identification:probe:chosen/1", "face photograph"),
            about_a_case("identification:search:run/1", REPRODUCES),
            about_a_case("review:review:opened/1", "search probe"),
        ),
    ),
    "lease": (
        of_lease,
        (
            about_a_case("review:assignment:taken/1", "part seed review"),
            about_a_case("review:assignment:left/1", "review"),
            about_a_case("review:assignment:lapsed/1", "review"),
            about_a_case("review:assignment:declined/1", "code review"),
        ),
    ),
    "draft recovery": (of_draft, (about_a_case("review:draft:recovered/1", "sections review"),)),
    "assessment": (
        of_assessment,
        (
            about_a_case("review:analysis:recorded/1", "suitability"),
            about_a_case("review:comparison:recorded/1", "review retained listed"),
            about_a_case("review:assessment:signed/1", "document_sha256 part"),
        ),
    ),
    "conclusion": (of_conclusion, (about_a_case("review:conclusion:reached/1", "review outcome finding reviewers"),)),
    "corroboration": (
        of_corroboration,
        (
            about_a_case("review:identifier:recorded/1", "identifier_kind file_sha256"),
            about_a_case("review:identifier:verified/1", "verdict"),
            about_a_case("review:identity:asserted/1", "document_sha256 identifiers"),
        ),
    ),
    "policy change": (of_policy, (Says("identification:policy:changed/1", "fields purpose values"),)),
    "gallery import": (
        of_enrolment,
        (
            Says("identification:gallery:opened/1", "gallery_kind purposes basis_sha256"),
            Says("identification:person:enrolled/1", "gallery"),
            Says("identification:photograph:received/1", "sha256 bytes"),
            Says("identification:reference:enrolled/1", "person photograph sha256"),
        ),
    ),
    "withdrawal": (of_withdrawal, (Says("identification:reference:withdrawn/1", "person sha256 reason_sha256"),)),
    "erasure": (of_erasure, (Says("audit:payload:erased/1", "entries count basis"),)),
    "encoder activation": (of_encoder, (Says("identification:encoder:activated/1", "name version weights_sha256"),)),
    "export": (
        of_export,
        (
            Says("audit:export:asked/1", "format filters"),
            Says("audit:export:made/2", "format entries filters size file_sha256"),
            Says("audit:export:downloaded/1", "format sha256 bytes"),
        ),
    ),
    "accounts opened and closed": (
        of_accounts,
        (Says("accounts:user:opened/1", "fields has_password"), Says("accounts:user:changed/1", "fields active")),
    ),
    "role change": (of_roles, (Says("accounts:role:granted/1", "role"), Says("accounts:role:revoked/1", "role"))),
    "settings that matter at start-up": (
        of_start,
        (Says("audit:service:started/1", "service settings settings_sha256 source_sha256 database_role"),),
    ),
}


@pytest.mark.parametrize("line", ANSWERS)
def test_what_is_done_is_on_record(db: None, stage: Stage, line: str) -> None:  # noqa: F811
    do, answers = ANSWERS[line]
    do(stage)
    for says in answers:
        found = list(Entry.objects.filter(kind=says.kind))
        assert found, f"{line}: there is no entry of the kind {says.kind}"
        for entry in found:
            assert set(says.keys.split()) <= (entry.payload or {}).keys(), (says.kind, entry.payload)
            assert entry.case == (str(stage.case.pk) if says.of_case else ""), says.kind


# --- What the kinds say ----------------------------------------------------------------------


def test_who_was_refused_has_no_say_in_who_they_are(stage: Stage) -> None:  # noqa: F811
    of_session(stage)
    opened, refused = (Entry.objects.get(kind=f"accounts:session:{what}/1") for what in ("opened", "refused"))
    assert (opened.actor, refused.actor) == (stage.auditor, None)
    assert opened.subject_id == refused.subject_id == str(stage.auditor.pk)


def test_search_names_whom_it_proposed_with_scores_in_digits(stage: Stage) -> None:  # noqa: F811
    listed = list(stage.review.search.candidates.order_by("rank"))
    said: dict[str, Any] = Entry.objects.get(kind="identification:search:run/1").payload or {}
    assert said["candidate_ids"] == [str(one.person_id) for one in listed]
    assert said["candidate_references"] == [str(one.reference_id) for one in listed]
    assert all(re.fullmatch(r"-?\d+(\.\d+)?(e-\d+)?", score) for score in said["scores"])
    assert [float(score) for score in said["scores"]] == [one.score for one in listed]
    assert [Decimal(score) for score in said["scores"]] == sorted(map(Decimal, said["scores"]), reverse=True)
    assert sum(said["gallery_sizes"]) == said["gallery_size"] == 3
    assert len(said["galleries"]) == len(said["gallery_sizes"])
    encoder = stage.encoder
    assert (said["encoder"], said["weights_sha256"]) == (f"{encoder.name} {encoder.version}", encoder.weights_sha256)


def test_search_that_proposes_nobody_says_so(stage: Stage) -> None:  # noqa: F811
    factories.searched(stage.requester, stage.case, stage.encoder, stage.random_vectors())
    said: dict[str, Any] = Entry.objects.get(kind="identification:search:run/1").payload or {}
    assert said["candidates"] == 0
    assert said["candidate_ids"] == said["candidate_references"] == said["scores"] == []


def test_start_names_every_setting_that_matters(stage: Stage, db: None) -> None:  # noqa: F811
    of_start(stage)
    said = (Entry.objects.get(kind="audit:service:started/1").payload or {})["settings"]
    assert said.keys() == {name.lower() for name in SETTINGS} | {
        "audit_witnesses", "audit_tsa_url", "audit_tsa_certificates",
    }  # fmt: skip


def pages_that_renew_themselves(photograph: Photograph) -> dict[str, str]:
    """Return the addresses, and the kind of entry of a look at each."""
    return {
        photograph.case.get_absolute_url(): "identification:case:viewed/1",
        reverse("identification:faces", args=[photograph.pk]): "identification:faces:viewed/1",
    }


def looks_at(client: Client, address: str, kind: str, **headers: str) -> int:
    """Look, and return how many entries of the kind there are then."""
    assert client.get(address, headers=headers).status_code == 200
    return Entry.objects.filter(kind=kind).count()


def test_page_that_renews_itself_leaves_no_entry_after_its_first(stage: Stage) -> None:  # noqa: F811
    client = stage.browser(stage.requester)
    for address, kind in pages_that_renew_themselves(stage.photograph).items():
        assert looks_at(client, address, kind) == 1
        assert looks_at(client, address, kind, hx_request="true") == 1
        assert looks_at(client, address, kind) == 2


def test_first_look_by_what_renews_a_page_is_recorded(stage: Stage) -> None:  # noqa: F811
    client = stage.browser(stage.requester)
    for address, kind in pages_that_renew_themselves(stage.photograph).items():
        assert looks_at(client, address, kind, hx_request="true") == 1
        assert looks_at(client, address, kind, hx_request="true") == 1


def test_look_is_covered_by_nobody_elses_and_by_none_at_something_else(stage: Stage) -> None:  # noqa: F811
    (page, kind), _ = pages_that_renew_themselves(stage.photograph).items()
    other = factories.open_case(stage.requester).get_absolute_url()
    assert looks_at(stage.browser(stage.requester), page, kind) == 1
    assert looks_at(stage.browser(stage.administrator), page, kind, hx_request="true") == 2
    assert looks_at(stage.browser(stage.requester), other, kind, hx_request="true") == 3


def test_page_left_open_is_recorded_again_after_some_minutes(
    stage: Stage,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = stage.browser(stage.requester)
    for address, kind in pages_that_renew_themselves(stage.photograph).items():
        assert looks_at(client, address, kind) == 1
        with monkeypatch.context() as patch:
            patch.setattr("audit.looks.LATELY", timedelta(0))
            assert looks_at(client, address, kind, hx_request="true") == 2
