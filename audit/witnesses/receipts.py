"""What came back for a checkpoint, checked anew whenever it counts.

Web and workers add the rows of deliveries and stamps, so a row alone proves nothing: of a witness that cosigns, only a
cosignature that holds shows that it took a checkpoint, and of an authority only a time stamp on that checkpoint. For a
letter or a post nothing comes back that could be checked.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from audit.models import Delivery, Stamp
from audit.witnesses.configured import Way, Witness
from audit.witnesses.cosigning import cosignature_kept
from audit.witnesses.stamping import NoStamp, kept_token

# Rows that don't hold are passed over up to here; a witness says itself which size it holds.
MOST_LOOKED_AT = 100


@dataclass(frozen=True)
class Taken:
    """The last delivery that is borne out, and since when it counts.

    `unproven` counts the rows after it, or all where there is none, that say in vain that something was taken.
    """

    delivery: Delivery | None = None
    since: datetime | None = None
    unproven: int = 0


def last_taken(witness: Witness) -> Taken:
    """Return the last checkpoint that a witness took."""
    rows = Delivery.objects.to(witness.name).filter(succeeded=True).reverse()[:MOST_LOOKED_AT]
    for number, delivery in enumerate(rows):
        if since := _taken_at(witness, delivery):
            return Taken(delivery, since, number)
    return Taken(unproven=len(rows))


def _taken_at(witness: Witness, delivery: Delivery) -> datetime | None:
    """Return when a delivery was taken; None where nothing bears that out."""
    match witness.way:
        case Way.COSIGNED:
            return delivery.tried_at if cosignature_kept(witness, delivery) else None
        case Way.STAMPED:
            return _stamped_at(witness, delivery)
    return delivery.tried_at


def _stamped_at(authority: Witness, delivery: Delivery) -> datetime | None:
    """Return the time of the stamp: a row that is added for it later puts off no other.

    A clock of the authority that runs ahead of ours doesn't count, or each look would ask for another stamp.
    """
    times = [delivery.tried_at]
    kept = Stamp.objects.filter(checkpoint=delivery.checkpoint, authority=authority.name).select_related("checkpoint")
    for stamp in kept.order_by("-id")[:MOST_LOOKED_AT]:
        with suppress(NoStamp):
            times.append(kept_token(stamp).stamped_at)
    return min(times) if len(times) > 1 else None
