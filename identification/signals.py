"""News for the apps above. A receiver refuses by raising an IdentificationError, which undoes what it was told of."""

from django.dispatch import Signal

# Sent inside the transaction that wrote the search. Arguments: search.
search_ran = Signal()

# Sent inside the transaction in which a face stopped counting. Arguments: correction, whose finding the face is.
face_replaced = Signal()

# Sent inside the transaction that withdrew a reference, whose row it holds. Arguments: reference.
reference_withdrawn = Signal()
