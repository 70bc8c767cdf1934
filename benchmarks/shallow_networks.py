"""The networks of benchmarks/shallow.py, each made from a seed: names and networks.

Random float32 ones, small integers with and without biases, and the maximum of five numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random

from rectifold.exact.matrix import Matrix
from rectifold.formats.load import load, read_domain
from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer, Network
from support import central_network, float_network, net

OWN = [
    ((1, 16, 16, 1), 0),
    ((2, 16, 16, 1), 0),
    ((2, 8, 8, 8, 1), 0),
    ((2, 16, 16, 16, 1), 0),
    ((2, 64, 64, 64, 1), 0),
    ((3, 4, 4, 4, 1), 0),
    ((3, 6, 6, 6, 1), 0),
    ((4, 3, 3, 3, 1), 0),
    ((4, 4, 4, 4, 1), 0),
    ((4, 4, 4, 4, 1), 1),
    ((4, 6, 6, 6, 1), 1),
    ((4, 6, 6, 6, 1), 0),
    ((5, 3, 3, 3, 1), 0),
    ((5, 4, 4, 4, 1), 0),
]
CENTRAL = [
    (3, 3, 3, 3, 1),
    (3, 4, 4, 4, 1),
    (3, 5, 5, 5, 1),
    (3, 6, 6, 6, 1),
    (3, 8, 8, 8, 1),
    (3, 8, 8, 1),
    (4, 4, 4, 4, 1),
]
MEETING = [
    ((4, 4, 3, 2, 1), 1, 4),
    ((4, 4, 3, 2, 1), 4, 4),
    ((4, 4, 3, 2, 1), 2, 4),
    ((4, 4, 3, 2, 1), 9, 4),
    ((4, 3, 2, 2, 1), 2, 3),
]
TOURNAMENT = """
network tournament
input x[4] in [-1, 1]
p = x[1] + relu(x[0] - x[1])
q = x[3] + relu(x[2] - x[3])
y = relu(q + relu(p - q))
output y
"""
SEEDED = [
    "2-16-16-1_trained_0",
    "2-32-32-1_random_0",
    "2-16-16-16-1_trained_0",
    "2-32-32-32-1_random_0",
    "3-8-8-8-1_random_0",
    "3-8-8-8-1_trained_0",
]
BESIDE = Path(__file__).resolve().parents[2] / "shared" / "networks" / "regions"


def networks() -> Iterator[tuple[str, Network]]:
    """All of them, those beside the checkout if they are there."""
    for sizes, seed in OWN:
        yield f"{_text(sizes)} (seed {seed})", float_network(seed, *sizes)
    for sizes in CENTRAL:
        yield f"{_text(sizes)} no biases", central_network(0, *sizes)
    yield "4-4-4-4-1 small, no biases", small_central(2)
    for sizes, seed, size in MEETING:
        yield f"{_text(sizes)} meeting ({seed})", meeting(seed, size, *sizes)
    yield "max(0, x1 .. x4)", net(TOURNAMENT)
    for name in SEEDED:
        if (BESIDE / f"{name}.npz").is_file():
            network = load(str(BESIDE / f"{name}.npz")).network
            yield name, network.with_domain(read_domain("[-1,1]", network))


def small_central(seed: int) -> Network:
    """4-4-4-4-1 with weights from −2 to 2, at most 3 in the output, and no biases, on [-1, 1]^4."""
    random = Random(seed)
    weights = [[[random.randint(-2, 2) for _ in range(4)] for _ in range(4)] for _ in range(3)]
    weights.append([[random.randint(-3, 3) or 1 for _ in range(4)]])
    return _chain(weights, [[0] * len(rows) for rows in weights], 1)


def meeting(seed: int, size: int, *sizes: int) -> Network:
    """Small integers on [-size, size]^n; every unit is nearly 0 at some point inside."""
    random = Random(seed)
    weights: list[list[list[int]]] = []
    biases: list[list[int]] = []
    for inputs, outputs in pairwise(sizes):
        rows = [
            [random.choice([-1, 1]) * random.randint(1, 4) for _ in range(inputs)]
            for _ in range(outputs)
        ]
        own = []
        for row in rows:
            point = [Fraction(random.randint(-6, 6), 3) for _ in range(sizes[0])]
            for before, constants in zip(weights, biases, strict=True):
                point = [
                    max(_dot(r, point) + c, Fraction(0))
                    for r, c in zip(before, constants, strict=True)
                ]
            own.append(round(-_dot(row, point)))
        weights.append(rows)
        biases.append(own)
    return _chain(weights, biases, size)


def _chain(weights: Sequence[list[list[int]]], biases: Sequence[list[int]], size: int) -> Network:
    layers: list[Layer] = []
    before, inputs = "x", len(weights[0][0])
    for k, (rows, constants) in enumerate(zip(weights, biases, strict=True)):
        columns = len(rows[0])
        matrix = Matrix.from_fractions(
            [[Fraction(v) for v in row] for row in rows], columns=columns
        )
        bias = Matrix.column([Fraction(v) for v in constants])
        activation = "linear" if k == len(weights) - 1 else "relu"
        layers.append(Layer(f"h{k}", activation, bias, {before: matrix}))  # type: ignore[arg-type]
        before = f"h{k}"
    box = Domain((Fraction(-size),) * inputs, (Fraction(size),) * inputs)
    return Network("x", inputs, layers, before, box, "integers")


def _dot(row: Sequence[int], point: Sequence[Fraction]) -> Fraction:
    return sum((a * x for a, x in zip(row, point, strict=True)), Fraction(0))


def _text(sizes: Sequence[int]) -> str:
    return "-".join(map(str, sizes))
