"""Print what the constraints of this database say, for the file that later databases are compared with."""

from argparse import ArgumentParser

from django.core.management.base import OutputWrapper
from django.db import connection

from audit.constraint_texts import lines
from audit.database_rules import constraints_that_stand, rules

HELP = "print what the constraints of a freshly migrated database say (`make constraints`)"


def add_arguments(parser: ArgumentParser) -> None:
    """Take none."""


def run(out: OutputWrapper) -> None:
    declared = {(rule.table, rule.what) for rule in rules()}
    standing = constraints_that_stand(connection)
    for line in lines(rule for rule in standing if rule.how and (rule.table, rule.what) in declared):
        out.write(line)
