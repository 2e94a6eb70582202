"""Included by a worker in a test: each of its processes says which share of the cores it has."""

import os

from celery.signals import worker_process_init


@worker_process_init.connect
def say(**_: object) -> None:
    shares = (os.environ[name] for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"))
    print(f"a process has {' '.join(shares)}", flush=True)
