"""A progress line on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from rectifold.runtime.run import Progress


@contextmanager
def progress_line(*, quiet: bool) -> Iterator[Progress | None]:
    """Yields a callback (what, number, of how many; 0: nobody knows of how many), or None."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    started = time.monotonic()
    with Console(stderr=True).status("reading") as status:
        yield lambda name, k, total: status.update(
            progress_text(name, k, total, time.monotonic() - started)
        )


def progress_text(name: str, k: int, total: int, seconds: float) -> str:
    """What is done, as far as is known of how many, and since when.

    >>> progress_text("9,702 regions compared, 12 cells wait", 41, 100, 83.4)
    '9,702 regions compared, 12 cells wait (42 of 100), 1 min 23 s'
    """
    minutes, rest = divmod(int(seconds), 60)
    elapsed = f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return f"{name} ({k + 1} of {total}), {elapsed}" if total else f"{name}, {elapsed}"
