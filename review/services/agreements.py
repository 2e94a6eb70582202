"""Agreements between agencies: proposed by whose reviews they are, accepted by who helps, ended by either."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Agency, User
from audit.services import record
from identification.models import Purpose
from review import policies
from review.errors import AgreementRefused
from review.models import Agreement, Review
from review.policies import require


def propose_agreement(*, actor: User, helper: Agency, purposes: Sequence[str], basis: str) -> Agreement:
    """Offer another agency the reviews of the actor's, for stated purposes. It holds once they accept it."""
    require(policies.can_propose_agreement(actor), "Proposing an agreement needs the administrator role.")
    if helper.pk == actor.agency_id:
        raise AgreementRefused("Your own reviewers need no agreement. Choose another agency.")
    if not purposes or not set(purposes) <= set(Purpose.values):
        raise AgreementRefused("Choose at least one purpose.")
    if not basis.strip():
        raise AgreementRefused("Say on which treaty, law or document the agreement rests.")
    try:
        return _propose(actor, helper, sorted(set(purposes)), basis.strip())
    except IntegrityError as error:
        if "agreement_one_at_a_time" not in str(error):
            raise
        raise AgreementRefused(
            f"There is an agreement with {helper} already. End it first, then propose another."
        ) from error


@transaction.atomic
def _propose(actor: User, helper: Agency, purposes: Sequence[str], basis: str) -> Agreement:
    agreement = Agreement.objects.create(
        holder=actor.agency, helper=helper, purposes=purposes, basis=basis, proposed_by=actor
    )
    record(
        kind="review:agreement:proposed/1",
        actor=actor,
        subject=agreement,
        payload={"holder": agreement.holder_id, "helper": agreement.helper_id, "purposes": list(purposes)},
    )
    return agreement


@transaction.atomic
def accept_agreement(*, actor: User, agreement: Agreement) -> None:
    """Put an agreement into force, for the agency that helps; by another person than proposed it."""
    require(
        policies.can_accept_agreement(actor, agreement), "An administrator of the agency that is to help accepts this."
    )
    if agreement.proposed_by_id == actor.pk:
        raise AgreementRefused("You proposed this agreement yourself. Another administrator accepts it.")
    offered = Agreement.objects.filter(pk=agreement.pk, accepted_at__isnull=True, ended_at__isnull=True)
    if offered.update(accepted_by=actor, accepted_at=timezone.now()) != 1:
        raise AgreementRefused("This agreement was accepted or ended in the meantime.")
    _record("review:agreement:accepted/1", actor, agreement)


@transaction.atomic
def end_agreement(*, actor: User, agreement: Agreement) -> None:
    """End an agreement, for either side. Places held by it run out with their lease; nothing is signed in them."""
    require(policies.can_end_agreement(actor, agreement), "An administrator of either agency ends this.")
    standing = Agreement.objects.filter(pk=agreement.pk, ended_at__isnull=True)
    if standing.update(ended_by=actor, ended_at=timezone.now()) != 1:
        raise AgreementRefused("This agreement has ended already.")
    _wait_for_signatures(agreement)
    _record("review:agreement:ended/1", actor, agreement)


def _wait_for_signatures(agreement: Agreement) -> None:
    """Let go first who signs at this moment. They hold their review while they do; who comes after finds it ended."""
    helped = Review.objects.unfinished().filter(case__agency=agreement.holder_id)
    worked_on = helped.filter(assignments__state="open", assignments__reviewer__agency=agreement.helper_id)
    reviews = Review.objects.filter(pk__in=worked_on.values("pk")).order_by("pk")
    list(reviews.select_for_update(of=("self",), no_key=True).values_list("pk"))


def _record(kind: str, actor: User, agreement: Agreement) -> None:
    sides = {"holder": agreement.holder_id, "helper": agreement.helper_id}
    record(kind=kind, actor=actor, subject=agreement, payload=sides)
