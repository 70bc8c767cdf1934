"""Two-layer forms and units above them: an exact network of three hidden layers.

    main + Σ w relu(P − Q), P and Q maxima of up to six affine forms

    first and second layer: of main and of all P − Q;  third: relu(P − Q), a carrier per output

So a maximum of up to twelve forms, Q + relu(P − Q), has three hidden layers. Carriers are shifted
by a lower bound of what they carry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from rectifold.exact.matrix import Matrix
from rectifold.ir.names import fresh_name
from rectifold.ir.network import Layer, Network
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.assemble import network_of
from rectifold.two_layers.form import AffineForm, TwoLayers, Weights
from rectifold.two_layers.form_sum import FormSum
from rectifold.two_layers.scaling import with_scaled_rows


@dataclass(frozen=True, eq=False)
class Top:
    """weights · relu of a two-layer form with one output."""

    weights: Weights
    inner: TwoLayers


@dataclass(frozen=True, eq=False)
class ThreeLayers:
    """The function of a network: a two-layer form, and units above others."""

    main: TwoLayers
    tops: tuple[Top, ...] = ()

    def evaluate(self, point: Sequence[Fraction]) -> list[Fraction]:
        """Exact outputs at exact free inputs."""
        total = self.main.evaluate(point)
        for top in self.tops:
            (inner,) = top.inner.evaluate(point)
            if inner > 0:
                total = [t + w * inner for t, w in zip(total, top.weights, strict=True)]
        return total

    def network(self) -> Network:
        """The form as a network on its domain, with at most three hidden layers."""
        if not self.tops:
            return network_of(self.main)
        outputs = len(self.main.affine)
        below = network_of(self._beside_each_other())
        last = below.layers[-1]
        lows = [_lowest(below, o) for o in range(outputs)]
        shift = Matrix.column([-low for low in lows] + [Fraction(0)] * len(self.tops))
        peaks = fresh_name("peaks", [below.input_name])
        third = Layer(peaks, "relu", last.bias + shift, last.weights)
        rows = [
            [Fraction(int(p == o)) for p in range(outputs)] + [top.weights[o] for top in self.tops]
            for o in range(outputs)
        ]
        weights = {peaks: Matrix.from_fractions(rows, columns=outputs + len(self.tops))}
        end = Layer(last.name, "linear", Matrix.column(lows), weights)
        whole = Network(
            below.input_name, below.input_size, [*below.layers[:-1], third, end], end.name,
            below.domain, below.name, below.title,
        )  # fmt: skip
        return with_scaled_rows(whole)

    def _beside_each_other(self) -> TwoLayers:
        """One two-layer form: the outputs of the main one, then what the tops are relu of."""
        count = len(self.main.affine)
        size = count + len(self.tops)
        inputs = len(self.main.restriction.free)
        total = FormSum(size, inputs)
        _add(total, self.main, 0, size)
        for k, top in enumerate(self.tops):
            _add(total, top.inner, count + k, size)
        return total.form(self.main.restriction)


def top_of(
    restriction: Restriction, weights: Weights, forms: Sequence[AffineForm], main: FormSum
) -> Top:
    """The top of weights · the maximum of seven to twelve forms, half of them in P.

    weights · Q is added to the main form.
    """
    half = (len(forms) + 1) // 2
    first, second = forms[:half], forms[half:]
    main.add_maximum(weights, second)
    inner = FormSum(1, len(restriction.free))
    inner.add_maximum((Fraction(1),), first)
    inner.add_maximum((Fraction(-1),), second)
    return Top(weights, inner.form(restriction))


def _add(total: FormSum, form: TwoLayers, start: int, size: int) -> None:
    """Add a form, its outputs from `start` on among `size`."""

    def wide(weights: Sequence[Fraction]) -> Weights:
        rest = size - start - len(weights)
        return (*([Fraction(0)] * start), *weights, *([Fraction(0)] * rest))

    for o, affine in enumerate(form.affine):
        total.add_affine(wide([Fraction(int(p == o)) for p in range(len(form.affine))]), affine)
    for hinge, weights in form.hinges.items():
        total.add_relu(wide(weights), hinge)
    for unit in form.units:
        total.add_unit(wide(unit.weights), unit.base, unit.bends)


def _lowest(network: Network, output: int) -> Fraction:
    """A lower bound of a linear output on the domain, by intervals."""
    domain = network.domain
    assert domain is not None
    ends: list[tuple[Fraction, Fraction]] = []
    for low, high in zip(domain.lower, domain.upper, strict=True):
        assert low is not None
        assert high is not None
        ends.append((low, high))
    for layer in network.layers[:-1]:
        ends = [_range(layer, unit, ends) for unit in range(layer.size)]
        ends = [(max(low, Fraction(0)), max(high, Fraction(0))) for low, high in ends]
    return _range(network.layers[-1], output, ends)[0]


def _range(
    layer: Layer, unit: int, ends: Sequence[tuple[Fraction, Fraction]]
) -> tuple[Fraction, Fraction]:
    """The range of a pre-activation of a chain's layer, where what it reads has these ranges."""
    (weights,) = layer.weights.values()
    low = high = layer.bias.entry(unit, 0)
    for k, (least, most) in enumerate(ends):
        w = weights.entry(unit, k)
        low += w * (least if w > 0 else most)
        high += w * (most if w > 0 else least)
    return low, high
