"""The rules that prove bounds by substitution, in outward-rounded integers: cases by phase, and sub-boxes.

Numbers are integers in units of 2^-bits. Every relu unit below the layer has ends lo ≤ z ≤ up, and a bound of sign·z is found by
substitution from the unit down:

    Σ c h  ≤  Σ c' z + constant,     h = z (lo ≥ 0), h = 0 (up ≤ 0), else
    c > 0: h ≤ s z + max(−s lo, (1 − s) up) for any s in [0, 1]    (relu is convex and the line is no lower at both ends)
    c < 0: h ≥ α z for any α in [0, 1]
    in the case z ≥ 0: h = z, and β z ≥ 0 may be added for any β ≥ 0;     in the case z ≤ 0: h = 0, and −β z
    c > 0, z = w·x + b: h ≤ Σ S_i w_i x_i + max(b + Σ max (1 − S_i) w_i x_i, −Σ min S_i w_i x_i) for any S_i in [0, 1]    (above z and above 0)
    then z = W h + b; at last γ (bound − c·x) ≥ 0 for rows of the domain, and the ends of the inputs.

Two layers of one size may be declared a pair. With a = relu(x), b = relu(y), d = x − y between proved ends, c a + k b with c and k of opposite signs
is E (a − b) + R_a a + R_b b, and for a − b there are, besides the lines of a and b themselves,

    a − b ≤ relu(d) ≤ s d + t        a − b ≥ −relu(−d) ≥ s' d − t'        (relu is subadditive)

with s, t the upper line of relu on the ends of d, s', t' on those of −d.

Coefficients are rounded down to multiples of 2^-bits twice per layer; each time the bound moves by at most 2^-bits · Σ |value|,
which is added to it. Constants are rounded up. So the result is an upper bound.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from operator import mul
from typing import Any

from rectifold_check.agreed import BITS, PLANE_GAIN, STEEP_LOWER, STEEP_UPPER
from rectifold_check.json import Refusal, multiplier, rational
from rectifold_check.networks import Domain, Layer, Network
from rectifold_check.work import Work, words

SLOPE = 60  # fractional bits of an upper slope
_ONE = 1 << SLOPE
ALPHA = 15  # fractional bits of a lower slope
LEVEL = 6  # fractional bits of the levels of a hull
MAX_DEPTH = 400  # of a tree
_LEVELS = 1 << LEVEL
# by the difference of two levels, cut to [0, 1]: negative ones count from the end
_SHARES = [min(k, _LEVELS) for k in range(255)] + [0] * 254
_SPARSE = 16  # times as many weights that are 0 as others: rows are then not packed
_HEADROOM = 40  # whole bits of a coefficient for which rows are packed

Line = tuple[
    int, int, int
]  # upper slope and lower slope in units of 2^-SLOPE, offset in units of 2^-(bits + SLOPE)


class Spans(list[tuple[int, int]]):
    """(lo, up) of each unit of a layer, and the lines that they give, found when they are first asked for."""

    @cached_property
    def lines(self) -> list[Line | None]:
        """Of every unit: None if it is inactive."""
        return [_lines(low, high) if high > 0 else None for low, high in self]

    def planes(self, xs: Spans, ys: Spans) -> list[tuple[Line, Line, Line, Line]]:
        """Of every unit of a pair, these being the ends of x − y: the lines of x and of y, and the planes above and below relu(x) − relu(y)."""
        known = self.__dict__.get("pair")
        if known is None or known[0] is not xs or known[1] is not ys:
            table = []
            for a, b, d in zip(xs, ys, self, strict=True):
                x, y = _lines(*a), _lines(*b)
                table.append((x, y, _plane(True, x, y, a, b, d), _plane(False, x, y, a, b, d)))
            known = self.__dict__["pair"] = xs, ys, table
        planes: list[tuple[Line, Line, Line, Line]] = known[2]
        return planes

    def put(self, unit: int, low: int, high: int) -> None:
        self[unit] = low, high
        self.__dict__.clear()


Ends = dict[Any, Spans]  # per relu layer k (under k), and per pair j, k of layers (under (j, k))
Claim = tuple[int, int, int]  # (unit, sign, bound): sign·z ≤ bound


@dataclass(frozen=True)
class Block:
    """A layer's weights on one source: row i as Σ_j w_ij 2^(j·slot), so that one product scales a whole row; no rows where few weights are not 0."""

    source: int
    width: int
    slot: int
    halves: int  # half a slot in every slot
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Hull:
    """Levels, in units of 2^-6, of units of a layer that reads the inputs alone, and of the inputs where weights are positive and where they are not."""

    layer: int
    units: Mapping[int, int]
    plus: Sequence[int]
    minus: Sequence[int]


