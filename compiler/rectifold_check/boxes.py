"""The `boxes` step: ends of units proved on every box of a tree of boxes, by linear bounds in outward-rounded integers.

Numbers are integers in units of 2^-64. On a box, every unit below the layer has ends lo ≤ z ≤ up; they start from what is
proved, and each box tightens those of the units that are unstable on it. A bound of sign·z is found by substitution from the
unit down:

    Σ c h  ≤  Σ c' z + constant,     h = z (lo ≥ 0), h = 0 (up ≤ 0), else
    c > 0: h ≤ s z + max(−s lo, (1 − s) up) for any s in [0, 1]    (relu is convex and the line is no lower at both ends)
    c < 0: h ≥ α z for α in {0, 1}
    then z = W h + b, and at last the ends of the inputs on the box.

Coefficients are rounded to multiples of 2^-64 twice per layer; each time the bound moves by at most 2^-64 · Σ |value|,
which is added to it. Constants are rounded up. So the result is an upper bound on the box.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from rectifold_check.reading import Domain, Layer, Network, Refusal, rational

SCALE = 64  # fractional bits of ends, coefficients and bounds
SLOPE = 40  # fractional bits of a slope
MAX_DEPTH = 400  # of a tree of boxes
_HEADROOM = 48  # whole bits of a coefficient for which rows are packed

Known = Mapping[tuple[int, int], tuple[Fraction | None, Fraction | None]]
Ends = dict[int, list[tuple[int, int]]]  # per relu layer, (lo, up) of each unit
Claim = tuple[int, int, int]  # (unit, sign, bound): sign·z ≤ bound


@dataclass(frozen=True)
class Block:
    """A layer's weights on one source: row i as Σ_j w_ij 2^(j·slot), so that one product scales a whole row."""

    source: int
    width: int
    slot: int
    halves: int  # half a slot in every slot
    rows: tuple[int, ...]


