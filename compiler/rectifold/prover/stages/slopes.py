"""Slopes optimised for each bound of the unstable units: later layers build on them.

    lower slopes α in [0, 1], one choice for each unit and side, found by gradient steps

Sound because any α gives a true bound; the one that is kept is evaluated rigorously.
"""

from __future__ import annotations

from rectifold.facts.methods import Method
from rectifold.prover.layer import LayerState
from rectifold.prover.stages.boxes import prefers_boxes
from rectifold.prover.stages.phases import can_branch
from rectifold.prover.state import ProofState
from rectifold.search.phases.problem import PhaseProblem
from rectifold.search.phases.tightening import optimise_slopes


def run(state: ProofState, layer: LayerState) -> None:
    """Both bounds of every unit that straddles 0, where a later layer or a question needs them."""
    units = layer.straddling()
    network = state.network
    is_last = not any(network.layer(name).is_relu for name in network.readers(layer.name))
    if not len(units) or not can_branch(state, layer) or (is_last and not len(layer.open())):
        return
    if (
        prefers_boxes(state, layer)
        or len(units) * state.cone_cost(layer.name)[1] > state.effort.optimised_work
    ):
        return
    with state.timed("optimised slopes"):
        for sign in (1, -1):
            problem = PhaseProblem(
                state.bounds, state.witnesses, layer.name, sign, effort=state.search_effort.phases
            )
            found, proofs = optimise_slopes(problem, units)
            layer.tighten(sign, units, found, Method.CASES, proofs)
        layer.label("optimised slopes")
