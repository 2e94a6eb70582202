"""The product's own way to write an entry: `audit.services.record`, called by many clients at once."""

import multiprocessing
import threading
import time

from django.db import connection, transaction

from accounts.models import User
from audit.services import record

PROCESSES = 4


def rate(actor_id: int, *, clients: int, seconds: int) -> float:
    """Return entries a second through the service, each in a transaction of its own."""
    connection.close()  # a process that is forked later would share it
    with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
        work = [(actor_id, clients // PROCESSES, seconds)] * PROCESSES
        return sum(pool.starmap(_write, work)) / seconds


def _write(actor_id: int, threads: int, seconds: int) -> int:
    actor = User.objects.select_related("agency").prefetch_related("held_roles").get(pk=actor_id)
    written, until = [0] * threads, time.monotonic() + seconds

    def write(which: int) -> None:
        while time.monotonic() < until:
            with transaction.atomic():
                record(
                    kind="identification:photograph:viewed/1", actor=actor, subject=actor, payload={"variant": "close"}
                )
            written[which] += 1
        connection.close()

    running = [threading.Thread(target=write, args=(which,)) for which in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(written)
