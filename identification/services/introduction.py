"""What a worker says of itself when it starts, once and in one line."""

import logging
from importlib.metadata import version

from django.conf import settings
from django.db import DatabaseError

from identification.models import Encoder
from identification.recognition import runtime

logger = logging.getLogger(__name__)


def introduce_worker(*, processes: int) -> None:
    """Log where recognition runs, with how many threads, and by which models; nothing is loaded for it."""
    logger.info("%s", introduction(processes=processes))


def introduction(*, processes: int) -> str:
    """Return the line: "Recognition on CPU, 1 thread in each of 2 processes; detector ...; active encoder ..."."""
    threads = settings.RECOGNITION_THREADS or runtime.shared_threads()
    where = "one process" if processes == 1 else f"each of {processes} processes"
    return (
        f"Recognition on {runtime.device_in_words(settings.DEVICE)}, {threads} thread{'' if threads == 1 else 's'} in "
        f"{where}; detector mtcnn {version('facenet-pytorch')}; {_encoders_in_words()}"
    )


def _encoders_in_words() -> str:
    try:
        encoders = list(Encoder.objects.filter(active=True) | Encoder.objects.filter(preparing=True))
    except DatabaseError:
        return "the database can't be reached, so the encoder isn't known"
    active = [f"active encoder {encoder}" for encoder in encoders if encoder.active]
    return ", ".join(active or ["no encoder is active"]) + "".join(
        f", in preparation {encoder}" for encoder in encoders if encoder.preparing
    )
