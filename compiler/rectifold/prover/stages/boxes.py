"""Cases by sub-box, for all open units of a layer together.

    few inputs, many unstable units below:  one tree of boxes settles many units at once

Sound because each leaf is bounded on its own box, and the boxes cover the domain's.
"""

from __future__ import annotations

import numpy as np

from rectifold.facts.entries import BoxTreeSigns
from rectifold.facts.methods import Method
from rectifold.facts.side import Side
from rectifold.facts.trees import BoxProof
from rectifold.prover.layer import LayerState
from rectifold.prover.state import ProofState
from rectifold.search.boxes.signs import BoxOutcome
from rectifold.search.tasks import BoxTask, answer_boxes, deal


def prefers_boxes(state: ProofState, layer: LayerState) -> bool:
    """Halving an input then fixes many phases at once."""
    return _box_limit(state, layer) > 0 and state.cone_cost(layer.name)[0] > state.effort.box_units


def _box_limit(state: ProofState, layer: LayerState) -> int:
    """Boxes per question that proving and checking can afford.

    0 for many inputs that vary, and where the network is too wide.
    """
    low, high = state.domain.float_box
    units, weights = state.cone_cost(layer.name)
    limit = state.effort.box_work // (units * weights + 1)
    is_narrow = 0 < int(np.count_nonzero(high > low)) <= state.effort.box_inputs
    return limit if is_narrow and limit >= state.effort.first_boxes else 0


def run(state: ProofState, layer: LayerState) -> None:
    """A short search for all open units, then a long one for those that are left."""
    limit = _box_limit(state, layer)
    if not limit or not len(layer.open()) or state.reads_input_only(layer.name):
        return
    with state.timed("box splitting"):
        for boxes in (state.effort.first_boxes, limit):
            _split_layer(state, layer, boxes)
        layer.label("box splitting")


def _split_layer(state: ProofState, layer: LayerState, limit: int) -> None:
    """Every open unit on the side not seen, with at most `limit` boxes each."""
    queries = [(int(k), -1 if layer.positive[k] else 1) for k in layer.open()]
    if not queries:
        return
    with state.spending():
        seconds = min(state.effort.share_of_boxes * state.search_left, state.time_left())
        known = state.snapshot()
        tasks = [
            BoxTask(known, layer.name, tuple(queries[k] for k in part.tolist()), seconds, limit)
            for part in deal(np.arange(len(queries)), state.workers.count)
        ]
        for outcome in state.workers.each(answer_boxes, tasks):
            _take_proved(state, layer, outcome)


def _take_proved(state: ProofState, layer: LayerState, outcome: BoxOutcome) -> None:
    """Take over the signs that a tree proves, and the points that refute others."""
    if outcome.proved:
        claims = tuple((k, Side.of_sign(s)) for k, s in outcome.proved)
        state.note(BoxTreeSigns(layer.name, BoxProof(claims, outcome.tree)))
    for sign in (1, -1):
        units = np.array([k for k, s in outcome.proved if s == sign], dtype=np.int64)
        layer.tighten(sign, units, np.zeros(len(units)), Method.BOXES)
    if outcome.points:
        points = np.array(outcome.points)
        state.see_at(layer, points)
        state.keep_points(points)
