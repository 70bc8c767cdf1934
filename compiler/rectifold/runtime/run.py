"""What one run may cost, whom it tells, and where its random choices start.

Run(Limits(60.0, jobs=2), seed=3)       a minute, two processes, and the same choices every time
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

from rectifold.effort.effort import Effort
from rectifold.runtime.deadline import Clock
from rectifold.runtime.workers import Workers, open_workers

Progress = Callable[[str, int, int], None]  # what is being done, parts done, parts in all


@dataclass(frozen=True)
class Limits:
    """What a proof may cost. `seconds` None: no limit but the defaults of each stage.

    `jobs` processes share branch and bound, or the workers of the Dask cluster at `scheduler`. What
    is proved is appended to the file `log`, and what it says about this network and domain already
    is checked and used. `effort`: the tuning numbers, where a caller wants others.
    """

    seconds: float | None = None
    z3_seconds: float = 2.0
    jobs: int = 1
    scheduler: str | None = None
    log: Path | None = None
    effort: Effort | None = None

    @property
    def chosen_effort(self) -> Effort:
        if self.effort is not None:
            return self.effort
        return Effort.default() if self.seconds is None else Effort.timed(self.seconds)


class RunChoices(TypedDict, total=False):
    """The fields of a run that a caller may name one by one, as keywords."""

    limits: Limits
    """How long, with how many processes, and into which log."""
    seed: int
    """Where the random choices of every search start."""
    progress: Progress | None
    """Called with a stage, how far it is, and of how many."""


@dataclass(frozen=True)
class Run:
    """One run: a user's limits, the seed of every search, whom to tell how far it is.

    `clock` says the time in seconds to the stages that compare and list regions, and in `deadline`;
    searches read the monotonic clock.
    """

    limits: Limits = Limits()
    seed: int = 0
    progress: Progress | None = None
    clock: Clock = time.monotonic

    @property
    def effort(self) -> Effort:
        """How hard it is tried, as the limits say."""
        return self.limits.chosen_effort

    @property
    def has_others(self) -> bool:
        """Are there other processes to share the work?"""
        return self.limits.jobs > 1 or self.limits.scheduler is not None

    def workers(self) -> AbstractContextManager[Workers]:
        """The processes that share the work. Raises InputError when there are none."""
        return open_workers(self.limits.jobs, self.limits.scheduler, self.effort.running)

    def with_seconds(self, seconds: float | None) -> Run:
        """The same run with another time limit."""
        return replace(self, limits=replace(self.limits, seconds=seconds))

    def deadline(self, default: float) -> float:
        """In seconds of the clock; `default` seconds where the user sets no limit."""
        seconds = self.limits.seconds
        return self.clock() + (default if seconds is None else seconds)

    def tell(self, what: str, done: int, total: int) -> None:
        """What is being done, and how far it is (of 0: nobody knows of how many)."""
        if self.progress is not None:
            self.progress(what, done, total)
