"""Merge units that are positive multiples of each other, stable or not, on all of R^n.

    y = v1 relu(z) + v2 relu(3 z)        becomes        y = (v1 + 3 v2) relu(z)

Sound because relu(c z) = c relu(z) for c > 0. Mirrored units (c < 0) leave a linear part and are
the business of carriers.
"""

from __future__ import annotations

from fractions import Fraction

from rectifold.exact.matrix import Matrix
from rectifold.facts.facts import Facts
from rectifold.ir.draft import Draft
from rectifold.ir.hyperplanes import hyperplane_groups
from rectifold.ir.network import Network
from rectifold.passes.facts_edit import FactsEdit
from rectifold.passes.layer_matrices import layer_matrices
from rectifold.passes.result import (
    FoundSign,
    Options,
    Rewritten,
    Step,
    Tie,
    merged_units,
    signs_of,
    ties_of,
)


def merge_parallel(network: Network, facts: Facts, options: Options) -> Rewritten:
    """docs/mathematics.md#units-on-one-hyperplane"""
    for layer in network.relu_layers:
        if (
            layer.name == network.output
            or layer.size < 2
            or not options.allows("merge_parallel", layer.name)
        ):
            continue
        around = layer_matrices(network, layer)
        target: dict[int, tuple[int, Fraction]] = {}  # merged unit → (unit that stays, ratio)
        for group in hyperplane_groups(around.incoming, layer.bias, range(layer.size)):
            for positive in (True, False):
                members = [(k, c) for k, c in group.members if (c > 0) == positive]
                for k, c in members[1:]:
                    target[k] = members[0][0], c / members[0][1]
        if target:
            return _merge(network, facts, layer.name, layer.size, target)
    return Rewritten(network, facts)


def _merge(
    network: Network, facts: Facts, name: str, size: int, target: dict[int, tuple[int, Fraction]]
) -> Rewritten:
    gather = [[Fraction(0)] * (size - len(target)) for _ in range(size)]
    kept = [k for k in range(size) if k not in target]
    position = {k: i for i, k in enumerate(kept)}
    for k in range(size):
        stays, ratio = target.get(k, (k, Fraction(1)))
        gather[k][position[stays]] = ratio
    merged = Matrix.from_fractions(gather)  # a = merged · a_kept
    draft = Draft(network)
    layer = network.layer(name)
    rows = {u: w.select_rows(kept) for u, w in layer.weights.items()}
    draft.edit(name, bias=layer.bias.select_rows(kept), weights=rows)
    for successor in network.successors(name):
        weights = dict(draft.layers[successor].weights)
        weights[name] = weights[name] @ merged
        draft.edit(successor, weights=weights)
    known, left = facts.layers.get(name), FactsEdit(facts)
    ties: tuple[Tie, ...] = ()
    signs: tuple[FoundSign, ...] = ()
    if known is not None:
        pairs = [(k, r, c) for k, (r, c) in target.items()]
        ties, signs = ties_of(name, known, pairs), signs_of(name, known, pairs)
        left.keep(name, kept)
    gone = merged_units(name, known, ((k, r) for k, (r, _) in sorted(target.items())))
    step = Step("merge parallel units", name, len(target), ties=ties, signs=signs, gone=gone)
    return Rewritten(draft.freeze(), left.freeze(), (step,))
