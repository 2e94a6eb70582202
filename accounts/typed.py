"""Passwords at the command line."""

import getpass
import sys

from django.core.management.base import CommandError


def typed_password() -> str:
    """Return the password that was typed twice, or the first line of what was handed in."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise CommandError("The two passwords differ, so nothing was changed. Run the command again.")
    return password
