"""Erase what entries say: those about one thing, of a case, or that name somebody."""

from argparse import ArgumentParser
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.management.base import CommandError, OutputWrapper

from accounts.models import Agency, User
from audit import erasure_reach
from audit.commands import erase_words as words
from audit.erasure import Basis, ErasureRefused
from audit.erasure_reach import Reach, Selection, erase_reached, in_leaves, survey
from audit.policies import can_erase_payloads
from audit.subjects import named_so

HELP = "erase what entries say: those about a thing, of a case, or that name an id; they and every proof stay"


def add_arguments(parser: ArgumentParser) -> None:
    """Which entries, why, and who answers for it."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--subject", metavar="TYPE:ID", help="those about it, as entries name it: identification.case:7")
    which.add_argument("--case", metavar="ID", help="all of one case, by its number or id")
    which.add_argument("--naming", metavar="UUID", action="append", help="all that say this id; can be given again")
    parser.add_argument("--basis", required=True, choices=Basis.values)
    parser.add_argument("--by", required=True, metavar="USERNAME", help="the administrator who answers for it")
    parser.add_argument("--dry-run", action="store_true", help="only say what would happen")


def run(
    out: OutputWrapper, *, subject: str | None, case: str | None, naming: list[str] | None, basis: str, by: str,
    dry_run: bool,
) -> None:  # fmt: skip
    """Say what goes and what stays, and erase the former unless it was only asked."""
    answering = _who(by)
    selection, ids = _selected(answering.agency, subject, case, naming or [])
    reach = survey(selection, answering.agency, words.looking(out))
    if dry_run:
        out.write(words.would_go(selection, reach))
    elif reach.going:
        _erase(out, answering, selection, reach, basis)
    for line in (*words.staying(reach), *_elsewhere(out, answering.agency, selection, reach, ids)):
        out.write(line)
    if not (dry_run or reach.going):
        raise CommandError(f"None of the entries {selection.words} says anything that can be erased now.")
    out.write(words.WHAT_STAYS)


def _erase(out: OutputWrapper, answering: User, selection: Selection, reach: Reach, basis: str) -> None:
    try:
        made = erase_reached(actor=None, answers_for=answering, reach=reach, basis=basis, tell=words.erasing(out))
    except (ErasureRefused, PermissionDenied) as refused:
        raise CommandError(str(refused)) from refused
    out.write(words.gone(selection, reach, made))


def _selected(
    agency: Agency, subject: str | None, case: str | None, naming: list[str]
) -> tuple[Selection, list[UUID]]:  # fmt: skip
    """Return the entries that are meant, and the ids by which others may name what they are about."""
    if case:
        found = _case(case, agency)
        return erasure_reach.of_case(str(found)), [found]
    if naming:
        ids = [_uuid(each) for each in naming]
        return erasure_reach.naming(ids), ids
    kind, named, pk = (subject or "").partition(":")
    if not (kind and named and pk):
        raise CommandError(f"{subject} names nothing: write the type and the id, like identification.case:7.")
    return erasure_reach.of_subject(kind, pk), _as_uuid(pk)


def _as_uuid(asked: str) -> list[UUID]:
    try:
        return [UUID(asked)]
    except ValueError:
        return []


def _uuid(asked: str) -> UUID:
    for found in _as_uuid(asked):
        return found
    raise CommandError(
        f"{asked!r} is no id that entries could say: give one like 6f1c9d1e-7a53-4d3c-9b0c-0d9a2f9e4c11."
    )


def _case(asked: str, agency: Agency) -> UUID:
    """Return the id of a case from its number; an id stays as it is, for cases may be gone that the log still knows."""
    found = asked if _as_uuid(asked) else named_so("identification.case", asked, agency)
    if found is None:
        raise CommandError(f"{agency} has no case with the number {asked!r}: give one of its cases, or an id.")
    return UUID(found)


def _elsewhere(
    out: OutputWrapper, agency: Agency, selection: Selection, reach: Reach, ids: list[UUID]
) -> list[str]:  # fmt: skip
    """Say where else the ids stand: in what others say, which can be erased too, and in leaves, which can't."""
    if not ids:
        return []
    lines = [words.in_leaves(in_leaves(ids))]
    if selection.indexed:
        others = set(survey(erasure_reach.naming(ids), agency, words.looking(out)).going) - set(reach.going)
        lines.insert(0, words.named_by_others(len(others), ids[0]))
    return lines


def _who(name: str) -> User:
    try:
        found = User.objects.get_by_natural_key(name)
    except User.DoesNotExist:
        raise CommandError(f"Nobody has the user name {name!r}.") from None
    if not (found.is_active and can_erase_payloads(found)):
        raise CommandError(
            f"{name} may not erase anything: name an administrator of the agency that the entries are of."
        )
    return found
