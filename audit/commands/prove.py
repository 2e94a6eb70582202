"""Print the proof of an entry's place in the log."""

from argparse import ArgumentParser
from uuid import UUID

from django.core.management.base import CommandError, OutputWrapper

from audit.checkpoints import checkpoint_over, newest_checkpoint
from audit.models import Entry
from audit.proof_documents import inclusion_document, written
from audit.proofs import NoProof

HELP = "print the proof of an entry's place in the log as JSON, against the newest checkpoint or that of a size"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("uid", type=UUID, help="the entry's id")
    parser.add_argument(
        "--size", type=int, help="the size of the checkpoint to prove it against; the newest if left out"
    )


def run(out: OutputWrapper, *, uid: UUID, size: int | None) -> None:
    checkpoint = newest_checkpoint() if size is None else checkpoint_over(size)
    entry = Entry.objects.select_related("said").filter(uid=uid).first()
    if entry is None:
        raise CommandError(f"The log holds no entry {uid}.")
    if checkpoint is None:
        raise CommandError(
            "No such checkpoint has been signed yet: the page of checkpoints lists those that there are."
        )
    try:
        out.write(written(inclusion_document(entry, checkpoint)), ending="")
    except NoProof as none:
        raise CommandError(str(none)) from none
