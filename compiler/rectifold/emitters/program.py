"""What every emitter writes at the top of its code, and the vectors of the self-test.

Names in generated code come from a fixed table (T1, b1, a1, ...): nothing of the network's text reaches code. What does
appear of it, in the header comment, is reduced to printable ASCII first.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from random import Random

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import at_most, counted, round_up
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network, Sizes

INLINE_PARAMETERS = 100_000  # above this, weights lie in a file beside the source
_VECTORS = 5


@dataclass(frozen=True)
class Origin:
    """Where the emitted network comes from; `error_bound` is certified over the domain, per output (None: none known)."""

    source_digest: str
    source_sizes: Sizes
    error_bound: tuple[float, ...] | None = None
    statement: str = "written as it is"
    precision: str = "float64"  # of the arithmetic that error_bound is about


@dataclass(frozen=True, eq=False)
class Vector:
    """One self-test: a float input and the exact outputs there."""

    inputs: tuple[float, ...]
    outputs: tuple[Fraction, ...]


def header_lines(network: Network, origin: Origin, *, exact: bool = False) -> list[str]:
    """Plain ASCII lines for a header comment; `exact` for a format that rounds nothing."""
    domain = "not stated" if network.domain is None else network.domain.describe()
    before, after = origin.source_sizes, network.sizes
    lines = [
        f"{printable(network.name)}: a ReLU network with {counted(network.input_size, 'input')} and {counted(network.output_size, 'output')}, by rectifold.",
        f"Source (SHA-256 of the canonical form): {origin.source_digest}",
        f"This network:                           {digest(network)}",
        f"Domain: {printable(domain)}",
        f"Units {before.units} -> {after.units}, weights {before.weights} -> {after.weights}, "
        f"multiply-adds {before.macs} -> {after.macs}.",
        f"Guarantee: {printable(origin.statement)}.",
    ]
    if exact:
        return [*lines, "Every number is exact."]
    lines.append(f"Parameters that are no float64 numbers and were rounded: {rounded_count(network)}.")
    if origin.error_bound is not None and np.isfinite(origin.error_bound).all():
        lines.append(
            f"Certified: at {origin.precision} points of the domain, |this code in {origin.precision} - the exact network| <= "
            f"{at_most(max(origin.error_bound, default=0.0), 3)} for every output."
        )
    else:
        lines.append("No bound on the rounding of this code is known (no bounded domain).")
    return lines


def rounded_count(network: Network) -> int:
    """Weights and biases that are no float64 numbers."""
    matrices = [m for layer in network.layers for m in (layer.bias, *layer.weights.values())]
    return sum(0 if (r := m.approximation[1]) is None else int(np.count_nonzero(r)) for m in matrices)


def self_test_vectors(network: Network) -> list[Vector]:
    """A few points of the domain with exact outputs."""
    domain = network.domain or Domain.cube(-1, 1, network.input_size)
    random = Random(7)
    points: list[list[float]] = []
    for _ in range(50 * _VECTORS):
        point = [_draw(low, high, random) for low, high in zip(domain.lower, domain.upper, strict=True)]
        if len(points) < _VECTORS and domain.contains([Fraction(v) for v in point]):
            points.append(point)
    outputs = evaluate_points(network, [[Fraction(v) for v in p] for p in points])
    return [Vector(tuple(p), tuple(y)) for p, y in zip(points, outputs, strict=True)]


def test_tolerance(network: Network, origin: Origin) -> list[float]:
    """Per output: what the self-test allows. The certified bound, or a plain guess where there is none."""
    if origin.error_bound is not None and np.isfinite(origin.error_bound).all():
        return list(origin.error_bound)
    return [1e-6] * network.output_size  # a self-test's threshold for reporting, not a claim


def box_text(domain: Domain | None, size: int) -> tuple[list[float], list[float]]:
    """The float box that the input check uses: a float is in the domain's box iff it is in this one."""
    if domain is None:
        return [-np.inf] * size, [np.inf] * size
    low = [-np.inf if v is None else round_up(v) for v in domain.lower]
    high = [np.inf if v is None else -round_up(-v) for v in domain.upper]
    return low, high


def weights_of(network: Network) -> dict[str, Floats]:
    """Every parameter in float64 under its safe name: T<layer>_<source> (transposed) and b<layer>."""
    number = numbers(network)
    arrays: dict[str, Floats] = {}
    for layer in network.layers:
        k = number[layer.name]
        for source, weight in layer.weights.items():
            arrays[f"T{k}_{number[source]}"] = np.ascontiguousarray(weight.approximation[0].T)
        arrays[f"b{k}"] = np.ascontiguousarray(layer.bias.approximation[0].ravel())
    return arrays


def numbers(network: Network) -> dict[str, int]:
    """0 for the input, 1, 2, ... for the layers: the only names that reach code."""
    return {network.input_name: 0} | {layer.name: k for k, layer in enumerate(network.layers, start=1)}


def printable(text: str) -> str:
    """Printable ASCII without anything that could end a comment or a string."""
    return "".join(c if c.isascii() and c.isprintable() and c not in "\\\"'*/" else "?" for c in text)[:200]


def _draw(low: Fraction | None, high: Fraction | None, random: Random) -> float:
    bottom = round_up(low) if low is not None else (-round_up(-high) - 1.0 if high is not None else -1.0)
    top = -round_up(-high) if high is not None else bottom + 2.0
    return min(max(bottom + (top - bottom) * random.random(), bottom), top)
