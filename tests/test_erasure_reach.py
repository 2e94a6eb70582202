"""Whoever has somebody erased reaches every payload that names them, and is told what stays and why."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Model

from accounts.models import User
from audit import erasure_reach
from audit.commands import erase_words
from audit.erasure import MOST_AT_ONCE, Basis, ErasureRefused, erase_payloads
from audit.erasure_reach import Fate, naming, survey
from audit.models import Entry
from audit.payload_rules import LONGEST_PAYLOAD
from audit.services import record
from audit.tree import leaf_hash
from config.roles import APP
from identification.models import Case, Gallery, Person
from review.models import Conclusion
from tests import corroboration_scene, factories
from tests.audit_fixtures import connection_of, payload_for
from tests.audit_rows import content_of
from tests.corroboration_scene import asserted, confirmed
from tests.odd_entries import write_odd
from tests.sequencing import sequenced

conclusion, recorder = corroboration_scene.conclusion, corroboration_scene.recorder
verifier, asserter = corroboration_scene.verifier, corroboration_scene.asserter
SOMEBODY = UUID("6f1c9d1e-7a53-4d3c-9b0c-0d9a2f9e4c99")


def erase(*which: str, by: str = "administrator", dry_run: bool = False) -> None:
    sequenced()
    more = ("--dry-run",) if dry_run else ()
    call_command("audit", "erase", *which, "--basis", "request", "--by", by, *more)


def saying(text: object) -> set[str]:
    """Return the kinds of the entries whose payload holds a text, whatever its place."""
    return set(Entry.objects.filter(said__content__contains=str(text)).values_list("kind", flat=True))


def named(actor: User, person: UUID = SOMEBODY, number: int = 1, subject: Model | None = None) -> list[Entry]:
    """Write entries that name somebody: somebody was enrolled."""
    said = payload_for("identification:reference:enrolled/1") | {"person": str(person)}
    return [
        record(kind="identification:reference:enrolled/1", actor=actor, subject=subject or actor, payload=said)
        for _ in range(number)
    ]


# --- Everything that names somebody ----------------------------------------------------------


@pytest.fixture
def identified(conclusion: Conclusion, recorder: User, verifier: User, asserter: User) -> Person:
    """Somebody enrolled, searched for, concluded on and asserted."""
    identifier = confirmed(recorder, verifier, conclusion)
    asserted(asserter, conclusion, identifier)
    assert conclusion.person is not None
    return conclusion.person


def test_whoever_is_named_is_in_no_payload_afterwards(identified: Person, administrator: User, capsys: Any) -> None:
    assert saying(identified.pk) == {
        "identification:reference:enrolled/1", "identification:search:run/1", "review:conclusion:reached/1",
        "review:identity:asserted/1",
    }  # fmt: skip
    erase("--naming", str(identified.pk))
    assert saying(identified.pk) == set()
    assert "identification:search:run/1" in capsys.readouterr().out


def test_others_who_are_named_stay_named(identified: Person, people: list[Person], administrator: User) -> None:
    others = {person.pk: saying(person.pk) for person in people if person != identified}
    erase("--naming", str(identified.pk))
    assert len(others) == 2
    for other, kinds in others.items():
        assert saying(other) == kinds - {"identification:search:run/1"} != set()


def test_that_two_people_signed_can_be_told_from_the_log_alone_when_all_else_of_a_case_is_erased(
    identified: Person, conclusion: Conclusion, first_reviewer: User, second_reviewer: User, administrator: User
) -> None:
    """The leaf says who signed and when, its payload which document of which review; a conclusion is its review's."""
    case = conclusion.review.case_id
    erase("--case", str(case))
    left = Entry.objects.filter(case=case, said__content__isnull=False)
    assert set(left.values_list("kind", flat=True)) == {"review:review:opened/1", "review:assessment:signed/1"}
    reached = Entry.objects.get(kind="review:conclusion:reached/1")
    signed = [entry for entry in left if (entry.payload or {}).get("review") == reached.subject_id]
    assert {entry.actor for entry in signed} == {first_reviewer, second_reviewer}
    documents = set(conclusion.review.assessments.values_list("document_sha256", flat=True))
    assert {(entry.payload or {})["document_sha256"] for entry in signed} == documents


