"""Print what the constraints of this database say, or keep it in the file that databases are compared with."""

from argparse import ArgumentParser

from django.core.management.base import OutputWrapper
from django.db import connection

from audit.constraint_texts import FILE, lines
from audit.database_rules import constraints_that_stand, rules

HELP = "print what the constraints of this database say, as PostgreSQL writes it"


def add_arguments(parser: ArgumentParser) -> None:
    into = "keep it in audit/constraints.jsonl; the database should be freshly migrated"
    parser.add_argument("--keep", action="store_true", help=into)


def run(out: OutputWrapper, *, keep: bool) -> None:
    declared = {(rule.table, rule.what) for rule in rules()}
    said = lines(
        rule for rule in constraints_that_stand(connection) if rule.how and (rule.table, rule.what) in declared
    )
    if keep:
        FILE.write_text("".join(said))
        out.write(str(FILE))
    else:
        out.writelines(said)
