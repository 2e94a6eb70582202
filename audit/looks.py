"""Whether somebody's look at something is on record already, for pages that renew themselves."""

from datetime import timedelta

from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from audit.models import Entry

# A page that renews itself asks every few seconds; whoever has one open is on record again after this.
LATELY = timedelta(minutes=5)


def looked_lately(viewer: User, subject: Model, *, kind: str) -> bool:
    """Whether this viewer's look at this very thing was recorded in the last minutes; one query by the subject."""
    since = timezone.now() - LATELY
    about = Entry.objects.filter(subject_type=subject._meta.label_lower, subject_id=str(subject.pk))
    return about.filter(kind=kind, actor=viewer, recorded_at__gt=since).exists()
