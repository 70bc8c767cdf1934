"""How large the network is that `compile` leaves on a box, counted without rewriting it.

    phases on the box  →  the same steps as the passes, in floats  →  units, weights, multiply-adds

For chains of layers. Only sizes come out, and nothing is proved here: the steps are those of
passes/ (constant and unread units go, a layer without kinks is multiplied into the next one, the
linear rest of a layer is carried where that is cheaper), with floats for exact numbers. What is
left out: units on one hyperplane, and weights of a low rank that were given so. `compile` may leave
less where there are such, and agrees where there are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rectifold.effort.local import LocalEffort
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.facts import Mask
from rectifold.ir.network import Sizes


@dataclass(frozen=True, eq=False)
class CountedLayer:
    """A layer of a chain: z = weight a + bias, with bounds of what it passes on.

    `kink`: per unit, it is not proved active. Of a linear layer none is one. `is_product`: another
    layer was multiplied into its weight, which may have a low rank since.
    """

    weight: Floats
    bias: Floats
    is_relu: bool
    kink: Mask
    low: Floats
    high: Floats
    is_product: bool = False

    @property
    def size(self) -> int:
        return len(self.bias)

    def rows(self, units: Indices) -> CountedLayer:
        """Some of its units."""
        bias, low, high = (part[units] for part in (self.bias, self.low, self.high))
        weight, kink = self.weight[units], self.kink[units]
        return CountedLayer(weight, bias, self.is_relu, kink, low, high, self.is_product)


@dataclass(frozen=True, eq=False)
class CountedChain:
    """A chain of layers, the last of them the output, and the ends of the inputs."""

    layers: tuple[CountedLayer, ...]
    low: Floats
    high: Floats

    @property
    def sizes(self) -> Sizes:
        """As `Network.sizes`."""
        numbers = [*(v.weight for v in self.layers), *(v.bias for v in self.layers)]
        return Sizes(
            units=sum(v.size for v in self.layers if v.is_relu),
            weights=sum(int(np.count_nonzero(one)) for one in numbers),
            macs=sum(v.weight.size for v in self.layers),
            layers=len(self.layers),
        )

    def ends(self, k: int) -> tuple[Floats, Floats]:
        """What layer k reads: lower and upper ends."""
        return (
            (self.low, self.high) if k == 0 else (self.layers[k - 1].low, self.layers[k - 1].high)
        )

    def changed(self, k: int, *layers: CountedLayer, stop: int | None = None) -> CountedChain:
        """With these instead of the layers from k to before `stop` (default: as many)."""
        end = k + len(layers) if stop is None else stop
        return replace(self, layers=(*self.layers[:k], *layers, *self.layers[end:]))


def rewritten(chain: CountedChain) -> CountedChain:
    """The chain after every step that one of the passes would take.

    Precondition: units that are proved inactive have a row of zeros and the bias 0.
    """
    steps = (_without_constant, _without_unread, _linearised, _contracted, _carried)
    while True:
        after = next((v for step in steps if (v := step(chain)) is not None), None)
        if after is None:
            return chain
        chain = after


def _without_constant(chain: CountedChain) -> CountedChain | None:
    """The first layer with units that read nothing: what they are goes into the next bias."""
    for k, layer in enumerate(chain.layers[:-1]):
        is_constant = ~layer.weight.any(axis=1)
        if not is_constant.any():
            continue
        after = chain.layers[k + 1]
        value = np.maximum(layer.bias, 0.0) if layer.is_relu else layer.bias
        bias = after.bias + after.weight[:, is_constant] @ value[is_constant]
        read = replace(after, weight=after.weight[:, ~is_constant], bias=bias)
        left = chain.changed(k, layer.rows(np.nonzero(~is_constant)[0]), read)
        return left if (~is_constant).any() else _cut(left, k)
    return None


def _cut(chain: CountedChain, k: int) -> CountedChain:
    """Layer k is empty, so nobody reads what is below it."""
    return CountedChain(chain.layers[k + 1 :], np.zeros(0), np.zeros(0))


def _without_unread(chain: CountedChain) -> CountedChain | None:
    for k, layer in enumerate(chain.layers[:-1]):
        after = chain.layers[k + 1]
        read = np.nonzero(after.weight.any(axis=0))[0]
        if len(read) < layer.size:
            left = chain.changed(k, layer.rows(read), replace(after, weight=after.weight[:, read]))
            return left if len(read) else _cut(left, k)
    return None


def _linearised(chain: CountedChain) -> CountedChain | None:
    for k, layer in enumerate(chain.layers[:-1]):
        if layer.is_relu and not layer.kink.any():
            return chain.changed(k, replace(layer, is_relu=False))
    return None


def _contracted(chain: CountedChain) -> CountedChain | None:
    """The first linear layer that it pays to multiply into the next one."""
    for k, layer in enumerate(chain.layers[:-1]):
        after = chain.layers[k + 1]
        if layer.is_relu:
            continue
        weight, bias = after.weight @ layer.weight, after.bias + after.weight @ layer.bias
        product = replace(after, weight=weight, bias=bias, is_product=True)
        left = chain.changed(k, product, stop=k + 2)
        if _cost(left.sizes) <= _cost(chain.sizes):
            return left
    return None


def _carried(chain: CountedChain) -> CountedChain | None:
    """The last layer whose linear part can be carried by fewer units, in the cheapest form."""
    for k in range(len(chain.layers) - 2, -1, -1):
        layer = chain.layers[k]
        if not layer.is_relu or layer.kink.all():
            continue
        before = chain.sizes
        forms = [form for form in _forms(chain, k) if form.sizes.units <= before.units]
        best = min(forms, key=lambda form: _cost(form.sizes), default=None)
        if best is not None and _cost(best.sizes) < _cost(before):
            return best
    return None


def _forms(chain: CountedChain, k: int) -> Sequence[CountedChain]:
    layer, after = chain.layers[k], chain.layers[k + 1]
    active, kinks = np.nonzero(~layer.kink)[0], np.nonzero(layer.kink)[0]
    linear = after.weight[:, active] @ layer.weight[active]
    bias = after.bias + after.weight[:, active] @ layer.bias[active]
    kept, columns = layer.rows(kinks), after.weight[:, kinks]
    if not linear.any():
        return [chain.changed(k, kept, replace(after, weight=columns, bias=bias))]
    if k and not chain.layers[k - 1].is_relu:
        return []  # nothing is proved of what a linear layer passes on
    rows, reads = (np.nonzero(linear.any(axis=axis))[0] for axis in (1, 0))
    forms = []
    if len(rows) < len(active):
        outer = np.eye(len(linear))[:, rows]
        forms.append(_with_carriers(chain, k, kept, columns, (outer, linear[rows], bias)))
    if len(reads) < len(active):
        inner = np.eye(linear.shape[1])[reads]
        forms.append(_with_carriers(chain, k, kept, columns, (linear[:, reads], inner, bias)))
    if after.is_product or layer.is_product:
        inner, pivots = _reduced(linear)
        if len(pivots) < min(len(active), len(rows), len(reads)):
            forms.append(_with_carriers(chain, k, kept, columns, (linear[:, pivots], inner, bias)))
    return forms


def _reduced(matrix: Floats) -> tuple[Floats, list[int]]:
    """(reduced row echelon form without rows of zeros, its pivot columns), as floats see it."""
    left, pivots = matrix.copy(), list[int]()
    least = LocalEffort.no_number * np.abs(matrix).max(initial=0.0)
    for column in range(matrix.shape[1]):
        row = len(pivots)
        if row == len(left):
            break
        best = row + int(np.abs(left[row:, column]).argmax())
        if abs(left[best, column]) <= least:
            continue
        left[[row, best]] = left[[best, row]]
        left[row] /= left[row, column]
        others = np.arange(len(left)) != row
        left[others] -= np.outer(left[others, column], left[row])
        pivots.append(column)
    inner = left[: len(pivots)]
    return np.where(np.abs(inner) <= LocalEffort.no_number, 0.0, inner), pivots


def _with_carriers(
    chain: CountedChain,
    k: int,
    kept: CountedLayer,
    columns: Floats,
    parts: tuple[Floats, Floats, Floats],
) -> CountedChain:
    """`parts`: outer · inner is the linear part, and the next layer's bias without shifts."""
    outer, inner, bias = parts
    low, high = chain.ends(k)
    positive, negative = np.maximum(inner, 0.0), np.minimum(inner, 0.0)
    least, most = positive @ low + negative @ high, positive @ high + negative @ low
    shift = np.maximum(-least, 0.0)
    size = len(shift)
    layer = CountedLayer(
        np.vstack([kept.weight, inner]),
        np.concatenate([kept.bias, shift]),
        True,
        np.concatenate([kept.kink, np.zeros(size, bool)]),
        np.concatenate([kept.low, np.zeros(size)]),
        np.concatenate([kept.high, most + shift]),
    )
    weight = np.hstack([columns, outer])
    after = replace(chain.layers[k + 1], weight=weight, bias=bias - outer @ shift)
    return chain.changed(k, layer, after)


def _cost(sizes: Sizes) -> tuple[int, int, int]:
    """As `Options.cost` for multiply-adds."""
    return sizes.macs, sizes.units, sizes.weights
