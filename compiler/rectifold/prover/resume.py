"""Go through the log of an earlier run: every entry is bounded again, and only that counts.

    log: slopes, boxes, intervals  →  the same bounds, found without any search

Sound because nothing of the log is believed: its numbers say only what is to be computed.
"""

from __future__ import annotations

from rectifold.facts.entries import BoxTreeSigns, Entry, IntervalBounds
from rectifold.prover.state import ProofState
from rectifold.search.replay import replay


def resume(state: ProofState) -> None:
    """Take over what the log's slopes, boxes and intervals prove on this network and domain."""
    log = state.log
    if log is None or not state.domain.is_bounded:
        return
    with state.timed("log"):
        state.is_resuming = True
        points = state.witnesses.admitted(log.points())
        state.witnesses.add(points, len(points))
        for entry in log.entries():
            state.check_time()
            if entry.layer in state.layers or isinstance(entry, IntervalBounds):
                _repeat(state, entry)
        state.is_resuming = False
        for layer in state.layers.values():
            layer.label("log")


def _repeat(state: ProofState, entry: Entry) -> None:
    """What one entry proves here; nothing where a layer below has no bounds yet."""
    if any(v not in state.bounds.lower for v in _layers_below(state, entry.layer)):
        return
    if isinstance(entry, IntervalBounds):
        layer = state.start(entry.layer)
    else:
        layer = state.layers[entry.layer]
        for claim in replay(state.bounds, entry):
            if isinstance(claim.signs, BoxTreeSigns):
                state.note(claim.signs)
            layer.tighten(claim.sign, claim.units, claim.bounds, claim.method, claim.proofs)
    state.store(layer)


def _layers_below(state: ProofState, name: str) -> list[str]:
    """The layers that `name` depends on; the bounds of linear ones are set where they can be."""
    network, known = state.network, state.bounds.lower
    cone = network.cone(name)
    below = [v for v in network.layers if v.name in cone]
    for layer in below:
        if not layer.is_relu and all(u in known or u == network.input_name for u in layer.weights):
            state.set_linear(layer.name)
    return [v.name for v in below]
