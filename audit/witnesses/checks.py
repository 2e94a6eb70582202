"""Settings that can't be meant are said at every start and before every command."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004  (Django's)
from django.core.exceptions import ImproperlyConfigured

from audit.witnesses.configured import SEALED, witnesses


@register("audit")
def witnesses_can_be_meant(**_: Any) -> list[CheckMessage]:
    """Read AUDIT_WITNESSES, AUDIT_TSA_URL and the certificates as the delivery would."""
    from audit.witnesses.stamping import NoCertificates, trusted_certificates

    try:
        witnesses()
        if settings.AUDIT_TSA_CERTIFICATES:
            trusted_certificates(Path(settings.AUDIT_TSA_CERTIFICATES))
    except (ImproperlyConfigured, NoCertificates) as problem:
        return [Error(str(problem), id="audit.E011")]
    return _unsealed()


def _unsealed() -> list[CheckMessage]:
    """A worker makes a key up where it is given none; the web server, which has one, takes its seals for forged."""
    if not settings.SECRET_KEY_IS_MADE_UP or all(witness.way not in SEALED for witness in witnesses().values()):
        return []
    said = "Letters and posts to witnesses are sealed with SECRET_KEY: set it, the same for web server and workers."
    return [Warning(said, id="audit.W012")]
