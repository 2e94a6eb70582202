"""The seven-point scale in words, also of nobody: there it is the same scale on its side of different people."""

from review.models import Level

# How far the comparison supports that nobody among the candidates is the person in the photograph.
OF_NOBODY = {
    Level.SOMEWHAT_DIFFERENT: "Supports to some extent that nobody here is this person",
    Level.DIFFERENT: "Supports that nobody here is this person",
    Level.STRONGLY_DIFFERENT: "Strongly supports that nobody here is this person",
}


def in_words(level: int | None, *, named: bool) -> str:
    """Return a level in words, of a person who is named or of nobody; empty without a level."""
    if level is None:
        return ""
    return Level(level).label if named else OF_NOBODY[Level(level)]
