"""A network over the directions of its inputs that it reads.

    h = relu(W x) with 3 rows, 20 inputs      →      a network of 3 inputs z, and z = rows · x

Derivation: docs/mathematics.md#fewer-directions-than-inputs. The rows are some of those with which
layers read the inputs that vary, by powers of two of ordinary size; all the others are sums of
them. Sound because the new network is the same function wherever z = rows · x, and its domain has
all such z: an exact form of it, which reads rows · x in place of z, is one of the first network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from rectifold.exact.matrix import Matrix, vstack
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.network import Layer, Network
from rectifold.two_layers.scaling import factors_of, with_scaled_rows


@dataclass(frozen=True, eq=False)
class Directions:
    """`network`, with a domain, is `source` as a function of z = rows · x.

    `rows` have a column for every input of the source, 0 for those that are fixed.
    """

    source: Network
    rows: Matrix
    network: Network

    def of_inputs(self, form: Network) -> Network:
        """A network of z as one of the source's inputs, on the source's domain."""
        source, read = self.source, form.input_name
        layers = [
            replace(layer, weights=dict(layer.weights) | {read: layer.weights[read] @ self.rows})
            if read in layer.weights
            else layer
            for layer in form.layers
        ]
        return with_scaled_rows(_with_inputs(source, layers, form.output, source.domain))


def directions_of(network: Network) -> Directions | None:
    """The network over fewer directions than inputs vary on its bounded domain.

    None if it reads as many. One that reads no input that varies has one direction.
    """
    domain = network.domain
    assert domain is not None
    free = [k for k in range(domain.size) if k not in domain.fixed]
    if len(free) < 2:
        return None
    blocks = [layer.weights[network.input_name] for layer in _readers(network)]
    first = Matrix.zeros(1, len(free))
    read = vstack([first, *(block.select_columns(free) for block in blocks)])
    if read.is_zero:
        first = Matrix.identity(len(free)).select_rows([0])
        read = vstack([first, read.select_rows(range(1, read.shape[0]))])
    coefficients, kept = read.T.rref()
    if len(kept) >= len(free):
        return None
    factors = factors_of([read.select_rows(kept)])
    basis = read.select_rows(kept).scale_rows(factors)
    small = _domain_of(domain, free, basis)
    layers = list(_over(network, domain, coefficients.scale_rows([1 / f for f in factors]).T))
    rows = basis.scatter_columns(free, domain.size)
    return Directions(network, rows, _with_inputs(network, layers, network.output, small))


def _readers(network: Network) -> list[Layer]:
    return [layer for layer in network.layers if network.input_name in layer.weights]


def _with_inputs(
    network: Network, layers: Sequence[Layer], output: str, domain: Domain | None
) -> Network:
    """Other layers, of inputs with the network's name."""
    assert domain is not None
    return Network(
        network.input_name, domain.size, layers, output, domain, network.name, network.title
    )


def _over(network: Network, domain: Domain, coefficients: Matrix) -> Iterator[Layer]:
    """The layers, where row k + 1 of the coefficients is what the k-th row reads of z."""
    fixed = sorted(domain.fixed)
    values = Matrix.column([domain.fixed[k] for k in fixed])
    start = 1
    for layer in network.layers:
        weight = layer.weights.get(network.input_name)
        if weight is None:
            yield layer
            continue
        own = coefficients.select_rows(range(start, start + layer.size))
        start += layer.size
        bias = layer.bias + weight.select_columns(fixed) @ values if fixed else layer.bias
        yield replace(layer, bias=bias, weights=dict(layer.weights) | {network.input_name: own})


def _domain_of(domain: Domain, free: Sequence[int], basis: Matrix) -> Domain:
    """A box that has every basis · x, with those constraints that speak of nothing else."""
    lower: list[Fraction] = []
    upper: list[Fraction] = []
    for k in range(basis.shape[0]):
        low = high = Fraction(0)
        for weight, j in zip(basis.row(k), free, strict=True):
            least, most = domain.lower[j], domain.upper[j]
            assert least is not None
            assert most is not None
            low += weight * (least if weight > 0 else most)
            high += weight * (most if weight > 0 else least)
        lower.append(low)
        upper.append(high)
    constraints = [own for c in domain.constraints if (own := _over_basis(domain, free, basis, c))]
    return Domain(tuple(lower), tuple(upper), tuple(constraints))


def _over_basis(
    domain: Domain, free: Sequence[int], basis: Matrix, constraint: Constraint
) -> Constraint | None:
    """The constraint over z, if its row is a sum of those of the basis and not 0."""
    row = [constraint.coefficients[k] for k in free]
    rest = sum((constraint.coefficients[k] * v for k, v in domain.fixed.items()), Fraction(0))
    table, pivots = vstack([basis, Matrix.from_fractions([row])]).T.rref()
    count = basis.shape[0]
    if not any(row) or count in pivots:
        return None
    factors = tuple(table.entry(k, count) for k in range(count))
    return Constraint(factors, constraint.bound - rest)
