"""A column that holds the SHA-256 of a text beside it, as PostgreSQL checks it."""

import hashlib

from django.db import models
from django.db.models import F, Func, Q, Value

# Of rows that were written before what they hash was kept.
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


def hash_is_of(column: str) -> Q:
    """Return the condition that `<column>_sha256` is the SHA-256, in hexadecimal, of the text in the column."""
    text = Func(F(column), Value("UTF8"), function="convert_to")
    digest = Func(text, function="sha256", output_field=models.BinaryField())
    return Q(**{f"{column}_sha256": Func(digest, Value("hex"), function="encode", output_field=models.TextField())})
