"""What the README in a bundle says to type, typed: the test of a sentence is that it works."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from audit.bundle.writer import README_FILE

Instead = Sequence[tuple[str, str]]


def commands(step: int) -> str:
    """Return what the README says to type in a step: the lines that are set in by four spaces."""
    found = re.search(rf"\n{step}\. (.*?)(?=\n{step + 1}\. |\n\n\n)", README_FILE.read_text(), re.DOTALL)
    return "\n".join(line[4:] for line in found[1].split("\n") if line.startswith("    "))


def typed(step: int, folder: Path, *, instead: Instead = ()) -> str:
    """Type what a step says, with what has to be put in place of something; python3 is the Python that runs this."""
    (folder / "bin").mkdir(exist_ok=True)
    if not (folder / "bin" / "python3").exists():
        (folder / "bin" / "python3").symlink_to(sys.executable)
    path, text = f"{folder / 'bin'}:/usr/local/bin:/usr/bin:/bin", commands(step)
    for old, new in instead:
        assert old in text
        text = text.replace(old, new)
    shell = ["sh", "-e", "-c", text]
    done = subprocess.run(shell, cwd=folder, capture_output=True, text=True, check=False, env={"PATH": path})
    return done.stdout + done.stderr


def ran(step: int, folder: Path) -> list[str]:
    """Write what a step says into a file, and run it."""
    (folder / "written.py").write_text(commands(step))
    done = subprocess.run([sys.executable, "written.py"], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()
