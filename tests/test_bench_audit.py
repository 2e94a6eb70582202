"""What measures the log: its entries are such as services write, and it says truly which goals are kept."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from audit.kinds import KINDS
from bench.audit import entries, machine, report, verifying

KEPT: dict[str, Any] = {
    "clients": 32,
    "held_up": 0.012,
    "bare": [9000.0, 9100.0],
    "audited": [2300.0, 2500.0],
    "chained": [700.0, 800.0],
    "record": [1100.0, 1200.0],
    "took_bare": [{"median": 0.0004, "p90": 0.0008, "p95": 0.001}],
    "took_audited": [{"median": 0.0015, "p90": 0.003, "p95": 0.004}],
    "latency": {"entries": 1000, "median": 21.0, "p99": 44.0},
    "growth": [
        {"entries": 50_000, "bare": 9000.0, "appends": 2400.0, "sequenced": 30_000.0},
        {"entries": 10_000_000, "bare": 9000.0, "appends": 2300.0, "sequenced": 29_000.0},
    ],
    "sizes": {"entries": 10_000_000, "signing_seconds": 3.0, "note_bytes": 300, "audit_entry": 1200.0},
    "verify": {"entries": 1_000_000, "seconds": 21.0, "bundle_bytes": 900_000_000, "peak": 60_000_000},
}


def test_entries_that_are_verified_are_of_their_kinds() -> None:
    seen = set()
    for entry in verifying.made_entries(verifying.PER_SEARCH + 2):
        kind, said = json.loads(entry.leaf)["kind"], json.loads(entry.payload)
        assert KINDS[kind].checked(said) == said
        seen.add(kind)
    assert len(seen) == 3


def test_entries_that_postgresql_makes_are_of_their_kind() -> None:
    written = entries.insert(actor=1, agency=1)
    assert entries.KIND in KINDS
    for key in ("case", "sha256", "variant"):
        assert f'"{key}":' in written
        assert key in KINDS[entries.KIND].payload_keys | KINDS[entries.KIND].optional_keys


def test_the_bundle_that_is_timed_holds(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    with bundle.open("wb") as out:
        verifying.write_bundle(out, 50)
    timed = verifying.timed(bundle, 50)
    assert "50 of 50 entries are shown" in timed.sentence
    assert timed.bundle_bytes == bundle.stat().st_size


def test_all_goals_kept_are_said_to_be() -> None:
    said = report.table(KEPT)
    assert report.kept(KEPT)
    assert "MISSED" not in said
    assert said.count("kept  ") == 6


@pytest.mark.parametrize(
    ("part", "ends"),
    [(0.012, "more than twice its time\n"), (0.091, "more than twice its time: a 95th percentile lies within that\n")],
)
def test_a_machine_that_is_held_up_is_said_to_be(part: float, ends: str) -> None:
    said = report.table(KEPT | {"held_up": part})
    assert f"\n  {part:.0%} of the time the machine alone held a plain loop up to {ends}" in said


def test_time_that_was_held_up_is_what_took_more_than_twice_the_median() -> None:
    assert machine.beyond_twice([1.0] * 80 + [2.0] * 5 + [5.0, 5.0]) == pytest.approx(0.1)
    assert 0 <= machine.held_up(0.2) < 1


@pytest.mark.parametrize(
    ("where", "value", "sentence"),
    [
        (("audited",), [900.0, 950.0], "audited transactions a second"),
        (("record",), [900.0, 950.0], "entries a second through the service"),
        (("took_audited", 0, "p95"), 0.0061, "5.1 ms added to the 95th percentile"),
        (("latency", "p99"), 61.0, "61.0 s from entry to checkpoint"),
        (("growth", 1, "appends"), 2100.0, "lost 12% of its rate"),
        (("verify", "seconds"), 31.0, "31.0 s to verify a million entries"),
    ],
)
def test_a_goal_that_is_missed_is_said_to_be(where: tuple[Any, ...], value: Any, sentence: str) -> None:
    figures = deepcopy(KEPT)
    there: Any = figures
    for step in where[:-1]:
        there = there[step]
    there[where[-1]] = value
    assert not report.kept(figures)
    (missed,) = (line for line in report.table(figures).splitlines() if "MISSED" in line)
    assert sentence in missed


def test_what_was_not_measured_is_no_goal() -> None:
    assert report.kept(KEPT | {"latency": None, "verify": None})
