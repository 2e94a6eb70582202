"""What entries say, read so that nothing that stands in one can stop a page.

Services write what the registry of kinds allows (audit/kinds/). PostgreSQL asks of a payload that it is an object and
what its leaf commits to, of older ones not even the first; so one written with SQL may say anything, under any kind.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from audit.models import Entry


@dataclass(frozen=True)
class Said:
    """What an entry says beyond ids: nothing where that was erased, or can't be read."""

    words: dict[str, Any] = field(default_factory=dict)
    erased: bool = False
    readable: bool = True

    def text(self, key: str) -> str:
        """Return what stands under a key if it is text or a number; otherwise nothing."""
        value = self.words.get(key)
        return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""

    def number(self, key: str) -> int | None:
        """Return what stands under a key if it is a whole number."""
        value = self.words.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def texts(self, key: str) -> list[str]:
        """Return the texts and numbers of the list that stands under a key."""
        value = self.words.get(key)
        return [str(item) for item in value if isinstance(item, str | int)] if isinstance(value, list) else []


ERASED, UNREADABLE = Said(erased=True, readable=False), Said(readable=False)


def said_by(entry: Entry) -> Said:
    """Return what an entry says. Select `said` with many entries."""
    inline = leaf_of(entry).get("payload")
    if inline is not None:  # an entry of version 1
        return Said(inline) if isinstance(inline, dict) else UNREADABLE
    stored = getattr(entry, "said", None)
    if stored is None:
        return UNREADABLE
    if stored.content is None:
        return ERASED
    words = read(stored.content)
    return UNREADABLE if words is None else Said(words)


def index_of(entry: Entry) -> int | None:
    """Return the place of an entry in the log, read once; None while it waits for one."""
    place = getattr(entry, "place", None)
    return place.index if place else None


def leaf_of(entry: Entry) -> dict[str, Any]:
    """Return the leaf as it was hashed; empty where that can't be read."""
    return read(entry.canonical) or {}


def read(text: str) -> dict[str, Any] | None:
    """Return the object that a text is in JSON; None where it is none that could be written again."""
    try:
        value = json.loads(text, parse_constant=_refuse)
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()  # half a character, written as an escape, is no text
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
