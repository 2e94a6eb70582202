"""The pages on the way to an identification, and that no page says the word before it is one."""

import html
import re
from collections.abc import Callable, Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from audit.models import Entry
from identification.models import Encoder, Person, Purpose, PurposePolicy
from review.models import Conclusion, Identification, Identifier, Review
from tests import corroboration_scene, factories
from tests.conftest import PASSWORD
from tests.corroboration_scene import CONTENT, asserted, confirmed, recorded, verified
from tests.exporting import exported, sequencer  # noqa: F401  (a fixture)
from tests.review_scene import Scene

conclusion, recorder = corroboration_scene.conclusion, corroboration_scene.recorder
verifier, asserter = corroboration_scene.verifier, corroboration_scene.asserter

SAID = {"kind": "dental", "source": "Dr Fictional", "description": "Two crowns agree."}


def page(client: Client, name: str, *args: object) -> str:
    return client.get(reverse(name, args=args)).content.decode()


def text_of(markup: str) -> str:
    """Return what a person reads or hears of a page, on one line."""
    without = re.sub(r"<(script|style|head)\b.*?</\1>", " ", markup, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", without)))


def sent(name: str = "chart.html", content: bytes = CONTENT) -> dict[str, object]:
    return SAID | {"file": SimpleUploadedFile(name, content, "text/html")}


# --- The whole way in the browser ----------------------------------------------------------------------------------


def test_recorded_verified_and_asserted_by_three_people(
    conclusion: Conclusion, recorder: User, verifier: User, asserter: User, browser_of
) -> None:
    at_conclusion = reverse("review:conclusion", args=[conclusion.pk])
    record_at = reverse("review:record-identifier", args=[conclusion.pk])
    assert record_at in browser_of(recorder).get(at_conclusion).content.decode()
    answer = browser_of(recorder).post(record_at, sent())
    assert answer.headers["Location"] == at_conclusion
    identifier = Identifier.objects.get()

    shown = page(browser_of(verifier), "review:conclusion", conclusion.pk)
    verify_at = reverse("review:verify-identifier", args=[identifier.pk])
    assert verify_at in shown
    assert verify_at not in page(browser_of(recorder), "review:conclusion", conclusion.pk)
    answer = browser_of(verifier).post(verify_at, {"verdict": "confirmed", "note": "Asked the practice."})
    assert answer.headers["Location"] == at_conclusion

    assert_at = reverse("review:assert-identity", args=[conclusion.pk])
    assert assert_at in page(browser_of(asserter), "review:conclusion", conclusion.pk)
    assert assert_at not in page(browser_of(verifier), "review:conclusion", conclusion.pk)
    asked = text_of(page(browser_of(asserter), "review:assert-identity", conclusion.pk))
    assert "I assert that it suffices for its purpose." in asked
    answer = browser_of(asserter).post(assert_at, {"leading_identifier": identifier.pk, "password": PASSWORD})
    assert answer.headers["Location"] == at_conclusion
    assert Identification.objects.get().asserted_by == asserter

    told = text_of(page(browser_of(recorder), "review:conclusion", conclusion.pk))
    assert "Identification. Two people" in told
    assert "Asserter asserted this on" in told
    case = text_of(page(browser_of(recorder), "identification:case", conclusion.review.case_id))
    assert re.search(r"Asserter asserted for photograph\.png: identification\.", case)


def test_conclusion_shows_source_kind_file_recorder_verifier_and_what_is_missing(
    conclusion: Conclusion, recorder: User, verifier: User, browser_of
) -> None:
    first = recorded(recorder, conclusion, "tattoo", source="Mother, by telephone")
    verified(verifier, first)
    recorded(recorder, conclusion, "effects")
    told = text_of(page(browser_of(verifier), "review:conclusion", conclusion.pk))
    for words in (
        "Tattoo secondary", "Mother, by telephone", "chart.txt", f"{len(CONTENT)} bytes",
        "Recorded by Recorder", "Confirmed by Verifier", "Not verified yet",
        "or one more verified identifier of another kind, besides what is there (tattoo).",
    ):  # fmt: skip
        assert words in told, words
    assert first.file_sha256 in page(browser_of(verifier), "review:conclusion", conclusion.pk)


def test_forms_say_what_is_missing(
    conclusion: Conclusion, recorder: User, verifier: User, asserter: User, browser_of, settings
) -> None:
    record_at = reverse("review:record-identifier", args=[conclusion.pk])
    assert "Say where it comes from." in browser_of(recorder).post(record_at, {"kind": "dna"}).content.decode()
    settings.UPLOAD_MAX_BYTES = 10
    assert "larger than" in browser_of(recorder).post(record_at, sent()).content.decode()
    settings.UPLOAD_MAX_BYTES = 1000
    identifier = recorded(recorder, conclusion)
    verify_at = reverse("review:verify-identifier", args=[identifier.pk])
    assert "Write what you saw." in browser_of(verifier).post(verify_at, {"verdict": "confirmed"}).content.decode()
    verified(verifier, identifier)
    assert_at = reverse("review:assert-identity", args=[conclusion.pk])
    wrong = {"leading_identifier": identifier.pk, "password": "not it"}
    assert "That is not your password." in text_of(browser_of(asserter).post(assert_at, wrong).content.decode())
    assert not Identification.objects.exists()


def test_assertion_warns_of_what_nobody_has_verified(
    conclusion: Conclusion, recorder: User, verifier: User, asserter: User, browser_of
) -> None:
    confirmed(recorder, verifier, conclusion)
    recorded(recorder, conclusion, "scar")
    told = text_of(page(browser_of(asserter), "review:assert-identity", conclusion.pk))
    assert "One identifier nobody has verified" in told


def test_assertion_that_lacks_something_goes_back_with_the_reason(
    conclusion: Conclusion, asserter: User, browser_of
) -> None:
    client = browser_of(asserter)
    answer = client.get(reverse("review:assert-identity", args=[conclusion.pk]), follow=True)
    assert "Still missing: one verified primary identifier" in text_of(answer.content.decode())


# --- Who may -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_pages_open_to_their_roles_alone(
    conclusion: Conclusion, recorder: User, verifier: User, person_with, browser_of, role: Role
) -> None:
    confirmed(recorder, verifier, conclusion)
    waiting = recorded(recorder, conclusion, "scar")
    client = browser_of(person_with("somebody", role))
    allowed = {
        reverse("review:record-identifier", args=[conclusion.pk]): {Role.INTAKE, Role.LIAISON},
        reverse("review:verify-identifier", args=[waiting.pk]): {
            Role.INTAKE, Role.LIAISON, Role.ADJUDICATOR, Role.REVIEWER,
        },
        reverse("review:identifier-file", args=[waiting.pk]): set(Role) - {Role.ADMINISTRATOR},
        reverse("review:assert-identity", args=[conclusion.pk]): {Role.ASSERTER},
    }  # fmt: skip
    for address, roles in allowed.items():
        assert client.get(address).status_code == (200 if role in roles else 403), address


