#!/usr/bin/env python
"""Run a Django command: `manage.py help` lists them."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError

UNREACHABLE = (
    "The database can't be reached: {reason} Start it, name another with DATABASE_URL, or run the command with the "
    "bundled servers: python -m config.embedded python manage.py {command}"
)
NOT_MIGRATED = "The database is empty or older than this release. Bring it up to date: make migrate"


def explained(error: OperationalError | ProgrammingError) -> str | None:
    """Return a sentence for a database that is away or not migrated; None for any other fault."""
    from django.db import connection

    reason = str(error).strip().partition("\n")[0].rstrip(".") + "."
    if isinstance(error, OperationalError) and connection.connection is None:
        return UNREACHABLE.format(reason=reason, command=" ".join(sys.argv[1:]))
    undefined = getattr(error.__cause__, "sqlstate", "") in ("42P01", "42703")  # table, column
    return NOT_MIGRATED if undefined else None


def main() -> None:
    """Run the command of the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)
    except (OperationalError, ProgrammingError) as error:
        sentence = explained(error)
        if sentence is None or "--traceback" in sys.argv:
            raise
        sys.exit(sentence)


if __name__ == "__main__":
    main()
