"""--time-limit, as that of a whole command: reading, searching, certifying and checking.

    |------------- work -------------|--- reserve ---| end: the command is interrupted
    start                        the limit

A search ends by itself at the limit and answers what it has. What follows it (a certificate, the
checker, a picture) has a reserve beyond; there the command ends without it, and says so. Sound
because nothing is claimed or written from a block that was interrupted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf

import click

from rectifold.effort.running import CommandEffort
from rectifold.errors import Unfinished
from rectifold.runtime.deadline import Deadline, TimeUp

_EFFORT = CommandEffort()


@dataclass(frozen=True)
class Began:
    """When the process began, by the clock of deadlines: before it read the libraries."""

    at: float


@dataclass(frozen=True)
class Times:
    """When the search must be done, and when everything."""

    work: Deadline
    end: Deadline

    @staticmethod
    def of(time_limit: float | None) -> Times:
        """From the beginning of the process on."""
        if time_limit is None:
            return Times(Deadline(), Deadline())
        return Times(_within(time_limit), _within(time_limit + _reserve(time_limit)))

    @staticmethod
    def with_certificate(time_limit: float | None, *, is_certified: bool) -> Times:
        """The same, for a result whose certificate takes about as long as a quarter of it."""
        if time_limit is None or not is_certified:
            return Times(_within(time_limit), _within(time_limit))
        reserve = _reserve(time_limit)
        work = _within(_EFFORT.result_part * time_limit + reserve / 2)
        return Times(work, _within(time_limit + reserve))

    @property
    def checked(self) -> Deadline:
        """When a certificate must be checked, so that there is time to write the result."""
        if self.end.at == inf:
            return self.end
        return self.end.later(-_EFFORT.writing_part * (self.end.at - self.work.at))

    @contextmanager
    def before(self, what: str) -> Iterator[None]:
        """Interrupts the block at the end; raises Unfinished: it was over before `what`."""
        try:
            with self.end.interrupting():
                self.end.check()
                yield
        except TimeUp:
            raise Unfinished(f"the time limit was over before {what}; give more time") from None


def _within(seconds: float | None) -> Deadline:
    """So long after the beginning of the process, or from now where that is not known."""
    context = click.get_current_context(silent=True)
    began = None if context is None else context.find_root().obj
    deadline = Deadline.after(seconds)
    return deadline.later(began.at - time.monotonic()) if isinstance(began, Began) else deadline


def _reserve(time_limit: float) -> float:
    return max(_EFFORT.reserve_seconds, _EFFORT.reserve_part * time_limit)