@dataclass(frozen=True)
class Case:
    """What a proof chose: lower slopes (layer → unit → α in units of 2^-15), fixed phases with their β, γ per constraint, and a hull."""

    slopes: Mapping[int, Mapping[int, int]] = field(default_factory=dict)
    fixed: Mapping[int, Mapping[int, tuple[int, int]]] = field(default_factory=dict)
    gammas: Sequence[Fraction] = ()
    hull: Hull | None = None


_PLAIN = Case()


@dataclass(frozen=True)
class _Reach:
    """The weights of a unit on the inputs, the ends of each product w x on the box, and the largest z."""

    weights: list[int]
    is_up: list[bool]
    upper: list[int]
    lower: list[int]
    largest: int


class Substitution:
    """Bounds of one network's units on a bounded domain, with the ends known so far."""

    def __init__(
        self, network: Network, domain: Domain, bits: int = BITS, pairs: Mapping[int, int] | None = None,
        work: Work | None = None,
    ) -> None:  # fmt: skip
        self.work = work or Work()
        self.network = network
        self.pairs = dict(pairs or {})
        self.order = _order(network, self.pairs)
        self.domain = domain
        self.bits = bits
        self.low: list[int] = []
        self.high: list[int] = []
        for low, high in zip(domain.lower, domain.upper, strict=True):
            if low is None or high is None:
                raise Refusal("substitution needs a bounded domain")
            self.low.append(self.floor(low))
            self.high.append(self.ceil(high))
        self._blocks: dict[int, list[Block]] = {}
        self._reach: dict[int, int] = {}
        self._firsts: dict[Claim, tuple[int, dict[int, list[int]]]] = {}
        self._reaches: dict[tuple[int, int], _Reach] = {}
        self._ends: list[Spans] = [
            Spans(zip(self.low, self.high, strict=True))
        ]  # of pre-activations
        for k in range(1, len(network.layers) + 1):
            self._ends.append(Spans(self._intervals(k)))

    def floor(self, value: Fraction) -> int:
        return (value.numerator << self.bits) // value.denominator

    def ceil(self, value: Fraction) -> int:
        return -((-value.numerator << self.bits) // value.denominator)

    # ---- ends -----------------------------------------------------------------------------------

    def know(self, layer: int, unit: int, side: str, value: Fraction) -> None:
        """An end that has been proved."""
        low, high = self._ends[layer][unit]
        ends = (
            (low, min(high, self.ceil(value)))
            if side == "up"
            else (max(low, self.floor(value)), high)
        )
        self._ends[layer].put(unit, *ends)
        self._reach.pop(layer, None)

    def take_intervals(self, layer: int) -> list[tuple[Fraction, Fraction]]:
        """The ends of a layer by intervals from what is known now, and of the linear layers below it. Kept where they are better."""
        below = cone_of(self.network, layer)
        for k in sorted(below | {layer}):
            if k == layer or not self.network.layers[k - 1].is_relu:
                known = zip(self._ends[k], self._intervals(k), strict=True)
                self._ends[k] = Spans((max(a, c), min(b, d)) for (a, b), (c, d) in known)
                self._reach.pop(k, None)
        return [
            (Fraction(a, 1 << self.bits), Fraction(b, 1 << self.bits)) for a, b in self._ends[layer]
        ]

    def _intervals(self, number: int) -> list[tuple[int, int]]:
        layer = self.network.layers[number - 1]
        self.work.spend((entries_of(layer) + layer.size) * words(layer.den << self.bits))
        after = {s: self._passed_on(s) for s in sources_of(layer)}
        return [_interval(layer, i, after, self.bits) for i in range(layer.size)]

    def _passed_on(self, value: int) -> list[tuple[int, int]]:
        ends = self._ends[value]
        if value == 0 or not self.network.layers[value - 1].is_relu:
            return ends
        return [(max(a, 0), max(b, 0)) for a, b in ends]

    def reach(self, value: int) -> int:
        """2^-bits · Σ |pre-activation|, rounded up: what one rounding of coefficients costs."""
        if value not in self._reach:
            self._reach[value] = (sum(max(-a, b) for a, b in self._ends[value]) >> self.bits) + 1
        return self._reach[value]

    def holds(self, layer: int, unit: int) -> bool:
        """z ≤ 0 is known."""
        return self._ends[layer][unit][1] <= 0

    def ends_before(self, layer: int) -> Ends:
        """Of all relu layers with smaller numbers."""
        return {k: self._ends[k] for k in range(1, layer) if self.network.layers[k - 1].is_relu}

    def ends_below(self, layer: int) -> Ends:
        """Of the relu layers that a layer depends on."""
        return {
            k: self._ends[k]
            for k in sorted(cone_of(self.network, layer))
            if self.network.layers[k - 1].is_relu
        }

    # ---- one bound ------------------------------------------------------------------------------

    def bound(
        self,
        layer: int,
        unit: int,
        sign: int,
        low: list[int],
        high: list[int],
        ends: Ends,
        case: Case = _PLAIN,
    ) -> int:
        """An upper bound of sign·z on the box, in units of 2^-bits."""
        return self.bound_of_sum([(layer, unit, sign)], low, high, ends, case)

    def bound_of_sum(
        self,
        terms: list[tuple[int, int, int]],
        low: list[int],
        high: list[int],
        ends: Ends,
        case: Case = _PLAIN,
    ) -> int:
        """The same of Σ sign·z over (layer, unit, sign)."""
        values: dict[
            int, list[int]
        ] = {}  # coefficients on the values of layers still to be replaced
        total = sum(self._begin(term, values) for term in terms)
        for group in self.order:
            if len(group) == 2 and group in ends and group[0] in values and group[1] in values:
                total += self._replace_pair(group, values, ends)
                continue
            for at in group:
                if at in values:
                    total += self._replace(at, values, ends, case)
        self.work.spend(len(low) * words(1 << self.bits))
        c = values.get(0, [0] * len(low))
        if any(case.gammas):
            c, more = self._constrained(c, case.gammas)
            total += more
        reached = sum(v * (high[j] if v > 0 else low[j]) for j, v in enumerate(c))
        return total - (-reached >> self.bits)

    def _replace(self, at: int, values: dict[int, list[int]], ends: Ends, case: Case) -> int:
        c = values.pop(at)
        self.work.spend(len(c))
        if not self.network.layers[at - 1].is_relu:
            return self._push(at, [(j, v) for j, v in enumerate(c) if v], values)
        shared = 0
        if case.hull is not None and case.hull.layer == at:
            c, shared = self._under_hull(c, case.hull, case.fixed.get(at, {}), values)
        if case is _PLAIN:
            on_z, shift = _relaxed_plainly(c, ends[at].lines)
        else:
            on_z, shift = _relaxed(
                c, ends[at].lines, case.slopes.get(at, {}), case.fixed.get(at, {})
            )
        return (
            shared - (-shift >> (self.bits + SLOPE)) + self.reach(at) + self._push(at, on_z, values)
        )

    def _under_hull(
        self, c: list[int], hull: Hull, fixed: Mapping[int, Any], values: dict[int, list[int]]
    ) -> tuple[list[int], int]:
        """Replaces c h, c > 0, by planes: adds to `values`; returns what is left of c, and what becomes constant."""
        layer = self.network.layers[hull.layer - 1]
        rest, total, constant = (
            list(c),
            [0] * len(self.low),
            0,
        )  # in units of 2^-(bits + LEVEL) / den, and 2^-bits more
        for unit, level in hull.units.items():
            own = c[unit]
            if own <= 0 or unit in fixed:
                continue
            self.work.spend(4 * len(hull.plus))
            rest[unit] = 0
            reach = self._reach_of(hull.layer, unit)
            levels = [
                a if up else b for a, b, up in zip(hull.plus, hull.minus, reach.is_up, strict=True)
            ]
            shares = [_SHARES[level - v] for v in levels]
            above_z = _LEVELS * reach.largest - sum(map(mul, shares, reach.upper))
            constant += own * max(above_z, -sum(map(mul, shares, reach.lower)))
            total = [t + own * s * w for t, s, w in zip(total, shares, reach.weights, strict=True)]
        den = layer.den << LEVEL
        known = values.get(0)
        row = [t // den for t in total]
        values[0] = row if known is None else [a + b for a, b in zip(known, row, strict=True)]
        return rest, self.reach(0) - (-constant // (den << self.bits))

    def _reach_of(self, at: int, unit: int) -> _Reach:
        if (at, unit) not in self._reaches:
            layer = self.network.layers[at - 1]
            weights = [0] * len(self.low)
            for row in layer.rows[unit]:
                for j, w in row.entries:
                    weights[j] = w
            ends = [(w * a, w * b) for w, a, b in zip(weights, self.low, self.high, strict=True)]
            upper, lower = [max(e) for e in ends], [min(e) for e in ends]
            largest = sum(upper) + (layer.bias[unit] << self.bits)
            self._reaches[at, unit] = _Reach(
                weights, [w > 0 for w in weights], upper, lower, largest
            )
        return self._reaches[at, unit]

    def _replace_pair(
        self, group: tuple[int, ...], values: dict[int, list[int]], ends: Ends
    ) -> int:
        first, second = group
        self.work.spend(4 * len(ends[first]))
        planes = ends[group].planes(ends[first], ends[second])
        on_x, on_y, shift = _relaxed_pair(values.pop(first), values.pop(second), planes)
        total = -(-shift >> (self.bits + SLOPE)) + self.reach(first) + self.reach(second)
        return total + self._push(first, on_x, values) + self._push(second, on_y, values)

    def _begin(self, term: Claim, values: dict[int, list[int]]) -> int:
        """sign·z of one unit as W h + b: adds to `values`; returns what becomes constant. Always the same but for what rounding costs."""
        if term not in self._firsts:
            layer, unit, sign = term
            self._firsts[term] = self._spread(layer, [(unit, sign << self.bits)])
        return self._add(self._firsts[term], values)

    def _push(self, at: int, on_z: list[tuple[int, int]], values: dict[int, list[int]]) -> int:
        """z = W h + b in Σ c z: adds to `values`; returns what becomes constant."""
        return self._add(self._spread(at, on_z), values)

    def _add(self, parts: tuple[int, dict[int, list[int]]], values: dict[int, list[int]]) -> int:
        total, rows = parts
        for source, row in rows.items():
            total += self.reach(source)
            known = values.get(source)
            values[source] = (
                row if known is None else [a + b for a, b in zip(known, row, strict=True)]
            )
        return total

    def _spread(self, at: int, on_z: list[tuple[int, int]]) -> tuple[int, dict[int, list[int]]]:
        """(constant, coefficients per source) of Σ c z, rounded."""
        layer = self.network.layers[at - 1]
        den = layer.den
        bias = layer.bias
        constant = sizes = 0
        for i, c in on_z:
            constant += c * bias[i]
            sizes |= abs(c)  # as many bits as the largest
        small = sizes.bit_length() <= self.bits + _HEADROOM
        is_binary = den & (den - 1) == 0
        rows = {}
        for block in self._packed(at):
            if small and is_binary:
                rows[block.source] = weighted(layer, block, on_z, self.work, den.bit_length() - 1)
            else:
                given = block if small else replace(block, rows=())
                rows[block.source] = [c // den for c in weighted(layer, given, on_z, self.work)]
        return -(-constant // den), rows

    def _packed(self, at: int) -> list[Block]:
        if at not in self._blocks:
            layer = self.network.layers[at - 1]
            self._blocks[at] = [
                packed(layer, source, self.network.size(source), self.bits + _HEADROOM, self.work)
                for source in sources_of(layer)
            ]
        return self._blocks[at]

    def _constrained(self, c: list[int], gammas: Sequence[Fraction]) -> tuple[list[int], int]:
        """Adds γ (bound − row·x); each coefficient is rounded down once more."""
        entries = len(c) + sum(len(row) for row, _ in self.domain.constraints)
        self.work.spend(
            8 * entries * sum(words(g.numerator) + words(g.denominator) for g in gammas)
        )
        exact = {j: Fraction(v) for j, v in enumerate(c)}
        total = Fraction(0)
        for gamma, (row, bound) in zip(gammas, self.domain.constraints, strict=True):
            total += gamma * bound
            for j, g in row.items():
                exact[j] -= gamma * g * (1 << self.bits)
        return [v.numerator // v.denominator for v in exact.values()], self.ceil(
            total
        ) + self.reach(0)

    # ---- cases by phase -------------------------------------------------------------------------

    def prove_cases(
        self, layer: int, unit: int, sign: int, value: Fraction, frame: Any, tree: Any
    ) -> None:
        """sign·z ≤ value, by a tree of cases over the units of `frame`. Raises Refusal."""
        walk = _CaseWalk(self, layer, unit, sign, self.floor(value), frame)
        walk.node(tree, [])

    # ---- sub-boxes ------------------------------------------------------------------------------

    def prove_boxes(
        self, layer: int, claims: Sequence[tuple[int, int, Fraction]], tree: Any
    ) -> None:
        """Claims (unit, sign, value): sign·z ≤ value, each proved on some box of every path of the tree. Raises Refusal."""
        scaled = [(unit, sign, self.floor(value)) for unit, sign, value in claims]
        walk = _BoxWalk(self, layer, scaled)
        walk.node(
            tree, frozenset(range(len(claims))), self.low, self.high, self.ends_below(layer), 0
        )


class _CaseWalk:
    """One tree of cases. A leaf is [slopes, multipliers of the path, multipliers of the domain's rows]; a split is
    [number in the frame, case z ≥ 0, case z ≤ 0]."""

    def __init__(
        self, rule: Substitution, layer: int, unit: int, sign: int, bound: int, frame: Any
    ) -> None:
        self.rule = rule
        self.target = layer, unit, sign
        self.value = bound
        self.ends = rule.ends_before(layer)
        self.units = [(k, i) for k, indices in self._frame(frame) for i in indices]

    def _frame(self, frame: Any) -> list[tuple[int, list[int]]]:
        """[[layer, [index, …]], …], rising."""
        before = 0
        for part in frame if isinstance(frame, list) else [None]:
            match part:
                case [int() as k, list() as indices] if k in self.ends and k > before:
                    size = len(self.ends[k])
                    if (
                        not all(type(i) is int and 0 <= i < size for i in indices)
                        or sorted(set(indices)) != indices
                    ):
                        raise Refusal("a frame names units that are not there, or not in order")
                    before = k
                case _:
                    raise Refusal(
                        "a frame lists relu layers before the unit's, in order, with the indices of units"
                    )
        return list(map(tuple, frame))

    def node(self, tree: Any, path: list[tuple[int, int]]) -> None:
        if len(path) > MAX_DEPTH:
            raise Refusal("a tree of cases is too deep")
        match tree:
            case [str() as slopes, list() as betas, list() as gammas, *hull] if len(hull) < 2:
                self._leaf(slopes, betas, gammas, self._hull(hull[0]) if hull else None, path)
            case [int() as k, active, inactive] if type(k) is int and 0 <= k < len(self.units):
                if any(k == known for known, _ in path):
                    raise Refusal("a unit is split twice on one path")
                self.node(active, [*path, (k, 1)])
                self.node(inactive, [*path, (k, -1)])
            case _:
                raise Refusal("a node of a tree of cases is malformed")

    def _leaf(
        self,
        slopes: str,
        betas: list[Any],
        gammas: list[Any],
        hull: Hull | None,
        path: list[tuple[int, int]],
    ) -> None:
        if len(betas) not in (0, len(path)):
            raise Refusal(f"a leaf has {len(betas)} multipliers for {len(path)} splits")
        if len(gammas) not in (0, len(self.rule.domain.constraints)):
            raise Refusal(
                f"a leaf has {len(gammas)} multipliers for {len(self.rule.domain.constraints)} constraints"
            )
        fixed: dict[int, dict[int, tuple[int, int]]] = {}
        for (k, phase), beta in zip(path, betas or ["0"] * len(path), strict=True):
            layer, unit = self.units[k]
            fixed.setdefault(layer, {})[unit] = phase, phase * self.rule.floor(multiplier(beta))
        case = Case(self._slopes(slopes), fixed, [multiplier(g) for g in gammas], hull)
        if (
            self.rule.bound(*self.target, self.rule.low, self.rule.high, self.ends, case)
            > self.value
        ):
            raise Refusal(
                f"a case of unit {self.target[1]} of layer {self.target[0]} does not hold"
            )

    def _slopes(self, text: str) -> dict[int, dict[int, int]]:
        """Two bytes per unit of the frame, little-endian; "" for the default slopes."""
        result: dict[int, dict[int, int]] = {}
        if not text:
            return result
        data = _bytes(text, "slopes")
        if len(data) != 2 * len(self.units):
            raise Refusal(f"{len(data)} bytes of slopes for {len(self.units)} units")
        for (layer, unit), value in zip(
            self.units, struct.unpack(f"<{len(self.units)}H", data), strict=True
        ):
            if value > 1 << ALPHA:
                raise Refusal("a slope is above 1")
            result.setdefault(layer, {})[unit] = value
        return result

    def _hull(self, text: Any) -> Hull:
        """One signed byte per unit of the frame's first layer, then per input for positive weights, then for the others."""
        layers = self.rule.network.layers
        at = self.units[0][0] if self.units else None
        if at is None or sources_of(layers[at - 1]) != [0]:
            raise Refusal("a hull needs a first layer that reads the inputs alone")
        if not isinstance(text, str):
            raise Refusal("levels of a hull are no base64")
        own = [i for k, i in self.units if k == at]
        data = _bytes(text, "levels of a hull")
        inputs = len(self.rule.low)
        if len(data) != len(own) + 2 * inputs:
            raise Refusal(
                f"{len(data)} bytes of levels for {len(own)} units and twice {inputs} inputs"
            )
        levels = struct.unpack(f"<{len(data)}b", data)
        if -128 in levels:
            raise Refusal("a level of a hull is below -127/64")
        of_inputs = levels[len(own) :]
        return Hull(
            at, dict(zip(own, levels, strict=False)), of_inputs[:inputs], of_inputs[inputs:]
        )


def _bytes(text: str, what: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise Refusal(f"{what} are no base64") from None


class _BoxWalk:
    """One tree of boxes and of parts of boxes, from the root down."""

    def __init__(self, rule: Substitution, layer: int, claims: list[Claim]) -> None:
        self.rule = rule
        self.layer = layer
        below = rule.ends_below(layer)
        self.groups = [tuple(k for k in group if k in below) for group in reversed(rule.order)]
        self.claims = claims

    def node(
        self,
        tree: Any,
        pending: frozenset[int],
        low: list[int],
        high: list[int],
        ends: Ends,
        depth: int,
    ) -> None:
        """A node is [numbers of the claims proved here], [numbers, input, at, half x ≤ at, half x ≥ at] or [numbers, [layer, index], part z ≥ 0,
        part z ≤ 0]."""
        if depth > MAX_DEPTH:
            raise Refusal("a tree of boxes is too deep")
        if not isinstance(tree, list) or len(tree) not in (1, 4, 5):
            raise Refusal("a node of a tree of boxes is malformed")
        ends = dict(ends)
        self.rule.work.spend(
            len(self.rule.low) + 4 * sum(len(ends[k]) for group in self.groups for k in group)
        )
        for group in self.groups:
            for k in group:
                ends[k] = self._tightened(k, low, high, ends)
            if len(group) == 2:
                self._tighten_pair(group[0], group[1], low, high, ends)
        for q in self._numbers(tree[0]):
            unit, sign, bound = self.claims[q]
            if self.rule.bound(self.layer, unit, sign, low, high, ends) > bound:
                raise Refusal(
                    f"the claim about unit {unit} of layer {self.layer} does not hold on one of the boxes"
                )
            pending -= {q}
        if len(tree) == 1:
            if pending:
                raise Refusal(f"{len(pending)} claims are not proved on one of the boxes")
            return
        if len(tree) == 4:
            for phase, part in ((1, tree[2]), (-1, tree[3])):
                self.node(part, pending, low, high, self._of_phase(tree[1], phase, ends), depth + 1)
            return
        j = tree[1]
        if type(j) is not int or not 0 <= j < len(low):
            raise Refusal("a box is split at no input")
        at = rational(tree[2], "a split")
        self.node(
            tree[3], pending, low, _with(high, j, min(high[j], self.rule.ceil(at))), ends, depth + 1
        )
        self.node(
            tree[4], pending, _with(low, j, max(low[j], self.rule.floor(at))), high, ends, depth + 1
        )

    @staticmethod
    def _of_phase(where: Any, phase: int, ends: Ends) -> Ends:
        """The ends where a unit's z is at least (1) or at most (-1) 0."""
        match where:
            case [int() as k, int() as i] if (
                type(k) is int and type(i) is int and k in ends and 0 <= i < len(ends[k])
            ):
                low, high = ends[k][i]
                own = Spans(ends[k])
                own[i] = (max(low, 0), high) if phase > 0 else (low, min(high, 0))
                return {**ends, k: own}
        raise Refusal("a box is split at no relu unit below the layer")

    def _numbers(self, value: Any) -> list[int]:
        if isinstance(value, list) and all(
            type(q) is int and 0 <= q < len(self.claims) for q in value
        ):
            return value
        raise Refusal("a node of a tree of boxes names no claims")

    def _tightened(self, layer: int, low: list[int], high: list[int], ends: Ends) -> Spans:
        result = Spans(ends[layer])
        bound = self.rule.bound
        for unit, (a, b) in enumerate(result):
            if a < 0 < b:
                up, down = (bound(layer, unit, sign, low, high, ends) for sign in (1, -1))
                result[unit] = max(a, -down), min(b, up)
        return result

    def _tighten_pair(
        self, first: int, second: int, low: list[int], high: list[int], ends: Ends
    ) -> None:
        """x − y of units of which one is unstable; and what its ends say about x and y."""
        known = ends.get((first, second))
        xs, ys = Spans(ends[first]), Spans(ends[second])
        result = Spans()
        for unit, ((lx, ux), (ly, uy)) in enumerate(zip(xs, ys, strict=True)):
            ld, ud = lx - uy, ux - ly
            if known is not None:
                ld, ud = max(ld, known[unit][0]), min(ud, known[unit][1])
            if lx < 0 < ux or ly < 0 < uy:
                up, down = (
                    self.rule.bound_of_sum([(first, unit, s), (second, unit, -s)], low, high, ends)
                    for s in (1, -1)
                )
                ld, ud = max(ld, -down), min(ud, up)
                xs[unit] = lx, ux = max(lx, ly + ld), min(ux, uy + ud)
                ys[unit] = max(ly, lx - ud), min(uy, ux - ld)
            result.append((ld, ud))
        ends[first], ends[second], ends[first, second] = xs, ys, result


def _relaxed_plainly(
    c: list[int], lines: Sequence[Line | None]
) -> tuple[list[tuple[int, int]], int]:
    """Coefficients on values to coefficients on pre-activations, and a constant."""
    on_z: list[tuple[int, int]] = []
    shift = 0
    for j, value in enumerate(c):
        if value and (line := lines[j]) is not None:
            if value > 0:
                shift += value * line[2]
                on_z.append((j, value * line[0] >> SLOPE))
            elif line[1]:
                on_z.append((j, value))
    return on_z, shift


def _relaxed(
    c: list[int],
    lines: Sequence[Line | None],
    slopes: Mapping[int, int],
    fixed: Mapping[int, tuple[int, int]],
) -> tuple[list[tuple[int, int]], int]:
    """The same with lower slopes for some units, and with units whose phase is fixed."""
    on_z: list[tuple[int, int]] = []
    shift = 0
    for j, value in enumerate(c):
        if j in fixed:
            phase, pushed = fixed[j]
            total = (value if phase > 0 else 0) + pushed
            if total:
                on_z.append((j, total))
        elif value and (line := lines[j]) is not None:
            if value > 0:
                shift += value * line[2]
                on_z.append((j, value * line[0] >> SLOPE))
            elif j in slopes and line[0] < _ONE:
                on_z.append((j, value * slopes[j] >> ALPHA))
            elif line[1]:
                on_z.append((j, value))
    return on_z, shift


def _lines(low: int, high: int) -> Line:
    """relu(z) ≤ s z + t and relu(z) ≥ α z on [low, high], α the default."""
    if high <= 0:
        return 0, 0, 0
    if low >= 0:
        return _ONE, _ONE, 0
    slope = (high << SLOPE) // (high - low)
    return (
        slope,
        _ONE if STEEP_UPPER * high > -STEEP_LOWER * low else 0,
        max(-slope * low, (_ONE - slope) * high),
    )


def _relaxed_pair(
    cs: list[int], ks: list[int], planes: list[tuple[Line, Line, Line, Line]]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]], int]:
    """Σ c a + k b to coefficients on x and on y, and a constant."""
    on_x: list[tuple[int, int]] = []
    on_y: list[tuple[int, int]] = []
    shift = 0
    for j, (c, k) in enumerate(zip(cs, ks, strict=True)):
        if not c and not k:
            continue
        x, y, above, below = planes[j]
        p = q = common = 0
        if c > 0 > k:
            common = c if c < -k else -k
            slope_x, slope_y, constant = above
        elif c < 0 < k:
            common = c if c > -k else -k
            slope_x, slope_y, constant = below
        if common:
            p, q = common * slope_x, common * slope_y
            shift += common * constant
            c -= common
            k += common
        if c > 0:
            p += c * x[0]
            shift += c * x[2]
        elif c:
            p += c * x[1]
        if k > 0:
            q += k * y[0]
            shift += k * y[2]
        elif k:
            q += k * y[1]
        if p:
            on_x.append((j, p >> SLOPE))
        if q:
            on_y.append((j, q >> SLOPE))
    return on_x, on_y, shift


def _plane(
    above: bool, x: Line, y: Line, xs: tuple[int, int], ys: tuple[int, int], ds: tuple[int, int]
) -> tuple[int, int, int]:
    """a − b ≤ (or ≥) p x + q y + constant: by the lines of each, or by those of d where that is clearly better at the centre.

    Any choice is sound; this one is what whoever writes certificates must expect.
    """
    alone = (x[0], -y[1], x[2]) if above else (x[1], -y[0], -y[2])
    is_x, is_y = xs[0] < 0 < xs[1], ys[0] < 0 < ys[1]
    if not is_x and not is_y:
        return alone
    if above:
        slope, _, offset = _lines(*ds)
    else:
        slope, _, offset = _lines(-ds[1], -ds[0])
        offset = -offset
    twice_x, twice_y, twice_d = sum(xs), sum(ys), sum(ds)
    if not is_x:
        twice_x = twice_y + twice_d
    if not is_y:
        twice_y = twice_x - twice_d
    gain = alone[0] * twice_x + alone[1] * twice_y + 2 * alone[2] - (slope * twice_d + 2 * offset)
    if not above:
        gain = -gain
    return (slope, -slope, offset) if PLANE_GAIN * gain > (2 * (ds[1] - ds[0]) << SLOPE) else alone


# ---- rows as single integers ----------------------------------------------------------------------


def sources_of(layer: Layer) -> list[int]:
    return sorted({row.source for rows in layer.rows for row in rows})


def entries_of(layer: Layer) -> int:
    """Weights that are not 0."""
    return sum(len(row.entries) for rows in layer.rows for row in rows)


def packed(layer: Layer, source: int, width: int, coefficient_bits: int, work: Work) -> Block:
    """The weights on one source, for coefficients of at most so many bits."""
    if entries_of(layer) * _SPARSE < width * layer.size:
        return Block(source, width, 0, 0, ())
    rows = [
        dict(e for row in rows if row.source == source for e in row.entries) for rows in layer.rows
    ]
    largest = max((abs(w) for row in rows for w in row.values()), default=0)
    slot = -(-(coefficient_bits + largest.bit_length() + layer.size.bit_length() + 1) // 64) * 64
    work.spend(2 * layer.size * width * (slot >> 6))
    halves = int.from_bytes((bytes(slot // 8 - 1) + b"\x80") * width, "little")
    return Block(source, width, slot, halves, tuple(_joined(row, slot, width) for row in rows))


def _joined(row: dict[int, int], slot: int, width: int) -> int:
    """Σ_j w_j 2^(j·slot): the positive entries less the negative ones, each laid out as bytes."""
    size = slot // 8
    parts = []
    for sign in (1, -1):
        data = bytearray(size * width)
        for j, w in row.items():
            if sign * w > 0:
                data[j * size : (j + 1) * size] = abs(w).to_bytes(size, "little")
        parts.append(int.from_bytes(data, "little"))
    return parts[0] - parts[1]


def weighted(
    layer: Layer, block: Block, on_z: list[tuple[int, int]], work: Work, shift: int = 0
) -> list[int]:
    """Σ_i c_i · row i on the block's source, over 2^shift and rounded down."""
    if block.rows:
        work.spend(
            (len(on_z) + 4) * block.width * (block.slot >> 6) >> 3
        )  # a word of a long product takes an eighth of the time
        return combined(block, on_z, shift)
    size = max((abs(c) for _, c in on_z), default=0)
    work.spend(
        block.width + sum(len(row.entries) for i, _ in on_z for row in layer.rows[i]) * words(size)
    )
    return [c >> shift for c in _combined_plainly(layer, block, on_z)]


def combined(block: Block, on_z: list[tuple[int, int]], shift: int = 0) -> list[int]:
    """Σ_i c_i · row i, over 2^shift and rounded down. Each slot of the sum is below 2^(slot − 1) in size; half a slot is added to make it positive."""
    rows, words, half = block.rows, block.slot // 64, 1 << (block.slot - 1)
    total = block.halves
    for i, c in on_z:
        total += c * rows[i]
    parts = struct.unpack(
        f"<{words * block.width}Q", total.to_bytes(8 * words * block.width, "little")
    )
    if words == 1:
        return [(a - half) >> shift for a in parts]
    if words == 2:
        return [
            ((b << 64 | a) - half) >> shift for a, b in zip(parts[::2], parts[1::2], strict=True)
        ]
    if words == 3:
        threes = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
        return [((c << 128 | b << 64 | a) - half) >> shift for a, b, c in threes]
    return [
        (sum(part << (64 * k) for k, part in enumerate(parts[words * j : words * (j + 1)])) - half)
        >> shift
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


def _interval(
    layer: Layer, unit: int, after: Mapping[int, list[tuple[int, int]]], bits: int
) -> tuple[int, int]:
    low = high = layer.bias[unit] << bits
    for row in layer.rows[unit]:
        ends = after[row.source]
        for j, w in row.entries:
            a, b = ends[j]
            if w > 0:
                low += w * a
                high += w * b
            else:
                low += w * b
                high += w * a
    return low // layer.den, -(-high // layer.den)


def _order(network: Network, pairs: Mapping[int, int]) -> list[tuple[int, ...]]:
    """The layers from the last to the first, each after all that read it, the two of a pair together. Raises Refusal."""
    seconds = set(pairs.values())
    groups = [
        (k, pairs[k]) if k in pairs else (k,)
        for k in range(len(network.layers), 0, -1)
        if k not in seconds
    ]
    read_by: dict[int, set[int]] = {k: set() for k in range(len(network.layers) + 1)}
    for k, layer in enumerate(network.layers, start=1):
        for source in sources_of(layer):
            read_by[source].add(k)
    order: list[tuple[int, ...]] = []
    done: set[int] = set()
    while groups:
        ready = next((g for g in groups if all(read_by[k] <= done for k in g)), None)
        if ready is None:
            raise Refusal("the pairs of layers cross each other")
        groups.remove(ready)
        order.append(ready)
        done.update(ready)
    return order


def cone_of(network: Network, layer: int) -> set[int]:
    """The layers that a layer reads, and what they read."""
    cone: set[int] = set()
    waiting = [layer]
    while waiting:
        for source in sources_of(network.layers[waiting.pop() - 1]):
            if source and source not in cone:
                cone.add(source)
                waiting.append(source)
    return cone


def _with(values: list[int], k: int, value: int) -> list[int]:
    return [*values[:k], value, *values[k + 1 :]]
