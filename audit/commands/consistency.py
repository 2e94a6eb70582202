"""Print the proof that the log under one checkpoint begins with the log under an older one."""

from argparse import ArgumentParser

from django.core.management.base import CommandError, OutputWrapper

from audit.proof_documents import consistency_document, written
from audit.proofs import NoProof

HELP = "print the proof that the log of one checkpoint begins with that of an older one as JSON"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("older", type=int, help="the size of the older checkpoint")
    parser.add_argument("newer", type=int, help="the size of the newer one")


def run(out: OutputWrapper, *, older: int, newer: int) -> None:
    try:
        out.write(written(consistency_document(older, newer)), ending="")
    except NoProof as problem:
        raise CommandError(str(problem)) from problem
