"""Why an export isn't there (yet). Each text is one sentence for the person who asked."""

from audit.leases import LeaseLost

__all__ = ["CantExport", "LeaseLost", "Overtaken", "PutOff"]


class PutOff(Exception):
    """It can't be written now, and will be tried again: nothing is lost."""


class Overtaken(Exception):
    """The log changed under it in a way that needs another beginning: an erasure, a new signing key."""


class CantExport(Exception):
    """It will never be written; what was asked for can't be had."""
