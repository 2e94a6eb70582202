"""The bundle: a part of the log in one file that proves itself. Pure: no Django, no database.

`writer.BundleWriter` makes one; the verifier (audit/verify.py) shares no code with it.
"""

from audit.bundle.layout import About, BundleCheckpoint, BundleKey
from audit.bundle.writer import BundleWriter, OutOfTurn

__all__ = ["About", "BundleCheckpoint", "BundleKey", "BundleWriter", "OutOfTurn"]
