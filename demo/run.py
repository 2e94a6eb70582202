"""The main job, end to end: photographs in, candidates, two signatures, a conclusion, and the log that proves it."""

import json
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction

from audit.exporting.jobs import ask_export
from audit.models import Export
from audit.verify import verify
from config.processes import ProcessEnded, Processes
from demo.cast import Cast
from demo.corroboration import corroborate
from demo.people import Staff
from demo.plan import GALLERY_SIZE, REFERENCES_EACH, SEED, PlannedCase, plan, probe_file, reference_file
from demo.report import Report
from demo.reviewers import WANTED, Reviewers
from identification.encoder_standing import runs_here
from identification.models import (
    Case,
    Encoder,
    Face,
    Gallery,
    GalleryKind,
    Job,
    Photograph,
    Probe,
    Purpose,
    Reference,
    RefusedFile,
)
from identification.recognition.calibration import Made
from identification.recognition.encoders import is_available
from identification.recognition.weights import WeightsUnavailable, fetch
from identification.services.calibration import calibrate_encoder
from identification.services.encoders import activate_encoder
from identification.services.enrolment import add_reference, enrol_person, open_gallery
from identification.services.intake import open_case, receive_photograph
from identification.services.probes import choose_probe

FETCH_WITHIN_SECONDS = 10
FACENET, DLIB = "facenet-vggface2", "dlib-resnet-v1"
GALLERY = "Missing persons register (fictional people)"
FIRST_FIVE = 5
CALIBRATIONS = settings.BASE_DIR / "docs" / "evaluation"
WITHOUT_PROGRESS_SECONDS = 180


@dataclass
class OpenedCase:
    """A case of the plan with the rows that it became."""

    planned: PlannedCase
    case: Case
    photograph: Photograph

    def settled(self) -> Photograph:
        return Photograph.objects.get(pk=self.photograph.pk)


