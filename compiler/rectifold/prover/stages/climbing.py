"""Gradient search: climb towards the sign that has not been seen, from the best point so far."""

from __future__ import annotations

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.prover.layer import LayerState
from rectifold.prover.state import ProofState


def run(state: ProofState, layer: LayerState) -> None:
    """Climb for every open unit and sign that was not seen, in batches; the points are tried."""
    if not len(state.witnesses.points):  # a thin domain may have no point in floats
        return
    size = state.effort.kept_points
    with state.timed("gradient search"):
        for sign in (1, -1):
            seen = layer.seen(sign)
            units = np.array([k for k in layer.open() if not seen[k]], dtype=np.int64)
            for start in range(0, len(units), size):
                state.check_time()
                batch = units[start : start + size]
                points = state.witnesses.ascend(
                    layer.name,
                    batch,
                    float(sign),
                    _best_points(state, layer, batch, sign),
                    state.effort.ascent_steps,
                )
                state.try_points(layer, points, "gradient search")
                state.witnesses.add(points, state.effort.kept_climbs)


def _best_points(state: ProofState, layer: LayerState, units: Indices, sign: int) -> Floats:
    """Per unit the known point at which sign·z is largest."""
    values = state.witnesses.trace(state.witnesses.points, layer.name).values[layer.name]
    return np.asarray(state.witnesses.points[np.argmax(sign * values[:, units], axis=0)])
