"""What can be asked of `make bench-audit`."""

import argparse
from pathlib import Path


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="make bench-audit ARGS=...",
        description="Compare audited transactions with the same without an entry, time the sequencer and the verifier,"
        " and see whether the rates fall as the log grows.",
    )
    add = parser.add_argument
    add("--seconds", type=int, default=10, help="each measurement of a rate (10)")
    add("--rounds", type=int, default=3, help="of each rate, in turns (3)")
    add("--clients", type=int, default=32, help="at once (32)")
    add("--entries", type=int, default=200_000, help="to which the log is grown (200000; the goal is 10000000)")
    add("--latency", type=int, default=150, help="seconds to watch the way from entry to checkpoint; 0: not")
    add("--bundle", type=int, default=100_000, help="entries in the bundle that the verifiers are timed with; 0: none")
    add("--folder", type=Path, help="where the database's files go while it runs (the temporary folder)")
    add("--out", type=Path, help="write the figures as JSON")
    return parser.parse_args()
