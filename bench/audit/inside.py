"""The measurement itself, between the servers that `python -m bench.audit` starts for it."""

import json
import math
import os
import secrets
import statistics
import subprocess
import sys
import time
from argparse import Namespace
from typing import Any

import django
from django.db import connection

TABLES = ("audit_entry", "audit_payload", "audit_leaf", "audit_subtree", "audit_checkpoint")
CHUNK = 50_000


def main() -> int:
    """Measure, print and write; return 0 where every goal is kept."""
    os.environ["DATABASE_URL"] = os.environ["OWNER_DATABASE_URL"]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from bench.audit.options import parse
    from bench.audit.report import kept, table

    asked = parse()
    figures = measure(asked)
    print(table(figures))
    if asked.out:
        asked.out.write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if kept(figures) else 1


def measure(asked: Namespace) -> dict[str, Any]:
    """Return all figures: rates a second, seconds, bytes."""
    from bench.audit import machine, rates
    from bench.audit.entries import insert

    actor, agency = _somebody()
    rates.prepare(insert(actor=actor, agency=agency))
    _say("The machine alone")
    figures: dict[str, Any] = {"clients": asked.clients, "held_up": machine.held_up(asked.seconds)}
    figures |= _appends(asked, rates.scripts())
    figures["record"] = _through_the_service(asked, actor)
    figures["latency"] = _entry_to_checkpoint(asked, rates.scripts().audited) if asked.latency else None
    figures["growth"] = _growth(asked, rates.scripts(), insert(actor=actor, agency=agency, number=CHUNK))
    figures["sizes"] = _sizes()
    figures["verify"] = _verify(asked.bundle) if asked.bundle else None
    return figures


def _somebody() -> tuple[int, int]:
    from django.core.management import call_command

    from accounts.models import Agency, User
    from audit.keys import ensure_key

    call_command("migrate", verbosity=0)
    agency = Agency.objects.create(name="Bench", code="bench")
    ensure_key()
    return User.objects.create_user(
        "bench", password=secrets.token_urlsafe(32), full_name="Bench", agency=agency
    ).pk, agency.pk


def _appends(asked: Namespace, scripts: Any) -> dict[str, Any]:
    """Take the ways in turns, so that all of them meet what else the machine does."""
    from bench.audit import rates

    each = {"clients": asked.clients, "seconds": asked.seconds}
    found: dict[str, Any] = {"bare": [], "audited": [], "chained": [], "took_bare": [], "took_audited": []}
    for number in range(asked.rounds):
        _say(f"Transactions, round {number + 1} of {asked.rounds}")
        for name in ("bare", "audited"):
            found[f"took_{name}"].append(rates.latencies(getattr(scripts, name), **each))
        for name in ("bare", "audited", "chained"):
            found[name].append(rates.rate(getattr(scripts, name), **each))
    return found


def _through_the_service(asked: Namespace, actor: int) -> list[float]:
    from bench.audit import service

    _say("Entries through the service")
    return [service.rate(actor, clients=asked.clients, seconds=asked.seconds) for _ in range(asked.rounds)]


def _entry_to_checkpoint(asked: Namespace, audited: str) -> dict[str, float]:
    """Return how long entries waited for a signature over them, with the sequencer as the process that it is."""
    from audit.models import Entry
    from audit.sequencer import advance_to_the_end
    from bench.audit import rates

    advance_to_the_end()
    last = Entry.objects.order_by("id").values_list("id", flat=True).last() or 0
    _say(f"From entry to checkpoint, for {asked.latency} s")
    sequencer = subprocess.Popen([sys.executable, "manage.py", "audit", "sequence"])
    try:
        rates.rate(audited, clients=asked.clients, seconds=asked.latency, limit=rates.LATENCY_RATE)
        time.sleep(70)
    finally:
        sequencer.terminate()
        sequencer.wait()
    return _waits(last)


def _waits(last: int) -> dict[str, float]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*), percentile_cont(ARRAY[0.5, 0.99])
                WITHIN GROUP (ORDER BY extract(epoch FROM signed.at - recorded_at))
            FROM audit_entry e JOIN audit_leaf l ON l.entry_id = e.id,
                LATERAL (SELECT min(signed_at) AS at FROM audit_checkpoint c WHERE c.size > l.leaf_index) signed
            WHERE e.id > %s AND signed.at IS NOT NULL
            """,
            [last],
        )
        entries, (median, p99) = cursor.fetchone()
    return {"entries": entries, "median": float(median), "p99": float(p99)}


def _growth(asked: Namespace, scripts: Any, fill: str) -> list[dict[str, float]]:
    """Grow the log; measure appending and sequencing as it grows, ten times or so."""
    from audit.models import Entry
    from audit.sequencer import advance_to_the_end

    advance_to_the_end()
    marks, size = [], Entry.objects.count()
    step = max(CHUNK, math.ceil((asked.entries - size) / 10 / CHUNK) * CHUNK)
    while True:
        marks.append(_mark(asked, scripts))
        _say(f"{marks[-1]['entries']:,.0f} entries: {marks[-1]['appends'] / marks[-1]['bare']:.3f} of the bare rate")
        if marks[-1]["entries"] >= asked.entries:
            return marks
        _fill(fill, step // CHUNK)


def _mark(asked: Namespace, scripts: Any) -> dict[str, float]:
    """Measure with and without an entry in turns: what else the machine does meets both."""
    from audit.models import Entry
    from audit.sequencer import advance_to_the_end
    from bench.audit import rates

    turns = [
        [rates.rate(script, clients=asked.clients, seconds=asked.seconds) for script in (scripts.bare, scripts.audited)]
        for _ in range(asked.rounds)
    ]
    bare, appends = (statistics.median(rate) for rate in zip(*turns, strict=True))
    begun = time.perf_counter()
    waited = advance_to_the_end()
    sequenced = waited / (time.perf_counter() - begun)
    return {"entries": Entry.objects.count(), "bare": bare, "appends": appends, "sequenced": sequenced}


def _fill(statement: str, times: int) -> None:
    """Add entries that nobody times, without the rules that look at each of them, and give them their places."""
    from audit.sequencer import advance_to_the_end

    _rules("DISABLE")
    for _ in range(times):
        with connection.cursor() as cursor:
            cursor.execute(statement)
        advance_to_the_end()
    _rules("ENABLE ALWAYS")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE audit_entry, audit_payload, audit_leaf")


def _rules(how: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('ALTER TABLE %%s %%s TRIGGER %%I', tgrelid::regclass, %s, tgname) FROM pg_trigger"
            " WHERE tgrelid IN ('audit_entry'::regclass, 'audit_payload'::regclass) AND NOT tgisinternal",
            [how],
        )
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)


def _sizes() -> dict[str, float]:
    from audit.checkpoints import sign_checkpoint
    from audit.models import Entry

    begun = time.perf_counter()
    checkpoint = sign_checkpoint()
    signing, entries = time.perf_counter() - begun, Entry.objects.count()
    sizes: dict[str, float] = {"entries": entries, "signing_seconds": signing, "note_bytes": len(checkpoint.note)}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute("SELECT pg_total_relation_size(%s)", [table])
            sizes[table] = cursor.fetchone()[0] / entries
    return sizes


def _verify(entries: int) -> dict[str, float]:
    from bench.audit.verifying import measured

    _say(f"Verifying a bundle of {entries:,} entries")
    timed = measured(entries)
    return {"entries": entries, "seconds": timed.seconds, "bundle_bytes": timed.bundle_bytes, "peak": timed.peak_bytes}


def _say(what: str) -> None:
    print(f"{what} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
