"""The measurements judge rightly, also what is missed, and keep away from what the machine serves otherwise."""

import hashlib
import json
import re
from argparse import Namespace
from pathlib import Path

import pytest

from bench import made_facenet, options, recognition
from bench.figures import Growth, Mark, Resident, Round, Throughput, memory_kept
from bench.photographs import Drawn
from bench.report import Result, written
from bench.sender import AT_ONCE
from identification.recognition.encoders import facenet
from identification.recognition.weights import WeightsFile

MB = 1_000_000


def one_round(*, loop: float, pipeline: float, photographs: int = 100) -> Round:
    """A round that took so many seconds each; the pipeline's processor time is a quarter more than the loop's."""
    parts = {"worker": loop * 1.125, "web server": loop * 0.125}
    return Round(photographs, photographs, photographs, loop, pipeline, {"loop": loop}, parts)


def marks(*sets: dict[int, int]) -> Growth:
    return Growth(
        [Mark(500 * (number + 1), {pid: mb * MB for pid, mb in one.items()}) for number, one in enumerate(sets)]
    )


def test_the_ratio_is_the_pipelines_speed_as_a_part_of_the_loops() -> None:
    taken = one_round(loop=20, pipeline=25)
    assert (taken.loop, taken.pipeline) == (5.0, 4.0)
    assert taken.ratio == pytest.approx(0.8)
    assert taken.processor_ratio == pytest.approx(0.8)


def test_the_median_of_the_rounds_decides_and_the_spread_is_told() -> None:
    rounds = [one_round(loop=20, pipeline=20 / ratio) for ratio in (0.5, 0.90, 0.86, 0.85, 1.2)]
    measured = Throughput(rounds)
    assert measured.ratio == pytest.approx(0.86)
    assert measured.spread == (pytest.approx(0.5), pytest.approx(1.2))
    assert measured.kept


def test_a_pipeline_below_the_wanted_ratio_is_not_kept() -> None:
    assert not Throughput([one_round(loop=20, pipeline=20 / ratio) for ratio in (0.84, 0.8, 0.99)]).kept


@pytest.mark.parametrize(
    ("encoder", "resident", "kept"),
    [
        ("dlib-resnet-v1", (900, 1200), True),
        ("dlib-resnet-v1", (900, 1201), False),
        ("facenet-vggface2", (1500, 1201), True),
        ("facenet-vggface2", (1501, 900), False),
        ("dlib-resnet-v1", (), False),
    ],
)
def test_each_worker_process_keeps_to_the_memory_of_its_encoder(
    encoder: str, resident: tuple[int, ...], kept: bool
) -> None:
    assert memory_kept(encoder, [Resident(pid, mb * MB) for pid, mb in enumerate(resident)]) is kept


def test_processes_that_stay_within_five_hundredths_do_not_grow() -> None:
    growth = marks({1: 800, 2: 810}, {1: 839, 2: 790}, {1: 838, 2: 812})
    assert growth.kept
    assert growth.worst == pytest.approx(39 / 800)
    assert "at most +4.9% against the value after 500 photographs" in growth.in_words


def test_one_process_that_grows_is_enough_to_fail() -> None:
    growth = marks({1: 800, 2: 810}, {1: 801, 2: 852}, {1: 801, 2: 810})
    assert not growth.kept
    assert "+5.2%" in growth.in_words
    assert growth.in_words.endswith("not kept")


def test_a_process_that_was_replaced_hides_no_growth() -> None:
    growth = marks({1: 800, 2: 810}, {1: 801, 3: 500})
    assert growth.replaced
    assert not growth.kept
    assert "was replaced" in growth.in_words


def test_one_mark_alone_shows_no_growth() -> None:
    assert not marks({1: 800}).kept


def test_a_run_is_kept_only_when_all_that_was_measured_is() -> None:
    asked = Namespace(encoder="dlib-resnet-v1", processes=2, facenet_shape=False)
    good, bad = (Throughput([one_round(loop=20, pipeline=seconds)]) for seconds in (22, 30))
    small, steady, growing = [Resident(1, 800 * MB, 600 * MB)], marks({1: 800}, {1: 801}), marks({1: 800}, {1: 900})
    assert Result(asked, good, small, steady).kept
    assert Result(asked, None, small, steady).kept
    assert not Result(asked, bad, small, steady).kept
    assert not Result(asked, good, [Resident(1, 1300 * MB)], steady).kept
    assert not Result(asked, good, small, growing).kept


