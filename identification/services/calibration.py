"""What an encoder's scores are worth, measured once and kept with the data that it was measured on."""

from django.db import transaction

from accounts.models import User
from audit.services import record
from identification import policies
from identification.models import Calibration, Encoder
from identification.policies import require
from identification.recognition.calibration import Made
from identification.services.encoders import NEEDS_ADMINISTRATOR


@transaction.atomic
def calibrate_encoder(*, actor: User | None, encoder: Encoder, made: Made) -> Calibration:
    """Keep a calibration of this very version and these weights; from now on it is the one that is told.

    CalibrationError for a table of another encoder. Earlier ones stay.
    """
    require(actor is None or policies.can_choose_encoder(actor), NEEDS_ADMINISTRATOR)
    made.check_made_for(name=encoder.name, version=encoder.version, weights_sha256=encoder.weights_sha256)
    calibration = Calibration.objects.create(
        encoder=encoder,
        made_by=actor,
        data=made.data,
        data_sha256=made.data_sha256,
        comparisons=made.table.comparisons,
        table=made.table.as_rows(),
    )
    record(
        kind="identification:encoder:calibrated/1",
        actor=actor,
        subject=encoder,
        payload={
            "calibration": str(calibration.pk),
            "data_sha256": made.data_sha256,
            "comparisons": made.table.comparisons,
            "rows": len(made.table.rows),
            "weights_sha256": encoder.weights_sha256,
        },
    )
    return calibration
