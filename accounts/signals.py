"""News for the apps above."""

from django.dispatch import Signal

# Sent in the transaction that changed it, by a person for themselves. Arguments: user.
password_changed = Signal()
