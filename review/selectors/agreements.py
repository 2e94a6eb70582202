"""What administrators may read of agreements: those that their own agency made."""

from django.db.models import F, Q, QuerySet

from accounts.models import Agency, User
from review import policies
from review.models import Agreement


def agreements(viewer: User) -> QuerySet[Agreement]:
    """Agreements on either side of the viewer's agency: those that stand first, then the ended ones, newest first."""
    if not policies.can_see_agreements(viewer):
        return Agreement.objects.none()
    own = Agreement.objects.filter(Q(holder=viewer.agency_id) | Q(helper=viewer.agency_id))
    people = own.select_related("holder", "helper", "proposed_by", "accepted_by", "ended_by")
    return people.order_by(F("ended_at").desc(nulls_first=True), "-proposed_at")


def other_agencies(viewer: User) -> QuerySet[Agency]:
    """Agencies with which the viewer's could agree."""
    return Agency.objects.exclude(pk=viewer.agency_id)