class BoxRule:
    """Bounds of one network's units on boxes; `known[layer, unit]` are proved ends on the whole domain."""

    def __init__(self, network: Network, domain: Domain, known: Known) -> None:
        self.network = network
        self.low: list[int] = []
        self.high: list[int] = []
        for low, high in zip(domain.lower, domain.upper, strict=True):
            if low is None or high is None:
                raise Refusal("boxes need a bounded domain")
            self.low.append(_floor(low))
            self.high.append(_ceil(high))
        self.blocks = [
            [_packed(layer, source, network.size(source)) for source in _sources(layer)] for layer in network.layers
        ]
        self.start: Ends = {}
        self.reach = [
            _rounding(zip(self.low, self.high, strict=True))
        ]  # per value: what one rounding of coefficients costs
        after = [list(zip(self.low, self.high, strict=True))]
        for k, layer in enumerate(network.layers, start=1):
            ends = [_interval(layer, i, after) for i in range(layer.size)]
            self.reach.append(_rounding(ends))
            if layer.is_relu:
                ends = [_met(e, known.get((k, i), (None, None))) for i, e in enumerate(ends)]
                self.start[k] = ends
                ends = [(max(a, 0), max(b, 0)) for a, b in ends]
            after.append(ends)

    # ---- the tree -------------------------------------------------------------------------------

    def prove(self, layer: int, claims: Sequence[tuple[int, int, Fraction]], tree: Any) -> None:
        """Claims (unit, sign, value): sign·z ≤ value, each proved on some box of every path of the tree. Raises Refusal."""
        below = [k for k in sorted(_cone(self.network, layer)) if k in self.start]
        scaled = [(unit, sign, _floor(value)) for unit, sign, value in claims]
        walk = _Walk(self, layer, below, scaled)
        walk.node(tree, frozenset(range(len(claims))), self.low, self.high, self.start, 0)

    # ---- one bound ------------------------------------------------------------------------------

    def bound(self, layer: int, unit: int, sign: int, low: list[int], high: list[int], ends: Ends) -> int:
        """An upper bound of sign·z on the box, in units of 2^-64."""
        values: dict[int, list[int]] = {}  # coefficients on the values of layers still to be replaced
        on_z = [(unit, sign << SCALE)]
        total = self._push(layer, on_z, values)
        while at := max(values, default=0):
            c = values.pop(at)
            if self.network.layers[at - 1].is_relu:
                on_z, shift = _relaxed(c, ends[at])
                total += shift + self.reach[at]
            else:
                on_z = [(j, v) for j, v in enumerate(c) if v]
            total += self._push(at, on_z, values)
        reached = sum(c * (high[j] if c > 0 else low[j]) for j, c in enumerate(values.get(0, ())))
        return total - (-reached >> SCALE)

    def _push(self, at: int, on_z: list[tuple[int, int]], values: dict[int, list[int]]) -> int:
        """z = W h + b in Σ c z: adds to `values`; returns what becomes constant."""
        layer = self.network.layers[at - 1]
        den = layer.den
        constant = largest = 0
        for i, c in on_z:
            constant += c * layer.bias[i]
            largest = max(largest, c, -c)
        total = -(-constant // den)
        small = largest.bit_length() <= SCALE + _HEADROOM
        for block in self.blocks[at - 1]:
            row = _combined(block, on_z) if small else _combined_plainly(layer, block, on_z)
            rounded = [c // den for c in row]
            total += self.reach[block.source]
            known = values.get(block.source)
            values[block.source] = rounded if known is None else [a + b for a, b in zip(known, rounded, strict=True)]
        return total


class _Walk:
    """One tree, from the root down."""

    def __init__(self, rule: BoxRule, layer: int, below: list[int], claims: list[Claim]) -> None:
        self.rule = rule
        self.layer = layer
        self.below = below
        self.claims = claims

    def node(self, tree: Any, pending: frozenset[int], low: list[int], high: list[int], ends: Ends, depth: int) -> None:
        """A node is [numbers of the claims proved here] or [numbers, input, at, half x ≤ at, half x ≥ at]."""
        if depth > MAX_DEPTH:
            raise Refusal("a tree of boxes is too deep")
        if not isinstance(tree, list) or len(tree) not in (1, 5):
            raise Refusal("a node of a tree of boxes is malformed")
        ends = dict(ends)
        for k in self.below:
            ends[k] = self._tightened(k, low, high, ends)
        for q in self._numbers(tree[0]):
            unit, sign, bound = self.claims[q]
            if self.rule.bound(self.layer, unit, sign, low, high, ends) > bound:
                raise Refusal(f"the claim about unit {unit} of layer {self.layer} does not hold on one of the boxes")
            pending -= {q}
        if len(tree) == 1:
            if pending:
                raise Refusal(f"{len(pending)} claims are not proved on one of the boxes")
            return
        j = tree[1]
        if type(j) is not int or not 0 <= j < len(low):
            raise Refusal("a box is split at no input")
        at = rational(tree[2], "a split")
        self.node(tree[3], pending, low, _with(high, j, min(high[j], _ceil(at))), ends, depth + 1)
        self.node(tree[4], pending, _with(low, j, max(low[j], _floor(at))), high, ends, depth + 1)

    def _numbers(self, value: Any) -> list[int]:
        if isinstance(value, list) and all(type(q) is int and 0 <= q < len(self.claims) for q in value):
            return value
        raise Refusal("a node of a tree of boxes names no claims")

    def _tightened(self, layer: int, low: list[int], high: list[int], ends: Ends) -> list[tuple[int, int]]:
        result = list(ends[layer])
        bound = self.rule.bound
        for unit, (a, b) in enumerate(result):
            if a < 0 < b:
                up, down = (bound(layer, unit, sign, low, high, ends) for sign in (1, -1))
                result[unit] = max(a, -down), min(b, up)
        return result


def _relaxed(c: list[int], ends: list[tuple[int, int]]) -> tuple[list[tuple[int, int]], int]:
    """Coefficients on values to coefficients on pre-activations, and a constant."""
    on_z: list[tuple[int, int]] = []
    shift = 0
    for j, value in enumerate(c):
        if not value:
            continue
        low, high = ends[j]
        if high <= 0:
            continue
        if low >= 0:
            on_z.append((j, value))
        elif value > 0:
            slope = (high << SLOPE) // (high - low)
            shift += value * max(-slope * low, ((1 << SLOPE) - slope) * high)
            on_z.append((j, value * slope >> SLOPE))
        elif 1024 * high > -1021 * low:
            on_z.append((j, value))
    return on_z, -(-shift >> (SCALE + SLOPE))


# ---- rows as single integers ----------------------------------------------------------------------


def _sources(layer: Layer) -> list[int]:
    return sorted({row.source for rows in layer.rows for row in rows})


def _packed(layer: Layer, source: int, width: int) -> Block:
    rows = [dict(e for row in rows if row.source == source for e in row.entries) for rows in layer.rows]
    largest = max((abs(w) for row in rows for w in row.values()), default=0)
    bits = SCALE + _HEADROOM + largest.bit_length() + layer.size.bit_length() + 1
    slot = -(-bits // 64) * 64
    halves = sum(1 << (j * slot + slot - 1) for j in range(width))
    return Block(source, width, slot, halves, tuple(sum(w << (j * slot) for j, w in row.items()) for row in rows))


def _combined(block: Block, on_z: list[tuple[int, int]]) -> list[int]:
    """Σ_i c_i · row i. Each slot of the sum is below 2^(slot − 1) in size; half a slot is added to make it positive."""
    rows, words, half = block.rows, block.slot // 64, 1 << (block.slot - 1)
    total = block.halves
    for i, c in on_z:
        total += c * rows[i]
    parts = struct.unpack(f"<{words * block.width}Q", total.to_bytes(8 * words * block.width, "little"))
    if words == 2:
        return [(b << 64 | a) - half for a, b in zip(parts[::2], parts[1::2], strict=True)]
    return [
        sum(part << (64 * k) for k, part in enumerate(parts[words * j : words * (j + 1)])) - half
        for j in range(block.width)
    ]


def _combined_plainly(layer: Layer, block: Block, on_z: list[tuple[int, int]]) -> list[int]:
    """The same for coefficients of any size."""
    total = [0] * block.width
    for i, c in on_z:
        for row in layer.rows[i]:
            if row.source == block.source:
                for j, w in row.entries:
                    total[j] += c * w
    return total


# ---- ends -----------------------------------------------------------------------------------------


def _interval(layer: Layer, unit: int, after: list[list[tuple[int, int]]]) -> tuple[int, int]:
    low = high = layer.bias[unit] << SCALE
    for row in layer.rows[unit]:
        ends = after[row.source]
        for j, w in row.entries:
            a, b = ends[j]
            low += w * (a if w > 0 else b)
            high += w * (b if w > 0 else a)
    return low // layer.den, -(-high // layer.den)


def _rounding(ends: Iterable[tuple[int, int]]) -> int:
    """2^-64 · Σ |value|, in units of 2^-64, rounded up."""
    return (sum(max(-a, b) for a, b in ends) >> SCALE) + 1


def _met(ends: tuple[int, int], known: tuple[Fraction | None, Fraction | None]) -> tuple[int, int]:
    low, high = known
    return (
        ends[0] if low is None else max(ends[0], _floor(low)),
        ends[1] if high is None else min(ends[1], _ceil(high)),
    )


def _cone(network: Network, layer: int) -> set[int]:
    """The layers that a layer reads, and what they read."""
    cone: set[int] = set()
    waiting = [layer]
    while waiting:
        for source in _sources(network.layers[waiting.pop() - 1]):
            if source and source not in cone:
                cone.add(source)
                waiting.append(source)
    return cone


def _with(values: list[int], k: int, value: int) -> list[int]:
    return [*values[:k], value, *values[k + 1 :]]


def _floor(value: Fraction) -> int:
    return (value.numerator << SCALE) // value.denominator


def _ceil(value: Fraction) -> int:
    return -((-value.numerator << SCALE) // value.denominator)
