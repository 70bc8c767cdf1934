"""What the exact constructions produce: f = affine + Σ γ relu(L) + Σ m relu(base + Σ c relu(L)), and its network.

Forms are over the free inputs, constants last. A hinge L is a primitive integer form whose first nonzero coefficient is positive, so
relu(L) is one unit however often it is used: relu(−L) = relu(L) − L.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, lcm

from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer, Network
from rectifold.two_layers.scaling import with_scaled_rows

Hinge = tuple[int, ...]
AffineForm = tuple[Fraction, ...]
Weights = tuple[Fraction, ...]  # one number per output


@dataclass(frozen=True)
class Unit:
    """`weights`·relu(base + Σ c relu(L)); bends[L] = c."""

    weights: Weights
    base: AffineForm
    bends: tuple[tuple[Hinge, Fraction], ...]

    def value(self, point: Sequence[Fraction]) -> Fraction:
        """base + Σ c relu(L) at a point: what relu is applied to."""
        total = evaluated(self.base, point)
        for hinge, c in self.bends:
            inner = evaluated(hinge, point)
            if inner > 0:
                total += c * inner
        return total


@dataclass(frozen=True, eq=False)
class TwoLayers:
    """The function of a network on its domain with two hidden layers (one if there are no units)."""

    network: Network
    domain: Domain
    free: tuple[int, ...]
    affine: tuple[AffineForm, ...]  # per output
    hinges: dict[Hinge, Weights]
    units: tuple[Unit, ...] = field(default=())

    def evaluate(self, point: Sequence[Fraction]) -> list[Fraction]:
        """Exact outputs at exact free inputs."""
        total = [evaluated(form, point) for form in self.affine]
        for hinge, weights in self.hinges.items():
            inner = evaluated(hinge, point)
            if inner > 0:
                total = [t + w * inner for t, w in zip(total, weights, strict=True)]
        for unit in self.units:
            inner = unit.value(point)
            if inner > 0:
                total = [t + w * inner for t, w in zip(total, unit.weights, strict=True)]
        return total

    def to_network(self) -> Network:
        """A chain with the same inputs and outputs; shifted carriers bring x to layer 2 and the rest to the output."""
        return with_scaled_rows(_Assembled(self).network())


class _Assembled:
    def __init__(self, form: TwoLayers) -> None:
        self.form = form
        self.inputs = form.domain.size
        inner = {hinge for unit in form.units for hinge, _ in unit.bends}
        self.hinges = sorted(inner | set(form.hinges))
        needed = {k for unit in form.units for k in range(len(form.free)) if unit.base[k]}
        needed |= {k for affine in form.affine for k in range(len(form.free)) if affine[k]}
        self.carried = sorted(needed)

    def network(self) -> Network:
        form = self.form
        first = self._first()
        width = len(self.hinges) + len(self.carried)
        layers = [first] if width else []
        before, name = (first.name, "f1") if width else (form.network.input_name, "f0")
        rows, shifts = self._outputs()
        if not form.units:
            weights = Matrix.from_fractions(rows, columns=width)
            given = {before: weights if width else Matrix.zeros(len(rows), self.inputs)}
            return self._network([*layers, Layer("y", "linear", Matrix.column(shifts), given)])
        del name
        second: list[list[Fraction]] = []
        biases: list[Fraction] = []
        for unit in form.units:
            row, constant = self._row(unit.base, dict(unit.bends))
            second.append(row)
            biases.append(constant)
        last = [[unit.weights[o] for unit in form.units] for o in range(len(rows))]
        ends = list(shifts)
        for o, row in enumerate(rows):
            if any(
                row
            ):  # one unit carries what hinges and inputs give this output, shifted until it is nonnegative
                low = self._lowest(row)
                second.append(row)
                biases.append(-low)
                for p, out in enumerate(last):
                    out.append(Fraction(int(p == o)))
                ends[o] += low
        layers.append(
            Layer(
                "sheets",
                "relu",
                Matrix.column(biases),
                {before: Matrix.from_fractions(second, columns=width)},
            )
        )
        final = Matrix.from_fractions(last, columns=len(second))
        return self._network(
            [*layers, Layer("y", "linear", Matrix.column(ends), {"sheets": final})]
        )

    def _network(self, layers: list[Layer]) -> Network:
        source = self.form.network
        return Network(
            source.input_name, self.inputs, layers, "y", self.form.domain, source.name, source.title
        )

    def _first(self) -> Layer:
        rows: list[list[Fraction]] = []
        biases: list[Fraction] = []
        free = self.form.free
        for hinge in self.hinges:
            row = [Fraction(0)] * self.inputs
            for k, v in zip(free, hinge[:-1], strict=True):
                row[k] = Fraction(v)
            rows.append(row)
            biases.append(Fraction(hinge[-1]))
        for k in self.carried:
            rows.append([Fraction(int(j == free[k])) for j in range(self.inputs)])
            biases.append(-self._low(k))
        return Layer(
            "hinges",
            "relu",
            Matrix.column(biases),
            {self.form.network.input_name: Matrix.from_fractions(rows, columns=self.inputs)},
        )

    def _low(self, k: int) -> Fraction:
        low = self.form.domain.lower[self.form.free[k]]
        assert low is not None
        return low

    def _row(
        self, affine: AffineForm, bends: dict[Hinge, Fraction]
    ) -> tuple[list[Fraction], Fraction]:
        """(weights on the first layer, constant) of affine + Σ c relu(L)."""
        constant = affine[-1] + sum(
            (affine[k] * self._low(k) for k in range(len(affine) - 1)), Fraction(0)
        )
        row = [bends.get(hinge, Fraction(0)) for hinge in self.hinges] + [
            affine[k] for k in self.carried
        ]
        return row, constant

    def _outputs(self) -> tuple[list[list[Fraction]], list[Fraction]]:
        parts = [
            self._row(affine, {hinge: w[o] for hinge, w in self.form.hinges.items()})
            for o, affine in enumerate(self.form.affine)
        ]
        return [row for row, _ in parts], [constant for _, constant in parts]

    def _lowest(self, row: list[Fraction]) -> Fraction:
        """A lower bound of Σ row · first layer, whose values lie between 0 and their value at the worst corner."""
        total = Fraction(0)
        layer_rows = [(hinge[:-1], Fraction(hinge[-1])) for hinge in self.hinges]
        layer_rows += [
            (tuple(int(j == k) for j in range(len(self.form.free))), -self._low(k))
            for k in self.carried
        ]
        for weight, (form, constant) in zip(row, layer_rows, strict=True):
            if weight < 0:
                high = constant
                for k, v in enumerate(form):
                    end = (self.form.domain.upper if v > 0 else self.form.domain.lower)[
                        self.form.free[k]
                    ]
                    assert end is not None
                    high += v * end
                total += weight * max(high, Fraction(0))
        return total


def evaluated(form: Sequence[Fraction | int], point: Sequence[Fraction]) -> Fraction:
    """A form at a point."""
    total = Fraction(form[-1])
    for a, x in zip(form, point, strict=False):
        if a:
            total += a * x
    return total


def span_inside(values: Iterable[tuple[Fraction, Fraction]]) -> tuple[Fraction, Fraction] | None:
    """The range of t on which at + slope · t > 0 for all given (at, slope): its ends; None if it is empty or has no end."""
    low: Fraction | None = None
    high: Fraction | None = None
    for at, slope in values:
        if slope == 0:
            if at <= 0:
                return None
        elif slope > 0:
            low = -at / slope if low is None else max(low, -at / slope)
        else:
            high = -at / slope if high is None else min(high, -at / slope)
    return (low, high) if low is not None and high is not None and low < high else None


def hinge_of(form: Sequence[Fraction | int]) -> tuple[Hinge, Fraction]:
    """(L, λ) with form = λ L, L primitive with a positive first coefficient. The form is no constant."""
    fractions = [Fraction(v) for v in form]
    den = lcm(*(v.denominator for v in fractions))
    integers = [int(v * den) for v in fractions]
    common = gcd(*integers)
    sign = next(1 if v > 0 else -1 for v in integers if v)
    return tuple(sign * v // common for v in integers), Fraction(sign * common, den)


def combined(*terms: tuple[Fraction | int, Sequence[Fraction | int]]) -> AffineForm:
    """Σ factor · form."""
    size = len(terms[0][1])
    return tuple(
        sum((Fraction(f) * form[k] for f, form in terms), Fraction(0)) for k in range(size)
    )


def multiple(form: Sequence[Fraction], of: Hinge) -> Fraction | None:
    """κ with form = κ L, or None if there is none."""
    k = next(i for i, v in enumerate(of) if v)
    factor = form[k] / of[k]
    return factor if all(v == factor * w for v, w in zip(form, of, strict=True)) else None
