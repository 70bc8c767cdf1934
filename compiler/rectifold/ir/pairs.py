"""Two networks side by side, A at one point and B at another, as one network.

    inputs (x, s), s a step        x' = P x + p + s        outputs (y, y') = (A(x), B(x'))

The second point is given by the step to it: where the points are related by equations, s is 0 and
the input is fixed, and what both networks compute of x is the same form in both. Usually P x + p is
x; ir/pair_relation finds others. Properties of such a network may be stated of (x, x') and are put
into these inputs exactly: c x + c' x' = (c + c' P) x + c' s + c' p.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix, hstack, vstack
from rectifold.exact.numerals import counted
from rectifold.ir.domain import Constraint, Domain, DomainError
from rectifold.ir.network import Layer, Network
from rectifold.ir.pair_relation import relation_of
from rectifold.ir.property import Case, Property, Related, Terms, Unsafe

_End = Fraction | None
_Row = dict[int, Fraction]


def side_by_side(a: Network, b: Network, second: Related | None = None) -> Network:
    """A(x) and then B(P x + p + s), of the inputs x and then s; B(x + s) without `second`.

    Raises InputError for other sizes.
    """
    related = _related(a, b, second)
    shift = Matrix.column(related.offset)
    one, none = Matrix.identity(a.input_size), Matrix.zeros(a.input_size, b.input_size)
    second_reads = [_matrix(related.rows, a.input_size), Matrix.identity(b.input_size)]
    copies = (
        ("a", a, hstack([one, none]), Matrix.zeros(a.input_size, 1)),
        ("b", b, hstack(second_reads), shift),
    )
    layers: list[Layer] = []
    last: dict[str, Matrix] = {}
    bias = Matrix.zeros(a.output_size + b.output_size, 1)
    for number, (tag, network, reads, offset) in enumerate(copies):
        layers += _copy(network, tag, reads, offset)
        rows = [Matrix.zeros(n.output_size, network.output_size) for n in (a, b)]
        rows[number] = Matrix.identity(network.output_size)
        name, placed = _named(network, tag, network.output), vstack(rows)
        if name == "x":
            placed, bias = placed @ reads, bias + placed @ offset
        last[name] = last[name] + placed if name in last else placed
    layers.append(Layer("c", "linear", bias, last))
    return Network("x", a.input_size + b.input_size, layers, "c", None, a.name)


def _related(a: Network, b: Network, second: Related | None) -> Related:
    if second is not None:
        if len(second.rows) != b.input_size:
            raise InputError(
                f"{b.name} has {counted(b.input_size, 'input')}, but {len(second.rows)} are related"
            )
        return second
    if a.input_size != b.input_size:
        raise InputError(
            f"{a.name} has {counted(a.input_size, 'input')} and {b.name} has {b.input_size}; "
            "networks that are put side by side have the same number of inputs, or a property that "
            "relates them"
        )
    return Related.same(a.input_size)


def _matrix(rows: Sequence[Terms], width: int) -> Matrix:
    if rows == Related.same(width).rows:
        return Matrix.identity(width)
    full = [[Fraction(0)] * width for _ in rows]
    for own, terms in zip(full, rows, strict=True):
        for k, c in terms:
            own[k] = c
    return Matrix.from_fractions(full, width)


def _copy(network: Network, tag: str, reads: Matrix, offset: Matrix) -> Iterator[Layer]:
    """The layers, with `reads` times the inputs of the pair, plus `offset`, for the input."""
    for v in network.layers:
        weights, bias = {}, v.bias
        for u, w in v.weights.items():
            is_input = u == network.input_name
            weights[_named(network, tag, u)] = w @ reads if is_input else w
            if is_input and not offset.is_zero:
                bias = bias + w @ offset
        yield Layer(_named(network, tag, v.name), v.activation, bias, weights)


def _named(network: Network, tag: str, name: str) -> str:
    """What a layer or the input is called side by side: in the order of the numbers."""
    if name == network.input_name:
        return "x"
    return f"{tag}{next(k for k, v in enumerate(network.layers) if v.name == name):05d}"


def points_of_pair(
    point: Sequence[Fraction], second: Related | None = None
) -> tuple[list[Fraction], list[Fraction]]:
    """x and x' of the inputs (x, s)."""
    related = second or Related.same(len(point) // 2)
    size = len(point) - len(related.rows)
    x, zero = list(point[:size]), Fraction(0)
    rows = zip(related.rows, related.offset, point[size:], strict=True)
    return x, [sum((c * x[k] for k, c in terms), zero) + p + s for terms, p, s in rows]


# ---- what is stated of (x, x'), stated of (x, s) ------------------------------------------------


def as_steps(asked: Property, inputs: int) -> Property:
    """The same property of (x, s), where it is stated of (x, x'), x with so many `inputs`.

    Parts without a pair of points are left out, with a note. Raises DomainError where none is left.
    """
    second = relation_of(asked, inputs)
    parts, empty = [], []
    for number, part in enumerate(asked.parts, 1):
        steps = _Steps(part.domain, inputs, second)
        try:
            parts.append(Unsafe(steps.domain(), tuple(map(steps.case, part.cases))))
        except DomainError as error:
            empty.append((number, str(error)))
    return replace(asked.of_parts(parts, empty), second=second)


def pairs_within(domain: Domain, lower: Sequence[_End], upper: Sequence[_End]) -> Domain:
    """The pairs of points of `domain` with a step in this box, as a domain of (x, s).

    Raises DomainError where there is none.
    """
    nothing = (Fraction(0),) * domain.size
    first = [Constraint((*c.coefficients, *nothing), c.bound) for c in domain.constraints]
    second = [Constraint((*nothing, *c.coefficients), c.bound) for c in domain.constraints]
    both = Domain(domain.lower * 2, domain.upper * 2, (*first, *second))
    steps = _Steps(both, domain.size, None)
    for k, (low, high) in enumerate(zip(lower, upper, strict=True)):
        steps.end(domain.size + k, low, is_upper=False)
        steps.end(domain.size + k, high, is_upper=True)
    return steps.domain()


class _Steps:
    """A domain of (x, s) in the making, from one of (x, x')."""

    def __init__(self, pair: Domain, size: int, second: Related | None) -> None:
        self.size, others = size, pair.size - size
        self.related = second or Related.same(others)
        self.lower = [*pair.lower[:size], *[None] * others]
        self.upper = [*pair.upper[:size], *[None] * others]
        self.rows: list[tuple[_Row, Fraction]] = []
        for k in range(others):
            self._ends_of_second(k, pair.lower[size + k], pair.upper[size + k])
        for row in pair.constraints:
            self._constraint(row)

    def end(self, k: int, value: _End, *, is_upper: bool) -> None:
        """One more end of the range of an input of (x, s)."""
        ends, better = (self.upper, min) if is_upper else (self.lower, max)
        own = ends[k]
        if value is not None:
            ends[k] = value if own is None else better(own, value)

    def _ends_of_second(self, k: int, low: _End, high: _End) -> None:
        """low ≤ x'_k ≤ high: as constraints, and what they say of s_k alone."""
        step, one = self.size + k, Fraction(1)
        row: _Row = {**dict(self.related.rows[k]), step: one}
        for value, sign in ((high, one), (low, -one)):
            if value is None:
                continue
            bound = sign * (value - self.related.offset[k])
            least = self._least({j: sign * c for j, c in row.items() if j != step})
            if len(row) > 1:
                self.rows.append(({j: sign * c for j, c in row.items()}, bound))
            if least is not None:
                self.end(step, sign * (bound - least), is_upper=sign > 0)

    def _constraint(self, row: Constraint) -> None:
        entries = tuple((k, c) for k, c in enumerate(row.coefficients) if c)
        terms, bound = self.stepped(entries, row.bound)
        if len(terms) == 1:
            ((k, c),) = terms
            self.end(k, bound / c, is_upper=c > 0)
        elif terms or bound < 0:
            self.rows.append((dict(terms), bound))

    def case(self, case: Case) -> Case:
        """The same conditions of (x, s)."""
        stepped = []
        for condition in case:
            inputs, bound = self.stepped(condition.inputs, condition.bound)
            stepped.append(replace(condition, inputs=inputs, bound=bound))
        return tuple(stepped)

    def stepped(self, terms: Terms, bound: Fraction) -> tuple[Terms, Fraction]:
        """c x + c' x' ≤ bound, with P x + p + s for x'."""
        total: _Row = {}

        def add(k: int, c: Fraction) -> None:
            total[k] = total.get(k, Fraction(0)) + c

        for k, c in terms:
            add(k, c)
            if k >= self.size:
                bound -= c * self.related.offset[k - self.size]
                for j, p in self.related.rows[k - self.size]:
                    add(j, c * p)
        return tuple(sorted((k, c) for k, c in total.items() if c)), bound

    def domain(self) -> Domain:
        """With the constraints that its box does not imply. Raises DomainError if it is empty."""
        zero = Fraction(0)
        constraints = tuple(
            Constraint(tuple(row.get(k, zero) for k in range(len(self.lower))), bound)
            for row, bound in self.rows
            if not self._is_implied(row, bound)
        )
        return Domain(tuple(self.lower), tuple(self.upper), constraints)

    def _is_implied(self, row: _Row, bound: Fraction) -> bool:
        """Is the row at most its bound on the whole box?"""
        least = self._least({k: -c for k, c in row.items()})
        return least is not None and -least <= bound

    def _least(self, row: _Row) -> _End:
        """The least of the row on the box; None where it has none."""
        total = Fraction(0)
        for k, c in row.items():
            end = self.lower[k] if c > 0 else self.upper[k]
            if end is None:
                return None
            total += c * end
        return total
