"""Which program runs: one hash of its files, so that a program that somebody changed shows in the log as another.

Anybody can compute it from a copy, without Countersign (docs/operating-the-log.md). A program made to lie would write
the hash of the true one: this shows changes by people who don't think of that, or who mean no harm.
"""

import hashlib
from pathlib import Path

FOLDERS = ("accounts", "audit", "config", "demo", "identification", "review", "static", "templates")
FILES = ("manage.py", "pyproject.toml", "requirements.txt")
# What Python leaves behind, what a person's editor does and what a system marks folders with isn't the program.
ENDINGS = (".css", ".html", ".js", ".json", ".jsonl", ".py", ".svg", ".txt")


def source_sha256(base: Path) -> str:
    """Return the SHA-256, in hex, of what sha256sum prints for the program's files, in the order of their paths."""
    lines = (f"{hashlib.sha256((base / path).read_bytes()).hexdigest()}  {path}\n" for path in source_files(base))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def source_files(base: Path) -> list[str]:
    """Return the paths of the program's files below its folder, in the order of their bytes."""
    below = (path for folder in FOLDERS for path in (base / folder).rglob("*") if path.suffix in ENDINGS)
    found = [path.relative_to(base).as_posix() for path in below if path.is_file()]
    return sorted([*found, *(name for name in FILES if (base / name).is_file())], key=str.encode)
