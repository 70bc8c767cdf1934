"""Regions of random networks against Z3: python benchmarks/region_truth.py [--count N] [--seed S]
[--processes P]

Small networks with small numbers, most of them degenerate: lines that coincide, are parallel, meet
in one point or in corners, units that are repeated, mirrored or 0, inputs that do not vary,
constraints that cut, touch or miss. Z3 goes through the units one by one and asks whether each
phase has a point strictly inside; that shares nothing with the enumerations but the network. Their
phase patterns must be the same: by vertices, by linear programs (which may say that they do not
know), and as counted; areas of two-dimensional regions must sum to the domain's, and points inside
must be strictly inside. Each difference is printed with its seed; the last line sums up. Exit
status 1 if there was any.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import click
import z3

from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.network import Layer, Network
from rectifold.linear_regions.by_programs import program_enumeration
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.counts import count_regions
from rectifold.linear_regions.polytope import Polytope
from rectifold.linear_regions.region import AnyRegion, Region, coordinates, cyclic_order
from rectifold.linear_regions.restriction import Restriction
from support import random_network

Row = list[Fraction]  # an affine form of the inputs, the constant last
Pattern = tuple[str, ...]  # a digit for each unit, by layer


# ---- the networks --------------------------------------------------------------------------------


def network_of(seed: int) -> Network:
    """One network, with its domain; the seed is the only choice."""
    random = Random(seed)
    network = random_network(seed) if seed % 3 == 0 else _chain(random)
    assert network.domain is not None
    return network.with_domain(_constrained(random, network.domain))


def _chain(random: Random) -> Network:
    inputs = random.choice((1, 2, 2, 2, 3, 3, 4))
    hidden = random.randint(1, 3)
    sizes = [inputs, *(random.randint(1, 6 - hidden) for _ in range(hidden)), 1]
    most, bias = random.choice((1, 2, 3)), random.choice((0, 1, 1, 2))
    layers, before = [], "x"
    for k, (columns, size) in enumerate(pairwise(sizes)):
        rows = [[Fraction(random.randint(-most, most)) for _ in range(columns)]]
        while len(rows) < size:
            again = random.random() < 0.2
            factor = random.choice((1, -1, 2, Fraction(-1, 2)))
            new = [Fraction(random.randint(-most, most)) for _ in range(columns)]
            rows.append([factor * v for v in random.choice(rows)] if again else new)
        shift = Matrix.column([Fraction(random.randint(-bias, bias)) for _ in range(size)])
        weight = Matrix.from_fractions(rows, columns=columns)
        is_last = k == len(sizes) - 2
        layers.append(Layer(f"h{k}", "linear" if is_last else "relu", shift, {before: weight}))
        before = f"h{k}"
    return Network("x", inputs, layers, before, _box(random, inputs), "chain")


def _box(random: Random, inputs: int) -> Domain:
    low = [Fraction(random.choice((-1, -1, -2, 0))) for _ in range(inputs)]
    width = [Fraction(random.choice((0, 1, 2, 2, 2, 3))) for _ in range(inputs)]
    return Domain(tuple(low), tuple(a + w for a, w in zip(low, width, strict=True)))


def _constrained(random: Random, domain: Domain) -> Domain:
    """With constraints, some of them through corners of the box, in two of three cases."""
    rows = []
    for _ in range(random.choice((0, 1, 2))):
        row = [Fraction(random.randint(-2, 2)) for _ in range(domain.size)]
        corner = [random.choice(ends) for ends in zip(domain.lower, domain.upper, strict=True)]
        at = sum((c * v for c, v in zip(row, corner, strict=True) if v is not None), Fraction(0))
        rows.append(Constraint(tuple(row), at + random.choice((0, 0, 1, 2, 3))))
    return replace(domain, constraints=(*domain.constraints, *rows))


# ---- by Z3 ---------------------------------------------------------------------------------------


class Truth:
    """The phase patterns of one network that have a point strictly inside."""

    def __init__(self, network: Network, domain: Domain) -> None:
        self.network, self.domain = network, domain
        self.solver = z3.Solver()
        self.inputs = [z3.Real(f"x{k}") for k in range(network.input_size)]
        for k, x in enumerate(self.inputs):
            low, high = domain.lower[k], domain.upper[k]
            assert low is not None
            assert high is not None
            fixed = low == high
            self.solver.add(*([x == _real(low)] if fixed else [x > _real(low), x < _real(high)]))
        for constraint in domain.constraints:
            row = [-c for c in constraint.coefficients] + [constraint.bound]
            if any(self._over_free(row)):
                self.solver.add(self._value(row) > 0)
            else:
                self.solver.add(self._value(row) >= 0)

    def patterns(self) -> set[Pattern]:
        """All of them; none where the domain has no interior."""
        if self.solver.check() != z3.sat:
            return set()
        n = self.network.input_size
        start = [[Fraction(int(j == k)) for j in range(n + 1)] for k in range(n)]
        return set(self._below(0, {self.network.input_name: start}, ()))

    def _below(self, number: int, values: dict[str, list[Row]], done: Pattern) -> Iterator[Pattern]:
        if number == len(self.network.layers):
            yield done
            return
        layer = self.network.layers[number]
        forms = _forms(layer, values)
        if not layer.is_relu:
            yield from self._below(number + 1, values | {layer.name: forms}, done)
            return
        for phases in self._phases(forms, ""):
            own = [
                form if phase == "1" else [Fraction(0)] * len(form)
                for form, phase in zip(forms, phases, strict=True)
            ]
            yield from self._below(number + 1, values | {layer.name: own}, (*done, phases))

    def _phases(self, forms: list[Row], done: str) -> Iterator[str]:
        """The phases of a layer, one unit after the other; the solver knows those in `done`."""
        if len(done) == len(forms):
            yield done
            return
        form = forms[len(done)]
        if not any(self._over_free(form)):  # a number on the whole domain
            yield from self._phases(forms, done + ("1" if self._number(form) > 0 else "0"))
            return
        for phase, side in (("1", self._value(form) > 0), ("0", self._value(form) < 0)):
            self.solver.push()
            self.solver.add(side)
            if self.solver.check() == z3.sat:
                yield from self._phases(forms, done + phase)
            self.solver.pop()

    def _over_free(self, row: Row) -> Row:
        return [row[k] for k in range(self.domain.size) if k not in self.domain.fixed]

    def _number(self, row: Row) -> Fraction:
        return sum((row[k] * v for k, v in self.domain.fixed.items()), row[-1])

    def _value(self, row: Row) -> z3.ArithRef:
        terms = [_real(a) * x for a, x in zip(row, self.inputs, strict=False) if a]
        return z3.Sum(*terms, _real(row[-1]))


def _real(value: Fraction) -> z3.RatNumRef:
    return z3.Q(value.numerator, value.denominator)


def _forms(layer: Layer, values: dict[str, list[Row]]) -> list[Row]:
    columns = len(next(iter(values.values()))[0])
    found = []
    for i in range(layer.size):
        form = [Fraction(0)] * (columns - 1) + [layer.bias.entry(i, 0)]
        for source, weight in layer.weights.items():
            for j, own in enumerate(values[source]):
                form = [v + weight.entry(i, j) * w for v, w in zip(form, own, strict=True)]
        found.append(form)
    return found


# ---- the comparison ------------------------------------------------------------------------------


def faults_of(seed: int) -> tuple[list[str], str]:
    """(what is wrong, what kind of network it was)."""
    network = network_of(seed)
    assert network.domain is not None
    domain = network.domain
    true = Truth(network, domain).patterns()
    free = domain.size - len(domain.fixed)
    try:
        regions = list(vertex_enumeration(network, domain).regions())
    except InputError as error:
        refused = "has no interior" in str(error) or "is empty" in str(error)
        is_right = refused and not true
        return [] if is_right else [f"refused: {error}; {len(true)} patterns"], "no interior"
    faults = [] if _patterns(network, regions) == true else ["by vertices"]
    if len(regions) != len(true):
        faults.append(f"{len(regions)} regions by vertices for {len(true)}")
    counted = count_regions(network, domain)
    if (counted.count, counted.complete) != (len(true), True):
        faults.append(f"counted {counted.text} for {len(true)}")
    faults += _program_faults(network, domain, true) if free else []
    faults += _area_faults(network, domain, regions) if free == 2 else []
    faults += [fault for region in regions if free for fault in _point_faults(region)]
    return faults, f"{free} free inputs"


def _patterns(network: Network, regions: list[Region] | list[AnyRegion]) -> set[Pattern]:
    names = [layer.name for layer in network.layers if layer.is_relu]
    return {tuple("".join(map(str, r.phases[name])) for name in names) for r in regions}


def _program_faults(network: Network, domain: Domain, true: set[Pattern]) -> list[str]:
    """What is said to be complete must be; all that is listed must be there."""
    enumeration = program_enumeration(network, domain)
    regions: list[AnyRegion] = list(enumeration.regions())
    found = _patterns(network, regions)
    if found - true or len(found) < len(regions):
        return ["a pattern by programs that is none"]
    if enumeration.tally.complete and found != true:
        return ["by programs"]
    return []


def _area_faults(network: Network, domain: Domain, regions: list[Region]) -> list[str]:
    whole = _area(Restriction(network, domain).polytope())
    return [] if sum(_area(region.polytope) for region in regions) == whole else ["areas"]


def _area(polytope: Polytope) -> Fraction:
    corners = [coordinates(polytope.vertices[k]) for k in cyclic_order(polytope.vertices)]
    total = Fraction(0)
    for a, b, c in zip(corners, corners[1:] + corners[:1], corners[2:] + corners[:2], strict=True):
        assert (b[0] - a[0]) * (c[1] - a[1]) > (b[1] - a[1]) * (c[0] - a[0]), "not round"
        total += a[0] * b[1] - a[1] * b[0]
    return total / 2


def _point_faults(region: Region) -> list[str]:
    point = (*region.interior_point, Fraction(1))
    values = [s * sum(a * x for a, x in zip(wall, point, strict=True)) for wall, s in region.walls]
    return [] if min(values) > 0 else ["a point that is not inside"]


@click.command()
@click.option("--count", "number", default=500, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--processes", default=1, show_default=True)
def main(number: int, seed: int, processes: int) -> None:
    seeds = range(seed, seed + number)
    kinds: Counter[str] = Counter()
    wrong = 0
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as executor:
        for one, (faults, kind) in zip(seeds, executor.map(faults_of, seeds), strict=True):
            kinds[kind] += 1
            wrong += bool(faults)
            for fault in faults:
                print(f"seed {one}: {fault}", flush=True)
    words = ", ".join(f"{count} with {kind}" for kind, count in sorted(kinds.items()))
    print(f"{number} networks ({words}): {wrong} with a difference")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
