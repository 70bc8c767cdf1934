"""A small network as straight lines of Python: an expression per unit, and no loops.

    a1_0 = 0.5 + 2.0 * x0 - x1
    if a1_0 < 0.0: a1_0 = 0.0

Bias first, then by sources and by index, as the loops of larger networks add. Terms with the weight
0 are left out, which changes no value (but the sign of a zero), and a product with 1 or -1 is a sum
or difference: both exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rectifold.effort.writing import PythonEffort
from rectifold.emitters.weights import numbers, weights_of
from rectifold.exact.conversion import Floats
from rectifold.ir.network import Layer, Network


def is_straight(network: Network) -> bool:
    """Whether the network is small enough for an expression per unit."""
    return network.parameters <= PythonEffort.straight_parameters


def straight_lines(network: Network) -> list[str]:
    """The lines from the list x of floats to the answer."""
    weights, number = weights_of(network), numbers(network)
    inputs = "".join(f"x{k}, " for k in range(network.input_size))
    lines = [f"    {inputs}= x"] if inputs else []
    for layer in network.layers:
        lines += _layer_lines(layer, weights, number)
    last = number[network.output]
    return [
        *lines,
        f"    return [{', '.join(_value(last, i) for i in range(network.output_size))}]",
    ]


def _layer_lines(
    layer: Layer, weights: Mapping[str, Floats], number: Mapping[str, int]
) -> Iterator[str]:
    k = number[layer.name]
    for i, bias in enumerate(weights[f"b{k}"].tolist()):
        terms = [
            (weight, _value(number[source], j))
            for source in layer.weights
            for j, weight in enumerate(weights[f"T{k}_{number[source]}"][:, i].tolist())
            if weight
        ]
        text = repr(bias) if bias or not terms else ""
        for weight, value in terms:
            text = _added(text, weight, value)
        yield f"    {_value(k, i)} = {text}"
        if layer.is_relu:
            yield f"    if {_value(k, i)} < 0.0: {_value(k, i)} = 0.0"


def _added(text: str, weight: float, value: str) -> str:
    size = "" if abs(weight) == 1.0 else f"{abs(weight)!r} * "
    if not text:
        return f"{'-' if weight < 0.0 else ''}{size}{value}"
    return f"{text} {'-' if weight < 0.0 else '+'} {size}{value}"


def _value(layer: int, unit: int) -> str:
    return f"a{layer}_{unit}" if layer else f"x{unit}"
