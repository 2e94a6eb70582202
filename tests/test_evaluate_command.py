"""`manage.py evaluate` from a list of pairs to documents, on photographs of the fictional cast."""

import json
import shutil
import xml.etree.ElementTree as ET
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from demo.cast import Cast, degrade
from identification.models import Calibration, Encoder
from identification.recognition.encoders import SHIPPED

PEOPLE, SHOTS = 4, 3
ENCODER = "dlib-resnet-v1"


pytestmark = pytest.mark.slow  # each run loads models into processes of its own


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve photographs of four people, a thirteenth without a face, and a list of pairs in two folds."""
    folder = tmp_path_factory.mktemp("evaluation")
    cast = Cast(seed=2026)
    for person in range(PEOPLE):
        (folder / "images" / f"person-{person}").mkdir(parents=True)
        for shot in range(SHOTS):
            photograph = degrade.to_jpeg(cast.photograph(cast.person(person), shot).resize((240, 300)))
            (folder / "images" / name(person, shot)).write_bytes(photograph)
    (folder / "images" / name(0, SHOTS)).write_bytes(degrade.to_jpeg(degrade.without_face(1).resize((160, 120))))
    (folder / "pairs.csv").write_text("\n".join(["fold,first,second,same_person", *rows()]) + "\n")
    return folder


def name(person: int, shot: int) -> str:
    return f"person-{person}/{shot}.jpg"


def rows() -> list[str]:
    mated = [f"{person % 2},{name(person, 0)},{name(person, shot)},1" for person in range(PEOPLE) for shot in (1, 2)]
    others = [(0, 2), (2, 0), (1, 3), (3, 1)]
    non_mated = [f"{one % 2},{name(one, shot)},{name(other, 2)},0" for one, other in others for shot in (0, 1)]
    return [*mated, *non_mated, f"0,{name(0, 1)},{name(0, SHOTS)},1"]


@pytest.fixture(scope="module")
def evaluated(photographs: Path) -> tuple[Path, str]:
    """One run with a degradation: the folder of its result, and what it printed. A query would be refused here."""
    out = StringIO()
    evaluate(photographs, "--degrade", "turned-90", "--out", str(photographs / "out"), stdout=out)
    return photographs / "out", out.getvalue()


def evaluate(photographs: Path, *options: str, **streams: Any) -> None:
    call_command(
        "evaluate",
        str(photographs / "pairs.csv"),
        str(photographs / "images"),
        "--cache",
        str(photographs / "cache"),
        *options,
        **{"stdout": StringIO(), "stderr": StringIO()} | streams,
    )


@pytest.fixture(scope="module")
def result(evaluated: tuple[Path, str]) -> dict[str, Any]:
    return json.loads((evaluated[0] / "result.json").read_text())


def test_every_figure_stands_under_its_key(result: dict[str, Any]) -> None:
    verification = result["verification"]
    # Eight mated and eight non-mated pairs are told apart; the pair with the empty photograph is an error.
    assert verification["accuracy"] == pytest.approx((8 / 9 + 1) / 2)
    assert 0 < verification["accuracy_standard_error"] < 0.1
    assert verification["failures_to_enrol"] == 1
    assert isinstance(verification["failures_to_enrol"], int)
    assert verification["failures_to_enrol_interval"] == pytest.approx([0.0019, 0.3603], abs=1e-4)
    assert verification["fnmr_at_fmr"] == pytest.approx(dict.fromkeys(("0.1", "0.01", "0.001", "0.0001"), 1 / 9))
    assert verification["fnmr_at_fmr_measurable"] == dict.fromkeys(("0.1", "0.01", "0.001", "0.0001"), False)
    assert set(verification["threshold_at_fmr"]) == set(verification["fnmr_at_fmr_interval"])
    assert verification["eer_interval"][0] <= verification["eer"] <= verification["eer_interval"][1]
    assert (verification["images"], verification["pairs"], verification["folds"]) == (13, 17, 2)
    assert (verification["mated_comparisons"], verification["non_mated_comparisons"]) == (9, 8)


def test_every_photograph_is_compared_with_every_other_one(result: dict[str, Any]) -> None:
    every = result["all_pairs"]
    assert every["mated_comparisons"] == 3 * PEOPLE + SHOTS, "the empty photograph's failed comparisons count"
    assert every["non_mated_comparisons"] == 54
    assert every["not_compared"] == 12
    assert every["fnmr_at_fmr_measurable"]["0.1"] is True


def test_searches_state_the_size_of_the_gallery_and_the_length_of_the_list(result: dict[str, Any]) -> None:
    searches = result["identification"]
    assert (searches["gallery_size"], searches["list_length"]) == (2, 20)
    assert set(searches["fnir_at_fpir"]) == {"0.1", "0.01"}
    assert set(searches["rank"]) == {"1", "5", "20"}
    assert 0.7 < searches["rank"]["1"] < 1


def test_degraded_probes_are_measured_in_the_same_way(result: dict[str, Any]) -> None:
    (turned,) = result["degraded"].values()
    assert set(turned["verification"]) == set(result["verification"])
    assert turned["verification"]["accuracy"] == pytest.approx(result["verification"]["accuracy"], abs=0.07)
    assert turned["verification"]["failures_to_enrol"] == 1
    assert set(result["discard"]) == {"all_pairs", "degraded"}, "too few of the listed pairs are errors"
    assert result["discard"]["degraded"]["mated_comparisons"] == 16


def test_run_can_be_repeated_from_what_stands_in_the_result(result: dict[str, Any], photographs: Path) -> None:
    made, spec = result["made"], SHIPPED[ENCODER]
    assert made["encoder"]["weights_sha256"] == spec.weights_sha256
    assert made["encoder"]["version"] == spec.version
    assert made["detector"]["name"] == "mtcnn"
    assert len(made["pairs_sha256"]) == 64
    assert {"torch", "dlib-bin", "numpy"} < set(made["libraries"])
    assert made["command"].split()[0] == "manage.py"
    assert (made["images"], made["people"]) == (13, 4)


def test_table_and_document_say_in_words_what_could_not_be_measured(evaluated: tuple[Path, str]) -> None:
    folder, printed = evaluated
    for text in (printed, (folder / "result.md").read_text()):
        assert "false matches rarer than 1 in 8 could not be measured on 8 comparisons of different people" in text
        assert "FNMR at FMR 0.01, all pairs" in text
        assert "%" not in text.replace("without 5%", "").replace("without 10%", "").replace("without 20%", "")
    assert "| turned by 90 degrees |" in (folder / "result.md").read_text()


def test_plots_are_svg_that_says_what_its_axes_are(evaluated: tuple[Path, str]) -> None:
    for plot in ("det.svg", "cmc.svg"):
        content = (evaluated[0] / plot).read_text()
        assert ET.fromstring(content).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314  (our own file)
        assert "#0b5c6b" in content
        assert "<dc:date>" not in content


def test_second_run_takes_its_samples_from_the_cache_and_finds_the_same(
    evaluated: tuple[Path, str], photographs: Path
) -> None:
    progress = StringIO()
    evaluate(photographs, "--degrade", "turned-90", "--out", str(photographs / "again"), stderr=progress)
    assert progress.getvalue() == "", "nothing was sampled anew"
    for plot in ("det.svg", "cmc.svg", "calibration.json"):
        assert (photographs / "again" / plot).read_bytes() == (evaluated[0] / plot).read_bytes()


def test_calibration_of_an_evaluation_can_be_brought_to_an_installation(
    encoder: Encoder, evaluated: tuple[Path, str], photographs: Path
) -> None:
    call_command("encoder", "calibrate", ENCODER, "--from", str(evaluated[0] / "calibration.json"))
    call_command(
        "encoder",
        "calibrate",
        ENCODER,
        str(photographs / "pairs.csv"),
        str(photographs / "images"),
        "--cache",
        str(photographs / "cache"),
        "--data",
        "the fictional cast",
    )
    measured, brought = Calibration.objects.all()
    assert (measured.comparisons, measured.table) == (brought.comparisons, brought.table)
    assert measured.comparisons == 54
    assert measured.data == "the fictional cast"
    assert brought.data == "13 photographs of 4 people listed in pairs.csv"


def test_damaged_photograph_is_named_in_one_sentence(photographs: Path, tmp_path: Path) -> None:
    shutil.copytree(photographs, tmp_path / "damaged")
    (tmp_path / "damaged" / "images" / name(1, 1)).write_bytes(b"\xff\xd8\xff not a photograph")
    with pytest.raises(CommandError, match=r"person-1/1.jpg can't be used: The file") as refusal:
        evaluate(tmp_path / "damaged")
    assert "\n" not in str(refusal.value)


def test_encoder_without_weights_says_what_to_do(photographs: Path, settings, tmp_path: Path) -> None:
    settings.WEIGHTS_DIR = tmp_path / "weights"
    with pytest.raises(CommandError, match="weights of facenet-vggface2 aren't installed"):
        evaluate(photographs, "--encoder", "facenet-vggface2")


def test_missing_images_are_named_before_any_model_is_loaded(photographs: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"13 of 13 images aren't in .*: person-0/0.jpg, person-0/1.jpg, "):
        call_command("evaluate", str(photographs / "pairs.csv"), str(tmp_path))
