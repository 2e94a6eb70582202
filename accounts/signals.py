"""News for the apps above."""

from django.dispatch import Signal

# Sent in the transaction that changed it, by whoever has it set.
# Arguments: user; actor, None being the operator at the command line.
password_changed = Signal()