def addresses(conclusion: Conclusion, identifier: Identifier) -> list[str]:
    return [
        reverse("review:record-identifier", args=[conclusion.pk]),
        reverse("review:assert-identity", args=[conclusion.pk]),
        reverse("review:verify-identifier", args=[identifier.pk]),
        reverse("review:identifier-file", args=[identifier.pk]),
    ]


def test_another_agency_finds_nothing(conclusion: Conclusion, recorder: User, outsider: User, browser_of) -> None:
    for address in addresses(conclusion, recorded(recorder, conclusion)):
        assert browser_of(outsider).get(address).status_code == 404


def test_who_may_still_judge_a_face_of_the_case_is_sent_nothing_of_it(
    conclusion: Conclusion, scene: Scene, recorder: User, verifier: User, person_with, browser_of
) -> None:
    identifier = confirmed(recorder, verifier, conclusion, source="Chart of the practice")
    scene.search_for_another()
    client = browser_of(person_with("reviewing", Role.REVIEWER, Role.INTAKE, Role.ASSERTER))
    for address in [*addresses(conclusion, identifier), reverse("review:conclusion", args=[conclusion.pk])]:
        assert client.get(address).status_code == 404
    assert "practice" not in page(client, "identification:case", conclusion.review.case_id)


# --- The file ------------------------------------------------------------------------------------------------------


def test_file_is_an_attachment_that_no_browser_renders(
    conclusion: Conclusion, recorder: User, verifier: User, browser_of
) -> None:
    script = b"<script>alert(1)</script>"
    browser_of(recorder).post(
        reverse("review:record-identifier", args=[conclusion.pk]), sent("Д" * 60 + ".html", script)
    )
    identifier = Identifier.objects.get()
    answer = browser_of(verifier).get(reverse("review:identifier-file", args=[identifier.pk]))
    assert answer.content == script
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    (entry,) = Entry.objects.filter(kind="review:identifier:viewed/1")
    assert (entry.actor, entry.subject_id) == (verifier, str(identifier.pk))


