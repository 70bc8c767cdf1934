"""Short questions about a network, as properties: of it beside itself, or around a sample.

    monotone x[0] y[1]     x' = x but for x'_0 ≥ x_0    unsafe: y'_1 < y_1
    lipschitz L            s_k ≥ |s_i| for all i        unsafe: |y'_j − y_j| > L s_k, s = x' − x
    robust                 a box around a sample        unsafe: y_j ≥ y_c for some j ≠ c

Each is exact. For lipschitz there is a part for each input that changes the most; pairs come in
both orders, so that it rises is enough.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from rectifold.errors import InputError
from rectifold.exact.numerals import counted, readable
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Network
from rectifold.ir.pairs import pairs_within
from rectifold.ir.property import Case, Condition, Property, Unsafe
from rectifold.runtime.caps import CAPS

_PLACES = re.compile(r"\s*x\[(\d{1,9})\]\s+y\[(\d{1,9})\]\s*", re.ASCII)


@dataclass(frozen=True)
class Slope:
    """Output `output` must not fall (rise, if `falls`) where input `input` alone rises."""

    input: int
    output: int
    falls: bool = False

    @property
    def words(self) -> str:
        return f"{'decreasing' if self.falls else 'monotone'} x[{self.input}] y[{self.output}]"


def parse_slope(text: str, network: Network, *, falls: bool) -> Slope:
    """ "x[0] y[1]" of a network. Raises InputError."""
    match = _PLACES.fullmatch(text)
    option = "--decreasing" if falls else "--monotone"
    if match is None:
        raise InputError(
            f'{option} {text[:40]!r}: an input and an output are expected, for example "x[0] y[0]"'
        )
    k, j = int(match[1]), int(match[2])
    if k >= network.input_size or j >= network.output_size:
        raise InputError(
            f"{option} {text.strip()!r}: {network.name} has "
            f"{counted(network.input_size, 'input')} and {counted(network.output_size, 'output')}, "
            "counted from 0"
        )
    return Slope(k, j, falls)


def monotone(
    network: Network, domain: Domain, slopes: Sequence[Slope], slack: Fraction
) -> Property:
    """Of the network beside itself: where x_k alone rises, y_j falls by `slack` at most."""
    parts = tuple(_slope_part(network, domain, slope, slack) for slope in slopes)
    return Property(parts, ", ".join(slope.words for slope in slopes))


def _slope_part(network: Network, domain: Domain, slope: Slope, slack: Fraction) -> Unsafe:
    lower = [Fraction(0)] * domain.size
    upper = [None if k == slope.input else Fraction(0) for k in range(domain.size)]
    risen = _rise(network, slope.output, Fraction(-1) if slope.falls else Fraction(1))
    case = (Condition((), risen, -slack, strict=True),)
    return Unsafe(pairs_within(domain, lower, upper), (case,))


def lipschitz(network: Network, domain: Domain, most: Fraction, slack: Fraction) -> Property:
    """Of the network beside itself: no output differs by more than most · max|s| + slack.

    Raises InputError for many inputs.
    """
    size = domain.size
    if not size:
        raise InputError(f"--lipschitz asks about inputs, and {network.name} has none")
    if size > CAPS.lipschitz_inputs:
        raise InputError(
            f"--lipschitz is for at most {CAPS.lipschitz_inputs} inputs, and {network.name} has "
            f"{size}; hold inputs fixed in the network, or ask --robust around samples"
        )
    parts = tuple(
        Unsafe(_largest_step(domain, k), _steep_cases(network, size + k, most, slack))
        for k in range(size)
    )
    return Property(parts, f"lipschitz {readable(most)}")


def _largest_step(domain: Domain, k: int) -> Domain:
    """The pairs of points of the domain with s_k ≥ |s_i| for every i."""
    size = domain.size
    lower = [Fraction(0) if i == k else None for i in range(size)]
    pairs = pairs_within(domain, lower, [None] * size)
    rows = []
    for i in range(size):
        for sign in (Fraction(1), Fraction(-1)) if i != k else ():
            row = [Fraction(0)] * (2 * size)
            row[size + i], row[size + k] = sign, Fraction(-1)
            rows.append(Constraint(tuple(row), Fraction(0)))
    return replace(pairs, constraints=(*pairs.constraints, *rows))


def _steep_cases(network: Network, step: int, most: Fraction, slack: Fraction) -> tuple[Case, ...]:
    """most · s + slack < y'_j − y_j, and the same of y_j − y'_j, for every output."""
    allowed = ((step, most),) if most else ()
    return tuple(
        (Condition(allowed, _rise(network, j, sign), -slack, strict=True),)
        for j in range(network.output_size)
        for sign in (Fraction(-1), Fraction(1))
    )


def _rise(network: Network, output: int, sign: Fraction) -> tuple[tuple[int, Fraction], ...]:
    """sign · (y'_j − y_j)."""
    return ((output, -sign), (network.output_size + output, sign))


def robust(
    network: Network, domain: Domain | None, sample: Sequence[Fraction], radius: Fraction
) -> Property:
    """The largest output at the sample is the only largest in the box of this radius around it.

    Where there is a domain, in the part of the box that is in it. Raises InputError for a sample
    that does not fit, lies outside, or whose largest output is no single one.
    """
    if len(sample) != network.input_size:
        raise InputError(
            f"the sample has {counted(len(sample), 'number')}, but {network.name} has "
            f"{counted(network.input_size, 'input')}"
        )
    if domain is not None and not domain.contains(sample):
        raise InputError(f"the sample lies outside the domain of {network.name}")
    values = evaluate(network, sample)
    winner = max(range(len(values)), key=values.__getitem__, default=0)
    if len(values) < 2 or values.count(values[winner]) > 1:
        raise InputError(
            f"{network.name} has no single largest output at the sample; --robust asks whether it "
            "stays the largest"
        )
    others = [j for j in range(len(values)) if j != winner]
    cases = tuple(
        (Condition((), tuple(sorted(((winner, Fraction(1)), (j, Fraction(-1))))), Fraction(0)),)
        for j in others
    )
    name = f"y[{winner}] largest within {readable(radius)}"
    return Property((Unsafe(_box_around(sample, radius, domain), cases),), name)


def _box_around(sample: Sequence[Fraction], radius: Fraction, domain: Domain | None) -> Domain:
    low = tuple(v - radius for v in sample)
    high = tuple(v + radius for v in sample)
    if domain is None:
        return Domain(low, high)
    low = tuple(a if b is None else max(a, b) for a, b in zip(low, domain.lower, strict=True))
    high = tuple(a if b is None else min(a, b) for a, b in zip(high, domain.upper, strict=True))
    return replace(domain, lower=low, upper=high)
