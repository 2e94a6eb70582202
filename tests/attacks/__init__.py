"""What somebody may do to a bundle who hasn't got the private key, and may make anew whatever else he likes."""

from tests.attacks.entries import ON_ENTRIES
from tests.attacks.files import (
    CHECKPOINTS,
    CLOSING,
    ENTRIES,
    KEYS,
    MANIFEST,
    SEALS,
    Files,
    lines_of,
    packed,
    put_lines,
    renew_manifest,
    sealed,
    unpacked,
)
from tests.attacks.lines import Attack
from tests.attacks.signatures import ON_SIGNATURES
from tests.attacks.whole import ON_THE_WHOLE, forged_continuation

# In this order, by which the published vectors are sealed (tests/vectors/audit/make.py).
ATTACKS: dict[str, Attack] = ON_ENTRIES | ON_SIGNATURES | ON_THE_WHOLE

__all__ = [
    "ATTACKS",
    "CHECKPOINTS",
    "CLOSING",
    "ENTRIES",
    "KEYS",
    "MANIFEST",
    "SEALS",
    "Attack",
    "Files",
    "forged_continuation",
    "lines_of",
    "packed",
    "put_lines",
    "renew_manifest",
    "sealed",
    "unpacked",
]
