"""What the attacks have in common: they are listed by name, and change the lines of a file."""

import random
from collections.abc import Callable
from typing import Any

from tests.attacks.files import ENTRIES, Files, leaves_of, lines_of, put_lines

# Changes files in place, or returns False where this bundle has nothing to attack.
Attack = Callable[[Files, random.Random], bool]


def listing(attacks: dict[str, Attack]) -> Callable[[Attack], Attack]:
    """Return what puts an attack on a list, by its name."""

    def attack(function: Attack) -> Attack:
        attacks[function.__name__] = function
        return function

    return attack


def on_lines(files: Files, name: str, change: Callable[[list[dict[str, Any]]], bool | None]) -> bool:
    lines = lines_of(files, name)
    if change(lines) is False:
        return False
    put_lines(files, name, lines)
    return True


def drawn_place(lines: list[dict[str, Any]], draw: random.Random, *keys: str) -> int | None:
    """Return the place of a line, drawn from those that have all the keys."""
    places = [place for place, line in enumerate(lines) if all(key in line for key in keys)]
    return draw.choice(places) if places else None


def change_one(
    files: Files, draw: random.Random, change: Callable[[dict[str, Any]], None], *keys: str, name: str = ENTRIES
) -> bool:
    def changed(lines: list[dict[str, Any]]) -> bool:
        place = drawn_place(lines, draw, *keys)
        if place is not None:
            change(lines[place])
        return place is not None

    return on_lines(files, name, changed)


def renumber(lines: list[dict[str, Any]]) -> None:
    at = 0
    for line in lines:
        line["index"] = at
        at += leaves_of([line])
