"""Delete units that no successor reads, and layers that the output does not depend on.

    y = 3 h0 + 0 h1        becomes        y = 3 h0,  h1 deleted

Sound because the unit's value is multiplied by 0 everywhere. Works backward: a deleted unit may
leave its inputs dead.
"""

from __future__ import annotations

import numpy as np

from rectifold.facts.facts import Facts
from rectifold.ir.draft import Draft
from rectifold.ir.network import Network
from rectifold.passes.facts_edit import FactsEdit
from rectifold.passes.result import Options, Rewritten, Step, gone_units


def drop_dead(network: Network, facts: Facts, options: Options) -> Rewritten:
    """docs/mathematics.md#units-nobody-reads"""
    for layer in reversed(network.layers):
        if layer.name == network.output or not options.allows("drop_dead", layer.name):
            continue
        read = np.zeros(layer.size, dtype=np.bool_)
        for successor in network.successors(layer.name):
            read |= network.layer(successor).weights[layer.name].nonzero.any(axis=0)
        if read.all() and layer.size:
            continue
        return _delete(network, facts, layer.name, np.nonzero(read)[0].tolist(), layer.size)
    return Rewritten(network, facts)


def _delete(network: Network, facts: Facts, name: str, kept: list[int], size: int) -> Rewritten:
    draft, left = Draft(network), FactsEdit(facts)
    if kept:
        draft.keep_units(name, kept)
        left.keep(name, kept)
    else:
        draft.cut_out(name)
        left.drop(name)
    unread = sorted(set(range(size)).difference(kept))
    gone = gone_units(name, facts.layers.get(name), unread, "removed")
    step = Step("drop unread units", name, len(unread), gone=gone)
    return Rewritten(draft.freeze(), left.freeze(), (step,))
