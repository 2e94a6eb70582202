"""Run the measurement on a PostgreSQL of its own, which goes with everything in it when it is done."""

import os
import sys
import tempfile
from pathlib import Path

from bench.audit.options import parse
from bench.recognition import own_servers_environment, run_between_servers


def main() -> int:
    """Return the exit status of the measurement."""
    asked = parse()
    with tempfile.TemporaryDirectory(
        prefix="countersign-bench-", dir=asked.folder, ignore_cleanup_errors=True
    ) as folder:
        environment = own_servers_environment(Path(folder)) | {"WEIGHTS_DIR": str(Path(folder) / "weights")}
        return run_between_servers([sys.executable, "-m", "bench.audit.inside", *sys.argv[1:]], environment)


if __name__ == "__main__":
    os.umask(0o022)  # the database's system user must get to its folder
    sys.exit(main())
