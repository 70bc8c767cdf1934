"""How hard it is tried to decide a property."""

from __future__ import annotations

from dataclasses import dataclass

from rectifold.effort.equivalence import AttackSize


@dataclass(frozen=True)
class PropertyEffort:
    """How hard it is tried. No number here decides an answer; each decides only when to stop."""

    seconds: float = 120.0
    """Seconds for a property, where the user sets no limit."""
    first_boxes: int = 300
    """Boxes that are bounded before phases are tried: most properties that hold need fewer."""
    share_of_first_boxes: float = 0.1
    """Part of the time left for them."""
    share_of_phases: float = 0.05
    """Part of the time left for phases alone, where the box can be split afterwards."""
    wandering: tuple[AttackSize, ...] = (
        AttackSize(400, 400, 200),
        AttackSize(2_000, 2_000, 200),
        AttackSize(8_000, 8_000, 200),
    )
    """Attacks where inputs are few: random steps from all of so many points, in place of gradients.
    The first takes a twentieth of a second, the last about one."""
    first_step: float = 0.2
    """Size of the first of these steps, as part of the domain's width."""
    share_before_attacks: float = 0.1
    """Part of the time left for phases before the longer attacks, where inputs are many."""
    replay_seconds: float = 20.0
    """Seconds of the checker before a claim: what takes longer is not replayed, and said so."""
    least_replay_seconds: float = 1.0
    """Seconds that it gets where the search has used the time limit up."""
    margin_bits: int = 48
    """Bits below the size of a case's largest excess, which is claimed to be larger than that."""
    exact_points: int = 64
    """Suspicious points that are evaluated exactly."""
    boxes: int = 1
    """Parts of phases that bound what rounding does, where there are many inputs."""
    boxes_of_few_inputs: int = 64
    """The same for few inputs: a certificate of so many boxes is checked in seconds."""

    share_of_slopes: float = 0.8
    """Part of the time left for a relation of two points by slopes."""
    slope_batch: int = 64
    """Boxes whose slopes are bounded together."""
    slope_rounds: int = 4
    """Rounds of points at which slopes are looked at, each nearer to the best of those before."""
    slope_points: int = 1_000
    """Points of each round."""
    slope_starts: int = 8
    """Points, per condition, that are kept from one round to the next."""
    slope_exact: int = 16
    """Steps that are tried exactly, those that seem to fail by the most first."""
    slope_shrinking: float = 0.25
    """How far the points of a round lie from the best, as part of that of the round before."""
    step_halvings: int = 16
    """Times that a step is halved, each of which is tried."""
    cell_units: int = 64
    """Relu units of open sign up to which a box is cut into cells at all."""
    most_cells: int = 20_000
    """Cells of one box."""
    share_of_cells: float = 0.7
    """Part of the time left for the cells of one box, whose halves are looked at else."""
    fewer_units: float = 0.7
    """Part of the units of open sign of a box that took too long, from which cells are tried
    again."""
