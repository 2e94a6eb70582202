"""What tests of jobs have in common."""

from datetime import timedelta

from identification.models import Job, Photograph


def job_of(photograph: Photograph) -> Job:
    return Job.objects.get(kind=Job.Kind.ANALYSE_PHOTOGRAPH, subject_id=photograph.pk)


def time_passes(seconds: float) -> None:
    """Move every job into the past."""
    ago = timedelta(seconds=seconds)
    for job in Job.objects.all():
        until = job.leased_until and job.leased_until - ago
        Job.objects.filter(pk=job.pk).update(woken_at=job.woken_at - ago, leased_until=until)
