"""News for the apps above; nothing here waits for an answer."""

from django.dispatch import Signal

# Sent inside the transaction that wrote the search. Arguments: search.
search_ran = Signal()

# Sent inside the transaction in which a face stopped counting. Arguments: correction, whose finding the face is.
face_replaced = Signal()
