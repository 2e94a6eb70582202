"""Write a part of the log to a file, here and now."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path

from django.core.management.base import CommandError, OutputWrapper

HELP = "write the log of all agencies, or a part of it, to a file"
FORMATS = ("bundle", "csv", "jsonl")


def add_arguments(parser: ArgumentParser) -> None:
    """What is written where, and what of it is shown."""
    parser.add_argument("--format", dest="form", choices=FORMATS, default="bundle")
    parser.add_argument("--out", dest="to", type=Path, required=True)
    parser.add_argument("--case", default="", help="show what is about one case, by its number or id")
    parser.add_argument("--kind", default="", help="show entries of one kind, review:assessment:signed/1")
    parser.add_argument("--person", default="", help="show what one person did, by user name")
    parser.add_argument("--since", type=date.fromisoformat, help="show what happened from this day on, 2026-11-14")
    parser.add_argument("--until", type=date.fromisoformat, help="show what happened up to this day, it included")
    parser.add_argument("--hold", type=int, action="append", default=[], help="the size of a checkpoint that you hold")


def run(
    out: OutputWrapper, *, form: str, to: Path, case: str, kind: str, person: str, since: date | None,
    until: date | None, hold: list[int],
) -> None:  # fmt: skip
    """Write beside the file and rename: who finds the file finds all of it."""
    from audit.exporting import jobs, work
    from audit.exporting.errors import CantExport, LeaseLost, PutOff
    from audit.selectors import Filters

    _check_file(to)
    _check_held(hold)
    _check_kind(kind)
    filters = Filters(kind=kind, person=_person(person), case=_case(case), since=since, until=until)
    asked = jobs.ask_export(actor=None, form=form, filters=filters, hold=hold, call=False)
    export = jobs.claim(asked.pk)
    assert export is not None  # nobody else works on what the operator asks for
    try:
        work.write(export, to=to, tell=lambda done, total: _tell(out, done, total))
    except (CantExport, PutOff) as never:
        jobs.give_up(export, reason=str(never))
        raise CommandError(str(never)) from never
    except LeaseLost as lost:
        raise CommandError(jobs.TAKEN_FROM_THE_COMMAND) from lost
    except OSError as problem:
        jobs.give_up(export, reason=f"{problem.strerror}.")
        raise CommandError(f"{to} can't be written: {problem.strerror}.") from problem
    export.refresh_from_db()
    out.write(f"{export.entries} entries in {to}, {export.bytes} bytes, SHA-256 {export.sha256}.")


def _check_file(to: Path) -> None:
    if not to.parent.is_dir():
        raise CommandError(f"{to} can't be written: there is no folder {to.parent}.")


def _check_held(sizes: list[int]) -> None:
    from audit.models import Checkpoint

    signed = set(Checkpoint.objects.filter(size__in=sizes).values_list("size", flat=True))
    for size in sizes:
        if size not in signed:
            raise CommandError(
                f"No checkpoint over {size} entries was ever signed: give the number in the one you hold."
            )


def _check_kind(kind: str) -> None:
    from audit.kinds import KINDS

    begins = kind.endswith(":") and any(name.startswith(kind) for name in KINDS)
    if kind and kind not in KINDS and not begins:
        raise CommandError(f"The log knows no kind {kind!r}: give one such as review:assessment:signed/1, or review:.")


def _tell(out: OutputWrapper, done: int, total: int) -> None:
    out.write(f"{done:,} of {total:,} entries")
    out.flush()


def _person(name: str) -> int | None:
    from accounts.models import User

    if not name:
        return None
    try:
        return User.objects.get_by_natural_key(name).pk
    except User.DoesNotExist:
        raise CommandError(f"Nobody has the user name {name!r}.") from None


def _case(number: str) -> str:
    """Return the id of a case from its number; an id stays as it is, for cases may be gone that the log still knows."""
    from uuid import UUID

    from audit.subjects import named_so

    if not number:
        return ""
    try:
        return str(UUID(number))
    except ValueError:
        pass
    found = named_so("identification.case", number, None)
    if found is None:
        raise CommandError(f"No case has the number {number!r}.")
    return found
