"""When to stop: a moment by a clock, and work that is interrupted there.

    deadline = Deadline.after(60.0)
    with deadline.interrupting():        TimeUp leaves the block soon after the deadline
        result = pure(arguments)

Loops ask `is_over` between their rounds; what has no rounds of its own (one rewrite of a large
network, the lines of a certificate) is interrupted as by Ctrl-C. Sound where the block only
computes: what it has not returned is lost, and nothing else has changed. So a step that changes
what later claims rest on writes down its evidence first.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from types import FrameType

from rectifold.effort.running import RunningEffort

Clock = Callable[[], float]


class TimeUp(Exception):
    """The deadline has passed; whoever set it catches this."""


@dataclass(frozen=True)
class Deadline:
    """`clock` says the time in seconds, `at` is when to stop (inf: never).

    `grace`: seconds that loops have to end by themselves before they are interrupted.
    """

    at: float = inf
    clock: Clock = time.monotonic
    grace: float = RunningEffort.grace_seconds

    @staticmethod
    def after(seconds: float | None, clock: Clock = time.monotonic) -> Deadline:
        """So many seconds from now; None: never."""
        return Deadline(inf if seconds is None else clock() + seconds, clock)

    @property
    def left(self) -> float:
        """Seconds, at least 0."""
        return max(0.0, self.at - self.clock()) if self.at < inf else inf

    @property
    def is_over(self) -> bool:
        return self.at < inf and self.clock() >= self.at

    def check(self) -> None:
        """Raises TimeUp when it is over."""
        if self.is_over:
            raise TimeUp

    def later(self, seconds: float) -> Deadline:
        return replace(self, at=self.at + seconds)

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """Raises TimeUp inside the block soon after the deadline.

        Only in the main thread, on systems with timers, and where nobody else uses the timer:
        elsewhere the block runs to its end. A block inside another ends at the earlier deadline.
        """
        if self.at == inf or not _may_use_timer():
            yield
            return
        before, outer = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)[0]
        started, own = time.monotonic(), self.left + self.grace
        signal.signal(signal.SIGALRM, _raise)
        signal.setitimer(signal.ITIMER_REAL, min(own, outer) if outer else own)
        try:
            yield
        finally:
            spent = time.monotonic() - started
            left = max(0.001, outer - spent) if outer else 0.0  # a timer of 0 would be none
            signal.setitimer(signal.ITIMER_REAL, left)
            signal.signal(signal.SIGALRM, before)


def time_left(deadline: float) -> float:
    """Seconds until `deadline` (monotonic), not less than 0."""
    return max(0.0, deadline - time.monotonic())


def _may_use_timer() -> bool:
    return (
        hasattr(signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGALRM) in (signal.SIG_DFL, _raise)
    )


def _raise(signum: int, frame: FrameType | None) -> None:
    raise TimeUp
