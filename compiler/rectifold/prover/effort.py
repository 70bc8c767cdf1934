"""What a proof may cost: a user's limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rectifold.effort.effort import Effort

Prover = Literal["auto", "bounds", "z3"]
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
