"""What emitted code may be off by over the whole domain, in float64, float32 or mixed.

    |code(x) - f(x)| <= e    for every float point x of the domain; e per output

Layer by layer: what a layer loses by itself (code_rounding) and what errors below carry into it, by
absolute values or by the network's slopes (code_spread), whichever is less. Sound by
docs/mathematics.md#rounding-of-emitted-code, which says what underflow, overflow and rounded ends
of ranges add. The arithmetic is IEEE; reduced formats (TF32, bfloat16) are not covered, nor what a
caller rounds before.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.bounds.arithmetic import ARITHMETICS, Arithmetic
from rectifold.bounds.code_rounding import local_error
from rectifold.bounds.code_spread import spread
from rectifold.bounds.code_state import Code, CodeErrors, above
from rectifold.bounds.interval import Interval
from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import backward
from rectifold.bounds.summation import Order
from rectifold.bounds.threads import on_few_threads
from rectifold.effort.proofs import BoundEffort
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
    *,
    order: Order | None = None,
) -> CodeError:
    """As `code_error`, and whether overflow is why there is no bound.

    `leaky`: the layers that the code holds as leaky units (ir/leaky.py). `order`: how its sums
    are taken (bounds/summation.py), zero products left out or not; None: the bound holds for any
    order. Products and sums may be fused in both.
    """
    code = Code(ARITHMETICS[precision], frozenset(leaky), order)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows has no bound
        return _rounding_error(network, domain, facts, code)


def _rounding_error(network: Network, domain: Domain, facts: Facts | None, code: Code) -> CodeError:
    errors = CodeErrors(Bounds(network, domain), code)
    accepted = _accepted_input_error(domain, code.arithmetic)
    errors.local[network.input_name] = errors.whole[network.input_name] = accepted
    tight = _tight_layers(network)
    if domain.constraints and accepted.any():
        facts = None  # a point that is moved to an end may leave the constraints
    overflow = None
    for layer in network.layers:
        name = layer.name
        _bound_layer(errors.bounds, name, facts, substitute=name in tight)
        found = local_error(errors, name)
        fits = found.partial <= code.arithmetic.largest
        if overflow is None and domain.is_bounded and not fits.all():
            overflow = name
        errors.local[name] = np.where(fits, found.lost, np.inf)
        whole = above(errors.local[name] + found.carried, 4)
        if name in tight:
            whole = np.fmin(whole, spread(errors, name))
        errors.whole[name] = whole
    seen = above(errors.passed_on(network.output) + 2.0 * code.arithmetic.smallest, 2)
    return CodeError(seen, overflow)


def _bound_layer(bounds: Bounds, name: str, facts: Facts | None, *, substitute: bool) -> None:
    """Set a layer's bounds: by intervals, by what is proved, and by substitution if asked for."""
    found = bounds.interval(name)
    if facts is not None and name in facts.layers:
        known = facts.layers[name]
        found = found.intersect(Interval(known.lower, known.upper))
    bounds.set(name, *found)
    if substitute:
        rows = np.arange(len(found.lower))
        upper = backward(bounds, name, rows, 1.0).upper
        lower = -backward(bounds, name, rows, -1.0).upper
        bounds.set(name, *found.intersect(Interval(lower, upper)))


def _tight_layers(network: Network) -> set[str]:
    """The layers that are worth the work of substitution and slopes: the outputs first, then every
    other one that what is left of the work allows.
    """
    left, tight = BoundEffort.code_work, set()
    for layer in sorted(network.layers, key=lambda v: v.name != network.output):
        work = layer.size * _weights_below(network, layer.name)
        if work <= left:
            left -= work
            tight.add(layer.name)
    return tight


def _weights_below(network: Network, name: str) -> int:
    """Entries of the matrices that a row of a layer is multiplied with on its way to the inputs."""
    below = network.cone(name) - {name, network.input_name}
    matrices = (w for v in network.layers if v.name in below for w in v.weights.values())
    return sum(w.shape[0] * w.shape[1] for w in matrices)


def _accepted_input_error(domain: Domain, arithmetic: Arithmetic) -> Floats:
    """How far a float that is accepted may lie beyond its range."""
    ends = zip(domain.lower, domain.upper, strict=True)
    return np.array(
        [max(_beyond(low, arithmetic), _beyond(high, arithmetic)) for low, high in ends]
    )


def _beyond(end: Fraction | None, arithmetic: Arithmetic) -> float:
    near = None if end is None else arithmetic.nearest(end)
    return 0.0 if near is None or end is None else round_up(abs(near - end))
