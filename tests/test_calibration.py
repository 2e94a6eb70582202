"""A calibration says how often chance gives a score, only as far as that was measured, and only after signing."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Entry
from identification.errors import NotPermitted
from identification.evaluation.calibrating import table_of
from identification.models import Calibration, Encoder, Person
from identification.recognition.calibration import (
    FORMAT,
    MOST_ROWS,
    CalibrationError,
    Made,
    Row,
    Table,
    make_table,
    sentence,
)
from identification.services.calibration import calibrate_encoder
from review.models import Review
from tests import factories
from tests.made_scores import FAILED, compared

# Measured


def independent(scores: np.ndarray, rounds: int = 200) -> Table:
    """A table of scores whose comparisons share nobody, so that drawing people is drawing comparisons."""
    rng = np.random.default_rng(1)
    weights = (rng.multinomial(len(scores), np.full(len(scores), 1 / len(scores))).astype(float) for _ in range(rounds))
    return make_table(scores, weights)


def test_false_match_rate_is_the_share_of_comparisons_that_reach_a_score() -> None:
    table = independent(np.arange(1, 101) / 100)
    assert table.at(0.91).fmr == 0.1
    assert table.at(1.0).fmr == 0.01
    assert table.at(0.01).fmr == 1.0
    assert table.comparisons == 100


def test_interval_of_independent_comparisons_is_clopper_and_pearsons() -> None:
    table = independent(np.arange(1, 1001) / 1000, rounds=4000)
    row = table.at(0.9)
    assert row.fmr == pytest.approx(0.1, abs=0.002)
    assert (row.low, row.high) == pytest.approx((0.0821, 0.1203), abs=0.004)  # R: binom.test(100, 1000)


def test_comparisons_that_share_people_count_for_less() -> None:
    """Two hundred comparisons of ten people who come in twenty each: as sure as ten, not as two hundred."""
    scores = np.repeat(np.linspace(0.1, 1.0, 10), 20) + np.tile(np.arange(20) * 1e-6, 10)
    rng = np.random.default_rng(2)
    shared = make_table(
        scores, (np.repeat(rng.multinomial(10, np.full(10, 0.1)), 20).astype(float) for _ in range(400))
    )
    alone = independent(scores, rounds=400)
    mine, theirs = shared.at(0.70002), alone.at(0.70002)
    assert mine.fmr == theirs.fmr
    assert mine.high - mine.low > 3 * (theirs.high - theirs.low)


@pytest.mark.parametrize("seed", range(6))
def test_table_is_monotone_short_and_each_interval_holds_its_rate(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = independent(np.round(rng.normal(0.3, 0.15, 20_000).clip(-1, 1), 3 + seed % 3), rounds=50)
    scores, rates, low, high = (np.array(column) for column in zip(*table.as_rows(), strict=True))
    assert 20 < len(table.rows) <= MOST_ROWS
    assert np.all(np.diff(scores) > 0)
    assert np.all(np.diff(rates) < 0)
    assert np.all(np.diff(low) <= 0)
    assert np.all(np.diff(high) <= 0)
    assert np.all((low <= rates) & (rates <= high))
    assert rates[0] == 1.0


@pytest.mark.parametrize("seed", range(3))
def test_no_score_is_told_a_lower_rate_than_was_measured(seed: int) -> None:
    scores = np.random.default_rng(seed).normal(0.3, 0.15, 5000).clip(-1, 1)
    table = independent(scores, rounds=20)
    for score in np.linspace(-1, scores.max(), 200):
        assert table.at(score).fmr >= (scores >= score).mean()
    assert table.at(scores.max() + 1e-9) is None


def test_order_of_comparisons_changes_nothing() -> None:
    scores = np.random.default_rng(3).normal(0.3, 0.15, 500).clip(-1, 1)
    weights = np.random.default_rng(4).integers(0, 3, (30, 500)).astype(float)
    order = np.random.default_rng(5).permutation(500)
    assert make_table(scores[order], iter(weights[:, order])) == make_table(scores, iter(weights))


def test_table_is_made_of_comparisons_of_different_people_that_took_place() -> None:
    table = table_of(compared([0.99] * 10, [*(np.arange(40) / 100), FAILED]), seed=0)
    assert table.comparisons == 40
    assert table.at(0.5) is None


def test_too_few_comparisons_are_refused() -> None:
    with pytest.raises(CalibrationError, match="needs 20 comparisons of different people or more; here are 3"):
        table_of(compared([0.9], [0.1, 0.2, 0.3]), seed=0)
    with pytest.raises(CalibrationError, match="here are 0"):
        table_of(compared([0.9], [FAILED]), seed=0)


# In words

TABLE = Table(
    10_000,
    (
        Row(0.10, 1.0, 1.0, 1.0),
        Row(0.50, 0.01, 0.008, 0.012),
        Row(0.60, 0.001, 0.0005, 0.002),
        Row(0.70, 0.0001, 0.00001, 0.0004),
    ),
)


@pytest.mark.parametrize(
    ("score", "gallery_size", "begins"),
    [
        (0.05, 10, "Nearly every search"),
        (0.20, 1, "Nearly every search"),
        (0.55, 1000, "Nearly every search"),
        (0.60, 357, "About 3 in 10 searches"),
        (0.60, 2000, "About 9 in 10 searches"),
        (0.55, 35, "About 3 in 10 searches"),
        (0.60, 100, "About 1 in 10 searches"),
        (0.60, 50, "About 1 in 20 searches"),
        (0.70, 100, "Fewer than 1 in 25 searches"),
        (0.70, 2, "Fewer than 1 in 1,000 searches"),
        (0.70, 3, "Fewer than 1 in 830 searches"),
    ],
)
def test_sentence_says_how_many_searches_would_show_a_wrong_person(
    score: float, gallery_size: int, begins: str
) -> None:
    said = sentence(TABLE, score=score, gallery_size=gallery_size)
    assert said == f"{begins} of a gallery this large would show a wrong person at this score."


@pytest.mark.parametrize(
    ("gallery_size", "begins"),
    [
        (1, "Fewer than 1 in 1,000 searches"),
        (100, "Fewer than 1 in 25 searches"),
        (1000, "At most 4 in 10 searches"),
        (100_000, "An unknown part of all searches"),
    ],
)
def test_beyond_the_table_only_a_bound_is_told(gallery_size: int, begins: str) -> None:
    said = sentence(TABLE, score=0.71, gallery_size=gallery_size)
    assert said.startswith(f"{begins} of a gallery this large would show a wrong person at this score. ")
    assert "rarer than 1 in 2,500 could not be measured on 10,000 comparisons" in said


def test_no_sentence_holds_a_percentage_or_a_likelihood() -> None:
    for score in np.linspace(-1, 1, 60):
        for size in (1, 10, 1000, 10**6):
            said = sentence(TABLE, score=float(score), gallery_size=size).lower()
            assert not {"%", "percent", "per cent", "likel", "probab", "match"} & set(said.split())
            assert "%" not in said
            assert "match" not in said


# As sparse at the top as the one measured on Labeled Faces in the Wild: the last row is one comparison.
SPARSE = Table(
    2_700_000,
    (
        Row(0.500, 1.0, 1.0, 1.0),
        Row(0.900, 1e-3, 8e-4, 1.2e-3),
        Row(0.940, 1e-6 * 19, 6e-6, 4.6e-5),
        Row(0.945, 1e-6 * 9, 2e-6, 2.9e-5),
        Row(0.950, 4e-7 * 1.01, 1e-8, 6.5e-6),
        Row(0.951, 3.7e-7, 1e-8, 6e-6),
    ),
)


def drawn_table(seed: int) -> Table:
    """Rows by chance, some of them measured well and some badly, in any order."""
    rng = np.random.default_rng(seed)
    rates = np.concatenate([[1.0], np.sort(10 ** rng.uniform(-6.5, -0.1, 40))[::-1]])
    above = np.maximum.accumulate((rates * rng.uniform(1, 8, 41))[::-1])[::-1].clip(max=1.0)
    rows = zip(np.linspace(0, 0.98, 41), rates, rates / 10, above, strict=True)
    return Table(2_700_000, tuple(Row(*(float(value) for value in row)) for row in rows))


TABLES = [TABLE, SPARSE, independent(np.random.default_rng(1).normal(0.3, 0.15, 5000)), *map(drawn_table, range(4))]
SIZES = [*range(1, 12), 20, 35, 50, 99, 100, 357, 1000, 2000, 5000, 13_000, 100_000, 10**6]


def number_told(said: str) -> float:
    """The part of all searches that a sentence names."""
    if said.startswith(("Nearly every search", "An unknown part of all searches")):
        return 1.0
    told = re.match(r"(?:About|At most|At most about|Fewer than) ([\d,]+) in ([\d,]+) searches of a gallery", said)
    assert told, said
    part, of = (int(number.replace(",", "")) for number in told.groups())
    return part / of


@pytest.mark.parametrize("table", TABLES)
def test_higher_scores_are_never_told_as_more_common(table: Table) -> None:
    scores = [*np.linspace(-1, 1, 80).tolist(), *(row.score for row in table.rows), table.rows[-1].score + 1e-6]
    for size in SIZES:
        told = [number_told(sentence(table, score=score, gallery_size=size)) for score in sorted(scores)]
        assert told == sorted(told, reverse=True), size


@pytest.mark.parametrize("table", TABLES)
def test_larger_galleries_never_make_chance_rarer(table: Table) -> None:
    for score in [*np.linspace(-1, 1, 40).tolist(), *(row.score for row in table.rows)]:
        told = [number_told(sentence(table, score=score, gallery_size=size)) for size in SIZES]
        assert told == sorted(told), score


@pytest.mark.parametrize("table", TABLES)
def test_fewer_than_is_only_said_of_what_the_upper_bound_allows(table: Table) -> None:
    for row in table.rows:
        for size in SIZES:
            said = sentence(table, score=row.score, gallery_size=size)
            if said.startswith("Fewer"):
                assert 1 - (1 - row.high) ** size <= number_told(said) + 1e-9, said


@pytest.mark.parametrize("table", TABLES)
def test_nothing_is_told_as_rarer_than_one_in_a_thousand(table: Table) -> None:
    told = [
        number_told(sentence(table, score=score, gallery_size=size))
        for score in np.linspace(-1, 1, 99)
        for size in SIZES
    ]
    assert min(told) == 1 / 1000


@pytest.mark.parametrize(
    ("high", "begins"),
    [(0.0030, "About 1 in 50 searches"), (0.0031, "Fewer than 1 in 16 searches"), (0.02, "At most 4 in 10 searches")],
)
def test_estimate_is_told_only_where_its_upper_bound_is_at_most_three_times_as_high(high: float, begins: str) -> None:
    table = Table(10_000, (Row(0.1, 1.0, 1.0, 1.0), Row(0.5, 0.001, 0.0001, high)))
    assert sentence(table, score=0.5, gallery_size=20).startswith(begins)


def test_score_measured_badly_keeps_the_estimate_of_a_lower_one_until_its_own_bound_is_rarer() -> None:
    said = {score: sentence(SPARSE, score=score, gallery_size=5000) for score in (0.94, 0.945, 0.951)}
    assert said[0.94].startswith("About 1 in 10 searches")
    assert said[0.945].startswith("At most about 1 in 10 searches")  # its own bound is 1 in 7
    assert said[0.951].startswith("Fewer than 1 in 33 searches")


def test_estimate_rarer_than_one_in_a_thousand_is_fewer_only_where_its_bound_is_too() -> None:
    table = Table(10_000, (Row(0.1, 1.0, 1.0, 1.0), Row(0.5, 0.0001, 0.00005, 0.0002)))
    assert sentence(table, score=0.5, gallery_size=6).startswith("At most about 1 in 1,000 searches")
    assert sentence(table, score=0.5, gallery_size=4).startswith("Fewer than 1 in 1,000 searches")


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [[0.1, 1.0, 1.0]],
        [["a", 1, 1, 1]],
        [[0.1, 0.5, 0.6, 0.7]],
        [[0.1, 0.5, 0.4, 1.7]],
        [[2.0, 0.5, 0.4, 0.7]],
        [[0.1, float("nan"), 0.4, 0.7]],
        [[0.1, 0.5, 0.4, 0.7], [0.2, 0.6, 0.4, 0.7]],
        [[0.2, 0.5, 0.4, 0.7], [0.1, 0.4, 0.3, 0.7]],
        [[0.1, 0.5, 0.4, 0.6], [0.2, 0.4, 0.3, 0.7]],
        [[0.1, 10**400, 0.4, 0.7]],
        [[0.1, 1e-320, 0.0, 1e-320]],
        None,
    ],
)
def test_what_no_measurement_gives_is_no_table(rows: Any) -> None:
    with pytest.raises(CalibrationError):
        Table.from_rows(100, rows)


@pytest.mark.parametrize("comparisons", [0, -1, float("inf"), float("nan"), 2**63, 10**30, "many", None, []])
def test_number_of_comparisons_that_cant_be_is_refused(comparisons: Any) -> None:
    with pytest.raises(CalibrationError):
        Table.from_rows(comparisons, TABLE.as_rows())


# Kept


def made(encoder: Encoder, **changes: Any) -> Made:
    said = {
        "name": encoder.name,
        "version": encoder.version,
        "weights_sha256": encoder.weights_sha256,
        "data": "photographs of the test",
        "data_sha256": "0" * 64,
        "table": TABLE,
    }
    return Made(**said | changes)


def written(made: Made, folder: Path) -> Path:
    file = folder / "calibration.json"
    file.write_text(json.dumps(made.as_json()))
    return file


def test_calibration_from_a_file_is_kept_with_its_data_and_one_entry(
    encoder: Encoder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("encoder", "calibrate", encoder.name, "--from", str(written(made(encoder), tmp_path)))
    kept = Calibration.objects.get()
    assert Table.from_rows(kept.comparisons, kept.table) == TABLE
    assert (kept.encoder, kept.data, kept.data_sha256) == (encoder, "photographs of the test", "0" * 64)
    assert "10,000 comparisons of different people, up to the score 0.7000" in capsys.readouterr().out
    entry = Entry.objects.get()
    assert (entry.kind, entry.actor) == ("identification:encoder:calibrated/1", None)
    assert json.loads(entry.canonical)["payload"] == {
        "calibration": str(kept.pk),
        "data_sha256": "0" * 64,
        "comparisons": 10_000,
        "rows": 4,
        "weights_sha256": encoder.weights_sha256,
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "facenet-vggface2"}, "another encoder, facenet-vggface2, than dlib-resnet-v1"),
        ({"version": "0"}, "another version, 0, than"),
        ({"weights_sha256": "f" * 64}, "another weights file, ffff"),
    ],
)
def test_calibration_of_another_encoder_version_or_weights_is_refused(
    encoder: Encoder, tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    file = written(made(encoder, **changes), tmp_path)
    with pytest.raises(CommandError, match=words) as refusal:
        call_command("encoder", "calibrate", encoder.name, "--from", str(file))
    assert "\n" not in str(refusal.value)
    assert not Calibration.objects.exists()
    assert not Entry.objects.exists()


def in_json(**changes: Any) -> str:
    """A calibration file with something in it changed."""
    encoder = {"name": "dlib-resnet-v1", "version": "1", "weights_sha256": "0" * 64}
    said = {"format": FORMAT, "encoder": encoder, "data": "photographs", "data_sha256": "0" * 64}
    return json.dumps(said | {"comparisons": 10_000, "table": TABLE.as_rows()} | changes)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "can't be read: No such file"),
        ("not JSON", "isn't a calibration"),
        ("[]", "isn't a calibration"),
        ("{}", "isn't a calibration"),
        ("[" * 200_000, "isn't a calibration"),
        (json.dumps({"format": FORMAT, "encoder": {}}), "isn't a calibration"),
        (in_json(comparisons=float("inf")), "isn't a calibration table"),
        (in_json(comparisons=2**63), "more comparisons than can be made"),
        (in_json(comparisons=10**4000), "more comparisons than can be made"),
        (in_json(comparisons=10_000).replace("10000", "1" * 5000), "isn't a calibration"),
        (in_json(table=[[0.1, 10**400, 1, 1]]), "isn't a calibration table"),
        ('{"format": "another/1"}', "isn't a calibration of the format countersign-calibration/1"),
    ],
)
def test_file_that_is_no_calibration_gets_a_sentence(
    encoder: Encoder, tmp_path: Path, content: str | None, words: str
) -> None:
    file = tmp_path / "calibration.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CommandError, match=words) as refusal:
        call_command("encoder", "calibrate", encoder.name, "--from", str(file))
    assert "\n" not in str(refusal.value)
    assert not Calibration.objects.exists()


@pytest.mark.parametrize("changes", [{"data": ""}, {"data": "x" * 201}, {"data_sha256": "0"}])
def test_calibration_says_what_it_was_measured_on(encoder: Encoder, changes: dict[str, str]) -> None:
    with pytest.raises(CalibrationError, match=r"measured on"):
        made(encoder, **changes)


def test_either_photographs_or_a_file_are_asked_for(encoder: Encoder, tmp_path: Path) -> None:
    both = ["p.csv", str(tmp_path), "--from", "f.json"]
    for arguments in ([], ["p.csv"], both):
        with pytest.raises(CommandError, match="Give either"):
            call_command("encoder", "calibrate", encoder.name, *arguments)


def test_calibrating_needs_an_administrator(encoder: Encoder, administrator: User, requester: User) -> None:
    with pytest.raises(NotPermitted):
        calibrate_encoder(actor=requester, encoder=encoder, made=made(encoder))
    assert calibrate_encoder(actor=administrator, encoder=encoder, made=made(encoder)).made_by == administrator


def test_calibration_is_replaced_and_never_changed(encoder: Encoder) -> None:
    first = calibrate_encoder(actor=None, encoder=encoder, made=made(encoder))
    second = calibrate_encoder(actor=None, encoder=encoder, made=made(encoder, data="better photographs"))
    assert Calibration.objects.filter(encoder=encoder).first() == second
    with pytest.raises(DatabaseError, match="identification_calibration_is_append_only"), transaction.atomic():
        Calibration.objects.filter(pk=first.pk).update(data="others")


# Told

SHOWS = "of a gallery this large would show a wrong person at this score"


@pytest.fixture
def page(review: Review, client: Client, first_reviewer: User):
    """What the first reviewer reads after signing."""

    def sign(person: Person | None) -> str:
        assessment = factories.signed(first_reviewer, person)
        client.force_login(first_reviewer)
        return client.get(reverse("review:signed", args=[assessment.assignment_id])).content.decode()

    return sign


def telling(encoder: Encoder, fmr: float) -> None:
    """Calibrate so that every score has this false match rate."""
    every = Row(-0.999, fmr, fmr / 2, min(1.0, fmr * 1.5))
    table = Table(500, (Row(-1.0, 1.0, 1.0, 1.0), every, Row(1.0, 0.0001, 0.0, 0.001)))
    calibrate_encoder(actor=None, encoder=encoder, made=made(encoder, table=table))


def test_after_signing_the_reviewer_reads_how_often_chance_gives_the_named_persons_score(
    encoder: Encoder, people: list[Person], page
) -> None:
    telling(encoder, 0.12)  # three references: 1 - 0.88³ = 0.32
    said = page(people[1])
    assert f"About 3 in 10 searches {SHOWS}." in said
    assert f"<strong>{people[1].name}</strong>, whom you named, was listed" in said
    assert "in a search of 3 references. About 3 in 10" in said
    assert "Measured on photographs of the test: 500 comparisons of different people" in said


def test_who_named_nobody_reads_it_of_the_first_candidate(
    encoder: Encoder, review: Review, people: list[Person], page
) -> None:
    telling(encoder, 0.5)
    first = review.search.candidates.get(rank=1).person
    said = page(None)
    assert f"<strong>{first.name}</strong> was listed 1st with a score of" in said
    assert f"About 9 in 10 searches {SHOWS}." in said


def test_latest_calibration_of_the_searchs_own_encoder_is_told(
    encoder: Encoder, other_encoder: Encoder, people: list[Person], page
) -> None:
    telling(encoder, 0.5)
    telling(encoder, 0.12)
    telling(other_encoder, 0.9)
    assert f"About 3 in 10 searches {SHOWS}." in page(people[0])


def test_without_a_calibration_a_plain_line_says_so(encoder: Encoder, people: list[Person], page) -> None:
    said = page(people[0])
    assert f"How often chance gives such scores has not been measured for {encoder}." in said
    assert SHOWS not in said


def test_before_signing_nothing_of_it_is_told(
    encoder: Encoder, people: list[Person], review: Review, client: Client, first_reviewer: User
) -> None:
    telling(encoder, 0.12)
    assignment = factories.worked_through(first_reviewer, retained=people[:1])
    client.force_login(first_reviewer)
    pages = [reverse(f"review:{step}", args=[assignment.pk]) for step in ("work", "probe", "candidates", "conclude")]
    pages.append(reverse("review:compare", args=[assignment.pk, people[0].pk]))
    pages.append(reverse("review:signed", args=[assignment.pk]))
    for address in pages:
        assert SHOWS not in client.get(address, follow=True).content.decode(), address
    assert client.get(pages[-1]).status_code == 404
