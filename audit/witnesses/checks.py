"""Settings that can't be meant are said at every start and before every command."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from audit.witnesses.configured import witnesses


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
    return []
