"""Fold inputs that are one number on the domain into the biases.

    W = [w0 w1 w2], x1 = c        becomes       W = [w0 0 w2], bias + c w1

Sound because x1 = c at every point of the domain. The arity stays: callers keep passing the input.
"""

from __future__ import annotations

import numpy as np

from rectifold.exact.matrix import Matrix
from rectifold.exact.numerals import counted
from rectifold.facts.facts import Facts
from rectifold.ir.draft import Draft
from rectifold.ir.network import Network
from rectifold.passes.result import Options, Rewritten, Step


def fold_inputs(network: Network, facts: Facts, options: Options) -> Rewritten:
    """docs/mathematics.md#fixed-and-unread-inputs"""
    fixed = facts.domain.fixed
    if not fixed:
        return Rewritten(network, facts)
    draft = Draft(network)
    steps = []
    source = network.input_name
    others = [k for k in range(network.input_size) if k not in fixed]
    values = Matrix.column([fixed.get(k, 0) for k in range(network.input_size)])
    for layer in network.layers:
        weight = layer.weights.get(source)
        if weight is None or not options.allows("fold_inputs", layer.name):
            continue
        if not weight.nonzero[:, sorted(fixed)].any():
            continue
        kept = np.zeros((network.input_size, network.input_size))
        kept[others, others] = 1.0
        weights = dict(layer.weights) | {source: weight @ Matrix.from_floats(kept)}
        if weights[source].is_zero:
            del weights[source]
        draft.edit(layer.name, bias=layer.bias + weight @ values, weights=weights)
        steps.append(Step("fold fixed inputs", layer.name, 0, counted(len(fixed), "input")))
    return Rewritten(draft.freeze() if steps else network, facts, tuple(steps))
