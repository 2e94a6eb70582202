"""`make bench-recognition`: how much of the models' own speed is left once everything is around them.

On PostgreSQL, Valkey, web server, worker and scheduler of its own, with files in a temporary folder: what this machine
serves otherwise isn't touched, and nothing stays behind but what --out names.
"""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import options
from config.parent import die_with_parent

# The operator's, which would lead to the operator's data, or give the worker more threads than the loop.
_NOT_OURS = ("DATABASE_URL", "OWNER_DATABASE_URL", "SEQUENCER_DATABASE_URL", "REDIS_URL", "SECRET_KEY", "STATIC_ROOT")
_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RECOGNITION_THREADS")


def main() -> int:
    """Run the measurement between servers that start and end with it; return its exit status."""
    asked = options.parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="countersign-bench-", ignore_cleanup_errors=True) as folder:
        weights = {"WEIGHTS_DIR": str(Path(folder) / "weights" if asked.facenet_shape else asked.weights)}
        environment = own_servers_environment(Path(folder)) | weights
        return run_between_servers([sys.executable, "-m", "bench.inside", *sys.argv[1:]], environment)


def run_between_servers(command: list[str], environment: dict[str, str]) -> int:
    """Run a command between servers of its own. Ctrl-C reaches it as well; it ends in order and is waited for."""
    whole = [sys.executable, "-m", "config.embedded", *command]
    child = subprocess.Popen(whole, env=environment, preexec_fn=_as_child)  # noqa: S603, PLW1509  (no threads here)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return child.wait()
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()


def own_servers_environment(folder: Path) -> dict[str, str]:
    """Everything in this folder, on plain HTTP."""
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    return (
        kept
        | dict.fromkeys(_ONE_THREAD, "1")
        | {
            "VAR_DIR": str(folder / "var"),
            "MEDIA_ROOT": str(folder / "media"),
            "ALLOWED_HOSTS": "127.0.0.1",
            "HTTPS_ONLY": "false",
            "BEHIND_PROXY": "false",
            "DEBUG": "false",
        }
    )


def _as_child() -> None:
    die_with_parent(signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
