"""What the demonstration prints: steps with their times, expectations, and the table at the end."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO


@dataclass
class Report:
    """Times of steps and whether expectations held."""

    out: TextIO
    steps: list[tuple[str, float, str]] = field(default_factory=list)
    expectations: list[tuple[bool, str]] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Print one line."""
        self.out.write(text + "\n")
        self.out.flush()

    @contextmanager
    def step(self, title: str) -> Iterator[list[str]]:
        """Time a step; what it appends to the list says what came of it."""
        self.say(f"\n{title}")
        began, results = time.monotonic(), list[str]()
        yield results
        seconds = time.monotonic() - began
        self.steps.append((title, seconds, "; ".join(results)))
        for result in results:
            self.say(f"  {result}")

    def progress(self, done: int, total: int, what: str) -> None:
        """Show how far something has come: one line that fills on a terminal, a line a fifth elsewhere."""
        if sys.stdout.isatty():
            self.out.write(f"\r  {done} of {total} {what}{'' if done < total else chr(10)}")
        elif done == total or (total >= 5 and done % (total // 5) == 0):
            self.out.write(f"  {done} of {total} {what}\n")
        self.out.flush()

    def expect(self, held: bool, text: str) -> None:
        """Note whether something came out as it should."""
        self.expectations.append((held, text))

    @property
    def all_held(self) -> bool:
        return all(held for held, _ in self.expectations)

    def table(self) -> str:
        """Return the table of steps, times and results, and below it the expectations."""
        width = max(len(title) for title, _, _ in self.steps)
        lines = [f"  {title:{width}}  {seconds:6.1f} s  {result}" for title, seconds, result in self.steps]
        lines += ["", "Expectations"]
        lines += [f"  {'held  ' if held else 'FAILED'}  {text}" for held, text in self.expectations]
        return "\n".join(["", "What happened", *lines])
