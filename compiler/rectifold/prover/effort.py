"""What a proof may cost: a user's limits, and the prover's own tuning numbers with their units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

Prover = Literal["auto", "bounds", "z3"]
Progress = Callable[[str, int, int], None]  # what is being done, parts done, parts in all


@dataclass(frozen=True)
class Effort:
    """How hard the prover tries. No number here decides a verdict; each decides only when to stop.

    `Effort.default()` suits a run without a time limit, `Effort.timed(seconds)` one that a limit
    ends.
    """

    points: int = 256
    """Random points and corners that are tried on every layer."""
    kept_points: int = 256
    """Points found on one layer that later layers try too."""
    ascent_steps: int = 24
    """Gradient steps of one climb towards the sign that has not been seen."""
    exact_weights: int = 3_000_000
    """Weights in a layer's cone up to which one row is worth exact arithmetic."""
    optimised_work: int = 400_000_000
    """Units times weights in the cone up to which slopes are optimised for all of them."""

    search_seconds: float = 10.0
    """Seconds of branch and bound and of box splitting in all."""
    query_nodes: int = 1_000
    """Nodes per question in the first round, four times as many in each one after."""
    planes_nodes: int = 250
    """The same with planes above the first layer, where nodes are dearer and far fewer."""
    planes_questions: int = 4
    """Questions of a layer up to which planes are tried at once; more of them wait for a round."""
    phase_nodes: int = 60_000
    """Nodes per layer and sign."""
    phase_work: int = 20_000_000_000
    """Nodes times weights in the cone, per layer and sign."""
    phase_units: int = 4_000
    """Unstable units below a layer up to which phases are split: the search keeps their square."""
    share_of_layer: float = 0.5
    """Part of the time left that one layer and sign may take."""
    share_of_last: float = 1.0
    """The same for the last layer with open units."""

    rounds: int = 12
    """Rounds of tighter ends and repeated questions."""
    end_nodes: int = 48
    """Nodes per end in the first round, four times as many in each one after."""
    share_of_ends: float = 0.15
    """Part of the time left for the ends of one layer and side."""

    box_inputs: int = 10
    """Inputs that vary, up to which boxes are split."""
    box_units: int = 12
    """Unstable units below a layer from which on boxes come before phases."""
    first_boxes: int = 2_000
    """Boxes per question before the hard ones are done by themselves; less is not begun."""
    box_work: int = 15_000_000_000
    """Boxes times unstable units times weights below: the checker bounds each box again."""
    share_of_boxes: float = 0.7
    """Part of the time left for one splitting of boxes."""

    z3_units: int = 60
    """Unstable units in the cone up to which Z3 is asked when it is one stage of many."""
    z3_weights: int = 20_000
    """Nonzero weights in the cone up to which it is asked then."""
    z3_total_seconds: float = 30.0
    """Seconds for all its questions then."""
    z3_failures: int = 2
    """Questions of one layer without an answer, after which the layer is left alone then."""

    @staticmethod
    def default() -> Effort:
        return Effort()

    @staticmethod
    def timed(seconds: float) -> Effort:
        """For a run that ends after `seconds`: the search may have them all."""
        return replace(
            Effort(),
            search_seconds=seconds,
            phase_nodes=10_000_000,
            phase_work=10**16,
            box_work=300_000_000_000,
        )


@dataclass(frozen=True)
class Limits:
    """What a proof may cost. `seconds` None: no limit but the defaults of each stage.

    `jobs` processes share branch and bound, or the workers of the Dask cluster at `scheduler`. What
    is proved is appended to the file `log`, and what it says about this network and domain already
    is checked and used. `effort`: the prover's own numbers, where a caller wants others.
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
