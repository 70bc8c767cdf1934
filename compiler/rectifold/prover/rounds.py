"""Rounds while units are open: tighter bounds below them, then the same questions, longer.

    round k: bounds of unstable units below (4^k times the nodes)  →  the open questions again

Sound because a round only replaces bounds by better proved ones.
"""

from __future__ import annotations

import numpy as np

from rectifold.facts.methods import Method
from rectifold.prover.layer import LayerState
from rectifold.prover.stages import linear, phases, slopes
from rectifold.prover.stages.boxes import prefers_boxes
from rectifold.prover.state import ProofState
from rectifold.search.tasks import BoundTask, answer_bounds, deal


def run_rounds(state: ProofState) -> None:
    """Until nothing is open, no layer is worth a round, or the time for searching is spent."""
    if not state.is_bounding:
        return
    network = state.network
    for number in range(1, state.effort.rounds + 1):
        asked = [v.name for v in network.relu_layers if _is_worth_a_round(state, v.name)]
        if not asked or min(state.search_left, state.time_left()) <= state.effort.round_seconds:
            return
        below = set().union(*(network.cone(name) for name in asked))
        for k, layer in enumerate(network.relu_layers):
            state.tell(f"round {number}, layer {layer.name}", k)
            if layer.name in below or layer.name in asked:
                work = state.layers[layer.name]
                try:
                    _again(
                        state,
                        work,
                        number,
                        is_below=layer.name in below,
                        is_asked=layer.name in asked,
                    )
                finally:
                    state.store(work)


def _is_worth_a_round(state: ProofState, name: str) -> bool:
    """Has the layer open units that matter, and that cases of phases may settle?"""
    layer = state.layers[name]
    if name not in state.asked or not len(layer.open()):
        return False
    return phases.can_branch(state, layer) and not prefers_boxes(state, layer)


def _again(
    state: ProofState, layer: LayerState, number: int, *, is_below: bool, is_asked: bool
) -> None:
    """One layer of a round: bounds with those below as they are now, then its own questions."""
    if not state.reads_input_only(layer.name):
        linear.run(state, layer)
        slopes.run(state, layer)
    if is_below and phases.can_branch(state, layer):
        _tighten_ends(state, layer, state.effort.end_nodes * 4 ** (number - 1))
    state.store(layer)
    if is_asked:
        nodes = state.effort.query_nodes * 4**number
        phases.branch(state, layer, nodes, with_planes=True)
        if state.cone_cost(layer.name)[1] <= state.search_effort.phases.exact_weights:
            phases.branch(state, layer, nodes)  # a maximum of 0 is proved without planes only


def _tighten_ends(state: ProofState, layer: LayerState, nodes: int) -> None:
    """Branch and bound on the ends of unstable units: what the layers above build on."""
    units = layer.straddling()
    values = state.witnesses.trace(state.witnesses.points, layer.name).values[layer.name]
    for sign in (1, -1):
        with state.searching("tighter ends"):
            seconds = min(state.effort.share_of_ends * state.search_left, state.time_left())
            reached = dict(
                zip(
                    units.tolist(),
                    (sign * values[:, units]).max(axis=0, initial=-np.inf),
                    strict=True,
                )
            )
            known = state.snapshot()
            tasks = [
                BoundTask(
                    known,
                    layer.name,
                    sign,
                    part,
                    np.array([reached[k] for k in part.tolist()]),
                    seconds,
                    nodes,
                )
                for part in deal(units, state.workers.count)
            ]
            for answered, found, proofs in state.workers.each(answer_bounds, tasks):
                layer.tighten(sign, answered, found, Method.CASES, proofs)
            layer.label("tighter ends")