@pytest.mark.parametrize("basis", Basis.values)
def test_who_signed_what_is_never_erased(conclusion: Conclusion, administrator: User, basis: str) -> None:
    sequenced()
    signed = Entry.objects.filter(kind="review:assessment:signed/1")
    with pytest.raises(ErasureRefused, match="that two people signed"):
        erase_payloads(actor=administrator, entries=signed, basis=basis)
    assert signed.filter(said__content__isnull=False).count() == 2


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("identification:search:run/1", "candidate_ids", [str(SOMEBODY)]),
        ("review:conclusion:reached/1", "finding", f"person:{SOMEBODY}"),
        ("review:identity:asserted/1", "person", str(SOMEBODY)),
        ("review:conclusion:reached/1", "dissent", [{"assessment": str(SOMEBODY), "document_sha256": "0" * 64}]),
    ],
)
def test_a_name_is_found_wherever_it_stands(administrator: User, kind: str, key: str, value: object) -> None:
    entry = record(kind=kind, actor=administrator, subject=None, payload=payload_for(kind) | {key: value})
    record(kind=kind, actor=administrator, subject=None, payload=payload_for(kind))
    sequenced()
    assert list(survey(naming([SOMEBODY]), administrator.agency).going) == [entry.pk]


def test_part_of_a_longer_word_is_no_name(administrator: User) -> None:
    odd = {"a": f"x{SOMEBODY}", "b": [f"{SOMEBODY}x", f"{SOMEBODY}:x"]}
    write_odd(administrator, "identification:gallery:changed/1", content_of(odd), subject_id=str(SOMEBODY))
    sequenced()
    assert survey(naming([SOMEBODY]), administrator.agency).counts == {}


def test_several_are_named_at_once(administrator: User) -> None:
    another = uuid4()
    entries = [*named(administrator), *named(administrator, another), *named(administrator, uuid4())]
    sequenced()
    reach = survey(naming([SOMEBODY, another]), administrator.agency)
    assert list(reach.going) == [entry.pk for entry in entries[:2]]


# --- What stays, and why ---------------------------------------------------------------------


def test_what_would_become_of_each_is_said_before(
    administrator: User, outsider: User, capsys: Any, of_version_1: Callable[..., int]
) -> None:
    named(administrator, number=3)
    (gone,) = named(administrator)
    named(outsider)
    asked = {"filters": {"subject_type": "identification.person", "subject_id": str(SOMEBODY)}}
    record(kind="audit:log:viewed/1", actor=administrator, subject=None, payload=asked)
    of_version_1(administrator, {"person": str(SOMEBODY)})
    of_version_1(administrator, {"person": str(uuid4())}, subject_id=str(SOMEBODY))
    sequenced()
    erase_payloads(actor=administrator, entries=Entry.objects.filter(pk=gone.pk), basis=Basis.REQUEST)
    sequenced()
    waits = named(administrator)
    reach = survey(naming([SOMEBODY]), administrator.agency)
    fates = {fate: reach.number(fate) for fate in Fate}
    assert fates == {Fate.GOES: 3, Fate.KEPT: 1, Fate.ELSEWHERE: 1, Fate.WAITS: 1, Fate.IN_LEAF: 1, Fate.GONE: 0}
    assert reach.kinds(Fate.KEPT) == [("audit:log:viewed/1", 1)]
    assert waits[0].pk not in reach.going
    call_command(
        "audit", "erase", "--naming", str(SOMEBODY), "--basis", "request", "--by", "administrator", "--dry-run"
    )  # fmt: skip
    said = capsys.readouterr().out
    for line in (
        f"What 3 entries that name {SOMEBODY} say would be erased for good",
        "           3  identification:reference:enrolled/1",
        "Not erased: what 1 other entry says is never erased",
        "           1  audit:log:viewed/1",
        "Not erased: what 1 other entry says can be erased in a minute",
        "Not erased: what 1 other entry says is not this agency's",
        "Not erased: what 1 other entry says is part of a leaf of version 1",
        "the id stays in the leaf of 1 entry",
    ):
        assert line in said
    assert saying(SOMEBODY) == {"identification:reference:enrolled/1", "audit:log:viewed/1"}


