"""A face becomes a probe: somebody is to be found for it."""

from django.db import IntegrityError, transaction

from accounts.models import User
from audit.services import record
from identification import policies
from identification.errors import NotSearchable
from identification.models import Face, FaceCorrection, Job, Photograph, Probe
from identification.policies import require
from identification.services.jobs import open_job
from identification.services.standing import still_stands


@transaction.atomic
def choose_probe(*, actor: User, face: Face) -> Probe:
    """Ask who a face is; it is searched for and goes to review. The requester is who uploaded the photograph."""
    photograph = face.photograph
    require(
        photograph.case is not None and policies.can_choose_probe(actor, photograph.case),
        "Choosing a face to search for needs the intake role in the case's agency.",
    )
    if not still_stands(face):
        raise NotSearchable("This face was corrected meanwhile. Look at the photograph again.")
    try:
        with transaction.atomic():
            return keep_probe(face=face, actor=actor)
    except IntegrityError as error:
        # A face has one probe at most, whoever asks at the same moment.
        if not Probe.objects.filter(face=face).exists():
            raise
        raise NotSearchable("This face is being searched for already.") from error


def keep_probe(*, face: Face, actor: User | None = None, correction: FaceCorrection | None = None) -> Probe:
    """Write the probe and owe its search, in the caller's transaction.

    Without an actor a worker chose the face: the only one of a photograph, or the one that came of a correction. Who
    added or corrected it asked for that.
    """
    photograph = face.photograph
    assert photograph.case is not None
    probe = Probe.objects.create(
        case=photograph.case, photograph=photograph, face=face, requested_by=photograph.uploaded_by
    )
    open_job(kind=Job.Kind.SEARCH_PROBE, subject_id=probe.pk)
    record(
        kind="identification:probe:chosen/1",
        actor=actor,
        subject=probe,
        agency=photograph.case.agency,
        purpose=probe.case.purpose,
        payload={
            "face": str(face.pk),
            "photograph": str(photograph.pk),
            "case": str(photograph.case_id),
            **({} if actor else _asked_for(photograph, correction)),
        },
    )
    return probe


def _asked_for(photograph: Photograph, correction: FaceCorrection | None) -> dict[str, object]:
    if correction is None:
        return {"asked_by": photograph.uploaded_by_id}
    return {"asked_by": correction.corrected_by_id, "correction": str(correction.pk)}


def owe_search(probe: Probe) -> bool:
    """Owe a search in the caller's transaction, unless one is owed already; False where the face stands no more."""
    if not Face.objects.standing().filter(pk=probe.face_id).exists():
        return False
    # Asked first, so that nobody waits here for a search under way: it may wait for what the caller holds.
    if not owes_search(probe):
        try:
            with transaction.atomic():
                open_job(kind=Job.Kind.SEARCH_PROBE, subject_id=probe.pk)
        except IntegrityError as error:
            if "job_one_open_per_subject" not in str(error):
                raise
    return True


def owes_search(probe: Probe) -> bool:
    """Whether a search for a probe is due or under way."""
    return Job.objects.unfinished().filter(kind=Job.Kind.SEARCH_PROBE, subject_id=probe.pk).exists()


@transaction.atomic
def search_again(*, actor: User, probe: Probe) -> Job:
    """Owe one more search for a probe whose list was empty, after references were added."""
    require(policies.can_choose_probe(actor, probe.case), "Searching needs the intake role in the case's agency.")
    if not still_stands(probe.face):
        raise NotSearchable("This face was corrected meanwhile. Look at the photograph again.")
    latest = probe.searches.order_by("-ran_at").first()
    if latest and latest.candidates.exists():
        raise NotSearchable("Candidates were proposed for this face already; its review goes on with them.")
    try:
        with transaction.atomic():
            job = open_job(kind=Job.Kind.SEARCH_PROBE, subject_id=probe.pk)
    except IntegrityError as error:
        raise NotSearchable("A search for this face is under way already.") from error
    record(
        kind="identification:probe:searched-again/1",
        actor=actor,
        subject=probe,
        purpose=probe.case.purpose,
        payload={"case": str(probe.case_id)},
    )
    return job
