"""A progress line on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from rectifold.prover.effort import Progress


@contextmanager
def shown(*, quiet: bool) -> Iterator[Progress | None]:
    """Yields a callback (what, number, of how many; 0: nobody knows of how many), or None."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    with Console(stderr=True).status("reading") as status:
        yield lambda name, k, total: status.update(f"{name} ({k + 1} of {total})" if total else name)
