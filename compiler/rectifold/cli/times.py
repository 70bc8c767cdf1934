"""--time-limit, as that of a whole command: reading, searching, certifying and checking.

    |------------- work -------------|--- reserve ---| end: the command is interrupted
    start                        the limit

A search ends by itself at the limit and answers what it has. What follows it (a certificate, the
checker, a picture) has a reserve beyond; there the command ends without it, and says so. Sound
because nothing is claimed or written from a block that was interrupted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf

from rectifold.effort.running import CommandEffort
from rectifold.errors import Unfinished
from rectifold.runtime.deadline import Deadline, TimeUp

_EFFORT = CommandEffort()


@dataclass(frozen=True)
class Times:
    """When the search must be done, and when everything."""

    work: Deadline
    end: Deadline

    @staticmethod
    def of(time_limit: float | None) -> Times:
        """From now on."""
        if time_limit is None:
            return Times(Deadline(), Deadline())
        return Times(Deadline.after(time_limit), Deadline.after(time_limit + _reserve(time_limit)))

    @staticmethod
    def with_certificate(time_limit: float | None, *, is_certified: bool) -> Times:
        """From now on, for a result whose certificate takes about as long as a quarter of it."""
        if time_limit is None or not is_certified:
            return Times(Deadline.after(time_limit), Deadline.after(time_limit))
        reserve = _reserve(time_limit)
        work = Deadline.after(_EFFORT.result_part * time_limit + reserve / 2)
        return Times(work, Deadline.after(time_limit + reserve))

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


def _reserve(time_limit: float) -> float:
    return max(_EFFORT.reserve_seconds, _EFFORT.reserve_part * time_limit)
