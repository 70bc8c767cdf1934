"""Two networks on one input as one network: their difference, and how far it exceeds a tolerance.

    difference:  d = A(x) − B(x)
    gap:         g = [A(x) − B(x) − ε;  B(x) − A(x) − ε]

Every layer of A is called a000, a001, …, every layer of B b000, b001, … (in this order they are
numbered in certificates). A and B agree within ε on a domain exactly when g ≤ 0 there.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

from rectifold.exact.matrix import Matrix, vstack
from rectifold.ir.names import fresh_name
from rectifold.ir.network import Activation, Layer, Network
from rectifold.ir.unit_pairing import Pairing

LAST = "d"  # the name of the layer that compares


def difference(a: Network, b: Network) -> Network:
    """A − B: all layers of both on a shared input, and one more linear layer."""
    identity = Matrix.identity(a.output_size)
    return join(a, b, identity, identity.scale(-1), Matrix.zeros(a.output_size, 1))


def gap(
    a: Network, b: Network, tolerance: Sequence[Fraction], activation: Activation = "linear"
) -> Network:
    """2m outputs, A − B − ε and then B − A − ε: nonpositive where the networks agree within ε (one
    number per output).
    """
    identity = Matrix.identity(a.output_size)
    minus = identity.scale(-1)
    bias = Matrix.column([-eps for eps in tolerance])
    return join(
        a, b, vstack([identity, minus]), vstack([minus, identity]), vstack([bias, bias]), activation
    )


def join(
    a: Network,
    b: Network,
    on_a: Matrix,
    on_b: Matrix,
    bias: Matrix,
    activation: Activation = "linear",
) -> Network:
    """on_a·A(x) + on_b·B(x) + bias as a network without a domain."""
    layers: list[Layer] = []
    ends: list[str] = []
    for tag, network in (("a", a), ("b", b)):
        names = {network.input_name: "x"} | {
            v.name: _numbered(tag, k) for k, v in enumerate(network.layers)
        }
        for layer in network.layers:
            weights = {names[u]: w for u, w in layer.weights.items()}
            layers.append(Layer(names[layer.name], layer.activation, layer.bias, weights))
        ends.append(names[network.output])
    layers.append(Layer(LAST, activation, bias, {ends[0]: on_a, ends[1]: on_b}))
    return Network("x", a.input_size, layers, LAST, None, "difference")


def relative(network: Network) -> Network:
    """Every output less the first one: what an argmax looks at."""
    size = network.output_size
    rows = [[int(k == j) - int(k == 0) for k in range(size)] for j in range(size)]
    return _followed_by("relative", network, rows)


def differences(network: Network) -> Network:
    """Outputs o_i − o_j for all i < j, in order: what a margin is about (FORMAT.md: Margins)."""
    size = network.output_size
    rows = [
        [int(k == i) - int(k == j) for k in range(size)] for i, j in combinations(range(size), 2)
    ]
    return _followed_by("differences", network, rows)


def _followed_by(title: str, network: Network, rows: list[list[int]]) -> Network:
    """With one more linear layer, which is the output."""
    name = fresh_name(title, [network.input_name, *(v.name for v in network.layers)])
    weight = Matrix.from_fractions(rows, network.output_size)
    last = Layer(name, "linear", Matrix.zeros(len(rows), 1), {network.output: weight})
    layers = (*network.layers, last)
    return Network(
        network.input_name, network.input_size, layers, name, network.domain, network.name
    )


def output_names(a: Network, b: Network) -> tuple[str, str]:
    """What the output layers of A and B are called in a joined network."""
    first, second = (next(k for k, v in enumerate(n.layers) if v.name == n.output) for n in (a, b))
    return _numbered("a", first), _numbered("b", second)


def names_of(pairing: Pairing) -> dict[str, str]:
    """Paired layers by their names in the joined network."""
    return {_numbered("a", pair.first): _numbered("b", pair.second) for pair in pairing}


def _numbered(tag: str, number: int) -> str:
    """Names whose alphabetical order is that of the numbers."""
    return f"{tag}{number:03d}"
