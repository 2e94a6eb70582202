"""Between the servers that bench/recognition.py has started: set Django up, measure, print."""

import os
import sys

import django

from bench import options


def main() -> int:
    """Measure what is asked for and print it; return the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    asked = options.parse()
    # These import models, which need Django to be set up.
    from bench.loop import LoopFailed
    from bench.pipeline import PipelineFailed
    from bench.report import written
    from bench.run import measure
    from bench.sender import NotReceived
    from config.processes import ProcessEnded

    try:
        result = measure(asked)
    except (LoopFailed, NotReceived, PipelineFailed, ProcessEnded) as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped; everything that was started for it ends too.", file=sys.stderr)
        return 130
    print(result.table())
    if asked.out:
        asked.out.write_text(written(result))
    return 1 if asked.check and not result.kept else 0


if __name__ == "__main__":
    sys.exit(main())
