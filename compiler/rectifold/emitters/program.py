"""What every emitter writes at the top of its code, and the vectors of the self-test.

Names in generated code come from a fixed table (T1, b1, a1, ...): nothing of the network's text reaches code. What does
appear of it, in the header comment, is reduced to printable ASCII first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import at_most, counted, nearest_float, round_up
from rectifold.formats.float_range import require_range, rounded_parameters
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network, Sizes

INLINE_PARAMETERS = 100_000  # above this, weights lie in a file beside the source
_VECTORS = 5
LONG = 10**4000  # integers from here on are written in hexadecimal

EXACT = '''def _exact(word):
    """The fraction that the word "p/q" says; decimal or hexadecimal."""
    top, _, bottom = word.partition("/")
    return Fraction(int(top, 0), int(bottom or "1", 0))
'''


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
    precision = origin.precision
    rounded = rounded_parameters(network, precision)
    lines.append(f"Parameters that are no {precision} numbers and were rounded: {rounded}.")
    if origin.error_bound is not None and np.isfinite(origin.error_bound).all():
        lines.append(
            f"Certified: at {precision} points of the domain, |this code in {precision} - the exact network| <= "
            f"{at_most(max(origin.error_bound, default=0.0), 3)} for every output."
        )
        if network.domain is not None and not is_float_box(network.domain, precision):
            lines.append(
                f"Ends of the domain that are no {precision} numbers are rounded to the nearest one; a point between an end and its "
                "rounding is compared with the exact network at that end."
            )
    else:
        lines.append(
            f"No bound on the rounding of this code is known ({_why_no_bound(network, origin)})."
        )
    return lines


def _why_no_bound(network: Network, origin: Origin) -> str:
    if network.domain is None or not network.domain.is_bounded:
        return "no bounded domain"
    if origin.error_bound is None:
        return "none was computed"
    return f"a value may leave the range of {origin.precision} on the domain"


def is_float_box(domain: Domain, precision: str) -> bool:
    """Whether every end of a range is a number of this float type."""
    ends = [end for end in domain.lower + domain.upper if end is not None]
    with np.errstate(over="ignore"):
        floats = [float(np.dtype(precision).type(nearest_float(end))) for end in ends]
    return all(np.isfinite(v) and Fraction(v) == end for v, end in zip(floats, ends, strict=True))


def self_test_vectors(network: Network) -> list[Vector]:
    """A few points of the domain with exact outputs, where a float64 computation stays in the range."""
    domain = network.domain or Domain.cube(-1, 1, network.input_size)
    random = Random(7)
    points: list[list[float]] = []
    for _ in range(50 * _VECTORS):
        point = [
            _draw(low, high, random) for low, high in zip(domain.lower, domain.upper, strict=True)
        ]
        usable = (
            len(points) < _VECTORS
            and np.isfinite(point).all()
            and np.isfinite(_magnitudes(network, point)).all()
        )
        if usable and domain.contains([Fraction(v) for v in point]):
            points.append(point)
    outputs = evaluate_points(network, [[Fraction(v) for v in p] for p in points])
    return [Vector(tuple(p), tuple(y)) for p, y in zip(points, outputs, strict=True)]


def test_tolerance(network: Network, origin: Origin) -> list[float]:
    """Per output: what the self-test allows. The certified bound, or what its points need where there is none."""
    if origin.error_bound is not None and np.isfinite(origin.error_bound).all():
        return list(origin.error_bound)
    operations = sum(
        sum(w.shape[1] for w in layer.weights.values()) + 4 for layer in network.layers
    )
    sizes = [_magnitudes(network, vector.inputs) for vector in self_test_vectors(network)]
    largest = np.max(sizes, axis=0) if sizes else np.zeros(network.output_size)
    return [
        operations * 2.0**-50 * float(v) + 1e-300 for v in largest
    ]  # a threshold for reporting, not a claim


def _magnitudes(network: Network, point: Sequence[float]) -> Floats:
    """Σ |w| |a| + |b| to the outputs: what rounding at this point is proportional to. Infinite where a sum may overflow."""
    sizes = {network.input_name: np.abs(np.asarray(point, dtype=np.float64))}
    with np.errstate(over="ignore", invalid="ignore"):
        for layer in network.layers:
            total = np.abs(layer.bias.approximation[0].ravel())
            for source, weight in layer.weights.items():
                total = total + np.abs(weight.approximation[0]) @ sizes[source]
            sizes[layer.name] = np.where(np.isnan(total), np.inf, total)
    return sizes[network.output]


def box_text(domain: Domain | None, size: int) -> tuple[list[float], list[float]]:
    """The float box that the input check uses: the ends are rounded to the nearest float, as where a user types them.

    So 0.1 is inside [0, 1/10], although this float is a little more than a tenth (see bounds/code_error).
    """
    if domain is None:
        return [-np.inf] * size, [np.inf] * size
    low = [-np.inf if v is None else nearest_float(v) for v in domain.lower]
    high = [np.inf if v is None else nearest_float(v) for v in domain.upper]
    return low, high


def weights_of(network: Network) -> dict[str, Floats]:
    """Every parameter in float64 under its safe name: T<layer>_<source> (transposed) and b<layer>.

    Raises InputError if one is beyond the range.
    """
    require_range(network, "float64")
    number = numbers(network)
    arrays: dict[str, Floats] = {}
    for layer in network.layers:
        k = number[layer.name]
        for source, weight in layer.weights.items():
            arrays[f"T{k}_{number[source]}"] = np.ascontiguousarray(weight.approximation[0].T)
        arrays[f"b{k}"] = np.ascontiguousarray(layer.bias.approximation[0].ravel())
    return arrays


def exact_word(value: Fraction) -> str:
    """ "p/q" for _exact in emitted code: in hexadecimal where it is long, because Python reads 4,300 decimal digits at most."""
    top, bottom = (str(v) if abs(v) < LONG else hex(v) for v in value.as_integer_ratio())
    return top if bottom == "1" else f"{top}/{bottom}"


def constraint_words(domain: Domain | None) -> list[list[object]]:
    """Per linear constraint [coefficients, bound], as words."""
    rows = [] if domain is None else domain.constraints
    return [[[exact_word(c) for c in row.coefficients], exact_word(row.bound)] for row in rows]


def numbers(network: Network) -> dict[str, int]:
    """0 for the input, 1, 2, ... for the layers: the only names that reach code."""
    return {network.input_name: 0} | {
        layer.name: k for k, layer in enumerate(network.layers, start=1)
    }


def printable(text: str) -> str:
    """Printable ASCII without anything that could end a comment or a string."""
    return "".join(
        c if c.isascii() and c.isprintable() and c not in "\\\"'*/" else "?" for c in text
    )[:200]


def _draw(low: Fraction | None, high: Fraction | None, random: Random) -> float:
    bottom = (
        round_up(low) if low is not None else (-round_up(-high) - 1.0 if high is not None else -1.0)
    )
    top = -round_up(-high) if high is not None else bottom + 2.0
    return min(max(bottom + (top - bottom) * random.random(), bottom), top)
