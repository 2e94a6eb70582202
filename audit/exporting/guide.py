"""The README of a bundle that came from a database: how to verify it, what was asked for, what its entries mean."""

import json
from collections.abc import Iterable

from audit.bundle.writer import README_FILE
from audit.kinds import KINDS

# Stands in the bundle whatever was asked for: the log's own entry about it.
OF_THE_EXPORT = "audit:export:made/2"
UNKNOWN = "A kind that this version of Countersign doesn't know."
ABOUT = """

ABOUT THIS BUNDLE
-----------------

manifest.json says under "filters" what was asked for. Searches that proposed nobody and conclusions that name nobody
are in whatever was asked for ("always"), as far as agency, case and period allow; where what such an entry said was
erased, it is in as well. So is each entry that erased what another one said.

Days that were asked for ("since", "until") are whole days where the log is kept. "from" and "before" say at which
moments they begin and end, with the distance from UTC.

Signed documents that shown entries name by their SHA-256 stand in records/, as far as the exporter may read them.
"records_named" counts those that are named, "records_included" those that are here. The others are documents of reviews
that haven't ended, or of an agency that the exporter doesn't belong to. Photographs are never in a bundle.
"""
MEANINGS = """

WHAT THE ENTRIES SAY
--------------------

Each "kind" of entry that is shown in this bundle, and its sentence. {actor} is the account of this number. Where it
is null nobody who was signed in acted: then it is the operator if the payload has "at":"command-line", the program
Countersign itself if not, and another sentence may stand for payloads that have a certain key. {subject} is the thing
that "subject_type" and "subject_id" name, and {purpose} the purpose in the entry. For any other word in braces read
what stands under it in the payload; {answers_for}, {asked_by}, {held_by} and {requested_by} are accounts.

"""


class _InBraces(str):
    """A word that stands in braces again; of `{count:entry|entries}` remains "{count} entries"."""

    __slots__ = ()

    def __format__(self, counted: str) -> str:
        return " ".join(filter(None, ("{" + self + "}", counted.partition("|")[2])))


class _Words(dict[str, _InBraces]):
    def __missing__(self, key: str) -> _InBraces:
        return _InBraces(key)


def guide(kinds: Iterable[str]) -> str:
    """Return the README of a bundle that shows entries of these kinds."""
    meanings = "".join(f"{kind}\n{_sentences(kind)}" for kind in sorted({*kinds, OF_THE_EXPORT}))
    return README_FILE.read_text(encoding="utf-8") + ABOUT + MEANINGS + meanings


def _sentences(name: str) -> str:
    kind = KINDS.get(name)
    if kind is None:
        return f"    {UNKNOWN}\n"
    others = (f'Where "{key}" is {json.dumps(value)}: {_written(other)}' for key, value, other in kind.others)
    by_itself = (f'"actor" null, with "{key}": {_written(sentence)}' for key, sentence in kind.unacted)
    return "".join(f"    {text}\n" for text in (_written(kind.sentence), *others, *by_itself))


def _written(sentence: str) -> str:
    return sentence.format_map(_Words())