@pytest.fixture
def of_version_1(db: None) -> Callable[..., int]:
    """Write entries as the first version of the log did, the payload within the leaf; rules of today are put aside."""

    def write(actor: User, payload: dict[str, Any], subject_id: str = "") -> int:
        said = {"actor": actor.pk, "agency": actor.agency_id, "kind": "identification:reference:enrolled/1"}
        leaf = said | {"payload": payload, "purpose": "", "subject_id": subject_id, "uid": str(uuid4()), "version": 1}
        canonical = content_of(leaf)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
            cursor.execute(
                "INSERT INTO audit_entry (uid, kind, recorded_at, actor_id, agency_id, subject_type, subject_id,"
                " case_id, purpose, request_id, canonical, leaf_hash) VALUES (%s, %s, now(), %s, %s, '', %s, '', '',"
                " '', %s, %s) RETURNING id",
                [leaf["uid"], leaf["kind"], actor.pk, actor.agency_id, subject_id, canonical,
                 leaf_hash(canonical.encode())],
            )  # fmt: skip
            return int(cursor.fetchone()[0])

    return write


def test_agency_erases_what_is_its_own(administrator: User, outsider: User) -> None:
    (own,), (others,) = named(administrator), named(outsider)
    erase("--naming", str(SOMEBODY))
    own.said.refresh_from_db()
    others.said.refresh_from_db()
    assert (own.payload, bool(others.payload)) == (None, True)


def test_erasing_entry_does_not_name_whom_it_erased(administrator: User) -> None:
    named(administrator)
    erase("--naming", str(SOMEBODY))
    erasing = Entry.objects.get(kind="audit:payload:erased/1")
    assert str(SOMEBODY) not in erasing.canonical + erasing.said.content


# --- A whole case ----------------------------------------------------------------------------


def test_case_is_erased_by_its_number_and_no_other_is(
    conclusion: Conclusion, administrator: User, requester: User, capsys: Any
) -> None:
    case, other = conclusion.review.case, factories.open_case(requester)
    erase("--case", case.number)
    said = dict(Entry.objects.filter(case=case.pk).values_list("kind", "said__content"))
    assert {kind for kind, content in said.items() if content} == {
        "review:review:opened/1",
        "review:assessment:signed/1",
    }
    assert {"identification:case:opened/1", "identification:search:run/1", "review:assignment:taken/1"} < said.keys()
    assert Entry.objects.filter(case=other.pk, said__content__isnull=False).exists()
    assert "Not erased: what 3 other entries say is never erased" in capsys.readouterr().out


def test_case_that_is_gone_is_erased_by_its_id(case: Case, administrator: User) -> None:
    erase("--case", str(case.pk).upper())
    assert not Entry.objects.filter(case=case.pk, said__content__isnull=False).exists()


