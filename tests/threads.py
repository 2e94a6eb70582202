"""Work done at the same moment on several connections."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

RUNNERS = 6
Race = Callable[..., list[Any]]


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
    """Whether some connection to this database waits for a lock that another holds."""
    here = "(SELECT oid FROM pg_database WHERE datname = current_database())"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND coalesce(database, {here}) = {here})"
        )
        return bool(cursor.fetchone()[0])


@pytest.fixture
def race() -> Iterator[Race]:
    """Run calls at the same moment, each on a connection of its own; return results, or what was raised."""
    with ThreadPoolExecutor(RUNNERS) as pool:

        def start(*calls: Callable[[], Any]) -> list[Any]:
            barrier = threading.Barrier(len(calls))

            def run(call: Callable[[], Any]) -> Any:
                barrier.wait(timeout=60)
                try:
                    return call()
                except Exception as error:  # noqa: BLE001 - what was raised is the result
                    return error

            return [future.result() for future in [pool.submit(run, call) for call in calls]]

        yield start
        start(*[lambda: connection.close()] * RUNNERS)  # noqa: PLW0108 - each thread has a connection of its own


def errors_in(results: list[Any]) -> list[Any]:
    return [result for result in results if isinstance(result, Exception)]
