"""How hard the searches for witnesses and for proofs by cases try."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PointEffort:
    """Random points at which units are looked at."""

    common_bits: int = 4096
    """Bits of a common denominator up to which points are evaluated together, exactly."""
    open_range: float = 1e6
    """Width in input units from which points are drawn where a range is infinite."""
    values_at_once: int = 2**24
    """Values of all layers, points times units, that are computed together: 128 MB of float64."""


@dataclass(frozen=True)
class FloatPointEffort:
    """Points in floats near an exact one."""

    corners: int = 6
    """Coordinates up to which every choice of rounding up or down is tried."""
    direction_tries: int = 48
    """Random choices of directions beyond that, for each distance."""
    distances: tuple[int, ...] = (1, 4, 16, 256, 2**14)
    """Distances from the nearest float, in units in the last place."""
    grids: tuple[int, ...] = (0, 8, 16, 24, 40)
    """Fractional bits of coordinates that equations of the domain are solved with."""
    judged: int = 64
    """Candidates inside the domain that are judged: each is an exact evaluation."""


@dataclass(frozen=True)
class WanderEffort:
    """Random steps of points that climb, as parts of the domain's width."""

    inputs_moved: float = 0.5
    """Part of the inputs that a step moves."""
    longer: float = 1.7
    """Factor of the step's size after a step that helped."""
    shorter: float = 0.85
    """The same after one that did not: about one step in four helps then."""
    shortest: float = 1e-7
    """No step is smaller."""
    longest: float = 0.5
    """No step is larger."""


@dataclass(frozen=True)
class PhaseEffort:
    """Branch and bound over the phases of units. Sizes are parts of the layer's range."""

    query_nodes: int = 2_000
    """Nodes after which a question is left open, where the caller names no number."""
    batch: int = 256
    """Nodes bounded together."""
    planes_batch: int = 64
    """The same with planes above the first layer, where a node costs more."""
    waiting: int = 200_000
    """Nodes that may wait, of all questions together: beyond it the deepest are taken first."""
    tries: int = 12
    """More descents for a node whose phases are all fixed: what is left is a linear program."""
    slower: float = 0.5
    """Factor of the step sizes from one such descent to the next."""

    clear: float = 1e-6
    """Part of the range by which a search tries to pass its target before it stops."""
    near_zero: float = 1e-2
    """Part of the range: bounds this close to 0 are tried exactly."""
    denominators: tuple[int, ...] = (1, 8, 60)
    """Largest denominators of slopes and multipliers of an exact bound, one try for each."""
    exact_weights: int = 20_000
    """Weights in the cone up to which an exact bound is tried."""

    climbs: int = 32
    """Points climbed per batch, from near the relaxation's optimum."""
    climb_steps: int = 12
    """Gradient steps of one climb."""
    climb_scale: float = 2.0**-4
    """Length of the first step, as part of the box."""
    confirmed: int = 64
    """Points per batch that look like witnesses and are evaluated rigorously."""

    looked_at: int = 8
    """Units whose cases are bounded before one of them is split."""
    steps: int = 24
    """Gradient steps on the slopes of a first node."""
    child_steps: int = 8
    """The same for a node that starts from its parent's slopes."""
    constrained: int = 4
    """Times as many steps where the domain has linear constraints: multipliers start from 0."""
    slope_rates: tuple[float, float] = (0.3, 0.1)
    """Step of slopes at a first node, and at one that starts from its parent's."""
    multiplier_rates: tuple[float, float] = (0.15, 0.05)
    """The same of multipliers."""
    level_rates: tuple[float, float] = (0.1, 0.05)
    """The same of the levels of planes."""
    single_precision: tuple[float, float] = (2.0**-20, 2.0**40)
    """Sizes of bounds, least and largest, for which single precision serves."""
    least_gain: float = 1e-9
    """Part of the bound: the least gain that a case counts with."""
    least_score: float = 1e-9
    """Added to scores, so that those of free units stay above 0."""
    least_divisor: float = 1e-30
    """Added to divisors, so that quotients stay finite in single precision too."""


@dataclass(frozen=True)
class BoxEffort:
    """Splitting of the box, and of phases with paired units."""

    batch: int = 128
    """Boxes bounded together in a search for signs."""
    largest_batch: int = 64
    """The same in a search for the largest output: fewer, because the worst ones are wanted."""
    points: int = 256
    """Corners tried per batch."""
    close: float = 1e-3
    """Part of the value: bounds that near to a point's value are near enough."""
    least: float = 1e-12
    """The same in units of the output, where the value is about 0."""

    slope_steps: int = 16
    """Gradient steps on the slopes of a claim that fails on a box, where it may choose them."""
    slope_rate: float = 0.3
    """Size of such a step at first."""

    tried_boxes: int = 2_000
    """Boxes of a search with slopes up to which the input to halve is found by trying all."""

    units_tried: int = 12
    """Units whose halves are bounded together before one is split."""
    most_units: int = 60
    """Units that are tried at most, while `enough` is not gained."""
    enough: float = 3e-3
    """Part of the bound that a split must gain for no more units to be tried."""
    least_divisor: float = 1e-300
    """Added to divisors, and to scores of inputs that vary: above those of flat ones."""
