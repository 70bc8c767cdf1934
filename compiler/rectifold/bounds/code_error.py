"""What emitted code may be off by over the whole domain, in float64, float32 or mixed.

    |code(x) - f(x)| <= e    for every float point x of the domain; e per output

Layer by layer: with activations at most M on the domain and e the error of what is read, a layer
adds the error of its stored weights and of its sums, and relu does not increase it. Sound by
docs/mathematics.md#rounding-of-emitted-code, which says what underflow, overflow and rounded ends
of ranges add. The arithmetic is IEEE; reduced formats (TF32, bfloat16) are not covered, nor what a
caller rounds before.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.bounds.arithmetic import ARITHMETICS as ARITHMETICS
from rectifold.bounds.arithmetic import Arithmetic
from rectifold.bounds.interval import Interval
from rectifold.bounds.state import Bounds
from rectifold.bounds.threads import on_few_threads
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import round_up
from rectifold.facts.facts import Facts
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network


@dataclass(frozen=True, eq=False)
class CodeError:
    """Per output a bound of |code(x) - f(x)|, infinite where none is known.

    `overflow` names a layer whose values may leave the range of the format.
    """

    per_output: Floats
    overflow: str | None


def code_error(
    network: Network, domain: Domain, facts: Facts | None, precision: str = "float64"
) -> Floats:
    """Per output a bound of |code(x) - f(x)| for every float point x; infinite: none is known.

    `precision` names an arithmetic and the format of the stored weights (bounds/arithmetic.py).
    """
    return rounding_error(network, domain, facts, precision).per_output


@on_few_threads
def rounding_error(
    network: Network,
    domain: Domain,
    facts: Facts | None,
    precision: str,
    leaky: Collection[str] = (),
) -> CodeError:
    """As `code_error`, and whether overflow is why there is no bound.

    `leaky`: the layers that the code holds as leaky units (ir/leaky.py).
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows has no bound
        return _rounding_error(network, domain, facts, ARITHMETICS[precision], leaky)


def _rounding_error(
    network: Network,
    domain: Domain,
    facts: Facts | None,
    arithmetic: Arithmetic,
    leaky: Collection[str],
) -> CodeError:
    bounds = _with_facts(network, domain, facts)
    errors: dict[str, Floats] = {network.input_name: _accepted_input_error(domain, arithmetic)}
    overflow = None
    for layer in network.layers:
        size, error = _layer_error(bounds, layer.name, errors, arithmetic)
        if overflow is None and domain.is_bounded and not (size <= arithmetic.largest).all():
            overflow = layer.name
        if layer.name in leaky:
            error = error + arithmetic.smallest  # the product with the slope may underflow
        errors[layer.name] = np.where(size <= arithmetic.largest, error, np.inf)
    return CodeError(errors[network.output], overflow)


def _layer_error(
    bounds: Bounds, name: str, errors: dict[str, Floats], arithmetic: Arithmetic
) -> tuple[Floats, Floats]:
    """Per unit: a bound of every partial sum, and one of the error, infinite where there is none.

    Infinity times 0 is no number, and no bound either.
    """
    floats = bounds.floats[name]
    bias = np.abs(floats.bias)
    error = floats.bias_radius + arithmetic.storing(bias)
    size = bias + error
    for source, weight in floats.weights.items():
        magnitude, before, radius = bounds.magnitude(source), errors[source], floats.radii[source]
        slack = arithmetic.storing(np.abs(weight)) + (0.0 if radius is None else radius)
        absolute = np.abs(weight) + slack
        error = error + absolute @ before + slack @ magnitude
        size = size + absolute @ (magnitude + before)
    rate = arithmetic.gamma(floats.terms + 4)
    # twice, because the error terms are float sums themselves
    error = 2.0 * (error + rate * size + (4 * floats.terms + 8) * arithmetic.smallest)
    return size * (1.0 + 4.0 * rate) + error, np.where(np.isnan(error), np.inf, error)


def _accepted_input_error(domain: Domain, arithmetic: Arithmetic) -> Floats:
    """How far a float that is accepted may lie beyond its range, and what reading it may lose."""
    ends = zip(domain.lower, domain.upper, strict=True)
    return np.array(
        [max(_beyond(low, arithmetic), _beyond(high, arithmetic)) for low, high in ends]
    ) + 2.0 * (arithmetic.smallest)


def _beyond(end: Fraction | None, arithmetic: Arithmetic) -> float:
    near = None if end is None else arithmetic.nearest(end)
    return 0.0 if near is None or end is None else round_up(abs(near - end))


def _with_facts(network: Network, domain: Domain, facts: Facts | None) -> Bounds:
    """Bounds of every layer, by intervals and by what is proved."""
    bounds = Bounds(network, domain)
    for layer in network.layers:
        found = bounds.interval(layer.name)
        if facts is not None and layer.name in facts.layers:
            known = facts.layers[layer.name]
            found = found.intersect(Interval(known.lower, known.upper))
        bounds.set(layer.name, *found)
    return bounds
