"""Two networks side by side, A at one point and B at another, as one network.

    inputs (x, s), s a step        x' = x + s        outputs (y, y') = (A(x), B(x'))

The second point is given by the step to it: where the points agree, s is 0 and the input is fixed,
and what both networks compute of x is the same form in both. Properties of such a network may be
stated of (x, x') and are put into these inputs exactly: c x + c' x' = (c + c') x + c' s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix, hstack, vstack
from rectifold.exact.numerals import counted
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.network import Layer, Network
from rectifold.ir.property import Case, Property, Terms, Unsafe

_End = Fraction | None
_Row = dict[int, Fraction]


def side_by_side(a: Network, b: Network) -> Network:
    """A(x) and then B(x + s), of the inputs x and then s. Raises InputError for other sizes."""
    if a.input_size != b.input_size:
        raise InputError(
            f"{a.name} has {counted(a.input_size, 'input')} and {b.name} has {b.input_size}; "
            "networks that are put side by side have the same number of inputs"
        )
    one = Matrix.identity(a.input_size)
    layers: list[Layer] = []
    last: dict[str, Matrix] = {}
    copies = (("a", a, hstack([one, one.scale(0)])), ("b", b, hstack([one, one])))
    for number, (tag, network, reads) in enumerate(copies):
        layers += _copy(network, tag, reads)
        rows = [Matrix.zeros(n.output_size, network.output_size) for n in (a, b)]
        rows[number] = Matrix.identity(network.output_size)
        name, placed = _named(network, tag, network.output), vstack(rows)
        placed = placed @ reads if name == "x" else placed
        last[name] = last[name] + placed if name in last else placed
    bias = Matrix.zeros(a.output_size + b.output_size, 1)
    layers.append(Layer("c", "linear", bias, last))
    return Network("x", 2 * a.input_size, layers, "c", None, a.name)


def _copy(network: Network, tag: str, reads: Matrix) -> Iterator[Layer]:
    """The layers, with `reads` times the inputs of the pair for the input."""
    for v in network.layers:
        weights = {
            _named(network, tag, u): w @ reads if u == network.input_name else w
            for u, w in v.weights.items()
        }
        yield Layer(_named(network, tag, v.name), v.activation, v.bias, weights)


def _named(network: Network, tag: str, name: str) -> str:
    """What a layer or the input is called side by side: in the order of the numbers."""
    if name == network.input_name:
        return "x"
    return f"{tag}{next(k for k, v in enumerate(network.layers) if v.name == name):05d}"


def points_of_pair(point: Sequence[Fraction]) -> tuple[list[Fraction], list[Fraction]]:
    """x and x' of the inputs (x, s)."""
    size = len(point) // 2
    x = list(point[:size])
    return x, [a + s for a, s in zip(x, point[size:], strict=True)]


# ---- what is stated of (x, x'), stated of (x, s) ------------------------------------------------


def as_steps(asked: Property) -> Property:
    """The same property of (x, s), where it is stated of (x, x'). Raises DomainError."""
    parts = tuple(
        Unsafe(
            _Steps(part.domain).domain(),
            tuple(_stepped_case(case, part.domain.size // 2) for case in part.cases),
        )
        for part in asked.parts
    )
    return replace(asked, parts=parts)


def pairs_within(domain: Domain, lower: Sequence[_End], upper: Sequence[_End]) -> Domain:
    """The pairs of points of `domain` with a step in this box, as a domain of (x, s).

    Raises DomainError where there is none.
    """
    nothing = (Fraction(0),) * domain.size
    first = [Constraint((*c.coefficients, *nothing), c.bound) for c in domain.constraints]
    second = [Constraint((*nothing, *c.coefficients), c.bound) for c in domain.constraints]
    both = Domain(domain.lower * 2, domain.upper * 2, (*first, *second))
    steps = _Steps(both)
    for k, (low, high) in enumerate(zip(lower, upper, strict=True)):
        steps.end(domain.size + k, low, is_upper=False)
        steps.end(domain.size + k, high, is_upper=True)
    return steps.domain()


class _Steps:
    """A domain of (x, s) in the making, from one of (x, x')."""

    def __init__(self, pair: Domain) -> None:
        self.size = pair.size // 2
        self.lower = [*pair.lower[: self.size], *[None] * self.size]
        self.upper = [*pair.upper[: self.size], *[None] * self.size]
        self.rows: list[tuple[_Row, Fraction]] = []
        for k in range(self.size):
            self._ends_of_second(k, pair.lower[self.size + k], pair.upper[self.size + k])
        for row in pair.constraints:
            self._constraint(row)

    def end(self, k: int, value: _End, *, is_upper: bool) -> None:
        """One more end of the range of an input of (x, s)."""
        ends, better = (self.upper, min) if is_upper else (self.lower, max)
        own = ends[k]
        if value is not None:
            ends[k] = value if own is None else better(own, value)

    def _ends_of_second(self, k: int, low: _End, high: _End) -> None:
        """low ≤ x_k + s_k ≤ high: as constraints, and what they say of s_k alone."""
        step, one = self.size + k, Fraction(1)
        x_low, x_high = self.lower[k], self.upper[k]
        if high is not None:
            self.rows.append(({k: one, step: one}, high))
            self.end(step, None if x_low is None else high - x_low, is_upper=True)
        if low is not None:
            self.rows.append(({k: -one, step: -one}, -low))
            self.end(step, None if x_high is None else low - x_high, is_upper=False)

    def _constraint(self, row: Constraint) -> None:
        terms = _stepped_terms(
            tuple((k, c) for k, c in enumerate(row.coefficients) if c), self.size
        )
        if len(terms) == 1:
            ((k, c),) = terms
            self.end(k, row.bound / c, is_upper=c > 0)
        elif terms or row.bound < 0:
            self.rows.append((dict(terms), row.bound))

    def domain(self) -> Domain:
        """With the constraints that its box does not imply. Raises DomainError if it is empty."""
        zero = Fraction(0)
        constraints = tuple(
            Constraint(tuple(row.get(k, zero) for k in range(2 * self.size)), bound)
            for row, bound in self.rows
            if not self._is_implied(row, bound)
        )
        return Domain(tuple(self.lower), tuple(self.upper), constraints)

    def _is_implied(self, row: _Row, bound: Fraction) -> bool:
        """Is the row at most its bound on the whole box?"""
        total = Fraction(0)
        for k, c in row.items():
            end = self.upper[k] if c > 0 else self.lower[k]
            if end is None:
                return False
            total += c * end
        return total <= bound


def _stepped_terms(terms: Terms, size: int) -> Terms:
    """c x + c' x' as (c + c') x + c' s."""
    total: _Row = {}
    for k, c in terms:
        total[k % size] = total.get(k % size, Fraction(0)) + c
        if k >= size:
            total[k] = c
    return tuple(sorted((k, c) for k, c in total.items() if c))


def _stepped_case(case: Case, size: int) -> Case:
    return tuple(replace(c, inputs=_stepped_terms(c.inputs, size)) for c in case)
