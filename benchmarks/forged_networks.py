"""Small pairs of networks for benchmarks/forgeries.py, and all that is true of them, exactly.

    |x| and 2 relu(x) − x on [−1, 1]          vertices −1, 0, 1; values of every unit there

Two inputs vary at most. The domain is cut, as a polygon, by the constraints and then by every relu
unit of both networks, so that on each piece all values are affine: their ends are at its vertices.
The cutting shares no code with the checker. The second network of a pair is often the first one
with its units in another order, scaled, and with a number changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from rectifold_check.networks import Domain, Network

Point = tuple[Fraction, ...]
Values = list[list[Fraction]]  # of every layer: pre-activations
Rows = list[list[Fraction]]


@dataclass
class Layer:
    """`weights`: a matrix for each source, 0 being the input."""

    is_relu: bool
    bias: list[Fraction]
    weights: dict[int, Rows]


# ---- random pairs -------------------------------------------------------------------------------


def random_pair(random: Random, inputs: int, outputs: int) -> tuple[str, str]:
    """Canonical texts of two networks."""
    first = _random_layers(random, inputs, outputs)
    if random.random() < 0.3:
        return _text(inputs, first), _text(inputs, _random_layers(random, inputs, outputs))
    return _text(inputs, first), _text(inputs, _disguised(first, random))


def _number(random: Random) -> Fraction:
    return Fraction(random.randint(-3, 3), random.choice((1, 1, 1, 2, 3)))


def _random_layers(random: Random, inputs: int, outputs: int) -> list[Layer]:
    sizes, layers = [inputs], list[Layer]()
    count = random.choice((1, 1, 2, 2, 3))
    for k in range(count + 1):
        size = outputs if k == count else random.choice((1, 1, 2, 2, 3, 4))
        sources = {k} | {s for s in range(k) if random.random() < 0.15}
        weights = {s: [_row(random, sizes[s]) for _ in range(size)] for s in sorted(sources)}
        bias = [_number(random) * random.choice((0, 1)) for _ in range(size)]
        is_relu = random.random() < (0.1 if k == count else 0.88)
        layers.append(Layer(is_relu, bias, weights))
        if size > 1 and random.random() < 0.4:
            _repeat(layers[-1], random)
        sizes.append(size)
    return layers


def _row(random: Random, size: int) -> list[Fraction]:
    return [_number(random) for _ in range(size)]


def _repeat(layer: Layer, random: Random) -> None:
    """One unit becomes a multiple of another one."""
    to, source = random.sample(range(len(layer.bias)), 2)
    factor = Fraction(random.choice((1, -1, 2, -2)))
    layer.bias[to] = factor * layer.bias[source]
    for rows in layer.weights.values():
        rows[to] = [factor * v for v in rows[source]]


def _disguised(layers: Sequence[Layer], random: Random) -> list[Layer]:
    """The same function with units rearranged and scaled; often with one number changed."""
    found = [
        Layer(v.is_relu, [*v.bias], {s: [[*r] for r in m] for s, m in v.weights.items()})
        for v in layers
    ]
    for k in range(1, len(layers) if random.random() < 0.7 else 1):
        _rearrange(found, k, random)
    if random.random() < 0.6:
        changed = random.choice(found)
        rows = [changed.bias, *(r for m in changed.weights.values() for r in m if r)]
        row = random.choice(rows)
        row[random.randrange(len(row))] += random.choice((1, Fraction(1, 8), Fraction(1, 1 << 40)))
    return found


def _rearrange(layers: list[Layer], number: int, random: Random) -> None:
    layer = layers[number - 1]
    order = random.sample(range(len(layer.bias)), len(layer.bias))
    scales = [Fraction(random.choice((1, 1, 2, 3, Fraction(1, 2)))) for _ in order]
    layer.bias = [s * layer.bias[k] for s, k in zip(scales, order, strict=True)]
    for source, rows in layer.weights.items():
        layer.weights[source] = [
            [s * v for v in rows[k]] for s, k in zip(scales, order, strict=True)
        ]
    for later in layers[number:]:
        if number in later.weights:
            later.weights[number] = [
                [row[k] / s for s, k in zip(scales, order, strict=True)]
                for row in later.weights[number]
            ]


def _text(inputs: int, layers: Sequence[Layer]) -> str:
    written = [
        {
            "activation": "R" if layer.is_relu else "L",
            "bias": vector(layer.bias),
            "units": len(layer.bias),
            "weights": [[s, [vector(row) for row in rows]] for s, rows in layer.weights.items()],
        }
        for layer in layers
    ]
    form = {"format": "rectifold-network/1", "inputs": inputs, "layers": written,
            "output": len(layers)}  # fmt: skip
    return json.dumps(form, sort_keys=True, separators=(",", ":"))


def vector(values: Sequence[Fraction]) -> str:
    """As networks and domains write it."""
    return " ".join(f"{k}:{v}" for k, v in enumerate(values) if v)


def random_domain(random: Random, inputs: int) -> str:
    """A box, at times with an input that is fixed, and with constraints."""
    lower = [Fraction(random.randint(-3, 1), random.choice((1, 2))) for _ in range(inputs)]
    upper = [low + random.choice((0, 1, 2, 2, 3)) for low in lower]
    rows = [
        [vector(_row(random, inputs)), str(_number(random) + 1)]
        for _ in range(random.choice((0, 0, 1, 2)))
    ]
    form = {"format": "rectifold-domain/1", "lower": [str(v) for v in lower],
            "upper": [str(v) for v in upper], "constraints": rows}  # fmt: skip
    return json.dumps(form)


# ---- what is true -------------------------------------------------------------------------------


def values_at(network: Network, point: Point) -> Values:
    """Of every layer, first the input."""
    passed, found = [list(point)], [list(point)]
    for layer in network.layers:
        z = []
        for bias, parts in zip(layer.bias, layer.rows, strict=True):
            read = (w * passed[part.source][j] for part in parts for j, w in part.entries)
            z.append((bias + sum(read, Fraction(0))) / layer.den)
        found.append(z)
        passed.append([max(v, Fraction(0)) for v in z] if layer.is_relu else z)
    return found


def passed_on(network: Network, layer: int, values: Values) -> list[Fraction]:
    """By a layer with these pre-activations."""
    z = values[layer]
    return [max(v, Fraction(0)) for v in z] if network.layers[layer - 1].is_relu else z


def vertices(networks: Sequence[Network], domain: Domain) -> list[Point]:
    """Of pieces of the domain, which cover it, on each of which the networks are affine."""
    pieces = [_box(domain)]
    for row, bound in domain.constraints:
        pieces = [
            _side(piece, [sum(c * p[j] for j, c in row.items()) - bound for p in piece])
            for piece in pieces
        ]
    pieces = [piece for piece in pieces if piece]
    for network in networks:
        for k, layer in enumerate(network.layers, start=1):
            for unit in range(layer.size if layer.is_relu else 0):
                pieces = [part for piece in pieces for part in _parts(piece, network, k, unit)]
    return list(dict.fromkeys(point for piece in pieces for point in piece))


def _box(domain: Domain) -> list[Point]:
    """Its corners, one after the other around it."""
    ends = [(a or Fraction(0), b or Fraction(0))
            for a, b in zip(domain.lower, domain.upper, strict=True)]  # fmt: skip
    free = [k for k, (low, high) in enumerate(ends) if low < high]
    around: list[tuple[int, ...]] = [(0, 0), (1, 0), (1, 1), (0, 1)]
    corners = []
    for turn in ([()], [(0,), (1,)], around)[len(free)]:
        sides = dict(zip(free, turn, strict=True))
        corners.append(tuple(end[sides.get(k, 0)] for k, end in enumerate(ends)))
    return corners


def _parts(
    piece: list[Point], network: Network, layer: int, unit: int
) -> Iterator[list[Point]]:  # fmt: skip
    z = [values_at(network, point)[layer][unit] for point in piece]
    if min(z) < 0 < max(z):
        yield _side(piece, z)
        yield _side(piece, [-v for v in z])
    else:
        yield piece


def _side(piece: list[Point], values: Sequence[Fraction]) -> list[Point]:
    """The part of a polygon where an affine function, given at its corners, is at most 0."""
    found = []
    for k, (p, a) in enumerate(zip(piece, values, strict=True)):
        q, b = piece[k - 1], values[k - 1]
        if a * b < 0:
            found.append(tuple(x + (y - x) * a / (a - b) for x, y in zip(p, q, strict=True)))
        if a <= 0:
            found.append(p)
    return list(dict.fromkeys(found))