def test_pages_hold_what_was_written_as_text(
    conclusion: Conclusion, recorder: User, verifier: User, browser_of
) -> None:
    identifier = recorded(
        recorder, conclusion, source="<b>loud</b>", description="<script>x</script>",
        file=SimpleUploadedFile("<i>a.txt", CONTENT),
    )  # fmt: skip
    assert identifier.file_name == "<i>a.txt"
    for markup in (
        page(browser_of(verifier), "review:conclusion", conclusion.pk),
        page(browser_of(verifier), "review:verify-identifier", identifier.pk),
    ):
        assert "<b>loud" not in markup
        assert "<script>x" not in markup
        assert "<i>a" not in markup


# --- The word ------------------------------------------------------------------------------------------------------

# "identification:" begins the kinds of entries and names of addresses: it is the app's name, and tells of no person.
WORD = re.compile(r"identifications?(?!:)(?!\.[a-z])", re.IGNORECASE)
QUALIFIED = re.compile(r"(potential|\bnot an|\bno|\bnever an) identifications?(?!:)", re.IGNORECASE)


def unqualified(text: str) -> list[str]:
    """Return where "identification" stands without "potential" or a denial before it."""
    rest = QUALIFIED.sub("", text)
    return [rest[max(0, found.start() - 60) : found.end() + 20] for found in WORD.finditer(rest)]


def everything_about(conclusion: Conclusion, people: dict[str, User], browser_of) -> Iterator[tuple[str, str]]:
    """Yield the text of every page and export that tells of a case, as each person gets it."""
    case, identifier = conclusion.review.case, conclusion.identifiers.first()
    for name, person in people.items():
        client = browser_of(person)
        for address in (
            reverse("identification:cases"), case.get_absolute_url(), reverse("review:queue"), reverse("audit:log"),
            reverse("review:conclusion", args=[conclusion.pk]),
            reverse("review:record-identifier", args=[conclusion.pk]),
            reverse("review:assert-identity", args=[conclusion.pk]),
            *([reverse("review:verify-identifier", args=[identifier.pk])] if identifier else []),
            *(reverse("review:signed", args=[each.assignment_id]) for each in person.assessments.all()),
        ):  # fmt: skip
            answer = client.get(address, follow=True)
            yield f"{name}: {address}", text_of(answer.content.decode())
    export = exported(people["auditor"], "jsonl")
    assert export.state == "ready", export.reason
    yield "export", export.file.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("purpose", [Purpose.DECEASED, Purpose.CAPTURED, Purpose.MISSING])
def test_no_page_or_export_says_identification_without_potential_before_the_assertion(
    purpose: Purpose, people: list[Person], requester: User, encoder: Encoder, random_vectors, first_reviewer: User,
    second_reviewer: User, recorder: User, verifier: User, asserter: User, auditor: User, browser_of,
) -> None:  # fmt: skip
    concluded = concluded_in(purpose, requester, encoder, random_vectors, people[0], first_reviewer, second_reviewer)
    everybody = {
        user.username: user
        for user in (requester, first_reviewer, second_reviewer, recorder, verifier, asserter, auditor)
    }
    for step in ("concluded", "recorded", "verified"):
        pages = 0
        for where, text in everything_about(concluded, everybody, browser_of):
            assert unqualified(text) == [], f"{step}, {where}"
            pages += 1
        assert pages > 50
        if step == "concluded":
            waiting = recorded(recorder, concluded)
        elif step == "recorded":
            verified(verifier, waiting)
    identification = asserted(asserter, concluded, waiting)
    assert identification.purpose == purpose
    if purpose == Purpose.DECEASED:
        assert unqualified(text_of(page(browser_of(recorder), "review:conclusion", concluded.pk)))


def concluded_in(
    purpose: Purpose, requester: User, encoder: Encoder, random_vectors: Callable, person: Person, *signers: User
) -> Conclusion:
    case = factories.open_case(requester, purpose)
    review = factories.searched(requester, case, encoder, random_vectors()).review
    for signer in signers:
        factories.signed(signer, person, 2)
    return Conclusion.objects.get(review=review)


