"""Whatever an entry holds and whatever is asked for, each page of the log is a page, and says it in a sentence."""

import json
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from accounts.models import User
from audit.exporting.table import as_row
from audit.kinds import KINDS
from audit.layout import CSV, JSONL, entry_line
from audit.models import Entry, Export
from audit.reading import read, said_by
from audit.selectors import LONGEST_WORDS, Word, entries, timeline
from audit.templatetags.log_words import with_short_ids
from audit.uses import FOLLOWS, SEARCH
from identification.models import Case
from tests.audit_fixtures import entry_about, erased, verified
from tests.odd_entries import UNREADABLE, said_oddly, write_odd
from tests.sequencing import signed

UNKNOWN = "An entry by Auditor of a kind that this version doesn't know: review:seance:held/9."
NOT_WRITTEN_SO = "An entry by Auditor that isn't written as its kind should be: "


@pytest.fixture(autouse=True)
def _payloads_may_be_any_text(db) -> None:
    """As they could be until PostgreSQL asked for RFC 8785, and can be for whoever owns the tables."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_payload DISABLE TRIGGER audit_payload_is_committed")


@pytest.fixture
def get(client: Client, auditor: User) -> Callable[..., Any]:
    """What a page answers; an error comes as an answer of status 500, as it would to a person."""
    client.force_login(auditor)
    client.raise_request_exception = False

    def fetch(name: str, *args: Any, **query: Any) -> Any:
        return client.get(reverse(f"audit:{name}", args=args), query)

    return fetch


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer
    return (
        " ".join(answer.content.decode().split()).replace("&#x27;", "'").replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    )


def assert_every_page_is_one(get: Callable[..., Any], case: Case, odd: list[Entry]) -> None:
    text_of(get("log"))
    text_of(get("case", case.pk))
    text_of(get("uses"))
    table = get("uses", format="csv")
    assert table.status_code == 200
    assert b"".join(table.streaming_content)
    for entry in odd:
        text_of(get("entry", entry.uid))
        assert json.loads(get("proof", entry.uid).content)["leaf"] == entry.canonical


# --- What entries hold -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_a_sentence_whatever_its_entry_says(auditor: User, kind: str) -> None:
    said = (*said_oddly(kind), *UNREADABLE)
    written = [write_odd(auditor, kind, content, actor=actor) for actor in (None, auditor.pk) for content in said]
    lines = timeline(auditor, written)
    for line in lines:
        assert re.fullmatch(r"[^\n]+\.", line.sentence, re.DOTALL)
        assert line.sentence.encode()
    for line in lines[-len(UNREADABLE) :]:
        assert line.sentence == f"{NOT_WRITTEN_SO}{kind}."


@pytest.mark.parametrize("content", ["{}", '{"anything":[{}]}', "[1,2]", '"text"', "not JSON"])
def test_kind_that_nobody_knows_is_said(auditor: User, content: str) -> None:
    (line,) = timeline(auditor, [write_odd(auditor, "review:seance:held/9", content)])
    assert line.sentence == UNKNOWN


@pytest.mark.parametrize("kind", [SEARCH, *FOLLOWS])
def test_pages_stand_whatever_a_search_and_what_followed_it_say(get, auditor: User, case: Case, kind: str) -> None:
    about = {"case": str(case.pk), "subject_type": "review.review", "subject_id": "not an id"}
    odd = [write_odd(auditor, kind, content, **about) for content in (*said_oddly(kind), *UNREADABLE)]
    if kind != SEARCH:
        write_odd(auditor, SEARCH, '{"galleries":["x"]}', **about)
        write_odd(auditor, "review:review:opened/1", '{"search":"not an id"}', **about)
    signed()
    assert_every_page_is_one(get, case, odd[:3] + odd[-3:])


@pytest.mark.slow
def test_pages_stand_with_kinds_and_things_that_nobody_knows(get, auditor: User, case: Case) -> None:
    about: list[dict[str, Any]] = [
        {"subject_type": "identification.gallery", "subject_id": "7"},
        {"subject_type": "identification.case", "subject_id": "not an id"},
        {"subject_type": "accounts.user", "subject_id": "9" * 60},
        {"subject_type": "accounts.user", "subject_id": "٣"},
        {"subject_type": "accounts.agency", "subject_id": "-"},
        {"subject_type": "a.b.c", "subject_id": "; = 1"},
        {"subject_type": "nothing", "subject_id": ""},
        {"case": "a case, with a space"},
        {"purpose": "a purpose; with a semicolon"},
    ]
    named = [write_odd(auditor, "identification:case:viewed/1", "{}", **each) for each in about]
    kinds = ["", "one", "a:b", "a:b:c:d/e", "review:seance:held/9", "audit:payload:erased/9"]
    odd = [*named, *(write_odd(auditor, kind, "[]", case=str(case.pk)) for kind in kinds)]
    signed()
    assert_every_page_is_one(get, case, odd)
    for each in about:
        asked = {key: value for key, value in each.items() if key.startswith("subject")}
        text_of(get("log", **asked))
        text_of(get("exports", **asked))


@pytest.mark.parametrize("content", UNREADABLE)
def test_proof_hands_on_what_is_no_json_as_it_was_hashed(get, auditor: User, content: str) -> None:
    entry = write_odd(auditor, SEARCH, content)
    signed()
    proof = json.loads(get("proof", entry.uid).content)
    assert proof["payload"] == content
    assert as_row(timeline(auditor, entries(auditor).filter(pk=entry.pk))[0])["payload"] == content


def test_table_has_a_row_for_every_odd_entry(auditor: User) -> None:
    for content in (*said_oddly(SEARCH), *UNREADABLE):
        write_odd(auditor, SEARCH, content)
    signed()
    for line in timeline(auditor, entries(auditor)):
        for form in (CSV, JSONL):
            assert entry_line(form, as_row(line)).encode()


def test_erasure_that_lists_odd_things_beside_ids_is_verified(auditor: User, case: Case) -> None:
    """PostgreSQL asks only that the entry of erasure lists the id, whatever else it lists."""
    entry = entry_about(case, auditor)
    signed()
    content = json.dumps({"entries": [{}, [1], 7, None, str(entry.uid)]}, separators=(",", ":"))
    erasing = write_odd(auditor, "audit:payload:erased/1", content)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE audit_payload SET content = NULL, salt = NULL, erased_by_id = %s WHERE entry_id = %s",
            [erasing.pk, entry.pk],
        )
    signed()
    assert verified(auditor).state == "held"


def test_use_says_what_its_entry_does_not_say(get, auditor: User) -> None:
    write_odd(auditor, SEARCH, '{"candidates":"many","galleries":[7,"x"],"gallery_sizes":[3],"persons":1}')
    write_odd(auditor, SEARCH, "[]")
    text = text_of(get("uses"))
    assert "Gallery 7, Gallery x; in all references not stated of 1 person" in text
    assert "Candidates not stated; not concluded yet" in text
    assert "Its entry isn't written as this kind should be" in text


def test_what_an_entry_says_at_length_ends_within_the_sentence(auditor: User) -> None:
    (line,) = timeline(auditor, [write_odd(auditor, "accounts:role:granted/1", json.dumps({"role": "long " * 9000}))])
    assert len(line.sentence) < LONGEST_WORDS + 100
    assert "…" in line.sentence


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_is_no_object_is_not_read(text: str) -> None:
    assert read(text) is None


def test_whole_characters_written_as_escapes_are_read(auditor: User) -> None:
    assert said_by(write_odd(auditor, SEARCH, '{"a":"\\ud83d\\ude00"}')).text("a") == "\N{GRINNING FACE}"


# --- One and many ------------------------------------------------------------------------------------------------


def test_sentences_know_one_from_many(auditor: User, case: Case) -> None:
    entry = entry_about(case, auditor)
    signed()
    (line,) = timeline(auditor, [erased(auditor, entry)])
    assert line.sentence == "Auditor had what 1 entry says erased (request), which leaves the log whole."
    counted = {count: f"{Word(str(count)):entry says|entries say}" for count in (0, 1, 2, 1200)}
    assert counted == {0: "0 entries say", 1: "1 entry says", 2: "2 entries say", 1200: "1,200 entries say"}
    assert f"{Word('erased'):entry|entries}" == "entries (number erased)"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_sentence_says_one_entries(auditor: User, kind: str) -> None:
    said = dict.fromkeys(KINDS[kind].payload_keys | KINDS[kind].optional_keys, 1)
    (line,) = timeline(auditor, [write_odd(auditor, kind, json.dumps(said))])
    assert not re.search(r"\b1 (entries|people|faces|attempts|embeddings|comparisons|pictures|hashes)\b", line.sentence)


# --- What is asked for -------------------------------------------------------------------------------------------

ODD = ("\x00", "x" * 5000, "-1", "9" * 30, "٣", "; drop", "<script>", "[]", "%00", "a\nb")
FIELDS = ("kind", "person", "case", "purpose", "since", "until", "subject_type", "subject_id", "before", "page", "what")
SAID_OF = {
    "kind": "The log knows no such kind of entry. Choose one from the list.",
    "person": "Your agency has no such account. Choose somebody from the list.",
    "case": "Your agency has no case with this number. Type it as the case shows it.",
    "purpose": "There is no such purpose. Choose one from the list.",
    "since": "This is no day. Write it as in 2026-11-14.",
    "until": "This is no day. Write it as in 2026-11-14.",
}


@pytest.mark.parametrize("odd", [*ODD[:3], *(pytest.param(each, marks=pytest.mark.slow) for each in ODD[3:])])
def test_whatever_is_asked_for_there_is_a_page(get, auditor: User, case: Case, odd: str) -> None:
    entry = entry_about(case, auditor)
    signed()
    for field in FIELDS:
        asked = {field: odd} | ({"subject_id": "x"} if field == "subject_type" else {})
        asked |= {"subject_type": "identification.case"} if field == "subject_id" else {}
        for name, args in (
            ("log", ()),
            ("uses", ()),
            ("exports", ()),
            ("verifications", ()),
            ("checkpoints", ()),
            ("case", (case.pk,)),
        ):
            assert get(name, *args, **asked).status_code == 200, (name, field)
    assert get("proof", entry.uid, size=odd).status_code == 404
    for asked in ({"older": odd, "newer": "1"}, {"older": "1", "newer": odd, "form": "json"}):
        assert get("consistency-proof", **asked).status_code in (404, 422)
    assert get("log", find=odd).status_code in (200, 302)
    assert get("uses", format=odd).status_code == 200
    assert get("checkpoint-list", before=odd).status_code == 200


@pytest.mark.parametrize(("field", "said"), SAID_OF.items())
@pytest.mark.parametrize("odd", ["\x00", "x" * 5000, "9" * 30, "<script>"])
def test_what_cannot_be_asked_for_is_said_in_one_sentence(get, case: Case, field: str, said: str, odd: str) -> None:
    page = get("log", **{field: odd})
    assert page.context["form"].errors == {field: [said]}
    assert text_of(page).count(said) == 1
    assert '<details class="folds" open>' in text_of(page)


@pytest.mark.parametrize(
    "asked", [{"subject_type": "a;b", "subject_id": "1"}, {"subject_type": "a.b", "subject_id": "="}]
)
def test_link_that_names_nothing_is_said_in_one_sentence(get, asked: dict[str, str]) -> None:
    assert text_of(get("log", **asked)).count("The link that you followed names nothing that entries could be") == 1


def test_days_the_wrong_way_round_and_far_away_are_said(get) -> None:
    page = text_of(get("log", since="2026-11-14", until="2026-11-13"))
    assert "This day lies before the first one. Choose a later day." in page
    for field in ("since", "until"):
        for day in (date.min, date.max, date(1899, 12, 31), date(3000, 1, 1)):
            page = text_of(get("log", **{field: day.isoformat()}))
            assert page.count("No entry is from that far away. Choose a day from 1900 to 2999.") == 1
        for day in (date(1900, 1, 1), date(2999, 12, 31)):
            assert not get("uses", **{field: day.isoformat()}).context["form"].errors


def test_page_beyond_the_last_is_the_last(get, case: Case) -> None:
    for name, args in (("uses", ()), ("verifications", ()), ("checkpoints", ()), ("case", (case.pk,))):
        assert get(name, *args, page="99999").context["page"].number == 1


@pytest.mark.parametrize(
    "back", ["entries", "\x00", "//elsewhere.example", "javascript:alert(1)", "/audit/\r\nX: y", "x" * 9000]
)
def test_way_back_from_asking_for_a_checkpoint_may_be_odd(client: Client, auditor: User, back: str) -> None:
    client.force_login(auditor)
    answer = client.post(reverse("audit:sign-now"), {"next": back})
    assert answer.status_code == 302
    assert "elsewhere" not in answer.url
    assert "\n" not in answer.url


@pytest.mark.parametrize("field", ["format", *SAID_OF, "subject_type", "checkpoint"])
def test_export_that_cannot_be_asked_for_is_said(get, client: Client, field: str) -> None:
    for odd in ODD:
        answer = client.post(reverse("audit:exports"), {"format": "bundle", field: odd})
        assert answer.status_code == 422, (field, odd)
        assert list(answer.context["form"].errors) == [field]
    assert not Export.objects.exists()


# --- Filters on a phone ------------------------------------------------------------------------------------------


def test_filters_are_folded_until_one_is_set(get, auditor: User) -> None:
    folded, opened = '<details class="folds">', '<details class="folds" open>'
    for name in ("log", "uses"):
        assert folded in text_of(get(name))
        assert opened in text_of(get(name, until="2026-01-01"))
        assert opened in text_of(get(name, until="nonsense"))


def test_ids_in_a_sentence_are_short_to_the_eye_and_whole_in_the_page(get, auditor: User) -> None:
    first, middle, last = "0a1b2c3d", "-0a1b-4c3d-8a1b-0a1b", "2c3d4e5f"
    uid = first + middle + last
    entry = write_odd(auditor, "audit:entry:viewed/1", f'{{"uid":"{uid}"}}')
    short = f'<code class="hash" title="{uid}">{first}<span>{middle}</span>{last}</code>'
    for page in (get("log"), get("entry", entry.uid)):
        assert f"Auditor opened entry {short} of this log with its proof." in text_of(page)


@pytest.mark.parametrize("sentence", ["<b>", "Nothing long, 0a1b2c3d.", "x" * 64, "f" * 65])
def test_what_is_no_id_stays_as_it_is(sentence: str) -> None:
    assert with_short_ids(sentence) == escape(sentence)
    assert with_short_ids(f"{sentence} {'f' * 64}.") == f"{escape(sentence)} {with_short_ids('f' * 64)}."
