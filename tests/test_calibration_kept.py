"""A calibration is kept with its data, belongs to one version of one encoder, and is told only after signing."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Entry
from identification.errors import NotPermitted
from identification.models import Calibration, Encoder, Person
from identification.recognition.calibration import (
    FORMAT,
    CalibrationError,
    Row,
    Table,
)
from identification.services.calibration import calibrate_encoder
from review.models import Review
from review.services import exposure
from tests import factories
from tests.calibrations import made, written
from tests.made_scores import TABLE
from tests.review_pages import position_of

# Kept


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
    assert entry.payload == {
        "calibration": str(kept.pk),
        "data_sha256": "0" * 64,
        "comparisons": 10_000,
        "rows": 4,
        "weights_sha256": encoder.weights_sha256,
        "at": "command-line",
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
    exposure.reveal(actor=first_reviewer, assignment=assignment, variant=exposure.FACE)
    client.force_login(first_reviewer)
    pages = [reverse(f"review:{step}", args=[assignment.pk]) for step in ("work", "probe", "candidates", "conclude")]
    pages.append(reverse("review:compare", args=[assignment.pk, position_of(assignment, people[0])]))
    pages.append(reverse("review:signed", args=[assignment.pk]))
    for address in pages:
        assert SHOWS not in client.get(address, follow=True).content.decode(), address
    assert client.get(pages[-1]).status_code == 404
