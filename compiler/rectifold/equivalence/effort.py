"""What deciding a question about two networks may cost."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from rectifold.effort.equivalence import EquivalenceEffort
from rectifold.prover.effort import Limits, Progress


@dataclass(frozen=True)
class Run:
    """One run: the user's limits, the seed of every search, whom to tell how far it is.

    `replay`: the checker judges a certificate of a tolerance, where that takes seconds, before the
    claim is made.
    """

    limits: Limits = Limits()  # noqa: RUF009  # an immutable value
    seed: int = 0
    progress: Progress | None = None
    replay: bool = True

    @property
    def effort(self) -> EquivalenceEffort:
        """How hard it is tried, as the limits say."""
        return self.limits.chosen_effort.equivalence

    def with_seconds(self, seconds: float | None) -> Run:
        """The same run with another time limit."""
        return replace(self, limits=replace(self.limits, seconds=seconds))

    def deadline(self, default: float) -> float:
        """In monotonic seconds; `default` seconds where the user sets no limit."""
        seconds = self.limits.seconds
        return time.monotonic() + (default if seconds is None else seconds)


def time_left(deadline: float) -> float:
    """Seconds until `deadline` (monotonic), not less than 0."""
    return max(0.0, deadline - time.monotonic())
