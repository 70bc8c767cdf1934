"""Networks whose floats say something else than their numbers do, with the exact truth.

    absorbed    relu(relu(x + 2^k) − 2^k − c)        x is lost in x + 2^k, and a unit looks dead
    reordered   ω + x − ω, x + ω − ω, ...            floats give 0 or x, as the sum is ordered
    switch      M (x − (ω + x − ω))                  0 exactly, and M x where x was lost
    stored      (2^24 + 1) x − 2^24 x                0 where weights are stored as float32
    denormal    2^1074 relu(2^-1074 x)               0 where denormals count as 0
    overflowing 2^600 · 2^600 x for a tiny x         weights multiplied overflow
    tenths      0.1 x + 0.2 x − 0.3 x                0 exactly, and not in floats

Networks that detect the order and the precision of sums (Szász, Bánhelyi, Jelasity, "No Soundness
in the Real World", ICML 2025; Zombori and others, "Fooling a Complete Neural Network Verifier",
ICLR 2021) are made of these. Each has one output; `largest` is its greatest value on the domain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations

from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.network import Activation, Layer, Network

F = Fraction
Rows = list[list[Fraction | int]]


@dataclass(frozen=True, eq=False)
class Deceptive:
    """A network on a box, and the greatest value of its output there."""

    name: str
    network: Network
    domain: Domain
    largest: Fraction


def chain(*layers: tuple[Activation, Rows, list[Fraction | int]]) -> Network:
    """Layers of (activation, rows, biases)."""
    made, source = [], "x"
    for k, (activation, rows, bias) in enumerate(layers):
        weight = Matrix.from_fractions([[F(v) for v in row] for row in rows], len(rows[0]))
        made.append(
            Layer(f"v{k}", activation, Matrix.column([F(v) for v in bias]), {source: weight})
        )
        source = f"v{k}"
    return Network("x", len(layers[0][1][0]), made, source, None, "deceptive")


UNIT = Domain.cube(0, 1, 1)
WITH_ONES = Domain((F(0), F(1), F(1)), (F(1), F(1), F(1)))
"""x in [0, 1], and two inputs that are 1."""


def absorbed(k: int, c: Fraction) -> Deceptive:
    """x − c, where floats of less than k bits give nothing."""
    network = chain(("relu", [[1]], [2**k]), ("relu", [[1]], [-(2**k) - c]), ("linear", [[1]], [0]))
    return Deceptive(f"absorbed by 2^{k}", network, UNIT, 1 - c)


def reordered(k: int, order: tuple[int, ...]) -> Deceptive:
    """x of a sum of x, 2^k and −2^k in some order: 2^k − 2^k is 0 only where x is not between."""
    entries = [1, 2**k, -(2**k)]
    row: list[Fraction | int] = [entries[i] for i in order]
    place = order.index(0)
    low, high = [F(1)] * 3, [F(1)] * 3
    low[place] = F(0)
    network = chain(("relu", [row], [0]), ("linear", [[1]], [0]))
    name = f"2^{k} in the order {order}"
    return Deceptive(name, network, Domain(tuple(low), tuple(high)), F(1))


def switch(k: int, gain: int) -> Deceptive:
    """0 exactly: gain · (x − (2^k + x − 2^k)), a backdoor that opens where the sum lost x."""
    rows: Rows = [[1, 0, 0], [1, 2**k, -(2**k)]]
    network = chain(("relu", rows, [0, 0]), ("relu", [[1, -1]], [0]), ("linear", [[gain]], [0]))
    return Deceptive(f"a switch of 2^{k}", network, WITH_ONES, F(0))


def closed_switch(k: int, gain: int) -> Deceptive:
    """gain · (2^k + x − 2^k): opens exactly, and not where the sum lost x."""
    network = chain(("relu", [[1, 2**k, -(2**k)]], [0]), ("linear", [[gain]], [0]))
    return Deceptive(f"a closed switch of 2^{k}", network, WITH_ONES, F(gain))


def stored() -> Deceptive:
    """(2^24 + 1) x − 2^24 x."""
    network = chain(("relu", [[2**24 + 1], [2**24]], [0, 0]), ("linear", [[1, -1]], [0]))
    return Deceptive("stored in float32", network, UNIT, F(1))


def denormal(k: int) -> Deceptive:
    """x, by way of 2^-k x."""
    network = chain(("relu", [[F(1, 2**k)]], [0]), ("linear", [[2**k]], [0]))
    return Deceptive(f"denormal 2^-{k}", network, UNIT, F(1))


def overflowing() -> Deceptive:
    """Rises to 1 on [0, 2^-900], through weights whose product is no float."""
    network = chain(
        ("relu", [[2**600]], [-F(1, 2**301)]),
        ("relu", [[2**600]], [-(2**298)]),
        ("linear", [[F(1, 2**298)]], [0]),
    )
    return Deceptive("overflowing", network, Domain((F(0),), (F(1, 2**900),)), F(1))


def tenths() -> Deceptive:
    """0.1 x + 0.2 x − 0.3 x."""
    rows: Rows = [[F(1, 10)], [F(2, 10)], [F(3, 10)]]
    network = chain(("relu", rows, [0, 0, 0]), ("linear", [[1, 1, -1]], [0]))
    return Deceptive("tenths", network, UNIT, F(0))


def thin(exponent: int) -> Deceptive:
    """Rises to 10^-exponent, in the last part of the domain of that width."""
    least = F(1, 10**exponent)
    network = chain(("relu", [[1]], [least - 1]), ("linear", [[1]], [0]))
    return Deceptive(f"thin 1e-{exponent}", network, UNIT, least)


def deceptive() -> Iterator[Deceptive]:
    """All of them."""
    yield from (absorbed(k, F(1, 2)) for k in (25, 54, 70))
    yield from (reordered(25 if order[0] else 54, order) for order in permutations(range(3)))
    yield from (switch(k, gain) for k, gain in ((25, 1), (54, 1000)))
    yield from (closed_switch(k, 4) for k in (25, 54))
    yield stored()
    yield from (denormal(k) for k in (140, 1074))
    yield overflowing()
    yield tenths()
    yield from (thin(k) for k in (3, 12))
