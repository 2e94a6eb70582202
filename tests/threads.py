"""Work done at the same moment on several connections."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection


def in_threads(number: int, work: Callable[[int], Any], *, within: float = 120) -> list[Any]:
    """Do the work on that many connections at the same moment; return what each came to, raise what any raised."""
    barrier, results, errors = threading.Barrier(number), [], []

    def begin(which: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(30)
            results.append(work(which))
        except BaseException as error:  # noqa: BLE001
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=begin, args=(which,)) for which in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(within)
    if errors:
        raise errors[0]
    return results


def somebody_waits() -> bool:
    """Whether some connection waits for a lock that another holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])
