"""Pairs of mirrored units that are one unit with a slope on each side, for whoever writes them.

    v relu(z) - s v relu(-z)     =     v leaky(z),      leaky(z) = z where z >= 0, else s z

A relu network holds a leaky unit as two: rows [w | b] and [-w | -b], columns v and -s v. Where the
rows are exactly mirrored and the columns exactly proportional over all successors, the pair may be
written as one row, one column and a slope, and reading that gives the pair again.

Sound because it is an identity of real functions, decided by exact matrices; floats only choose
which rows are looked at. See docs/mathematics.md#leaky-units-in-emitted-code.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from rectifold.effort.writing import RoundingEffort
from rectifold.exact.matrix import Matrix, hstack, vstack
from rectifold.ir.hyperplanes import ParallelUnits, hyperplane_groups
from rectifold.ir.network import Layer, Network, Sizes


@dataclass(frozen=True, eq=False)
class LeakyForm:
    """A network with its pairs as one unit each.

    A layer of `network` that `slopes` names applies z where z >= 0 and s z elsewhere, a slope s for
    each unit (0: relu); every other relu layer applies relu. So `network` alone is not the function
    unless `slopes` is empty; then it is the network that was given.
    """

    network: Network
    slopes: Mapping[str, tuple[Fraction, ...]]

    @property
    def sizes(self) -> Sizes:
        """What is stored and computed: a pair is one unit, one row, one column; slopes are weights.

        Slopes that are all the same are one weight.
        """
        stored = sum(1 if len(set(s)) == 1 else len(s) for s in self.slopes.values())
        folded = self.network.sizes
        return replace(folded, weights=folded.weights + stored)


def leaky_form(network: Network, frozen: Collection[str] = ()) -> LeakyForm:
    """Every pair of the network as one unit; its units stand in the order of the first of each.

    The pairs of `frozen` layers stay pairs.
    """
    slopes: dict[str, tuple[Fraction, ...]] = {}
    kept: dict[str, list[int]] = {}
    for layer in network.relu_layers:
        pairs = [] if layer.name in frozen else leaky_pairs(network, layer)
        if pairs:
            mirrored = {pair.mirrored for pair in pairs}
            kept[layer.name] = [k for k in range(layer.size) if k not in mirrored]
            slope = {pair.unit: pair.slope for pair in pairs}
            slopes[layer.name] = tuple(slope.get(k, Fraction(0)) for k in kept[layer.name])
    if not slopes:
        return LeakyForm(network, {})
    layers = [_selected(layer, kept) for layer in network.layers]
    return LeakyForm(replace(network, layers=layers), slopes)


def _selected(layer: Layer, kept: Mapping[str, Sequence[int]]) -> Layer:
    """The rows and columns of the units that are kept."""
    weights = {u: w.select_columns(kept[u]) if u in kept else w for u, w in layer.weights.items()}
    if layer.name not in kept:
        return replace(layer, weights=weights)
    rows = kept[layer.name]
    chosen = {u: w.select_rows(rows) for u, w in weights.items()}
    return replace(layer, bias=layer.bias.select_rows(rows), weights=chosen)


@dataclass(frozen=True)
class LeakyPair:
    """Unit `mirrored` has the negated row of `unit`, and -`slope` times its column."""

    unit: int
    mirrored: int
    slope: Fraction


def leaky_pairs(network: Network, layer: Layer) -> list[LeakyPair]:
    """The pairs of one relu layer: of the two, the unit with the larger column stands for both.

    So a slope is at most 1 in absolute value and never 0. None for the output, whose units are
    themselves what is asked for, and for a layer that nothing reads.
    """
    successors = network.successors(layer.name)
    if layer.name == network.output or not layer.weights or not successors:
        return []
    incoming = hstack(list(layer.weights.values()))
    units = _candidates(incoming, layer.bias) if incoming.shape[1] else []
    if not units:
        return []
    groups = hyperplane_groups(incoming, layer.bias, units)
    mirrored = [pair for group in groups for pair in _mirrored(group)]
    outgoing = vstack([network.layer(v).weights[layer.name] for v in successors])
    ratios = _column_ratios(outgoing, sorted(k for pair in mirrored for k in pair))
    found = (_pair(first, second, ratios) for first, second in mirrored)
    return [pair for pair in found if pair is not None]


def _candidates(incoming: Matrix, bias: Matrix) -> list[int]:
    """Units whose bias and first nonzero weight some other unit has negated, as floats see it."""
    rows = incoming.approximation[0]
    first = np.argmax(incoming.nonzero, axis=1)
    keys = list(
        zip(
            bias.approximation[0].ravel().tolist(),
            first.tolist(),
            rows[np.arange(len(rows)), first].tolist(),
            strict=True,
        )
    )
    known = set(keys)
    return [k for k, (b, j, w) in enumerate(keys) if w and (-b, j, -w) in known]


def _mirrored(group: ParallelUnits) -> Iterator[tuple[int, int]]:
    """Units with exactly negated rows, each in one pair, the one with the smaller number first."""
    waiting: dict[Fraction, list[int]] = {}
    for unit, ratio in group.members:
        if waiting.get(-ratio):
            yield waiting[-ratio].pop(0), unit
        else:
            waiting.setdefault(ratio, []).append(unit)


def _column_ratios(outgoing: Matrix, units: Sequence[int]) -> dict[int, tuple[int, Fraction]]:
    """Unit → (a unit with a proportional column, the factor); a column of zeros has none."""
    columns = outgoing.select_columns(units).T
    groups = hyperplane_groups(columns, Matrix.zeros(len(units), 1), range(len(units)))
    return {
        units[k]: (units[group.representative], ratio)
        for group in groups
        for k, ratio in group.members
    }


def _pair(first: int, second: int, ratios: Mapping[int, tuple[int, Fraction]]) -> LeakyPair | None:
    """The two as one unit, unless their columns are not proportional or the slope is tiny."""
    if first not in ratios or second not in ratios or ratios[first][0] != ratios[second][0]:
        return None
    slope = -ratios[second][1] / ratios[first][1]
    pair = (
        LeakyPair(first, second, slope) if abs(slope) <= 1 else LeakyPair(second, first, 1 / slope)
    )
    return pair if abs(pair.slope) >= RoundingEffort.least_slope else None
