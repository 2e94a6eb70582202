"""What reads. What a viewer may not see never leaves here."""

from dataclasses import dataclass
from uuid import UUID

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery, TextField, Value, When

from accounts.models import User
from identification import policies
from identification.models import (
    Candidate,
    Case,
    Face,
    FaceCorrection,
    Gallery,
    Job,
    Person,
    Photograph,
    Probe,
    Reference,
    RefusedFile,
    Search,
)

WEAKEST_REFERENCES = 50
_IN_USE = Q(persons__references__face__isnull=False, persons__references__withdrawn_at__isnull=True)


def _agency(viewer: User) -> int:
    """Return the agency whose rows the viewer may see; none (0 is nobody's id) without any role."""
    return viewer.agency_id if policies.holds_a_role(viewer) else 0


def cases(viewer: User) -> QuerySet[Case]:
    """Cases of the viewer's agency, the newest first."""
    return Case.objects.filter(agency=_agency(viewer)).select_related("opened_by")


def galleries(viewer: User) -> QuerySet[Gallery]:
    """Galleries of the viewer's agency with how many people and references they hold."""
    return Gallery.objects.filter(agency=_agency(viewer)).annotate(
        persons_count=Count("persons", distinct=True),
        references_count=Count("persons__references", filter=_IN_USE, distinct=True),
    )


def persons(viewer: User, gallery: Gallery) -> QuerySet[Person]:
    """People of a gallery with their references, by name."""
    references = Reference.objects.select_related("photograph", "face", "withdrawn_by").prefetch_related(
        _corrections("photograph__")
    )
    return Person.objects.filter(gallery=gallery, gallery__agency=_agency(viewer)).prefetch_related(
        Prefetch("references", references)
    )


def refused_references(viewer: User, gallery: Gallery) -> QuerySet[Reference]:
    """References of a gallery that can't take part in searches, with whose they are; the newest first."""
    unusable = (Photograph.State.REFUSED, Photograph.State.QUARANTINED)
    return (
        Reference.objects.filter(person__gallery=gallery, person__gallery__agency=_agency(viewer))
        .filter(withdrawn_at__isnull=True)
        .filter(photograph__state__in=unusable)
        .select_related("person", "photograph")
        .order_by("-added_at")
    )


def references_worth_replacing(viewer: User, gallery: Gallery) -> list[Reference]:
    """The weakest references of a gallery, the weakest first: those whose face has something to be noted."""
    measured = Reference.objects.searchable().filter(
        person__gallery=gallery, person__gallery__agency=_agency(viewer), face__quality__isnull=False
    )
    weakest = measured.select_related("person", "photograph", "face").order_by("face__quality", "pk")
    return [reference for reference in weakest[:WEAKEST_REFERENCES] if reference.face and reference.face.notes]


def references(viewer: User) -> QuerySet[Reference]:
    """References in the galleries of the viewer's agency."""
    return Reference.objects.filter(gallery__agency=_agency(viewer)).select_related(
        "person", "gallery", "photograph", "face"
    )


def permitted_galleries(case: Case) -> QuerySet[Gallery]:
    """Galleries that the case's purpose may search: its own agency's, of its kind, held for this purpose."""
    return Gallery.objects.filter(agency=case.agency_id, kind=case.gallery_kind, purposes__contains=[case.purpose])


def photographs(viewer: User) -> QuerySet[Photograph]:
    """Photographs in the cases and galleries of the viewer's agency."""
    return Photograph.objects.filter(
        Q(case__agency=_agency(viewer)) | Q(gallery__agency=_agency(viewer))
    ).select_related("case", "gallery")


def faces(viewer: User) -> QuerySet[Face]:
    """Faces in the photographs of the viewer's agency."""
    return Face.objects.filter(
        Q(photograph__case__agency=_agency(viewer)) | Q(photograph__gallery__agency=_agency(viewer))
    ).select_related("photograph__case", "photograph__gallery")


def corrections(viewer: User) -> QuerySet[FaceCorrection]:
    """Corrections of faces in the photographs of the viewer's agency."""
    return FaceCorrection.objects.filter(
        Q(photograph__case__agency=_agency(viewer)) | Q(photograph__gallery__agency=_agency(viewer))
    ).select_related("photograph__case", "photograph__gallery", "corrected_by", "finding", "face")


def _corrections(path: str = "") -> Prefetch:
    """The corrections of photographs, with who made them and what they replace."""
    return Prefetch(f"{path}corrections", FaceCorrection.objects.select_related("corrected_by", "finding"))


