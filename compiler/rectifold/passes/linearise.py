"""A relu layer whose units are all active is a linear layer.

    h = relu(W a + b), z ≥ 0 on the domain        becomes        h = W a + b

Sound because relu is the identity on nonnegative numbers. contract_linear then multiplies it away
where that pays.
"""

from __future__ import annotations

from rectifold.facts.facts import Facts
from rectifold.ir.draft import Draft
from rectifold.ir.network import Network
from rectifold.passes.facts_edit import FactsEdit
from rectifold.passes.result import Options, Rewritten, Step, gone_units


def linearise(network: Network, facts: Facts, options: Options) -> Rewritten:
    """docs/mathematics.md#affine-layers"""
    for layer in network.relu_layers:
        if not options.allows("linearise", layer.name):
            continue
        known = facts.layers.get(layer.name)
        if known is not None and bool((known.lower >= 0).all()) and layer.size:
            draft, left = Draft(network), FactsEdit(facts)
            draft.edit(layer.name, activation="linear")
            left.drop(layer.name)
            gone = gone_units(layer.name, known, range(layer.size), "carried")
            step = Step("make layer linear", layer.name, layer.size, gone=gone)
            return Rewritten(draft.freeze(), left.freeze(), (step,))
    return Rewritten(network, facts)
