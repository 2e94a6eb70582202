"""Commands that order or sign do it as the sequencer's role, whoever the web is."""

from django.conf import settings
from django.db import connection

WHO_AND_WHERE = ("USER", "PASSWORD", "HOST", "PORT", "OPTIONS")


def sign_in_as_sequencer() -> None:
    """Connect to the same database as SEQUENCER_DATABASE_URL says, where it is set."""
    if not settings.SEQUENCER_DATABASE:
        return
    connection.close()
    connection.settings_dict |= {key: settings.SEQUENCER_DATABASE.get(key, "") for key in WHO_AND_WHERE}
    connection.settings_dict["OPTIONS"] = connection.settings_dict["OPTIONS"] or {}
