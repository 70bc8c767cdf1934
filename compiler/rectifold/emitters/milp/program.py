"""A network on its bounded domain as a mixed-integer linear program.

    relu(z), l <= z <= u       p - n = z,   p <= u d,   n <= -l (1 - d),   p, n >= 0,   d binary

p is the activation; with d = 1 it is z, with d = 0 it is 0. A stable unit needs no d: p = z, or it
is absent. Sound because l and u bound z on the whole written domain (bounds/written), so the
points of the program are exactly the points x of that domain with the values of the written network
at x. u and -l are at least 1e-6: a larger number is a bound too, and solvers drop tiny ones.
Variables are named by us: x0, x1, ... the inputs, y0, ... the outputs, a2_5, n2_5, d2_5 of unit 5
of layer 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite, lcm

import numpy as np

from rectifold.bounds.interval import Interval
from rectifold.bounds.written import WrittenBounds, written_bounds
from rectifold.emitters.weights import numbers
from rectifold.errors import InputError
from rectifold.exact.numerals import nearest_float, readable, round_down, round_up
from rectifold.facts.facts import Facts, Mask
from rectifold.formats.float_range import require_range
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.network import Network
from rectifold.runtime.caps import CAPS

Terms = list[tuple[str, float]]
PROGRAMS = ("mps", "lp")  # the formats of such programs


@dataclass(frozen=True)
class Column:
    """A variable between two finite ends; a binary one is 0 or 1."""

    name: str
    lower: float
    upper: float
    is_binary: bool = False


@dataclass(frozen=True)
class Row:
    """Σ coefficient · variable = right, or ≤ right."""

    name: str
    terms: Terms
    is_equation: bool
    right: float


@dataclass(frozen=True)
class Program:
    """Columns and rows, in the order of the layers.

    `deviation`: at most so far are the outputs from those of the exact network. `outward`: how many
    numbers of the domain are no floats and were rounded outward.
    """

    columns: list[Column]
    rows: list[Row]
    deviation: float
    outward: int


def program_of(network: Network, facts: Facts | None) -> Program:
    """The program of the network on the domain that it states.

    `facts`: what is proved of it, which makes the program smaller and tighter; they are not used
    where they are about another domain. Raises InputError without a bounded domain, and for
    numbers that solvers do not take.
    """
    domain, found = _bounds(network, facts)
    columns, rows = _input_columns(domain), list(_constraint_rows(domain))
    for name in _read(network):
        layer_columns, layer_rows = _LayerProgram(network, found, name).made()
        columns += layer_columns
        rows += layer_rows
    deviation = float(max(found.deviation[network.output].tolist(), default=0.0))
    program = Program(columns, rows, deviation, _not_floats(domain))
    _require_size(program)
    return program


def deviations(network: Network, facts: Facts | None) -> tuple[float, ...]:
    """Per output, how far the program's may be from the exact network's; infinite where a number
    of the program may leave the range of floats. Raises InputError without a bounded domain.
    """
    _, found = _bounds(network, facts)
    return tuple(found.deviation[network.output].tolist())


def _bounds(network: Network, facts: Facts | None) -> tuple[Domain, WrittenBounds]:
    domain = _bounded_domain(network)
    require_range(network, "float64")
    known = facts if facts is not None and facts.domain == domain else None
    return domain, written_bounds(network, domain, known)


def _bounded_domain(network: Network) -> Domain:
    domain = network.domain
    if domain is None:
        raise InputError(
            "a mixed-integer program needs a bounded domain, and none is stated; give --domain "
            '(such as --domain "[-1,1]")'
        )
    for k, (low, high) in enumerate(zip(domain.lower, domain.upper, strict=True)):
        if low is None or high is None:
            end = "lower" if low is None else "upper"
            raise InputError(
                f"a mixed-integer program needs a bounded domain, and input {k} has no {end} end; "
                "give a bounded --domain"
            )
        if not isfinite(round_down(low)) or not isfinite(round_up(high)):
            raise InputError(
                f"input {k} has the range [{readable(low)}, {readable(high)}], which exceeds the "
                "range of float64; give a smaller --domain"
            )
    return domain


def _read(network: Network) -> list[str]:
    """The layers that the output depends on, and the output."""
    needed = network.cone(network.output) | {network.output}
    return [layer.name for layer in network.layers if layer.name in needed]


def _input_columns(domain: Domain) -> list[Column]:
    ends = zip(*(end.tolist() for end in domain.float_box), strict=True)
    return [Column(f"x{k}", low, high) for k, (low, high) in enumerate(ends)]


def _constraint_rows(domain: Domain) -> Iterator[Row]:
    """c·x ≤ d in floats: a row of integers where that is exact, else one that holds where it
    does.
    """
    low, high = domain.float_box
    sizes = [Fraction(v) for v in np.maximum(np.abs(low), np.abs(high)).tolist()]
    for k, row in enumerate(map(_in_integers, domain.constraints)):
        near = [nearest_float(c) for c in row.coefficients]
        off = sum(
            (abs(Fraction(v) - c) * size for v, c, size in _triples(near, row, sizes)), Fraction(0)
        )
        terms = [(f"x{j}", v) for j, v in enumerate(near) if v]
        yield Row(f"c{k}", terms, is_equation=False, right=round_up(row.bound + off))


def _triples(
    near: list[float], row: Constraint, sizes: list[Fraction]
) -> Iterator[tuple[float, Fraction, Fraction]]:
    return zip(near, row.coefficients, sizes, strict=True)


def _in_integers(row: Constraint) -> Constraint:
    """The row over its common denominator, where it then holds floats; else as it is."""
    values = (*row.coefficients, row.bound)
    den = lcm(*(v.denominator for v in values))
    if all(map(_is_float, values)) or not all(_is_float(v * den) for v in values):
        return row
    return Constraint(tuple(c * den for c in row.coefficients), row.bound * den)


def _is_float(value: Fraction) -> bool:
    near = nearest_float(value)
    return bool(np.isfinite(near)) and Fraction(near) == value


def _not_floats(domain: Domain) -> int:
    ends = [v for v in domain.lower + domain.upper if v is not None]
    rows = map(_in_integers, domain.constraints)
    return sum(not _is_float(v) for v in ends) + sum(
        not _is_float(v) for row in rows for v in (*row.coefficients, row.bound)
    )


class _LayerProgram:
    """Columns and rows of one layer, whose sources have theirs."""

    def __init__(self, network: Network, found: WrittenBounds, name: str) -> None:
        self.network, self.found, self.name = network, found, name
        self.layer, self.number = network.layer(name), numbers(network)
        self.own = self._finite(found.bounds.of(name))
        self.columns: list[Column] = []
        self.rows: list[Row] = []

    def made(self) -> tuple[list[Column], list[Row]]:
        for unit in range(self.layer.size):
            low, high = float(self.own.lower[unit]), float(self.own.upper[unit])
            if not self.layer.is_relu:
                self._stable(unit, low, high)
            elif high <= 0:
                self._inactive(unit)
            elif low >= 0:
                self._stable(unit, low, high)
            else:
                self._unstable(unit, min(low, -CAPS.least_big_m), max(high, CAPS.least_big_m))
        return self.columns, self.rows

    def _finite(self, own: Interval) -> Interval:
        if not own.is_finite:
            raise InputError(
                f"layer {self.name} may exceed the range of float64 on the domain; "
                "give a smaller --domain"
            )
        return own

    def _inactive(self, unit: int) -> None:
        """Absent; an output is the constant 0."""
        if self.name == self.network.output:
            self.columns.append(Column(self._value(unit), 0.0, 0.0))

    def _stable(self, unit: int, low: float, high: float) -> None:
        value = self._value(unit)
        self.columns.append(Column(value, low, high))
        self._equation(unit, [(value, 1.0)])

    def _unstable(self, unit: int, low: float, high: float) -> None:
        value, place = self._value(unit), f"{self.number[self.name]}_{unit}"
        below, phase = f"n{place}", f"d{place}"
        self.columns += [
            Column(value, 0.0, high),
            Column(below, 0.0, -low),
            Column(phase, 0.0, 1.0, is_binary=True),
        ]
        self._equation(unit, [(value, 1.0), (below, -1.0)])
        self.rows += [
            Row(f"u{place}", [(value, 1.0), (phase, -high)], is_equation=False, right=0.0),
            Row(f"l{place}", [(below, 1.0), (phase, -low)], is_equation=False, right=-low),
        ]

    def _equation(self, unit: int, left: Terms) -> None:
        """left = bias + Σ weight · value."""
        floats = self.found.bounds.floats[self.name]
        terms = list(left)
        for source, weight in floats.weights.items():
            row = weight[unit]
            places = np.nonzero((row != 0) & self._present(source))[0]
            terms += [(self._value_of(source, int(j)), -float(row[j])) for j in places]
        name = f"r{self.number[self.name]}_{unit}"
        self.rows.append(Row(name, terms, is_equation=True, right=float(floats.bias[unit])))

    def _present(self, source: str) -> Mask:
        """Which values of a layer are variables: all but those of inactive units."""
        if source in (self.network.input_name, self.network.output):
            return np.ones(self.network.size_of(source), dtype=np.bool_)
        upper = self.found.bounds.passed_on(source).upper
        return np.asarray((upper > 0) | (not self.network.layer(source).is_relu))

    def _value(self, unit: int) -> str:
        return self._value_of(self.name, unit)

    def _value_of(self, source: str, unit: int) -> str:
        if source == self.network.output:
            return f"y{unit}"
        number = self.number[source]
        return f"a{number}_{unit}" if number else f"x{unit}"


def _require_size(program: Program) -> None:
    """Raises InputError for a number that solvers take for infinite."""
    named = [(f"row {r.name}", (r.right, *(v for _, v in r.terms))) for r in program.rows]
    named += [(f"variable {c.name}", (c.lower, c.upper)) for c in program.columns]
    for where, values in named:
        largest = max(map(abs, values), default=0.0)
        if largest >= CAPS.program_number:
            raise InputError(
                f"{where} of the program has the number {largest:.3g}, and solvers take those from "
                f"{CAPS.program_number:g} on for infinite; give a smaller --domain, or scale the "
                "network"
            )