@dataclass
class Demonstration:
    """One run. Rows of earlier runs stay; the cases are opened anew with other shots of the same people."""

    report: Report
    processes: Processes
    staff: Staff
    cast: Cast = field(default_factory=lambda: Cast(seed=SEED))
    opened: list[OpenedCase] = field(default_factory=list)

    def choose_encoder(self) -> str:
        """Use facenet-vggface2 where its weights can be had, dlib-resnet-v1 where not; say which and why."""
        active = Encoder.objects.filter(active=True).first()
        if active and runs_here(active):
            self._calibrate(active)
            return f"{active.name} is in use from an earlier run."
        if active:
            # Of an earlier release: everything is embedded again before anybody new can be searched for.
            self._calibrate(activate_encoder(actor=None, name=active.name))
            return f"{active.name} of this release; faces of earlier runs are embedded again by it."
        name, why = FACENET, "its weights are installed"
        if not is_available(FACENET, weights_dir=settings.WEIGHTS_DIR):
            try:
                fetch(FACENET, weights_dir=settings.WEIGHTS_DIR, timeout_seconds=FETCH_WITHIN_SECONDS)
                why = "its weights were fetched from their published address and checked"
            except WeightsUnavailable as error:
                name = DLIB
                why = f"{FACENET} can't be had here ({error}) while this one comes with the installed packages"
        self._calibrate(activate_encoder(actor=None, name=name))
        return f"{name}, because {why}."

    @staticmethod
    def _calibrate(encoder: Encoder) -> None:
        """Take over the calibration that came with the source, where there is one for this encoder."""
        file = CALIBRATIONS / encoder.name / "calibration.json"
        if file.exists() and not encoder.calibrations.exists():
            calibrate_encoder(actor=None, encoder=encoder, made=Made.read(file))

    def enrol_gallery(self) -> str:
        """Enrol the fictional people who are not in the gallery yet; wait until every reference was analysed."""
        gallery = self._gallery()
        known = set(gallery.persons.values_list("registry_number", flat=True))
        for index in range(GALLERY_SIZE):
            if registry_number(index) not in known:
                self._enrol(gallery, index)
            self.report.progress(index + 1, GALLERY_SIZE, "people enrolled")
        self._wait("references analysed", Photograph.objects.filter(gallery=gallery).values_list("pk", flat=True))
        ready = Reference.objects.filter(person__gallery=gallery, face__isnull=False).count()
        self.report.expect(ready == GALLERY_SIZE * REFERENCES_EACH, f"{ready} references are ready to be searched")
        return f"{GALLERY_SIZE} people with {ready} references, each with its provenance"

    def _gallery(self) -> Gallery:
        known = Gallery.objects.filter(name=GALLERY).first()
        return known or open_gallery(
            actor=self.staff["administrator"],
            name=GALLERY,
            kind=GalleryKind.HUMANITARIAN,
            lawful_basis="Families asked the bureau to search; fictional, for demonstration only.",
            purposes=[Purpose.DECEASED, Purpose.CAPTURED, Purpose.MISSING],
        )

    @transaction.atomic
    def _enrol(self, gallery: Gallery, index: int) -> None:
        actor, fictional = self.staff["intake"], self.cast.person(index)
        person = enrol_person(
            actor=actor,
            gallery=gallery,
            name=fictional.name,
            registry_number=registry_number(index),
            born_in=fictional.born,
            home=fictional.place,
        )
        for shot in range(REFERENCES_EACH):
            add_reference(
                actor=actor,
                person=person,
                file=reference_file(self.cast, fictional, shot),
                provenance=f"Drawn by the demonstration from seed {SEED}, person {index}, shot {shot}",
            )

    def open_cases(self) -> str:
        """Open the planned cases, hand in their photographs, and wait until each was analysed and searched."""
        run = self._run_number()
        for number, planned in enumerate(plan(), start=1):
            self._open(planned, number, run)
        self._wait("probe photographs analysed", [opened.photograph.pk for opened in self.opened])
        self._choose_from_several_faces()
        self._wait("searches done", list(Probe.objects.filter(case__in=self._cases()).values_list("pk", flat=True)))
        self._expect_what_was_planned()
        return (
            f"{len(self.opened)} cases, {Face.objects.filter(photograph__case__in=self._cases()).count()} faces found"
        )

    def _run_number(self) -> int:
        """Return how often the plan was carried out before."""
        return Case.objects.filter(place__startswith="Fictional").count() // len(plan())

    def _open(self, planned: PlannedCase, number: int, run: int) -> None:
        actor = self.staff["intake"]
        case = open_case(
            actor=actor,
            purpose=planned.purpose,
            place=f"Fictional field {number}, {planned.label.partition(',')[0]}",
            occurred_on=time_of(number),
            authority="Demonstration order 1",
        )
        received = receive_photograph(actor=actor, file=probe_file(self.cast, planned, number, run), case=case)
        assert not isinstance(received, RefusedFile), received.reason
        remember_truth(received.sha256, registry_number(planned.people[0]) if planned.mated else None)
        self.opened.append(OpenedCase(planned, case, received))

    def _choose_from_several_faces(self) -> None:
        for opened in self.opened:
            faces = list(opened.photograph.faces.order_by("left"))
            if len(faces) > 1:
                choose_probe(actor=self.staff["intake"], face=faces[0])

    def _cases(self) -> list[Case]:
        return [opened.case for opened in self.opened]

    def _expect_what_was_planned(self) -> None:
        expect = self.report.expect
        mated = [opened for opened in self.opened if opened.planned.mated and not opened.planned.damaged]
        ranks = [self._rank(opened) for opened in mated]
        within = sum(1 for rank in ranks if rank is not None and rank <= FIRST_FIVE)
        expect(within == len(mated), f"{within} of {len(mated)} people asked about are within the first {FIRST_FIVE}")
        turned = [opened for opened in self.opened if opened.planned.turned]
        found = sum(opened.photograph.faces.count() == 1 for opened in turned)
        expect(found == len(turned), f"the face was found in {found} of {len(turned)} turned photographs")
        damaged = [opened.settled() for opened in self.opened if opened.planned.damaged]
        refused = [photograph.reason for photograph in damaged if photograph.state == Photograph.State.REFUSED]
        expect(len(refused) == 1, f"the damaged file was refused: “{' '.join(refused)}”")
        others = [opened.settled().state for opened in self.opened if not opened.planned.damaged]
        expect(set(others) == {Photograph.State.ANALYSED}, f"nothing else was disturbed: {len(others)} others analysed")

    def _rank(self, opened: OpenedCase) -> int | None:
        wanted = registry_number(opened.planned.people[0])
        probe = Probe.objects.filter(case=opened.case).first()
        search = probe.searches.last() if probe else None
        if search is None:
            return None
        return search.candidates.filter(person__registry_number=wanted).values_list("rank", flat=True).first()

    def review(self) -> str:
        """Let the demonstration's reviewers conclude some cases; the others wait for whoever opens the site."""
        truth = recall_truths()
        tally = Reviewers(self.staff, truth.get).work(on_step=self.processes.check)
        for outcome, count in WANTED.items():
            self.report.expect(tally[outcome] >= count, f"{tally[outcome]} reviews ended {outcome.replace('_', ' ')}")
        return ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in sorted(tally.items()))

    def corroborate(self) -> str:
        """Let one potential identification become an identification; the others wait for whoever opens the site."""
        return corroborate(self.report, self.staff)

    def prove_log(self) -> str:
        """Export the log, verify it, change one byte in a copy, and show that the verifier names what was changed."""
        folder = settings.VAR_DIR / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        exported, changed = folder / "log.zip", folder / "log-with-one-byte-changed.zip"
        shutil.copyfile(self._export().file, exported)
        clean = verify(exported)
        self.report.expect(clean.ok, f"the exported log verifies: {clean.sentence}")
        change_one_byte(exported, changed)
        broken = verify(changed)
        self.report.expect(not broken.ok and bool(broken.member), f"one changed byte is found: {broken.sentence}")
        return f"exported to {exported}"

    def _export(self) -> Export:
        """Ask for a bundle as the auditor would, and wait until a worker has written it."""
        export, until = ask_export(actor=self.staff["auditor"], form=Export.Format.BUNDLE), time.monotonic()
        until += WITHOUT_PROGRESS_SECONDS
        while export.state != Export.State.READY:
            self.processes.check()
            if time.monotonic() > until or export.state == Export.State.FAILED:
                raise ProcessEnded(f"The log isn't exported: {export.reason or 'the log of the exporter may say why'}")
            time.sleep(0.2)
            export.refresh_from_db()
        return export

    def _wait(self, what: str, subject_ids: Iterable[UUID]) -> None:
        """Wait for the jobs about these subjects while watching the processes; the worker does them."""
        jobs = Job.objects.filter(subject_id__in=subject_ids)
        total, shown, patience = jobs.count(), -1, 0.0
        while (done := jobs.filter(finished_at__isnull=False).count()) < total:
            self.processes.check()
            if done != shown:
                self.report.progress(done, total, what)
                shown, patience = done, time.monotonic() + WITHOUT_PROGRESS_SECONDS
            if time.monotonic() > patience:
                why = jobs.exclude(last_error="").values_list("last_error", flat=True).first()
                raise ProcessEnded(
                    f"Nothing moves any more at {done} of {total} {what}: {why or 'the log may say why'}"
                )
            time.sleep(0.2)
        self.report.progress(total, total, what)


def registry_number(index: int) -> str:
    """Return the number under which a fictional person is enrolled."""
    return f"F-{index:04d}"


def time_of(number: int) -> date:
    """Return when the photograph of a case was taken, in a fictional November."""
    return date(2026, 11, 1 + number % 14)


def change_one_byte(source: Path, target: Path) -> None:
    """Copy a file with one byte changed, three quarters through: among the entries."""
    data = bytearray(source.read_bytes())
    data[len(data) * 3 // 4] ^= 1
    target.write_bytes(data)


def _truths() -> Path:
    return settings.VAR_DIR / "demo" / "truth.json"


def recall_truths() -> dict[str, str | None]:
    """Return whom each demonstration photograph shows: SHA-256 to registry number, None for strangers."""
    return json.loads(_truths().read_text()) if _truths().exists() else {}


def remember_truth(sha256: str, number: str | None) -> None:
    """Note whom a photograph shows, for the reviewers of later runs. The product itself never knows."""
    _truths().parent.mkdir(parents=True, exist_ok=True)
    _truths().write_text(json.dumps(recall_truths() | {sha256: number}))
