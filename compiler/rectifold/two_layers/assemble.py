"""The network of a two-layer form: a chain with the same inputs and outputs.

    affine + Σ γ relu(L) + Σ m relu(base + Σ c relu(L))
        →   first layer: relu(L), relu(x_k − low_k);   second layer: one row per unit;   output

The second layer and the output may need x itself, and the output may need hinges: *carriers* bring
them there. Sound because relu(v + t) = v + t wherever v ≥ −t, and the domain is bounded. Rows of
units are integers, so that a matrix of many units has no long common denominator; the output pays.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from rectifold.exact.matrix import Matrix
from rectifold.ir.names import fresh_name
from rectifold.ir.network import Layer, Network
from rectifold.two_layers.form import AffineForm, Hinge, TwoLayers
from rectifold.two_layers.scaling import with_scaled_rows

_ZERO = Fraction(0)
LayerRow = tuple[list[Fraction], Fraction]  # weights on the first layer, and a constant


def network_of(form: TwoLayers) -> Network:
    """The form as a network on its domain, with at most two hidden layers."""
    return with_scaled_rows(_Assembly(form).network())


class _Assembly:
    """`hinges` in order, and the free inputs that are `carried`, by place."""

    def __init__(self, form: TwoLayers) -> None:
        self.form = form
        self.units = [unit.in_integers() for unit in form.units]
        self.source = form.restriction.network
        inner = {hinge for unit in self.units for hinge, _ in unit.bends}
        self.hinges = sorted(inner | set(form.hinges))
        self.place = {hinge: k for k, hinge in enumerate(self.hinges)}
        affine = [unit.base for unit in self.units] + list(form.affine)
        self.carried = sorted(
            {k for row in affine for k in range(len(form.restriction.free)) if row[k]}
        )
        self.width = len(self.hinges) + len(self.carried)

    def network(self) -> Network:
        """All layers, the last one linear."""
        layers = [self._first()] if self.width else []
        outputs, end = self._outputs(), self._name("y")
        if self.units:
            second, last = self._second(outputs)
            layers += [second, last]
        else:
            weights = Matrix.from_fractions([row for row, _ in outputs], columns=self.width)
            shifts = Matrix.column([constant for _, constant in outputs])
            layers.append(Layer(end, "linear", shifts, self._read(weights)))
        domain = self.form.restriction.domain
        name, title = self.source.name, self.source.title
        return Network(self.source.input_name, domain.size, layers, end, domain, name, title)

    def _name(self, wanted: str) -> str:
        """Of a layer: the input may be called so."""
        return fresh_name(wanted, [self.source.input_name])

    def _read(self, weights: Matrix) -> dict[str, Matrix]:
        """Weights on the first layer, or on the inputs where it has no unit."""
        if self.width:
            return {self._name("hinges"): weights}
        inputs = self.form.restriction.domain.size
        return {self.source.input_name: Matrix.zeros(weights.shape[0], inputs)}

    def _first(self) -> Layer:
        """The hinges, and the carried inputs less their lower ends."""
        free, inputs = self.form.restriction.free, self.form.restriction.domain.size
        rows: list[list[Fraction]] = []
        biases: list[Fraction] = []
        for hinge in self.hinges:
            row = [Fraction(0)] * inputs
            for k, v in zip(free, hinge[:-1], strict=True):
                row[k] = Fraction(v)
            rows.append(row)
            biases.append(Fraction(hinge[-1]))
        for k in self.carried:
            rows.append([Fraction(int(j == free[k])) for j in range(inputs)])
            biases.append(-self._low(k))
        read = {self.source.input_name: Matrix.from_fractions(rows, columns=inputs)}
        return Layer(self._name("hinges"), "relu", Matrix.column(biases), read)

    def _second(self, outputs: list[LayerRow]) -> tuple[Layer, Layer]:
        """The units, and a carrier for what hinges and inputs give each output; the output.

        A carrier is shifted until it is nonnegative.
        """
        rows = [self._row(unit.base, dict(unit.bends)) for unit in self.units]
        last = [[unit.weights[o] for unit in self.units] for o in range(len(outputs))]
        ends = [constant for _, constant in outputs]
        for o, (row, _) in enumerate(outputs):
            if any(row):
                low = self._lowest(row)
                rows.append((row, -low))
                for p, out in enumerate(last):
                    out.append(Fraction(int(p == o)))
                ends[o] += low
        inner = Matrix.from_fractions([row for row, _ in rows], columns=self.width)
        biases = Matrix.column([constant for _, constant in rows])
        second = Layer(self._name("sheets"), "relu", biases, self._read(inner))
        outer = {second.name: Matrix.from_fractions(last, columns=len(rows))}
        return second, Layer(self._name("y"), "linear", Matrix.column(ends), outer)

    def _outputs(self) -> list[LayerRow]:
        """What hinges and inputs give each output."""
        return [
            self._row(affine, {hinge: w[o] for hinge, w in self.form.hinges.items()})
            for o, affine in enumerate(self.form.affine)
        ]

    def _row(self, affine: AffineForm, bends: Mapping[Hinge, Fraction]) -> LayerRow:
        """affine + Σ c relu(L) over the first layer."""
        constant = affine[-1] + sum(
            (affine[k] * self._low(k) for k in range(len(affine) - 1)), Fraction(0)
        )
        row = [_ZERO] * len(self.hinges)
        for hinge, c in bends.items():
            row[self.place[hinge]] = c
        return row + [affine[k] for k in self.carried], constant

    def _low(self, place: int) -> Fraction:
        return self.form.restriction.ends(place)[0]

    def _lowest(self, row: list[Fraction]) -> Fraction:
        """A lower bound of Σ row · first layer: each unit is between 0 and its largest value."""
        free = len(self.form.restriction.free)
        units: list[tuple[tuple[int, ...], Fraction]] = [
            (hinge[:-1], Fraction(hinge[-1])) for hinge in self.hinges
        ]
        units += [(tuple(int(j == k) for j in range(free)), -self._low(k)) for k in self.carried]
        total = Fraction(0)
        for weight, (gradient, constant) in zip(row, units, strict=True):
            if weight < 0:
                high = constant
                for k, v in enumerate(gradient):
                    ends = self.form.restriction.ends(k)
                    high += v * (ends[1] if v > 0 else ends[0])
                total += weight * max(high, Fraction(0))
        return total
