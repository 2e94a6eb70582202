"""The measurement itself, between the servers that bench/recognition.py starts for it."""

import socket
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.conf import settings

from bench import made_facenet, memory
from bench.figures import Growth, Mark, Resident, Round, Throughput
from bench.loop import Loop, Models, looping
from bench.options import MARK_EVERY
from bench.photographs import Drawn
from bench.pipeline import Pipeline, PipelineFailed
from bench.report import Result
from bench.sender import Sender
from config.processes import Processes, commands, running
from demo.management.commands.demo import migrate
from demo.people import PASSWORD, make_staff
from demo.report import Report
from identification.services.encoders import activate_encoder
from identification.services.intake import limits

GALLERY = 100  # people to search among
PORTRAITS_PER_PROCESS = 8  # at least, so that each worker process has one to load its models for

_report = Report(sys.stdout)


def measure(asked: Namespace) -> Result:
    """Measure what is asked for."""
    drawn = Drawn()
    with _working(asked) as (pipeline, worker):
        with _report.step("Enrolling people to search among, and loading the models"):
            pipeline.enrol_gallery(drawn, max(GALLERY, PORTRAITS_PER_PROCESS * asked.processes))
        if not memory.have_loaded(worker, processes=asked.processes):
            raise PipelineFailed("Not every worker process has loaded its models.")
        throughput = _throughput(asked, drawn, pipeline) if asked.rounds else None
        processes = memory.worker_processes(worker)
        growth = _growth(asked, drawn, pipeline, worker) if asked.growth else None
    return Result(asked, throughput, processes, growth)


@contextmanager
def _working(asked: Namespace) -> Iterator[tuple[Pipeline, int]]:
    """The product at work with somebody signed in, and the number of its worker's process."""
    port = _free_port()
    with _report.step("Migrating and starting"):
        migrate()
        if asked.facenet_shape:
            made_facenet.make(settings.WEIGHTS_DIR)
            made_facenet.accept()
        staff = make_staff()
        activate_encoder(actor=None, name=asked.encoder)
    with running(_commands(port, asked), logs=settings.VAR_DIR / "logs", environment={}) as processes:
        processes.wait_for_web(f"http://127.0.0.1:{port}/sign-in/")
        sender = Sender(port)
        sender.sign_in("intake", PASSWORD)
        yield Pipeline(processes, sender, staff, _report.progress), _worker(processes)


def _commands(port: int, asked: Namespace) -> dict[str, list[str]]:
    named = commands(port, concurrency=asked.processes)
    if asked.facenet_shape:
        app = "bench.made_facenet_worker"
        named["worker"] = [app if word == "config.celery" else word for word in named["worker"]]
    return named


def _worker(processes: Processes) -> int:
    return next(one.process.pid for one in processes.watched if one.name == "worker")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


def _throughput(asked: Namespace, drawn: Drawn, pipeline: Pipeline) -> Throughput:
    """Take the photographs through the loop and the pipeline in turns, so that both meet what else the machine does."""
    with ExitStack() as stack:
        with _report.step(f"Drawing {asked.photographs} photographs, and loading the models for the bare loop"):
            photographs = [drawn.photograph(number) for number in range(asked.photographs)]
            loop = stack.enter_context(looping(_models(asked), photographs, processes=asked.processes))
        rounds = []
        for number in range(1, asked.rounds + 1):
            with _report.step(f"Round {number} of {asked.rounds}") as said:
                rounds.append(_round(loop, pipeline, photographs))
                said.append(rounds[-1].in_words)
    return Throughput(rounds)


def _round(loop: Loop, pipeline: Pipeline, photographs: list[bytes]) -> Round:
    looped, passed = loop.run(), pipeline.run(photographs)
    if passed.faces != looped.faces:
        raise PipelineFailed(f"The loop found {looped.faces} faces and the pipeline {passed.faces}: not the same work.")
    return Round(
        photographs=len(photographs),
        faces=passed.faces,
        searches=passed.searches,
        loop_seconds=looped.seconds,
        pipeline_seconds=passed.seconds,
        loop_processor=looped.processor,
        pipeline_processor=passed.processor,
    )


def _models(asked: Namespace) -> Models:
    return Models(
        encoder=asked.encoder,
        weights_dir=settings.WEIGHTS_DIR,
        device=settings.DEVICE,
        threads=settings.RECOGNITION_THREADS,
        limits=limits(),
        made_weights=asked.facenet_shape,
    )


def _growth(asked: Namespace, drawn: Drawn, pipeline: Pipeline, worker: int) -> Growth:
    """Feed many small photographs, and look at the worker processes now and then."""
    marks: list[Mark] = []
    for first in range(0, asked.growth, MARK_EVERY):
        with _report.step(f"Photographs {first + 1:,} to {first + MARK_EVERY:,} of {asked.growth:,}") as said:
            pipeline.run(list(drawn.small(range(first, first + MARK_EVERY))))
            marks.append(Mark(first + MARK_EVERY, _resident_sets(memory.worker_processes(worker))))
            said.append(marks[-1].in_words)
    return Growth(marks)


def _resident_sets(processes: list[Resident]) -> dict[int, int]:
    return {one.pid: one.rss for one in processes}
