"""Erase what the entries about one thing say."""

from argparse import ArgumentParser

from django.core.exceptions import PermissionDenied
from django.core.management.base import CommandError, OutputWrapper

from accounts.models import User
from audit.erasure import Basis, ErasureRefused, about, erasable, erase_payloads, kept
from audit.policies import can_erase_payloads

HELP = "erase what the entries about one thing say; the entries themselves and every proof stay"
# Only whoever has these files knows where they are.
WHAT_STAYS = (
    "Files that were downloaded, or written by `manage.py audit export`, stay where they are: remove those that may"
    " hold it."
)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--subject", required=True, metavar="TYPE:ID", help="as entries name it: identification.case:7")
    parser.add_argument("--basis", required=True, choices=Basis.values)
    parser.add_argument("--by", required=True, metavar="USERNAME", help="the administrator who answers for it")
    parser.add_argument("--dry-run", action="store_true", help="only say what would happen")


def run(out: OutputWrapper, *, subject: str, basis: str, by: str, dry_run: bool) -> None:
    kind, named, pk = subject.partition(":")
    if not (kind and named and pk):
        raise CommandError(f"{subject} names nothing: write the type and the id, like identification.case:7.")
    answering, entries = _who(by), about(kind, pk)
    if dry_run:
        out.write(
            f"What {erasable(entries).count()} entries about {kind} {pk} say would be erased for good, with their"
            " salts; the entries, their places and every proof would stay, and the log would say what was erased."
            f" What {kept(entries).count()} others say about accounts or the log itself can't be erased. The agency's"
            f" exports that wait for their download would be removed. {WHAT_STAYS}"
        )
        return
    try:
        made = erase_payloads(actor=None, answers_for=answering, entries=entries, basis=basis)
    except (ErasureRefused, PermissionDenied) as refused:
        raise CommandError(str(refused)) from refused
    erased = sum(len((entry.payload or {})["entries"]) for entry in made)
    out.write(
        f"What {erased} entries about {kind} {pk} said is erased; {', '.join(str(e.uid) for e in made)} says so. The"
        f" agency's exports that waited for their download are removed. {WHAT_STAYS}"
    )


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
