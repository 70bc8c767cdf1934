"""A progress line on a terminal, nothing in a pipe.

    ⠹ proving layer h2 (2 of 3), 41 units open, 12 s        the seconds go on by themselves

One line at a time: what is begun inside another one speaks on it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from rectifold.runtime.run import Progress


@dataclass
class Line:
    """What is shown now; a terminal asks for it several times a second."""

    what: str
    done: int = 0
    total: int = 0
    started: float = field(default_factory=time.monotonic)

    def __rich__(self) -> Text:
        seconds = time.monotonic() - self.started
        return Text(progress_text(self.what, self.done, self.total, seconds))

    def say(self, what: str, done: int, total: int) -> None:
        self.what, self.done, self.total = what, done, total


_shown: list[Line] = []  # at most one: a terminal has one last line


@contextmanager
def progress_line(*, quiet: bool, what: str = "reading") -> Iterator[Progress | None]:
    """Yields a callback (what, number, of how many; 0: nobody knows of how many), or None.

    `what` is shown until it is called.
    """
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield None
    elif _shown:
        before, line = (_shown[0].what, _shown[0].done, _shown[0].total), _shown[0]
        line.say(what, 0, 0)
        yield line.say
        line.say(*before)
    else:
        line = Line(what)
        _shown.append(line)
        try:
            with Console(stderr=True).status(line):
                yield line.say
        finally:
            _shown.clear()


def progress_text(name: str, k: int, total: int, seconds: float) -> str:
    """What is done, as far as is known of how many, and since when.

    >>> progress_text("9,702 regions compared, 12 cells wait", 41, 100, 83.4)
    '9,702 regions compared, 12 cells wait (42 of 100), 1 min 23 s'
    """
    minutes, rest = divmod(int(seconds), 60)
    elapsed = f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return f"{name} ({k + 1} of {total}), {elapsed}" if total else f"{name}, {elapsed}"
