"""How hard the prover tries to settle the units of a network."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class ProverEffort:
    """How hard the prover tries. No number here decides a verdict; each decides only when to stop.

    The defaults suit a run without a time limit, `timed(seconds)` one that a limit ends.
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

    least_z3_points: int = 16
    """Points that are tried first where Z3 is asked to do all the work."""
    feasible_seconds: float = 30.0
    """Seconds of Z3 for a first point of a domain with linear constraints."""
    emptiness_seconds: float = 10.0
    """Seconds of Z3 for whether a domain is empty, where nothing else asks."""
    round_seconds: float = 0.05
    """Seconds that must be left for a round to begin."""
    kept_climbs: int = 32
    """End points of one batch of climbs that later layers try too."""
    least_nodes: int = 64
    """Nodes that a question gets, however large its cone."""

    @staticmethod
    def timed(seconds: float) -> ProverEffort:
        """For a run that ends after `seconds`: the search may have them all."""
        return replace(
            ProverEffort(),
            search_seconds=seconds,
            phase_nodes=10_000_000,
            phase_work=10**16,
            box_work=300_000_000_000,
        )
