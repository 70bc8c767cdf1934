"""Powers of two for weights and values, so that every number fits its word.

    value a_j = integer 2^-t_j     sum z_i = integer 2^-s_i     weight W_ij = integer 2^-(s_i - t_j)

t_j is as large as the bounds of a_j allow, then s_i as large as the weights of unit i and its
partial sums allow. A weight that is rounded by D_ij adds about D_ij c_j to the sum, c_j the middle
of a_j's bounds, and the bias takes that back.

Floats choose here, and any choice is sound: integers/bound.py bounds how far the integers are from
the network, and integers/sums.py proves that nothing overflows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

import numpy as np

from rectifold.bounds.interval import Interval
from rectifold.effort.integers import IntegerEffort
from rectifold.exact.conversion import Floats
from rectifold.integers.network import IntegerLayer, IntegerNetwork, Integers
from rectifold.integers.words import Words, largest
from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer, Network


@dataclass(frozen=True)
class Choice:
    """What may be chosen: words, and whether every unit has a scale of its own, or its layer.

    `spare`: bits that the values of a layer, or the inputs, leave free, so that weights get them
    where the sums are what is full. `headroom`: times its bounds for which each number has room.
    """

    words: Words
    per_unit: bool = True
    spare: Mapping[str, int] = field(default_factory=dict)
    headroom: float = IntegerEffort.headrooms[0]


def integer_network(
    network: Network, domain: Domain, values: Mapping[str, Interval], choice: Choice
) -> IntegerNetwork:
    """The network rounded to integers.

    `values`: bounds of what each layer passes on, on the bounded domain.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows here fits no word
        return _integer_network(network, domain, values, choice)


def _integer_network(
    network: Network, domain: Domain, values: Mapping[str, Interval], choice: Choice
) -> IntegerNetwork:
    limit = largest(choice.words.value)
    name = network.input_name
    scale = int(_exponent(limit, _size(domain))) - choice.spare.get(name, 0)
    lower, upper = _ends(domain, scale)
    if max(map(abs, (*lower, *upper)), default=0) > limit:
        scale -= 1
        lower, upper = _ends(domain, scale)
    scales: dict[str, Integers] = {name: np.full(domain.size, scale)}
    known = {name: Interval(*domain.float_box)} | dict(values)
    layers = []
    for layer in network.layers:
        made = _rounded(layer, known, scales, choice, is_output=layer.name == network.output)
        scales[layer.name] = made.scale
        layers.append(made)
    return IntegerNetwork(choice.words, name, scale, lower, upper, tuple(layers), network.output)


def grid_box(network: IntegerNetwork, domain: Domain) -> Domain:
    """The box that holds the domain's box and every accepted grid point."""
    step = Fraction(2) ** -network.input_scale
    low = [_end(v) for v in domain.lower]
    high = [_end(v) for v in domain.upper]
    return Domain(
        tuple(min(a, g * step) for a, g in zip(low, network.lower, strict=True)),
        tuple(max(b, g * step) for b, g in zip(high, network.upper, strict=True)),
    )


def _end(value: Fraction | None) -> Fraction:
    assert value is not None
    return value


def _size(domain: Domain) -> Floats:
    low, high = domain.float_box
    return np.asarray(np.maximum(np.abs(low), np.abs(high)).max(initial=0.0))


def _ends(domain: Domain, scale: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Every integer to which a real point of the domain may be rounded, whichever way halves go."""
    unit, half = Fraction(2) ** scale, Fraction(1, 2)
    return (
        tuple(ceil(_end(v) * unit - half) for v in domain.lower),
        tuple(floor(_end(v) * unit + half) for v in domain.upper),
    )


def _rounded(
    layer: Layer,
    values: Mapping[str, Interval],
    scales: Mapping[str, Integers],
    choice: Choice,
    *,
    is_output: bool,
) -> IntegerLayer:
    words = choice.words
    size = values[layer.name].magnitude * choice.headroom
    if is_output or not choice.per_unit:
        size = np.full(layer.size, size.max(initial=0.0))
    wanted = _exponent(largest(words.value), size) - choice.spare.get(layer.name, 0)
    sums = _sum_scales(layer, values, scales, choice)
    scale = np.minimum(wanted, sums)
    if is_output or not choice.per_unit:
        scale = np.full(layer.size, scale.min(initial=IntegerEffort.largest_scale))
    sums = np.minimum(sums, scale + words.sum - 2)
    weights: dict[str, Integers] = {}
    bias = layer.bias.approximation[0].ravel()
    for source, weight in layer.weights.items():
        exact, up = weight.approximation[0], sums[:, None] - scales[source][None, :]
        rounded = np.rint(np.ldexp(exact, up))
        bias = bias - (np.ldexp(rounded, -up) - exact) @ values[source].centre
        weights[source] = _integers(rounded, words.sum)
    integers = _integers(np.rint(np.ldexp(bias, sums)), words.sum)
    return IntegerLayer(layer.name, layer.is_relu, weights, integers, sums - scale, scale)


def _integers(values: Floats, bits: int) -> Integers:
    """Whole floats as integers; one that is no number, or too large, as one that fits no word."""
    most = 0.999 * largest(bits)
    return np.nan_to_num(values, nan=most).clip(-most, most).astype(np.int64)


def _sum_scales(
    layer: Layer, values: Mapping[str, Interval], scales: Mapping[str, Integers], choice: Choice
) -> Integers:
    """Per unit, the largest scale of its sum with which weights and partial sums fit."""
    bias = layer.bias.approximation[0].ravel()
    heaviest, high, low = np.zeros(layer.size), np.maximum(bias, 0.0), np.minimum(bias, 0.0)
    for source, weight in layer.weights.items():
        exact = weight.approximation[0]
        grown = np.abs(np.ldexp(exact, -scales[source][None, :]))
        heaviest = np.maximum(heaviest, grown.max(axis=1, initial=0.0))
        least, greatest = values[source]
        at_ends = np.stack([exact * least, exact * greatest])
        high = high + at_ends.max(axis=0).clip(min=0.0).sum(axis=1)
        low = low + at_ends.min(axis=0).clip(max=0.0).sum(axis=1)
    of_sums = np.maximum(high, -low) * choice.headroom
    return np.minimum(
        _exponent(largest(choice.words.weight), heaviest),
        _exponent(largest(choice.words.sum), of_sums),
    )


def _exponent(limit: int, size: Floats) -> Integers:
    """Per size the largest e, within reason, with size 2^e at most `limit`."""
    most = IntegerEffort.largest_scale
    with np.errstate(divide="ignore"):
        found = np.floor(np.log2(float(limit)) - np.log2(size))
    found = np.clip(found, -most, most)
    found = found - (np.ldexp(size, found.astype(np.int64)) > limit)
    return np.asarray(found, dtype=np.int64)
