"""Normal forms: sums of values in which every solved value is replaced.

    z1 = 2 h0 + x0,  h0 solved as z0,  z0 = x0 − 1      gives      normal(z1) = 3 x0 − 2

A value is solved when it is an input with one possible value, a linear unit (h = z), a relu unit of
known sign (h = z or h = 0) or tied to earlier units. What is left are inputs and unsolved values,
called variables. Sound because equals replace equals.
"""

from __future__ import annotations

from copy import copy
from fractions import Fraction
from math import lcm

from rectifold_check.forms import Form, add_into, reduced
from rectifold_check.integers.layers import sources_of
from rectifold_check.integers.packed import Block, packed, weighted
from rectifold_check.networks import Domain, Network
from rectifold_check.terms import ONE, Atom, Term, Unit
from rectifold_check.work import Work, words

Place = tuple[int, int]  # (network, layer)
Solutions = dict[Unit, list[Term]]  # h as a sum of the unit's own z, or of values of earlier units


class NormalForms:
    """The solved values of two networks, and the normal forms that follow from them."""

    def __init__(self, networks: tuple[Network, Network], domain: Domain, work: Work) -> None:
        self.networks = networks
        self.work = work
        self.solved: Solutions = {}
        self.variables = _variables(networks)
        self.units = list(self.variables)
        self.fixed = {
            k: low
            for k, (low, high) in enumerate(zip(domain.lower, domain.upper, strict=True))
            if low is not None and low == high
        }
        self._known: dict[Unit, tuple[int, Form]] = {}
        self._events = [[0] * (len(n.layers) + 2) for n in networks]  # solved units per layer
        self._blocks: dict[tuple[int, int, int, int], Block] = {}

    def solve(self, unit: Unit, value: list[Term]) -> None:
        """From here on the unit's h is this sum."""
        self.solved[unit] = value
        self._events[unit[0]][unit[1]] += 1

    def z(self, unit: Unit) -> Form:
        """The normal form of a pre-activation. Remembered until a value below it is solved."""
        age = self._age(unit)
        known = self._known.get(unit)
        if known is None or known[0] != age:
            known = age, self.normal([(ONE, ("z", unit))])
            self._known[unit] = known
        return known[1]

    def normal(self, terms: list[Term]) -> Form:
        """The normal form of Σ factor · atom."""
        collected = _Collected(self)
        for factor, atom in terms:
            collected.add(factor, atom)
        return collected.normal()

    def branch(self) -> NormalForms:
        """A copy for one case of a proof: what is solved in it does not come back.

        Forms remembered before stay valid in the case exactly when no value below them was solved
        since, which their age tells: ages only grow inside a case.
        """
        branch = copy(self)
        branch.solved = dict(self.solved)
        branch._known = dict(self._known)
        branch._events = [list(e) for e in self._events]
        return branch

    def block(self, net: int, layer: int, source: int, bits: int) -> Block:
        """A layer's weights on one source as long integers, for coefficients of `bits` bits."""
        room = max(64, 1 << (bits - 1).bit_length())  # goes up by doubling
        key = net, layer, source, room
        if key not in self._blocks:
            network = self.networks[net]
            self._blocks[key] = packed(
                network.layers[layer - 1], source, network.size(source), room, self.work
            )
        return self._blocks[key]

    def _age(self, unit: Unit) -> int:
        """Counts the solved values that the unit's form may contain."""
        net, number, _ = unit
        own = sum(self._events[net][:number])
        return own if net == 0 else own + sum(self._events[0])


def _variables(networks: tuple[Network, Network]) -> dict[Unit, int]:
    """The number of every unit, after the inputs."""
    units = [
        (net, k, i)
        for net, network in enumerate(networks)
        for k, layer in enumerate(network.layers, start=1)
        for i in range(layer.size)
    ]
    return {unit: networks[0].inputs + n for n, unit in enumerate(units)}


