"""Multiply a linear layer into its successors, or make it as narrow as its rank.

    h = A x + a;  y = B h + b      becomes     y = (B A) x + (B a + b)
                                   or          h = Q x;  y = F h + (B a + b)

where B A = F Q and Q has fewer rows than A.

Sound because composition of affine maps is affine; needs no facts. Done where it does not cost
more: a linear bottleneck between two wide layers is cheaper than its product and stays.
"""

from __future__ import annotations

from rectifold.effort.running import CompileEffort
from rectifold.exact.matrix import Matrix
from rectifold.facts.facts import Facts
from rectifold.ir.draft import Draft
from rectifold.ir.network import Layer, Network
from rectifold.passes.layer_matrices import LayerMatrices, connect, layer_matrices
from rectifold.passes.result import Options, Rewritten, Step


def contract_linear(network: Network, facts: Facts, options: Options) -> Rewritten:
    """docs/mathematics.md#affine-layers"""
    for layer in network.layers:
        if layer.is_relu or layer.name == network.output or not layer.size:
            continue
        if not options.allows("contract_linear", layer.name):
            continue
        around = layer_matrices(network, layer)
        product = around.outgoing @ around.incoming
        for candidate, rule in (
            (_contracted, "contract linear layer"),
            (_narrowed, "narrow linear layer"),
        ):
            result = candidate(network, layer, around, product)
            if result is not None and _not_dearer(options, network, result, rule):
                return Rewritten(result, facts, (Step(rule, layer.name, layer.size),))
    return Rewritten(network, facts)


def _not_dearer(options: Options, before: Network, after: Network, rule: str) -> bool:
    old, new = options.cost(options.sizes(before)), options.cost(options.sizes(after))
    return new <= old if rule.startswith("contract") else new < old


def _contracted(network: Network, layer: Layer, around: LayerMatrices, product: Matrix) -> Network:
    draft = Draft(network)
    connect(draft, around, product, around.outgoing @ layer.bias)
    draft.cut_out(layer.name)
    return draft.freeze()


def _narrowed(
    network: Network, layer: Layer, around: LayerMatrices, product: Matrix
) -> Network | None:
    if product.modular_rank >= layer.size:
        return None
    if product.bits_of_rref > CompileEffort.most_factor_bits:
        return None
    inner, pivots = product.rref()
    rank = len(pivots)
    factor = product.select_columns(pivots)
    draft = Draft(network)
    draft.put(Layer(layer.name, "linear", Matrix.zeros(rank, 1), around.split_incoming(inner)))
    for successor, block in around.split_outgoing(factor).items():
        old = draft.layers[successor]
        shift = old.weights[layer.name] @ layer.bias
        draft.edit(
            successor, bias=old.bias + shift, weights=dict(old.weights) | {layer.name: block}
        )
    return draft.freeze()
