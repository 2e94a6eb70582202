"""Where the report's typefaces are: DejaVu, which has Ukrainian, from the data that matplotlib brings with it."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

REGULAR, BOLD, MONO = "DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono"


@cache
def font_path(name: str) -> Path:
    """Return the file of a typeface, without importing matplotlib, which takes a second."""
    found = find_spec("matplotlib")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / f"{name}.ttf"
