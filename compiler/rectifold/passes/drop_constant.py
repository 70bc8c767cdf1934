"""Delete units that are constant on the domain: inactive ones (0), and those whose row is zero.

    h = relu(z), z ≤ 0             becomes    nothing: column of h deleted in every successor
    h = relu(b) (zero row)         becomes    successor bias + relu(b) · column of h

Sound because h has that value at every point of the domain. Units of the output layer stay, their
rows become zero. Units of a frozen layer stay too, and what may change stops reading them. A layer
that loses all its units disappears with its edges, so no layer is left without rows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from fractions import Fraction

import numpy as np

from rectifold.exact.matrix import Matrix
from rectifold.exact.numerals import round_down, round_up
from rectifold.facts.facts import Facts, LayerFacts
from rectifold.facts.side import Side
from rectifold.ir.draft import Draft
from rectifold.ir.network import Layer, Network
from rectifold.passes.facts_edit import FactsEdit
from rectifold.passes.result import FoundSign, Options, Rewritten, Step, gone_units


def drop_constant(network: Network, facts: Facts, options: Options) -> Rewritten:
    """Rules (a) and (d)."""
    for layer in network.layers:
        values = _constants(layer, facts)
        if not options.allows("drop_constant", layer.name):
            readers = _changing_readers(network, layer.name, values, options)
            if readers:
                return _unread(network, facts, layer, values, readers)
            continue
        if layer.name == network.output:
            values = {k: v for k, v in values.items() if _row_is_used(layer, k)}
        if not values and layer.size > 0:
            continue
        if layer.name == network.output:
            if not values:
                continue
            return _flatten_rows(network, facts, layer, values)
        return _fold_constants(network, facts, layer, values)
    return Rewritten(network, facts)


def _constants(layer: Layer, facts: Facts) -> dict[int, Fraction]:
    """Unit → its constant activation."""
    used = np.zeros(layer.size, dtype=np.bool_)
    for weight in layer.weights.values():
        used |= weight.nonzero.any(axis=1)
    values = {int(k): _activated(layer, layer.bias.entry(int(k), 0)) for k in np.nonzero(~used)[0]}
    known = facts.layers.get(layer.name)
    if known is not None:
        values |= {int(k): Fraction(0) for k in np.nonzero(known.inactive)[0]}
    return values


def _constant_signs(
    layer: Layer, facts: Facts, values: dict[int, Fraction]
) -> tuple[FoundSign, ...]:
    """Of units of the source whose row became zero: their sign is that of the bias, which the float
    ends may not show.
    """
    known = facts.layers.get(layer.name)
    if known is None:
        return ()
    return tuple(
        FoundSign(
            layer.name,
            int(known.origin[k]),
            Side.LOWER if (layer.bias.entry(k, 0) > 0) != (k in known.turned) else Side.UPPER,
        )
        for k in values
        if known.origin[k] >= 0 and not known.inactive[k]
    )


def _activated(layer: Layer, z: Fraction) -> Fraction:
    return max(z, Fraction(0)) if layer.is_relu else z


def _row_is_used(layer: Layer, unit: int) -> bool:
    """Does the row still have a weight, or a bias that the activation would change?"""
    bias = layer.bias.entry(unit, 0)
    return any(w.nonzero[unit].any() for w in layer.weights.values()) or bias != _activated(
        layer, bias
    )


def _fold_constants(
    network: Network, facts: Facts, layer: Layer, values: dict[int, Fraction]
) -> Rewritten:
    draft, left = Draft(network), FactsEdit(facts)
    kept = [k for k in range(layer.size) if k not in values]
    shift = Matrix.column([values.get(k, Fraction(0)) for k in range(layer.size)])
    for successor in network.successors(layer.name):
        column = draft.layers[successor].weights[layer.name] @ shift
        draft.edit(successor, bias=draft.layers[successor].bias + column)
    if kept:
        draft.keep_units(layer.name, kept)
        left.keep(layer.name, kept)
    else:
        draft.cut_out(layer.name)
        left.drop(layer.name)
    step = Step(
        "drop constant units",
        layer.name,
        len(values),
        signs=_constant_signs(layer, facts, values),
        gone=gone_units(layer.name, facts.layers.get(layer.name), sorted(values), "removed"),
    )
    return Rewritten(draft.freeze(), left.freeze(), (step,))


def _changing_readers(
    network: Network, name: str, values: dict[int, Fraction], options: Options
) -> list[str]:
    """The layers that read one of these units and may change."""
    units = sorted(values)
    return [
        v
        for v in network.successors(name)
        if v not in options.frozen and network.layer(v).weights[name].nonzero[:, units].any()
    ]


def _unread(
    network: Network,
    facts: Facts,
    layer: Layer,
    values: dict[int, Fraction],
    readers: list[str],
) -> Rewritten:
    """The constants go into the biases of the readers, and the units stay."""
    draft = Draft(network)
    shift = Matrix.column([values.get(k, Fraction(0)) for k in range(layer.size)])
    for reader in readers:
        old = draft.layers[reader]
        weight = old.weights[layer.name]
        weights = dict(old.weights) | {layer.name: _without_columns(weight, values)}
        if weights[layer.name].is_zero:
            del weights[layer.name]
        draft.edit(reader, bias=old.bias + weight @ shift, weights=weights)
    signs = _constant_signs(layer, facts, values)
    step = Step("read no constant units", layer.name, 0, signs=signs)
    return Rewritten(draft.freeze(), facts, (step,))


def _without_columns(weight: Matrix, gone: Collection[int]) -> Matrix:
    """With zeros in these columns."""
    size = weight.shape[1]
    kept = [k for k in range(size) if k not in gone]
    return weight.select_columns(kept).scatter_columns(kept, size)


def _flatten_rows(
    network: Network, facts: Facts, layer: Layer, values: dict[int, Fraction]
) -> Rewritten:
    """Constant outputs: zero rows with the constant as bias."""
    draft = Draft(network)
    weights = {u: _without_columns(w.T, values).T for u, w in layer.weights.items()}
    weights = {u: w for u, w in weights.items() if not w.is_zero}
    bias = _without_columns(layer.bias.T, values).T + Matrix.column(
        [values.get(k, Fraction(0)) for k in range(layer.size)]
    )
    draft.edit(layer.name, bias=bias, weights=weights)
    left = FactsEdit(facts)
    if layer.name in facts.layers:
        left.put(layer.name, _with_constants(facts.layers[layer.name], values))
    step = Step(
        "make constant outputs plain",
        layer.name,
        len(values),
        signs=_constant_signs(layer, facts, values),
        gone=gone_units(layer.name, facts.layers.get(layer.name), sorted(values), "removed"),
    )
    return Rewritten(draft.freeze(), left.freeze(), (step,))


def _with_constants(known: LayerFacts, values: dict[int, Fraction]) -> LayerFacts:
    """The rows now say the constants themselves: these units are no longer the source's
    pre-activations.
    """
    lower, upper, origin = known.lower.copy(), known.upper.copy(), known.origin.copy()
    for k, value in values.items():
        lower[k], upper[k], origin[k] = round_down(value), round_up(value), -1
    return replace(known, lower=lower, upper=upper, origin=origin)