def test_test_of_the_word_would_notice() -> None:
    assert unqualified("This is an identification of somebody.")
    assert unqualified("A potential identification, later an identification")
    assert not unqualified("Not an identification. A potential identification; identification:case:opened/1")


# --- An incident -----------------------------------------------------------------------------------------------------


@pytest.fixture
def lead(
    administrator: User, requester: User, encoder: Encoder, random_vectors, first_reviewer: User, second_reviewer: User
) -> Conclusion:
    gallery = factories.open_gallery(administrator, "Incident", "incident", Purpose.INCIDENT)
    person = factories.enrol(administrator, gallery, encoder, "Somebody recorded", random_vectors())
    return concluded_in(Purpose.INCIDENT, requester, encoder, random_vectors, person, first_reviewer, second_reviewer)


def test_every_page_of_an_incident_says_investigative_lead_and_none_asserts(
    lead: Conclusion, requester: User, first_reviewer: User, asserter: User, recorder: User, browser_of
) -> None:
    case, review = lead.review.case, lead.review
    place = first_reviewer.assessments.get().assignment_id
    photograph = review.probe.photograph
    for person, address in (
        (recorder, case.get_absolute_url()),
        (recorder, reverse("review:conclusion", args=[lead.pk])),
        (recorder, reverse("identification:faces", args=[photograph.pk])),
        (first_reviewer, reverse("review:signed", args=[place])),
        (recorder, reverse("identification:cases")),
    ):
        text = text_of(browser_of(person).get(address).content.decode())
        assert re.search("investigative lead", text, re.IGNORECASE), address
        assert "corroborates it" not in text
    for person, name in ((recorder, "review:record-identifier"), (asserter, "review:assert-identity")):
        answer = browser_of(person).get(reverse(name, args=[lead.pk]), follow=True)
        assert "stays a lead" in text_of(answer.content.decode()) or "Nobody is named" in text_of(
            answer.content.decode()
        )
    assert Review.objects.get(pk=lead.pk).conclusion.outcome == "concordant"


def test_every_page_of_work_on_an_incident_says_investigative_lead(
    administrator: User, requester: User, encoder: Encoder, random_vectors, first_reviewer: User, browser_of
) -> None:
    gallery = factories.open_gallery(administrator, "Incident", "incident", Purpose.INCIDENT)
    person = factories.enrol(administrator, gallery, encoder, "Somebody recorded", random_vectors())
    factories.searched(requester, factories.open_case(requester, Purpose.INCIDENT), encoder, random_vectors())
    client = browser_of(first_reviewer)

    def says(name: str, *more: object) -> None:
        text = text_of(client.get(reverse(name, args=[place.pk, *more])).content.decode())
        assert re.search("investigative lead", text, re.IGNORECASE), name

    place = factories.taken(first_reviewer)
    says("review:decline")
    says("review:probe")
    place = factories.worked_through(first_reviewer, retained=[person], assignment=place)
    says("review:candidates")
    says("review:compare", 1)
    says("review:conclude")


# --- The role --------------------------------------------------------------------------------------------------------


def test_administrator_gives_the_role_and_the_accounts_page_shows_it(desk: Client, asserter: User, agency) -> None:
    listed = desk.get(reverse("admin:accounts_user_changelist")).content.decode()
    assert "Asserts identity" in text_of(listed)
    form = desk.get(reverse("admin:accounts_user_change", args=[asserter.pk])).content.decode()
    assert re.search(r'<option value="asserter" selected[^>]*>\s*Asserts identity', form)


def test_policy_of_a_purpose_offers_the_kinds_to_tick(desk: Client, db) -> None:
    address = reverse("admin:identification_purposepolicy_change", args=["deceased"])
    form = desk.get(address).content.decode()
    ticked = re.findall(r'<input[^>]*name="sufficient_kinds"[^>]*>', form)
    assert sorted(re.findall(r'value="(\w+)"', "".join(each for each in ticked if "checked" in each))) == [
        "dental", "dna", "fingerprints",
    ]  # fmt: skip
    policy = {"reviewers": 2, "list_length": 20, "corroboration_required": "on", "precedence": 30}
    answer = desk.post(address, policy | {"sufficient_kinds": ["dna"], "sufficient_together": 1})
    assert "Together means two or more of" in answer.content.decode()
    assert desk.post(address, policy | {"sufficient_kinds": ["dna"], "sufficient_together": 0}).status_code == 302
    assert PurposePolicy.objects.get(pk="deceased").sufficient_kinds == ["dna"]
