"""What a kind of entry is: its payload's keys and their values, and its sentence."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from audit.kinds.keys import KEYS
from audit.kinds.values import Shape, plain

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Kind:
    """One kind: the keys that its payload must and may have, what stands under each, and its sentence.

    The sentence may name {actor}, {subject}, {purpose} and any key of the payload; a number with what it counts:
    {count:entry|entries}. Of keys that hold people (audit/kinds/keys.py) it gives the names. An entry without an actor
    has another sentence where its payload has a key of `by_itself`, the first that it has.
    """

    name: str
    sentence: str
    payload_keys: frozenset[str]
    optional_keys: frozenset[str] = frozenset()
    own: Mapping[str, Shape] = field(default_factory=dict)
    by_itself: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The name as people read it in a list: "assessment signed"."""
        return self.name.partition("/")[0].partition(":")[2].replace(":", " ")

    def shape(self, key: str) -> Shape:
        """Return what may stand under a key: of most the same in every kind (audit/kinds/keys.py)."""
        return self.own.get(key) or KEYS[key]

    def sentence_without_actor(self, said: Container[str]) -> str:
        """Return the sentence of an entry without an actor whose payload has these keys."""
        return next((other for key, other in self.by_itself.items() if key in said), self.sentence)

    def checked(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return the payload as plain JSON values; raise where it isn't what this kind says."""
        missing = self.payload_keys - payload.keys()
        unknown = payload.keys() - self.payload_keys - self.optional_keys
        if missing or unknown:
            raise ValueError(f"{self.name}: missing {sorted(missing)}, unknown {sorted(unknown)}")
        return {key: self._value(key, value) for key, value in payload.items()}

    def _value(self, key: str, given: Any) -> Any:
        value, shape = plain(given), self.shape(key)
        if not shape.fits(value):  # which isn't repeated: it may be what has no place in a log
            raise ValueError(f"{self.name}: {key} must be {shape.said}")
        return value


def kind(
    name: str, sentence: str, keys: str = "", optional: str = "", by_itself: Mapping[str, str] = NOTHING, **own: Shape
) -> Kind:
    """Return a kind; `own` are the shapes of keys under which this one has something else than others."""
    return Kind(name, sentence, frozenset(keys.split()), frozenset(optional.split()), own, by_itself)
