"""Tells how far a construction is, and ends it at its deadline."""

from __future__ import annotations

from dataclasses import dataclass

from rectifold.errors import Unfinished
from rectifold.runtime.run import Run


@dataclass(frozen=True)
class Watch:
    """A run, and when it has to end in seconds of its clock (None: never)."""

    run: Run = Run()
    deadline: float | None = None

    @property
    def seconds_left(self) -> float | None:
        """Until the deadline; 0 when it is past."""
        return None if self.deadline is None else max(0.0, self.deadline - self.run.clock())

    def step(self, what: str, done: int, total: int) -> None:
        """So much is done. Raises Unfinished at the deadline."""
        if self.deadline is not None and self.run.clock() >= self.deadline:
            raise Unfinished(
                f"the time limit ended the exact form: {what}, {done:,} of {total:,} done; "
                'allow more time, or take kind="centred"'
            )
        self.run.tell(f"exact form: {what}", done, total)


NO_WATCH = Watch()  # tells nobody, and never ends
