"""What a kind of entry is: its payload's keys and their values, and its sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from audit.kinds.keys import KEYS
from audit.kinds.values import Shape, plain


@dataclass(frozen=True)
class Kind:
    """One kind: the keys that its payload must and may have, what stands under each, and its sentence.

    The sentence may name {actor}, {subject}, {purpose} and any key of the payload; a number with what it counts:
    {count:entry|entries}. Of keys that hold people (audit/kinds/keys.py) it gives the names. Where one key of the
    payload says something in particular, or nobody acted and it says who is behind it, another sentence may stand.
    """

    name: str
    sentence: str
    payload_keys: frozenset[str]
    optional_keys: frozenset[str] = frozenset()
    own: Mapping[str, Shape] = field(default_factory=dict)
    others: tuple[tuple[str, Any, str], ...] = ()
    unacted: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """The name as people read it in a list: "assessment signed"."""
        return self.name.partition("/")[0].partition(":")[2].replace(":", " ").replace("-", " ")

    def shape(self, key: str) -> Shape:
        """Return what may stand under a key: of most the same in every kind (audit/kinds/keys.py)."""
        return self.own.get(key) or KEYS[key]

    def where(self, key: str, value: Any, sentence: str) -> "Kind":
        """Return the kind with another sentence for entries whose payload says this under this key."""
        return replace(self, others=(*self.others, (key, value, sentence)))

    def by_itself(self, key: str, sentence: str) -> "Kind":
        """Return the kind with another sentence for entries without an actor whose payload has this key."""
        return replace(self, unacted=(*self.unacted, (key, sentence)))

    def sentence_for(self, said: Mapping[str, Any], *, acted: bool = True) -> str:
        """Return the sentence for a payload, of an entry with an actor or without one."""
        unacted = () if acted else self.unacted
        usual = next((other for key, value, other in self.others if said.get(key) is value), self.sentence)
        return next((other for key, other in unacted if key in said), usual)

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


def kind(name: str, sentence: str, keys: str = "", optional: str = "", **own: Shape) -> Kind:
    """Return a kind; `own` are the shapes of keys under which this one has something else than others."""
    return Kind(name, sentence, frozenset(keys.split()), frozenset(optional.split()), own)
