"""Bounds by boxes: trees whose splits halve an input's range, or part a unit's two signs.

    [[], 0, "1/2", [[0]], [[], [1, 3], [[0]], [[[0, FRAME, CASES]]]]]

    claim 0 is proved where input 0 is at most 1/2; where it is at least 1/2, once for z >= 0 and
    once, by cases of its own, for z <= 0 of unit 3 of layer 1

On every box the unstable units below the layer get new bounds, layer by layer, and pairs of them
bounds of their differences. Sound because every input of the domain lies in one half, or one part,
of each split, and every claim is proved somewhere on each path from the root to a leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from rectifold_check.agreed import MAX_TREE_DEPTH
from rectifold_check.integers.cases import prove_cases
from rectifold_check.integers.pairs import Differences
from rectifold_check.integers.relaxation import Bounds
from rectifold_check.integers.rounding import rounded_down, rounded_up
from rectifold_check.integers.substitution import Box, Substitution
from rectifold_check.json import Json, Refusal, rational

Claim = tuple[int, int, Fraction]
"""(unit, sign, value): sign z <= value, for units of one layer."""

Cases = tuple[Json, Json] | None
"""(frame, tree) of a proof by cases, as a node names it with a claim; None for the usual proof."""


def prove_boxes(rule: Substitution, layer: int, claims: Sequence[Claim], tree: Json) -> None:
    """Each of the claims on some box of every path of a tree.

    `tree` is JSON of a certificate. Raises Refusal where it is malformed, or where it leaves a
    claim open.
    """

    def require(number: int, box: Box, cases: Cases) -> None:
        unit, sign, value = claims[number]
        if cases is not None:
            prove_cases(rule, (layer, unit, sign), value, cases, box)
        elif rule.bound([(layer, unit, sign)], box) > rounded_down(value, rule.bits):
            raise Refusal(
                f"the claim about unit {unit} of layer {layer} does not hold on one of the boxes"
            )

    BoxWalk(rule, layer, len(claims), require).from_the_root(tree)


class BoxWalk:
    """One tree of boxes and of parts of boxes, from the root down.

    `require` raises Refusal where a claim, by number, does not hold on a box, for the cases that
    are named with it, if any. `leave`, where leaves
    may say more: raises it where claims do not hold on a box for what a leaf says.
    """

    def __init__(
        self,
        rule: Substitution,
        layer: int,
        count: int,
        require: Callable[[int, Box, Cases], None],
        leave: Callable[[Json, frozenset[int], Box], None] | None = None,
    ) -> None:
        """About `count` claims, and units below the layer."""
        below = rule.box_below(layer).bounds
        self.rule = rule
        self.layer = layer
        self.count = count
        self.require = require
        self.leave = leave
        self.groups = [tuple(k for k in group if k in below) for group in reversed(rule.order)]

    def from_the_root(self, tree: Json) -> None:
        """Every claim on the whole domain."""
        self.node(tree, frozenset(range(self.count)), self.rule.box_below(self.layer), 0)

    def node(self, tree: Json, pending: frozenset[int], box: Box, depth: int) -> None:
        """Everything below one node: `pending` are the claims that are still open on the box.

        A node is [claims], [claims, input, at, half x <= at, half x >= at] or
        [claims, [layer, unit], part z >= 0, part z <= 0], claims by their numbers; or, where leaves
        may say more, [claims, what it says].
        """
        if depth > MAX_TREE_DEPTH:
            raise Refusal("a tree of boxes is too deep")
        if not isinstance(tree, list) or len(tree) not in (1, 2, 4, 5):
            raise Refusal("a node of a tree of boxes is malformed")
        box = self.tightened(box)
        pending -= self._proved(tree[0], box)
        match tree:
            case [_]:
                if pending:
                    raise Refusal(f"{len(pending)} claims are not proved on one of the boxes")
            case [_, said]:
                if self.leave is None:
                    raise Refusal("a node of a tree of boxes is malformed")
                self.leave(said, pending, box)
            case [_, unit, active, inactive]:
                self.node(active, pending, _of_phase(unit, 1, box), depth + 1)
                self.node(inactive, pending, _of_phase(unit, -1, box), depth + 1)
            case [_, j, at, below, above]:
                left, right = self._halves(j, at, box)
                self.node(below, pending, left, depth + 1)
                self.node(above, pending, right, depth + 1)

    def _halves(self, j: Json, at: Json, box: Box) -> tuple[Box, Box]:
        """The box where input j is at most `at`, and where it is at least that."""
        if type(j) is not int or not 0 <= j < len(box.low):
            raise Refusal("a box is split at no input")
        value, bits = rational(at, "a split"), self.rule.bits
        high = _with(box.high, j, min(box.high[j], rounded_up(value, bits)))
        low = _with(box.low, j, max(box.low[j], rounded_down(value, bits)))
        return replace(box, high=high), replace(box, low=low)

    def _proved(self, named: Json, box: Box) -> frozenset[int]:
        """The claims that a node names, each of which must hold on the box.

        One is named by its number, or [number, frame, cases] with its own cases.
        """
        if not isinstance(named, list):
            raise Refusal("a node of a tree of boxes names no claims")
        return frozenset(self._claim(one, box) for one in named)

    def _claim(self, named: Json, box: Box) -> int:
        """The number of a claim that holds on the box. Raises Refusal where it does not."""
        cases: Cases = None
        match named:
            case [q, frame, tree]:
                cases = (frame, tree)
            case q:
                pass
        if type(q) is not int or not 0 <= q < self.count:
            raise Refusal("a node of a tree of boxes names no claims")
        self.require(q, box, cases)
        return q

    def tightened(self, box: Box) -> Box:
        """The box with new bounds of all units below the layer that are unstable on it."""
        box = replace(box, bounds=dict(box.bounds), differences=dict(box.differences))
        units = sum(len(box.bounds[k]) for group in self.groups for k in group)
        self.rule.work.spend(len(box.low) + 4 * units)
        for group in self.groups:
            for k in group:
                box.bounds[k] = self._bounded(k, box)
            if len(group) == 2:
                self._tighten_pair(group[0], group[1], box)
        return box

    def _bounded(self, layer: int, box: Box) -> Bounds:
        result = Bounds(box.bounds[layer])
        bound = self.rule.bound
        for unit, (a, b) in enumerate(result):
            if a < 0 < b:
                up, down = (bound([(layer, unit, sign)], box) for sign in (1, -1))
                result[unit] = max(a, -down), min(b, up)
        return result

    def _tighten_pair(self, first: int, second: int, box: Box) -> None:
        """Bounds of x - y where x or y is unstable, and what they say about x and y."""
        known = box.differences.get((first, second))
        xs, ys = Bounds(box.bounds[first]), Bounds(box.bounds[second])
        result = Differences()
        for unit, ((lx, ux), (ly, uy)) in enumerate(zip(xs, ys, strict=True)):
            ld, ud = lx - uy, ux - ly
            if known is not None:
                ld, ud = max(ld, known[unit][0]), min(ud, known[unit][1])
            if lx < 0 < ux or ly < 0 < uy:
                up, down = (
                    self.rule.bound([(first, unit, s), (second, unit, -s)], box) for s in (1, -1)
                )
                ld, ud = max(ld, -down), min(ud, up)
                xs[unit] = lx, ux = max(lx, ly + ld), min(ux, uy + ud)
                ys[unit] = max(ly, lx - ud), min(uy, ux - ld)
            result.append((ld, ud))
        box.bounds[first], box.bounds[second] = xs, ys
        box.differences[first, second] = result


def _of_phase(where: Json, phase: int, box: Box) -> Box:
    """The part of a box where a unit's z is at least 0 (phase 1) or at most 0 (phase -1)."""
    match where:
        case [int() as k, int() as i] if (
            type(k) is int and type(i) is int and k in box.bounds and 0 <= i < len(box.bounds[k])
        ):
            low, high = box.bounds[k][i]
            own = Bounds(box.bounds[k])
            own[i] = (max(low, 0), high) if phase > 0 else (low, min(high, 0))
            return replace(box, bounds={**box.bounds, k: own})
    raise Refusal("a box is split at no relu unit below the layer")


def _with(values: list[int], k: int, value: int) -> list[int]:
    return [*values[:k], value, *values[k + 1 :]]
