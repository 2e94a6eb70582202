"""Recognition uses the machine as it is: its cores shared evenly, its GPU where there is one, and it says so."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from identification.models import Encoder
from identification.recognition import runtime
from identification.recognition.cores import _cores_of_the_container, cores
from identification.recognition.precision import agree, halved_where_it_agrees
from identification.services.introduction import introduction
from tests.stack import environment, wait_until

VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@pytest.fixture
def _nobody_set_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "to be undone")
        monkeypatch.delenv(name)


# Threads


@pytest.mark.usefixtures("_nobody_set_threads")
@pytest.mark.parametrize(("number", "of_cores", "threads"), [(1, 8, 8), (2, 8, 4), (3, 8, 2), (8, 8, 1), (16, 8, 1)])
def test_processes_times_threads_are_the_cores(number: int, of_cores: int, threads: int) -> None:
    assert runtime.shared_threads() == 1, "outside a worker"
    assert runtime.share_cores(number, cores=of_cores) == threads
    assert {os.environ[name] for name in VARIABLES} == {str(threads)}
    assert runtime.shared_threads() == threads


@pytest.mark.usefixtures("_nobody_set_threads")
def test_what_an_operator_has_set_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3,2")
    assert runtime.share_cores(1, cores=8) == 3
    assert os.environ["OMP_NUM_THREADS"] == "3,2"


def test_containers_share_of_the_cores_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "cpu.max"
    for content, number in (("200000 100000\n", 2), ("150000 100000\n", 2), ("max 100000\n", None), ("odd", None)):
        limit.write_text(content)
        assert _cores_of_the_container(limit) == number
    assert _cores_of_the_container(tmp_path / "gone") is None
    monkeypatch.setattr("identification.recognition.cores._cores_of_the_container", lambda _: 1)
    assert cores() == 1


@pytest.mark.slow
def test_worker_started_by_hand_shares_the_cores_and_says_so_once(
    encoder: Encoder, transactional_db: None, tmp_path: Path
) -> None:
    """Its one process has all of them; with -c 2 each would have half."""
    Encoder.objects.filter(pk=encoder.pk).update(active=True)
    log = tmp_path / "worker.log"
    told = {name: value for name, value in os.environ.items() if name not in VARIABLES} | environment()
    by_hand = ["celery", "-A", "config.celery", "worker", "-c", "1", "-l", "INFO", "-I", "tests.says_its_share"]
    with (
        log.open("wb") as out,
        subprocess.Popen([sys.executable, "-m", *by_hand], stdout=out, stderr=out, env=told) as worker,
    ):
        wait_until(lambda: "Recognition on" in log.read_text(), seconds=60, what="the worker has said what it is")
        worker.terminate()
        worker.wait(120)
    said = re.findall(r"Recognition on .*", log.read_text())
    threads = cores()
    line = (
        f"Recognition on CPU, {threads} thread{'' if threads == 1 else 's'} in one process; "
        f"detector mtcnn 2.5.3; active encoder {encoder}"
    )
    assert said == [line]
    shares = re.findall(r"a process has (\d+) (\d+) (\d+)", log.read_text())
    assert shares == [(str(threads), str(threads), "1")]


# What it says


def test_line_names_what_is_in_preparation_and_a_single_process(encoder: Encoder, settings) -> None:
    settings.DEVICE, settings.RECOGNITION_THREADS = "cpu", 4
    Encoder.objects.create(name="other", version="7", dimension=128, preparing=True)
    assert introduction(processes=1) == (
        f"Recognition on CPU, 4 threads in one process; detector mtcnn 2.5.3; active encoder {encoder}, "
        "in preparation other 7"
    )


def test_line_says_that_no_encoder_is_active(db: None, settings) -> None:
    settings.DEVICE, settings.RECOGNITION_THREADS = "cuda:1", 1
    line = introduction(processes=2)
    assert line.startswith("Recognition on cuda:1, 1 thread in each of 2 processes")
    assert line.endswith("; no encoder is active")


def test_machine_without_a_gpus_driver_is_not_asked_for_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(runtime, "_GPU_DRIVERS", (str(tmp_path / "none"),))
    monkeypatch.setattr(runtime, "_asked_apart", lambda: pytest.fail("asked"))
    assert runtime.device_in_words("auto") == "CPU"
    monkeypatch.setattr(runtime, "_GPU_DRIVERS", (str(tmp_path),))
    monkeypatch.setattr(runtime, "_asked_apart", lambda: True)
    assert runtime.device_in_words("auto") == "GPU"
    monkeypatch.setattr(runtime, "_asked_apart", lambda: False)
    assert runtime.device_in_words("auto") == "CPU"
    assert runtime.device_in_words("cuda") == "GPU"


# Half precision


def test_half_precision_is_used_where_it_gives_the_same() -> None:
    torch.manual_seed(3)
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 8 * 8, 16)).eval()
    chosen = halved_where_it_agrees(network, shape=(3, 8, 8), device="cpu")
    assert next(chosen.parameters()).dtype == torch.float16
    assert next(network.parameters()).dtype == torch.float32, "the full one stays as it was"


def test_full_precision_stays_where_half_overflows_or_differs() -> None:
    torch.manual_seed(3)
    overflowing = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 16)).eval()
    with torch.no_grad():
        overflowing[1].weight.mul_(1e6)
    assert halved_where_it_agrees(overflowing, shape=(3, 8, 8), device="cpu") is overflowing
    # A difference that half precision can't hold: most of each number is common to all.
    fine = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 16), _Fraction()).eval()
    assert halved_where_it_agrees(fine, shape=(3, 8, 8), device="cpu") is fine


class _Fraction(torch.nn.Module):
    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return (values + 2048) - 2048


def test_agreement_is_within_a_thousandth_of_cosine() -> None:
    one = np.array([[1.0, 0.0], [0.0, 2.0]])
    assert agree(one, one * 3)
    angle = np.arccos(1 - 0.9e-3)
    assert agree(one[:1], np.array([[np.cos(angle), np.sin(angle)]]))
    angle = np.arccos(1 - 1.1e-3)
    assert not agree(one[:1], np.array([[np.cos(angle), np.sin(angle)]]))
    assert not agree(one, np.array([[1.0, 0.0], [0.0, 0.0]]))
    assert not agree(one, np.array([[1.0, 0.0], [0.0, np.nan]]))
