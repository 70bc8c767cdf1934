"""Branch and bound: cases by phase, until the sign is proved or a point shows the other one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.methods import Method
from rectifold.prover.layer import LayerState
from rectifold.prover.state import ProofState
from rectifold.search.tasks import SignTask, answer_signs, deal


@dataclass(frozen=True, eq=False)
class _Question:
    """Is sign·z ≤ 0 for these units? With so many nodes each, in this part of the time left."""

    sign: int
    units: Indices
    query_nodes: int
    share: float
    with_planes: bool


def can_branch(state: ProofState, layer: LayerState) -> bool:
    """There are cases to distinguish, or constraints to weigh, and all bounds below are finite."""
    if state.reads_input_only(layer.name) and not state.domain.constraints:
        return False
    units, _ = state.cone_cost(layer.name)
    return units <= state.effort.phase_units and bool(np.isfinite(layer.upper - layer.lower).all())


def run(state: ProofState, layer: LayerState) -> None:
    """Without planes, then with them for what is left, if it is little."""
    branch(state, layer, state.effort.query_nodes)
    if (
        len(layer.open()) <= state.effort.planes_questions
    ):  # many of them rather wait for tighter bounds
        branch(state, layer, state.effort.planes_nodes, with_planes=True)


def branch(
    state: ProofState, layer: LayerState, query_nodes: int, *, with_planes: bool = False
) -> None:
    """Every open unit on the side that has not been seen, `query_nodes` nodes per question."""
    if not can_branch(state, layer):
        return
    sides = [sign for sign in (1, -1) if not layer.seen(sign)[layer.open()].all()]
    for number, sign in enumerate(sides):
        seen = layer.seen(sign)
        units = np.array([k for k in layer.open() if not seen[k]], dtype=np.int64)
        if not len(units):
            continue
        is_last = _is_last(state, layer.name) and number == len(sides) - 1
        share = state.effort.share_of_last if is_last else state.effort.share_of_layer
        question = _Question(sign, units, query_nodes, share, with_planes)
        with state.searching("branch and bound"):
            points = _answer(state, layer, sign, _tasks(state, layer, question))
        layer.label("branch and bound")
        if points:
            state.try_points(layer, np.array(points), "branch and bound")
            state.keep_points(np.array(points))


def _tasks(state: ProofState, layer: LayerState, asked: _Question) -> list[SignTask]:
    """The question, dealt out to the workers."""
    effort = state.effort
    seconds = min(state.search_left, state.time_left()) * asked.share
    _, weights = state.cone_cost(layer.name)
    nodes = max(effort.least_nodes, min(effort.phase_nodes, effort.phase_work // (weights + 1)))
    known = state.snapshot()
    return [
        SignTask(
            known,
            layer.name,
            asked.sign,
            part,
            seconds,
            nodes,
            asked.query_nodes,
            asked.with_planes,
        )
        for part in deal(asked.units, state.workers.count)
    ]


def _answer(state: ProofState, layer: LayerState, sign: int, tasks: list[SignTask]) -> list[Floats]:
    """Take over what the tasks prove; the points at which they refute."""
    points: list[Floats] = []
    for outcome in state.workers.each(answer_signs, tasks):
        proved = np.array(sorted(outcome.trees), dtype=np.int64)
        trees = [outcome.trees[k] for k in proved.tolist()]
        layer.tighten(sign, proved, np.zeros(len(proved)), Method.CASES, trees)
        points += outcome.points
    return points


def _is_last(state: ProofState, name: str) -> bool:
    """No layer with open units, and none that was not reached, comes after it."""
    order = [v.name for v in state.network.relu_layers]
    later = order[order.index(name) + 1 :]
    return all(
        v not in state.asked or (v in state.layers and not len(state.layers[v].open()))
        for v in later
    )
