"""What was measured, as a short table, and whether the goals are kept."""

import statistics
from collections.abc import Iterator
from typing import Any

# The goals: transactions a second, seconds, and the largest part of a rate that may be lost as the log grows.
WANTED_RATE = 1000
WANTED_ADDED_P95 = 0.005
WANTED_P99 = 60
WANTED_LOSS = 0.1
WANTED_MILLION_SECONDS = 30
# What lasts longer than this part of the time decides a 95th percentile.
A_TWENTIETH = 0.05


def kept(figures: dict[str, Any]) -> bool:
    """Whether every goal that was measured is kept."""
    return all(held for _, held in goals(figures))


def goals(figures: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Yield each goal as a sentence, and whether it is kept."""
    yield from _appending(figures)
    first, last = figures["growth"][0], figures["growth"][-1]
    lost = 1 - _of_bare(last) / _of_bare(first)
    said = f"from {first['entries']:,} to {last['entries']:,} entries appending lost {lost:.0%} of its rate, which is"
    said += " taken as a part of the rate without entries at that time"
    yield said, lost <= WANTED_LOSS
    if wait := figures["latency"]:
        said = f"{wait['p99']:.1f} s from entry to checkpoint (99th percentile; median {wait['median']:.1f} s)"
        yield said, wait["p99"] <= WANTED_P99
    if verify := figures["verify"]:
        million = verify["seconds"] / verify["entries"] * 1e6
        said = f"{million:.1f} s to verify a million entries (from {verify['entries']:,})"
        yield said, million <= WANTED_MILLION_SECONDS


def _appending(figures: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    audited, bare, chained, service = (
        statistics.median(figures[name]) for name in ("audited", "bare", "chained", "record")
    )
    said = (
        f"{audited:,.0f} audited transactions a second at {figures['clients']} clients, {audited / bare:.2f} of those"
    )
    said += f" without an entry, {audited / chained:.1f} times those in a chain under a lock"
    yield said, audited >= WANTED_RATE
    yield f"{service:,.0f} entries a second through the service, as many clients", service >= WANTED_RATE
    added = {name: _added(figures, name) for name in ("median", "p90", "p95")}
    said = f"{added['p95'] * 1000:.1f} ms added to the 95th percentile at 1,000 transactions a second"
    said += f" ({added['median'] * 1000:.1f} to the median, {added['p90'] * 1000:.1f} to the 90th)"
    yield said, added["p95"] <= WANTED_ADDED_P95


def _added(figures: dict[str, Any], percentile: str) -> float:
    audited, bare = (
        statistics.median(took[percentile] for took in figures[f"took_{name}"]) for name in ("audited", "bare")
    )
    return float(audited - bare)


def table(figures: dict[str, Any]) -> str:
    """Return what people read."""
    lines = [f"  {'kept  ' if held else 'MISSED'}  {sentence}" for sentence, held in goals(figures)]
    lines += ["", _machine(figures["held_up"])]
    lines += ["", *map(_mark, figures["growth"]), "", *_sizes(figures["sizes"], figures["verify"])]
    return "\n".join(["", *lines])


def _machine(held_up: float) -> str:
    said = f"  {held_up:.0%} of the time the machine alone held a plain loop up to more than twice its time"
    return said + (": a 95th percentile lies within that" if held_up > A_TWENTIETH else "")


def _of_bare(mark: dict[str, float]) -> float:
    return mark["appends"] / mark["bare"]


def _mark(mark: dict[str, float]) -> str:
    rates = f"{mark['appends']:>7,.0f} appended ({_of_bare(mark):.2f} of the rate without entries),"
    rates += f" {mark['sequenced']:>8,.0f} sequenced a second"
    return f"  at {mark['entries']:>12,} entries: {rates}"


def _sizes(sizes: dict[str, float], verify: dict[str, float] | None) -> Iterator[str]:
    tables = {name: size for name, size in sizes.items() if name.startswith("audit_")}
    each = ", ".join(f"{name} {size:,.0f}" for name, size in tables.items())
    yield f"  {sum(tables.values()):,.0f} bytes an entry with its indexes: {each}"
    if verify:
        bundle, peak = verify["bundle_bytes"] / verify["entries"], verify["peak"] / 1e6
        yield f"  {bundle:,.0f} bytes an entry in a bundle; the verifier took at most {peak:,.0f} MB of memory"
    yield f"  {sizes['signing_seconds']:.1f} s to sign after hashing anew what was added"