@pytest.mark.parametrize(
    ("which", "said"),
    [
        (("--case", "none-such"), "has no case with the number 'none-such'"),
        (("--case", str(SOMEBODY)), "None of the entries of case"),
        (("--naming", "petrenko"), "'petrenko' is no id"),
        (("--naming", str(SOMEBODY)), "None of the entries that name"),
        (("--case", str(SOMEBODY), "--naming", str(SOMEBODY)), "not allowed with"),
        ((), "one of the arguments --subject --case --naming is required"),
    ],
)
def test_command_says_what_is_wrong_with_the_choice(administrator: User, which: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        erase(*which)


def test_number_of_another_agencys_case_is_unknown(administrator: User, outsider: User) -> None:
    theirs = factories.open_case(outsider)
    with pytest.raises(CommandError, match="has no case with the number"):
        erase("--case", theirs.number)


# --- One thing, and what else names it -------------------------------------------------------


@pytest.mark.parametrize("dry_run", [True, False])
def test_erasing_one_thing_says_what_else_names_it_and_how_that_goes_too(
    identified: Person, administrator: User, capsys: Any, dry_run: bool
) -> None:
    others = Entry.objects.filter(said__content__contains=str(identified.pk)).count()
    erase("--subject", f"identification.person:{identified.pk}", dry_run=dry_run)
    said = capsys.readouterr().out
    assert f"What {others} other entries say names {identified.pk} too: `--naming {identified.pk}`" in said
    assert "the id stays in the leaf of 1 entry" in said
    assert len(saying(identified.pk)) == 4


def test_what_is_chosen_is_not_counted_among_the_others(administrator: User, gallery: Gallery, capsys: Any) -> None:
    """Entries about a thing that name it too go, in a dry run as later."""
    named(administrator, gallery.pk, subject=gallery)
    for dry_run in (True, False):
        erase("--subject", f"identification.gallery:{gallery.pk}", dry_run=dry_run)
        assert f"No other entry that could be erased says {gallery.pk}." in capsys.readouterr().out


# --- In portions -----------------------------------------------------------------------------


def test_many_go_in_portions_of_one_entry_each_and_whoever_is_stopped_goes_on(
    transactional_db: None, administrator: User, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was told to be erased is: another connection sees it at that moment."""
    every, seen = 2 * MOST_AT_ONCE + 1, []
    with transaction.atomic():
        named(administrator, number=every)

    def stop(done: int, _every: int) -> None:
        with connection_of(APP) as another:
            seen.append((done, another.execute("SELECT count(*) FROM audit_payload WHERE content IS NULL").fetchone()))
        raise KeyboardInterrupt

    monkeypatch.setattr(erase_words, "erasing", lambda _out: stop)
    with pytest.raises(KeyboardInterrupt):
        erase("--naming", str(SOMEBODY))
    monkeypatch.undo()
    assert seen == [(MOST_AT_ONCE, (MOST_AT_ONCE,))]
    erase("--naming", str(SOMEBODY))
    assert f"Erased what {MOST_AT_ONCE} of {MOST_AT_ONCE + 1} entries said" in capsys.readouterr().out
    erasures = [entry.payload or {} for entry in Entry.objects.filter(kind="audit:payload:erased/1").order_by("id")]
    assert [each["count"] for each in erasures] == [MOST_AT_ONCE, MOST_AT_ONCE, 1]
    assert len({uid for each in erasures for uid in each["entries"]}) == every
    assert saying(SOMEBODY) == set()


def test_portion_is_an_entry_that_may_be_written() -> None:
    longest = payload_for("audit:payload:erased/1") | {"entries": [str(SOMEBODY)] * MOST_AT_ONCE}
    assert len(content_of(longest)) < LONGEST_PAYLOAD


def test_log_is_looked_through_by_ranges_and_nothing_between_them_is_missed(
    administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure_reach, "RANGE", 2)
    entries = [named(administrator, SOMEBODY if number % 3 else uuid4())[0] for number in range(9)]
    sequenced()
    told: list[tuple[int, int]] = []
    reach = survey(naming([SOMEBODY]), administrator.agency, lambda done, last: told.append((done, last)))
    assert list(reach.going) == [entry.pk for number, entry in enumerate(entries) if number % 3]
    assert len(told) > 4
    assert told[-1][0] == told[-1][1] >= entries[-1].pk
    assert told == sorted(told)
