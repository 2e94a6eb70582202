"""Print what a superuser of PostgreSQL runs once."""

from argparse import ArgumentParser

from django.core.management.base import OutputWrapper

from config.roles import role_statements

HELP = "print the SQL that makes the four roles of the database"


def add_arguments(parser: ArgumentParser) -> None:
    """Take none."""


def run(out: OutputWrapper) -> None:
    for statement in role_statements():
        out.write(statement.strip() + ";")
