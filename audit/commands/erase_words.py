"""What `manage.py audit erase` says of what goes, and of what stays and why."""

from collections.abc import Sequence
from uuid import UUID

from django.core.management.base import OutputWrapper

from audit.erasure_reach import Fate, Reach, Selection, Tell
from audit.models import Entry

# Only whoever has these files knows where they are.
WHAT_STAYS = (
    "Files that were downloaded, or written by `manage.py audit export`, stay where they are: remove those that may"
    " hold it."
)
MOST_LISTED = 5
REST = " Somebody else erased some of the rest meanwhile: run it again for what is left."
WHY = {
    Fate.KEPT: "what {0} is never erased, for by it an outsider sees who held which role, what was exported and who"
    " signed",
    Fate.WAITS: "what {0} can be erased in a minute, when it has its place in the log: run this again",
    Fate.ELSEWHERE: "what {0} is not this agency's: an administrator of theirs can have it erased, and nobody what"
    " belongs to no agency",
    Fate.IN_LEAF: "what {0} is part of a leaf of version 1, which can't be erased",
    Fate.GONE: "what {0} was erased before",
}


def would_go(selection: Selection, reach: Reach) -> str:
    """Say what an erasure would do."""
    return (
        f"What {_entries(len(reach.going), selection)} would be erased for good, the salts with it; the entries, their"
        " places and every proof would stay, the log would say what was erased, and the agency's exports that wait for"
        f" their download would be removed.{_kinds(reach, Fate.GOES)}"
    )


def gone(selection: Selection, reach: Reach, made: Sequence[Entry]) -> str:
    """Say what was erased, and which entries say so."""
    erased = sum(len((entry.payload or {})["entries"]) for entry in made)
    uids = [str(entry.uid) for entry in made]
    rest = _kinds(reach, Fate.GOES) if erased == len(reach.going) else REST
    return (
        f"What {_entries(erased, selection, past=True)} is erased; {_listed(uids)} in the log. The agency's exports"
        f" that waited for their download are removed.{rest}"
    )


def staying(reach: Reach) -> list[str]:
    """Say what of a selection stays: why, and how many entries of which kinds."""
    numbers = {fate: reach.number(fate) for fate in WHY}
    return [
        f"Not erased: {WHY[fate].format(_others(number))}.{_kinds(reach, fate)}"
        for fate, number in numbers.items()
        if number
    ]


def named_by_others(number: int, pk: UUID) -> str:
    """Say how many entries beside a selection name what it is about, and how to have this erased too."""
    if not number:
        return f"No other entry that could be erased says {pk}."
    return f"What {_others(number)} names {pk} too: `--naming {pk}` in the place of what you chose erases it."


def in_leaves(number: int) -> str:
    """Say that leaves stay."""
    return f"As what it is about, or as its case, the id stays in the leaf of {number:,} {_entry(number)}."


def looking(out: OutputWrapper) -> Tell:
    """Return what says how far a look through the log has come, where that takes more than one step."""
    return lambda done, last: _tell(out, f"Looked at {done:,} of {last:,} ids of entries.") if done < last else None


def erasing(out: OutputWrapper) -> Tell:
    """Return what says how much is erased already."""

    def tell(done: int, every: int) -> None:
        if done < every:
            _tell(out, f"Erased what {done:,} of {every:,} entries said; if this is stopped, run it again.")

    return tell


def _listed(uids: Sequence[str]) -> str:
    if len(uids) <= MOST_LISTED:
        return f"{', '.join(uids)} {'says' if len(uids) == 1 else 'say'} so"
    return f"{len(uids):,} entries from {uids[0]} to {uids[-1]} say so"


def _tell(out: OutputWrapper, line: str) -> None:
    out.write(line)
    out.flush()


def _kinds(reach: Reach, fate: Fate) -> str:
    return "".join(f"\n{number:>12,}  {kind}" for kind, number in reach.kinds(fate))


def _entries(number: int, selection: Selection, *, past: bool = False) -> str:
    verb = "said" if past else "says" if number == 1 else "say"
    return f"{number:,} {_entry(number)} {selection.words} {verb}"


def _others(number: int) -> str:
    return f"{number:,} other {_entry(number)} {'says' if number == 1 else 'say'}"


def _entry(number: int) -> str:
    return "entry" if number == 1 else "entries"
