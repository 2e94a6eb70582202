"""Print what the constraints of this database say, or keep it in the file that databases are compared with."""

from argparse import ArgumentParser

from django.core.management.base import OutputWrapper
from django.db import connection

from audit.constraint_texts import file_of, lines, major_version
from audit.database_rules import constraints_that_stand, rules

HELP = "print what the constraints of this database say, as PostgreSQL writes it"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--keep", action="store_true", help="write it to audit/constraints; the database should be freshly migrated"
    )


def run(out: OutputWrapper, *, keep: bool) -> None:
    declared = {(rule.table, rule.what) for rule in rules()}
    said = lines(
        rule for rule in constraints_that_stand(connection) if rule.how and (rule.table, rule.what) in declared
    )
    if keep:
        file = file_of(major_version(connection))
        file.write_text("".join(f"{line}\n" for line in said))
        out.write(str(file))
    else:
        out.writelines(f"{line}\n" for line in said)
