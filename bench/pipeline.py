"""The product at work: web server, queue, worker and database, fed by a fictional person who is signed in."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.core.files.base import ContentFile
from django.db.models import Max, QuerySet
from django.utils import timezone

from bench import processor
from bench.photographs import Drawn
from bench.sender import Sender, requests_for
from config.processes import Processes
from demo.people import Staff
from identification.models import Case, Face, Gallery, GalleryKind, Job, Photograph, Purpose, RefusedFile, Search
from identification.services.enrolment import add_reference, enrol_person, open_gallery
from identification.services.intake import open_case

# Seldom, because looking takes the database's time; when the last job was finished stands in its row.
LOOK_EVERY_SECONDS = 1.0
WITHOUT_PROGRESS_SECONDS = 180

Progress = Callable[[int, int, str], None]


class PipelineFailed(Exception):
    """The photographs didn't get through."""


@dataclass(frozen=True)
class Passed:
    """What became of photographs that were fed, and how long it took."""

    seconds: float
    faces: int
    searches: int
    processor: dict[str, float]


@dataclass(frozen=True)
class Pipeline:
    """The running product and what feeds it."""

    processes: Processes
    sender: Sender
    staff: Staff
    progress: Progress

    def enrol_gallery(self, drawn: Drawn, size: int) -> None:
        """Enrol known people to search among; over their portraits each worker process comes to load its models."""
        gallery = open_gallery(
            actor=self.staff["administrator"],
            name="Register (fictional people)",
            kind=GalleryKind.HUMANITARIAN,
            lawful_basis="Fictional people, for a measurement only.",
            purposes=[Purpose.DECEASED],
        )
        for number in range(size):
            self._enrol(gallery, *drawn.reference(number))
        analysed = Photograph.objects.filter(gallery=gallery, state=Photograph.State.ANALYSED)
        self._wait(analysed, size, "portraits")

    def _enrol(self, gallery: Gallery, name: str, portrait: bytes) -> None:
        person = enrol_person(actor=self.staff["intake"], gallery=gallery, name=name)
        file = ContentFile(portrait, name="reference.jpg")
        given = add_reference(
            actor=self.staff["intake"], person=person, file=file, provenance="Drawn for a measurement"
        )
        if isinstance(given, RefusedFile):
            raise PipelineFailed(f"A portrait was refused: {given.reason}")

    def run(self, photographs: Sequence[bytes]) -> Passed:
        """Bring photographs through in a case of their own.

        Timed from the first byte sent until all are analysed and the last search is written. Files kept of earlier
        photographs are cleared away first: an original that is there already would not be written again.
        """
        shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
        case, requests = self._open_case(), requests_for(photographs)
        before, began = processor.of_the_pipeline(self.processes), timezone.now()
        self.sender.send(case.get_absolute_url(), requests)
        self._wait(case.photographs.filter(state=Photograph.State.ANALYSED), len(photographs), "photographs")
        return Passed(
            seconds=_seconds_from(began),
            faces=Face.objects.filter(photograph__case=case).count(),
            searches=Search.objects.filter(case=case).count(),
            processor=processor.between(before, processor.of_the_pipeline(self.processes)),
        )

    def _open_case(self) -> Case:
        return open_case(
            actor=self.staff["intake"],
            purpose=Purpose.DECEASED,
            place="Fictional field",
            occurred_on=date(2026, 11, 1),
            authority="Measurement",
        )

    def _wait(self, analysed: QuerySet[Photograph], total: int, what: str) -> None:
        """Wait until no job is left, while watching the processes; the worker does them."""
        shown, patience = -1, 0.0
        while Job.objects.filter(finished_at__isnull=True).exists():
            self.processes.check()
            if (done := analysed.count()) != shown:
                self.progress(done, total, what)
                shown, patience = done, time.monotonic() + WITHOUT_PROGRESS_SECONDS
            if time.monotonic() > patience:
                raise PipelineFailed(f"Nothing moves any more at {done} of {total} {what}. {_why()}")
            time.sleep(LOOK_EVERY_SECONDS)
        if (done := analysed.count()) != total:
            raise PipelineFailed(f"{done} of {total} {what} could be analysed. {_why()}")
        self.progress(total, total, what)


def _seconds_from(began: datetime) -> float:
    """Until the last job was finished, as its worker noted; that one's commit, some milliseconds, is left out."""
    last = Job.objects.aggregate(last=Max("finished_at"))["last"]
    seconds: float = (last - began).total_seconds()
    return seconds


def _why() -> str:
    """What the worker said last of a job that failed."""
    told = Job.objects.exclude(last_error="").values_list("last_error", flat=True).first()
    return f"The worker says: {told}" if told else "The worker says nothing."
