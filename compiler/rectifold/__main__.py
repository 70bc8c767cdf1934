"""python -m rectifold, and the command `rectifold`: the libraries are read inside, so that Ctrl-C has a line there too."""

from __future__ import annotations

import sys

_UNDECIDED = 3


def start() -> None:
    """Runs the command line; never returns."""
    try:
        from rectifold.cli.main import main  # seconds, on a busy machine
    except KeyboardInterrupt:
        print("interrupted before the end; no file is left half-written", file=sys.stderr)
        sys.exit(_UNDECIDED)
    main()


if __name__ == "__main__":
    start()