def probes(viewer: User) -> QuerySet[Probe]:
    """Probes in the cases of the viewer's agency."""
    return Probe.objects.filter(case__agency=_agency(viewer)).select_related("case", "photograph", "face")


@dataclass(frozen=True)
class Progress:
    """How far the photographs of a case or gallery have come, for people to read."""

    photographs: list[Photograph]
    refused_files: list[RefusedFile]
    waiting: int
    set_aside: int
    faces: int
    searches_waiting: int
    boxes_waiting: int = 0
    held_up: bool = False

    @property
    def total(self) -> int:
        return len(self.photographs) + len(self.refused_files)

    @property
    def refused(self) -> int:
        return len(self.refused_files) + self.set_aside

    @property
    def done(self) -> int:
        return self.total - self.waiting

    @property
    def in_words(self) -> str:
        """Say how far it has come, in counts."""
        noun = ("file" if self.refused_files else "photograph") + ("" if self.total == 1 else "s")
        counts = [
            f"{self.done} of {self.total} {noun} read" if self.waiting else f"{self.total} {noun} received",
            f"{self.faces} {'face' if self.faces == 1 else 'faces'} found",
        ]
        if self.refused:
            counts.append(f"{self.refused} refused")
        return ", ".join(counts)

    @property
    def under_way(self) -> bool:
        """Whether something will still change by itself."""
        return bool(self.waiting or self.searches_waiting or self.boxes_waiting)


def progress_of(viewer: User, home: Case | Gallery) -> Progress:
    """Return the progress of a case or gallery; empty when it is another agency's."""
    if home.agency_id != viewer.agency_id:
        return Progress([], [], 0, 0, 0, 0)
    found = list(
        home.photographs.select_related("uploaded_by")
        .prefetch_related(Prefetch("faces", _faces_with_searches()), _corrections())
        .order_by("received_at")
    )
    states = [photograph.state for photograph in found]
    return Progress(
        photographs=found,
        refused_files=list(home.refused_files.all()),
        waiting=states.count(Photograph.State.WAITING),
        set_aside=states.count(Photograph.State.REFUSED) + states.count(Photograph.State.QUARANTINED),
        faces=sum(len(photograph.faces.all()) for photograph in found),
        searches_waiting=_searches_waiting(home),
        boxes_waiting=sum(
            correction.state == FaceCorrection.State.WAITING
            for photograph in found
            for correction in photograph.corrections.all()
        ),
        held_up=_held_up([photograph.pk for photograph in found if photograph.state == Photograph.State.WAITING]),
    )


def _held_up(waiting: list[UUID]) -> bool:
    """Whether a photograph waits because no worker could begin: its job is due again with a reason."""
    return Job.objects.filter(subject_id__in=waiting, state=Job.State.DUE).exclude(last_error="").exists()


def _faces_with_searches() -> QuerySet[Face]:
    """Standing faces with their probes and `search_state`: waiting, proposed, empty or failed; "" without a probe.

    Faces that nobody has asked about come last, the one that lends itself best to comparison before the others.
    """
    open_searches = Job.objects.unfinished().filter(kind=Job.Kind.SEARCH_PROBE, subject_id=OuterRef("probe"))
    searches = Search.objects.filter(probe=OuterRef("probe"))
    # The latest list counts: a reference that was withdrawn may leave it empty.
    latest = Search.objects.filter(probe=OuterRef("probe")).order_by("-ran_at").values("pk")[:1]
    return (
        Face.objects.standing()
        .select_related("probe")
        .annotate(latest_search=Subquery(latest))
        .annotate(
            search_state=models.Case(
                When(probe__isnull=True, then=Value("")),
                When(Exists(open_searches), then=Value("waiting")),
                When(Exists(Candidate.objects.filter(search=OuterRef("latest_search"))), then=Value("proposed")),
                When(Exists(searches), then=Value("empty")),
                default=Value("failed"),
                output_field=TextField(),
            ),
            unasked=Q(probe__isnull=True),
            worth=models.Case(When(probe__isnull=True, then=F("quality"))),
        )
        .order_by("unasked", F("worth").desc(nulls_last=True), "ordinal")
    )


def _searches_waiting(home: Case | Gallery) -> int:
    if isinstance(home, Gallery):
        return 0
    open_searches = Job.objects.unfinished().filter(kind=Job.Kind.SEARCH_PROBE)
    probe_ids: QuerySet[Probe, UUID] = Probe.objects.filter(case=home).values_list("pk", flat=True)
    return open_searches.filter(subject_id__in=probe_ids).count()
