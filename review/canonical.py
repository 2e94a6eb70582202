"""Values as they go into a signed document."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

LARGEST_EXACT = 2**53 - 1


def without_floats(value: Any) -> Any:
    """Return JSON values with every fraction as a decimal string: 1.25 becomes "1.25".

    RFC 8785 writes fractions as JavaScript does, which few other languages repeat to the last digit; as strings they
    are the same for whoever checks the document in ten years. So are whole numbers that a double can't hold.
    """
    if isinstance(value, Mapping):
        return {key: without_floats(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_floats(item) for item in value]
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > LARGEST_EXACT):
        return format(Decimal(repr(value)), "f")
    return value