class _Sum:
    """Coefficients by index over growing denominators, merged when they are needed."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.parts: list[tuple[int, dict[int, int]]] = []

    def add(self, den: int, coefficients: dict[int, int]) -> None:
        """Adds Σ coefficients[k] · k over `den`."""
        if self.parts and self.parts[-1][0] == den:
            add_into(self.parts[-1][1], coefficients, 1)
        else:
            self.parts.append((den, dict(coefficients)))

    def merged(self) -> tuple[int, dict[int, int]]:
        """One denominator, and the coefficients over it that are not 0."""
        den = lcm(*(d for d, _ in self.parts)) if self.parts else 1
        total: dict[int, int] = {}
        self.work.spend(sum(len(coefficients) for _, coefficients in self.parts) * words(den))
        for own, coefficients in self.parts:
            add_into(total, coefficients, den // own)
        return den, {k: c for k, c in total.items() if c}


class _Collected:
    """Σ factor · atom on its way to a normal form, from the last unit down.

    It holds coefficients of z and h per layer, of variables, and a constant. All pre-activations of
    a layer are pushed through its weights at once.
    """

    def __init__(self, forms: NormalForms) -> None:
        self.forms = forms
        self.z: dict[Place, _Sum] = {}
        self.h: dict[Place, _Sum] = {}
        self.variables = _Sum(forms.work)
        self.constant = Fraction(0)

    def add(self, factor: Fraction, atom: Atom) -> None:
        """Adds factor · atom."""
        match atom:
            case None:
                self.constant += factor
            case int() as given:
                self.variables.add(factor.denominator, {given: factor.numerator})
            case (kind, (net, layer, index)):
                place = self.z if kind == "z" else self.h
                self._into(place, (net, layer), factor.denominator, {index: factor.numerator})

    def normal(self) -> Form:
        """Every layer passed, B's before A's: a tie of B may lead to A, never back."""
        for net in (1, 0):
            for layer in range(len(self.forms.networks[net].layers), 0, -1):
                self._pass(net, layer)
        den, total = self.variables.merged()
        fixed = self.forms.fixed
        for v in [v for v in total if v in fixed]:
            self.constant += Fraction(total.pop(v), den) * fixed[v]
        common = lcm(den, self.constant.denominator)
        scale = common // den
        constant = self.constant.numerator * (common // self.constant.denominator)
        return reduced(common, constant, {v: c * scale for v, c in total.items()})

    def _pass(self, net: int, number: int) -> None:
        """Replace the solved values of a layer, push its z through its weights."""
        place = net, number
        while place in self.h:  # a tie may lead to an earlier unit of the same layer
            self._values(net, number, *self.h.pop(place).merged())
        if place in self.z:
            self._push(net, number, *self.z.pop(place).merged())

    def _values(self, net: int, number: int, den: int, coefficients: dict[int, int]) -> None:
        """Σ c h / den of one layer: to z, to earlier values, or left as variables."""
        forms = self.forms
        relu = forms.networks[net].layers[number - 1].is_relu
        as_z: dict[int, int] = {}
        unsolved: dict[int, int] = {}
        for index, c in coefficients.items():
            unit = (net, number, index)
            if relu and unit not in forms.solved:
                unsolved[forms.variables[unit]] = c
            elif not relu:
                as_z[index] = c
            else:
                self._replace(unit, Fraction(c, den), as_z, den)
        self._into(self.z, (net, number), den, as_z)
        if unsolved:
            self.variables.add(den, unsolved)

    def _replace(self, unit: Unit, coefficient: Fraction, as_z: dict[int, int], den: int) -> None:
        """A solved value: its own z, or values of earlier units."""
        for factor, atom in self.forms.solved[unit]:
            if atom == ("z", unit):
                as_z[unit[2]] = int(coefficient * den)
            else:
                self.add(factor * coefficient, atom)

    def _push(self, net: int, number: int, den: int, coefficients: dict[int, int]) -> None:
        """Σ c z / den of one layer, as z = weights · values + bias."""
        layer = self.forms.networks[net].layers[number - 1]
        on_z = list(coefficients.items())
        self.constant += Fraction(sum(c * layer.bias[i] for i, c in on_z), den * layer.den)
        bits = max((c.bit_length() for _, c in on_z), default=1)
        for source in sources_of(layer):
            block = self.forms.block(net, number, source, bits)
            row = weighted(layer, block, on_z, self.forms.work)
            total = {j: c for j, c in enumerate(row) if c}
            if source == 0:
                self.variables.add(den * layer.den, total)
            else:
                self._into(self.h, (net, source), den * layer.den, total)

    def _into(
        self, sums: dict[Place, _Sum], place: Place, den: int, coefficients: dict[int, int]
    ) -> None:
        if coefficients:
            sums.setdefault(place, _Sum(self.forms.work)).add(den, coefficients)
