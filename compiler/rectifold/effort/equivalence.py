"""How hard it is tried to decide a question about two networks."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class AttackSize:
    """One attempt to find a point where two networks disagree."""

    samples: int
    """Random points and corners."""
    starts: int
    """Climbs from the best of them, per output and sign: many starts beat good ones."""
    steps: int
    """Gradient steps of one climb."""


@dataclass(frozen=True)
class EquivalenceEffort:
    """How hard it is tried. No number here decides an answer; each decides only when to stop."""

    attacks: tuple[AttackSize, ...] = (
        AttackSize(2_000, 8, 25),
        AttackSize(2_000, 200, 25),
        AttackSize(20_000, 400, 50),
    )
    """From the shortest to the longest; the later ones take about 0.7 and 3 seconds. Without any,
    points are found by splitting only."""
    seconds_before_attacks: tuple[float, ...] = (0.6, 5.0)
    """Seconds of box splitting before each attack but the first."""
    kept_points: int = 8
    """Points of an attack that are handed on to be confirmed exactly."""

    few_inputs: int = 12
    """Inputs that vary, up to which the box is split; beyond it the phases."""
    hinted_entries: int = 1_000_000
    """Entries of layers that read inputs, up to which the directions of many inputs are counted."""
    within_seconds: float = 120.0
    """Seconds for a tolerance or the argmax, where the user sets no limit."""
    tightest_seconds: float = 60.0
    """Seconds for the tightest bound, where the user sets no limit."""
    turn_seconds: float = 3.0
    """Seconds of each process, after which the waiting boxes are dealt out again."""
    share_of_pairs: float = 0.4
    """Part of the time left for phases of many inputs with paired units."""
    argmax_shares: tuple[float, ...] = (0.05, 0.2, 1.0)
    """Parts of the time left for each round of proofs about the argmax of many inputs."""

    argmax_factors: tuple[Fraction, ...] = (Fraction(0), Fraction(1, 2), Fraction(1), Fraction(2))
    """The t of B_i − B_j ≥ t (A_i − A_j − margin) that are tried for each pair of outputs; the
    first is 0."""

    samples: int = 2_000
    """Points in floats at which the networks are compared first."""
    exact_samples: int = 12
    """Points at which they are compared exactly, whatever floats say."""
    confirmed_points: int = 8
    """Suspicious points of the sample that are evaluated exactly."""
    climbs: int = 3
    """Exact climbs from the points where the networks differ most."""
    climb_seconds: float = 2.0
    """Seconds for all of them, and at most a twentieth of the time limit."""

    small_units: int = 80
    """Relu units of both networks up to which boxes get `small_seconds` only."""
    small_seconds: float = 5.0
    """Seconds before regions and Z3, which also see a difference of exactly the tolerance."""
    region_seconds: float = 120.0
    """Seconds for regions, without a time limit."""
    share_of_regions: float = 0.5
    """Part of the time left for regions, where Z3 can be asked afterwards."""
    z3_units: int = 80
    """Relu units of both networks up to which Z3 is asked."""
    z3_weights: int = 30_000
    """Weights of both networks up to which Z3 is asked."""
    z3_seconds: float = 30.0
    """Seconds for Z3, without a time limit."""

    replayed_work: int = 4_000_000
    """Boxes times weights up to which a certificate is checked before a claim: some 15 seconds."""
    box_weights: int = 500
    """Weights that a box costs the checker beside those of the networks."""
    replayed_cells: int = 50_000
    """Cells up to which a certificate is checked before any claim: some ten seconds."""

    portion: int = 5_000
    """Points that are traced at once: some tenths of a second for a large network."""
    climbs_per_start: int = 32
    """Climbs from the points where B is closest to another winner of the argmax."""
    most_regions: int = 100_000_000
    """Common regions that are compared: the time ends the search long before."""
    most_boxes: int = 10**12
    """Boxes in which a question may be pending: the time ends the search long before."""
    more_bits: tuple[int, ...] = (0, 64, 256)
    """Fractional bits for the checker, beyond the usual, one after the other while it refuses."""
    room_bits: tuple[int, ...] = (64, 56, 48, 40, 32)
    """Fractional bits of what a bound is raised by where the checker's rounding refuses it."""
    alone_seconds: float = 1.0
    """Seconds of box splitting in one process between two reports of progress."""
    few_boxes_seconds: float = 0.1
    """Seconds of one process, while there are too few boxes to deal out."""
    least_claim: float = 1e-3
    """Part of what a sign must clear 0 by: no smaller difference is claimed, for checkers round."""

    pairing_points: int = 256
    """Points at which units are compared to find relatives."""
    near_units: float = 0.25
    """Parts of a unit's range: distances below which units are taken for relatives."""
    enough_relatives: float = 0.05
    """Part of the smaller layer's units: fewer relatives make no pair of layers."""
    pairing_units: int = 4_000
    """Units of a layer beyond which distances are not compared."""
