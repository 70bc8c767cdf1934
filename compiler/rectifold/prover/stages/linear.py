"""Linear bounds of every unit whose interval straddles zero, and the corners that they point at.

    z ≤ c·x + d on the domain:  its largest value is a bound, the corner that attains it a point

Sound because the form is pushed back through lines that enclose relu, rounded outward.
"""

from __future__ import annotations

import numpy as np

from rectifold.bounds.exactly import exact_backward
from rectifold.bounds.substitution import Backward, backward
from rectifold.exact.entries import Indices
from rectifold.exact.numerals import round_up
from rectifold.facts.methods import Method
from rectifold.prover.layer import LayerState
from rectifold.prover.state import ProofState


def run(state: ProofState, layer: LayerState) -> None:
    """Both bounds in floats, rounded outward."""
    rows = layer.straddling()
    if not len(rows) or state.reads_input_only(layer.name):
        return
    with state.timed("linear bounds"):
        up = backward(state.bounds, layer.name, rows, 1.0)
        state.check_time()
        down = backward(state.bounds, layer.name, rows, -1.0)
        layer.tighten(1, rows, up.upper, Method.LINEAR)
        layer.tighten(-1, rows, down.upper, Method.LINEAR)
        layer.label("linear bounds")
    _try_corners(state, layer, rows, (up, down))


def _try_corners(
    state: ProofState, layer: LayerState, rows: Indices, found: tuple[Backward, Backward]
) -> None:
    """The corners at which the bounds of open units are attained, for the sign not seen."""
    unsettled = ~layer.settled()[rows]
    wanted = [
        coefficients
        for sign, result in zip((1, -1), found, strict=True)
        for coefficients in result.coefficients[unsettled & ~layer.seen(sign)[rows]]
    ]
    if wanted:
        points = state.witnesses.corners(np.array(wanted))
        state.try_points(layer, points, "corners")
        state.witnesses.add(points, state.effort.kept_points)


def run_exactly(state: ProofState, layer: LayerState) -> None:
    """Rows whose bound misses zero by no more than the rounding: again, without rounding."""
    if state.cone_cost(layer.name)[1] > state.effort.exact_weights:
        return
    with state.timed("exact linear bounds"):
        for sign in (1, -1):
            rows = layer.open()
            result = backward(state.bounds, layer.name, rows, float(sign))
            for k in rows[result.ambiguous]:
                bound = round_up(exact_backward(state.bounds, layer.name, int(k), sign))
                layer.tighten(sign, np.array([k]), np.array([bound]), Method.EXACT_LINEAR)
        layer.label("exact linear bounds")
