"""What came back for a checkpoint, checked anew whenever it counts.

Web and workers add the rows of deliveries and stamps, so a row alone proves nothing: of a witness that cosigns, only a
cosignature that holds shows that it took a checkpoint, and of an authority only a time stamp on that checkpoint. For a
letter or a post nothing comes back that could be checked: that a worker sent it is shown by its seal.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from audit.models import Delivery, Stamp
from audit.witnesses.configured import SEALED, Way, Witness
from audit.witnesses.cosigning import cosignature_kept
from audit.witnesses.seals import holds
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
    if witness.way in SEALED:
        return _last_sealed(witness, list(rows))
    for number, delivery in enumerate(rows):
        if since := _taken_at(witness, delivery):
            return Taken(delivery, since, number)
    return Taken(unproven=len(rows))


def _last_sealed(witness: Witness, rows: list[Delivery]) -> Taken:
    """Return the last that was sent: a row that is copied stands behind it, and is of the same moment.

    A clock that ran ahead and was set back puts no older checkpoint before a newer one.
    """
    sealed = [row for row in rows if holds(witness, row)]
    last = max(sealed, key=lambda row: (row.checkpoint_id, row.tried_at, -row.pk), default=None)
    unproven = sum(row not in sealed and (last is None or row.pk > last.pk) for row in rows)
    return Taken(last, last.tried_at if last else None, unproven)


def _taken_at(witness: Witness, delivery: Delivery) -> datetime | None:
    """Return when a delivery was taken; None where nothing bears that out."""
    if witness.way is Way.STAMPED:
        return _stamped_at(witness, delivery)
    return delivery.tried_at if cosignature_kept(witness, delivery) else None


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