def test_table_and_file_tell_the_same() -> None:
    asked = Namespace(encoder="facenet-vggface2", processes=2, facenet_shape=True)
    measured = Throughput([one_round(loop=20, pipeline=25)])
    result = Result(asked, measured, [Resident(7, 1400 * MB, 900 * MB)], marks({7: 800}, {7: 900}))
    table, told = result.table(), json.loads(written(result))
    assert "random numbers" in table
    assert "random numbers" in told["weights"]
    assert "median of the ratio 0.800, from 0.800 to 0.800; wanted at least 0.85: NOT KEPT" in table
    assert (told["throughput"]["ratio"], told["throughput"]["kept"]) == (pytest.approx(0.8), False)
    assert "wanted at most 1,500 resident: kept" in table
    assert told["memory"]["processes"] == [{"pid": 7, "rss": 1400 * MB, "pss": 900 * MB}]
    assert (told["growth"]["worst"], told["kept"]) == (pytest.approx(0.125), False)


def test_as_many_photographs_are_sent_at_once_as_the_page_sends() -> None:
    script = (Path(__file__).resolve().parent.parent / "static" / "js" / "intake.js").read_text()
    assert re.findall(r"^const AT_ONCE = (\d+);", script, re.MULTILINE) == [str(AT_ONCE)]


def test_every_photograph_is_another_file() -> None:
    drawn = Drawn()
    files = [drawn.photograph(number) for number in range(3)] + list(drawn.small(range(4)))
    # The portrait of number 1 once more, in the same size as number 1's: 81 widths, 300 portraits.
    files += list(drawn.small(range(1 + 81 * 300, 2 + 81 * 300)))
    assert len({hashlib.sha256(data).hexdigest() for data in files}) == len(files) == 8


def test_the_operators_database_queue_and_files_stay_out_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "DATABASE_URL",
        "OWNER_DATABASE_URL",
        "SEQUENCER_DATABASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "MEDIA_ROOT",
        "VAR_DIR",
    ):
        monkeypatch.setenv(name, "/srv/countersign")
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    monkeypatch.setenv("DEVICE", "cpu")
    environment = recognition.own_servers_environment(tmp_path)
    assert not {name for name, value in environment.items() if value == "/srv/countersign"}
    assert {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"}.isdisjoint(environment)
    assert (environment["OMP_NUM_THREADS"], environment["RECOGNITION_THREADS"]) == ("1", "1")
    assert environment["DEVICE"] == "cpu"
    for name in ("VAR_DIR", "MEDIA_ROOT"):
        assert Path(environment[name]).is_relative_to(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--growth", "700"], "multiple of 500"),
        (["--rounds", "0"], "Ask for --rounds, for --growth, or for both"),
        (["--photographs", "0"], "must be at least 1"),
        (["--encoder", "facenet-vggface2", "--weights", "/nowhere"], "isn't installed in /nowhere"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_a_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        options.parse(arguments)
    assert ended.value.code == 2
    assert sentence in re.sub(r"\s+", " ", capsys.readouterr().err)


def test_made_weights_are_taken_by_the_process_that_accepts_them_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / made_facenet.FILENAME).write_bytes(b"made")
    monkeypatch.setenv("WEIGHTS_DIR", str(tmp_path))
    monkeypatch.setattr(facenet, "FACENET_VGGFACE2", facenet.FACENET_VGGFACE2)
    monkeypatch.setattr(facenet.FaceNet.__init__, "__kwdefaults__", dict(facenet.FaceNet.__init__.__kwdefaults__))
    assert not facenet.is_available(tmp_path)
    made_facenet.accept()
    assert facenet.is_available(tmp_path)
    pinned = facenet.FaceNet.__init__.__kwdefaults__["pinned"]
    assert pinned == WeightsFile(made_facenet.FILENAME, pinned.address, 4, hashlib.sha256(b"made").hexdigest())
