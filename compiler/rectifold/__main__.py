"""python -m rectifold, and the command `rectifold`.

The libraries are read inside, so that Ctrl-C and a lack of memory have a line there too.
"""

from __future__ import annotations

import sys
import time
from functools import partial

from rectifold.runtime.status import Status
from rectifold.runtime.watched import is_watched, run_watched


def start() -> None:
    """Runs the command line; never returns."""
    command = partial(_command, time.monotonic())
    if is_watched(sys.argv[1:]):
        sys.exit(run_watched(command))
    command()


def _command(began: float) -> None:
    try:
        from rectifold.cli.main import main  # seconds, on a busy machine
        from rectifold.cli.times import Began
    except KeyboardInterrupt:
        print("interrupted before the end; no file is left half-written", file=sys.stderr)
        sys.exit(Status.UNDECIDED)
    except MemoryError:
        print("error: there is not even enough memory to begin; give more", file=sys.stderr)
        sys.exit(Status.BAD_INPUT)
    main(obj=Began(began))


if __name__ == "__main__":
    start()
