"""Print the proof of an entry's place in the log."""

import json
from argparse import ArgumentParser
from uuid import UUID

from django.core.management.base import CommandError, OutputWrapper

from audit.models import Checkpoint, Entry
from audit.proof_path import proof_document
from audit.proofs import NoProof

HELP = "print the proof of an entry's place in the log as JSON, against the newest checkpoint or that of a size"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("uid", type=UUID, help="the entry's id")
    parser.add_argument(
        "--size", type=int, help="the size of the checkpoint to prove it against; the newest if left out"
    )


def run(out: OutputWrapper, *, uid: UUID, size: int | None) -> None:
    signed = Checkpoint.objects.select_related("key").order_by("id")
    checkpoint = signed.last() if size is None else signed.filter(size=size).last()
    entry = Entry.objects.select_related("place", "said").filter(uid=uid).first()
    if entry is None:
        raise CommandError(f"The log holds no entry {uid}.")
    if checkpoint is None:
        raise CommandError(
            "No such checkpoint has been signed yet: the page of checkpoints lists those that there are."
        )
    try:
        document = proof_document(entry, checkpoint.size, checkpoint)
    except NoProof as none:
        raise CommandError(str(none)) from none
    out.write(json.dumps(document, indent=2, ensure_ascii=False))
