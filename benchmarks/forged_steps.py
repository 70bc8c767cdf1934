"""Random steps of certificates for benchmarks/forgeries.py: most are false, or say nothing.

    ["boxes", 0, 2, [[1, "up", "3/2"]], [[], 0, "1/2", [[0]], [[0]]]]      is the largest z 3/2?

Bounds lie at the ends that are true, a little beyond them or short of them; boxes are split where a
network bends; units are rearranged at random. So a rule that is wrong by little is found out.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from random import Random
from typing import Any

from rectifold_check.networks import Network
from rectifold_check.state import State

Step = list[Any]
Values = Mapping[int, Sequence[Sequence[Sequence[Fraction]]]]
"""Of networks 0, 1 and 2 (the gap network), at every bend: pre-activations by layer and index."""

_FALSE = tuple(Fraction(-1, 1 << k) for k in (40, 60, 71))  # by little: easiest to be accepted
_TRUE = tuple(Fraction(1, 1 << k) for k in (0, 1, 2, 3, 6, 40, 80))
_MULTIPLIERS = ("0", "1", "1", "2", "1/2", "1/3", "0x1.8p+0", "3")
_FACTORS = ("1", "1", "2", "3", "1/2", "1/3", "3/2", "2/3")
_FACTS = ("h", "hz", "lo", "up", "top", "ch", "dom")


class Steps:
    """Of one state, whose networks are affine between these bends."""

    def __init__(self, random: Random, state: State, bends: Sequence[tuple[Fraction, ...]]) -> None:
        self.random = random
        self.state = state
        self.bends = bends
        self.values: Values = {}
        self.rules: Mapping[str, Callable[[], Step]] = {
            "bound": self._bound,
            "alias": lambda: self._tie(1),
            "mirror": lambda: self._tie(-1),
            "precision": lambda: [self.random.choice((72, 73, 96, 128))],
            "intervals": lambda: [*self._layer()],
            "cases": self._cases,
            "boxes": self._boxes,
            "pairs": self._pairs,
            "cells": lambda: [self.random.randint(0, 40)],
            "bends": lambda: [self.random.randint(0, 8)],
            "slopes": self._slopes,
        }

    def step(self, rule: str) -> Step:
        """A step of this rule."""
        return [rule, *self.rules[rule]()]

    # ---- parts of steps -------------------------------------------------------------------------

    def _one(self, choices: Sequence[Any]) -> Any:
        return self.random.choice(choices)

    def _layer(self, nets: Sequence[int] = (0, 1, 2, 2)) -> tuple[int, int]:
        """Of the gap network mostly the last one, in which A and B meet."""
        net = self._one(nets)
        last = len(self.state.network(net).layers)
        return net, last if net == 2 and self.random.random() < 0.6 else self.random.randint(
            1, last
        )

    def _unit(self, nets: Sequence[int] = (0, 1)) -> list[int]:
        net, layer = self._layer(nets)
        size = self.state.network(net).layers[layer - 1].size
        return [net, layer, self.random.randrange(size)]

    def _value(self, unit: Sequence[int], side: str) -> str:
        """Of a claim about one unit: as good as can be, better or worse."""
        net, layer, index = unit
        values = [at[layer][index] for at in self.values[net]]
        width = 1 + max(values) - min(values)
        off = self._one((0, self._one(_FALSE), width * self._one(_TRUE), width * self._one(_TRUE)))
        return str(max(values) + off if side == "up" else min(values) - off)

    def proof(self, depth: int = 0) -> Any:
        """That some sum is at least 0."""
        if depth < 4 and self.random.random() < 0.45:
            parts = (self.proof(depth + 1), self.proof(depth + 1))
            return {"s": self._unit(), "p": parts[0], "n": parts[1]}
        facts = [self._fact() for _ in range(self._one((0, 0, 1, 2, 3)))]
        return {self._one(("l", "l", "l", "f")): facts}

    def _fact(self) -> list[Any]:
        kind = self._one(_FACTS)
        rows = len(self.state.domain.constraints)
        where = self.random.randrange(max(rows, 1)) if kind == "dom" else self._unit()
        return [kind, where, self._one(_MULTIPLIERS)]

    def _bound(self) -> Step:
        unit, side = self._unit(), self._one(("lo", "up"))
        return [unit, side, self._value(unit, side), self.proof()]

    def _tie(self, sign: int) -> Step:
        """Two units, mostly ones whose values have a ratio of this sign."""
        tries = [self._two() for _ in range(30)]
        found = next((t for t in tries if t[2] is not None and sign * t[2] > 0), tries[0])
        factor = str(abs(found[2])) if found[2] else self._one(_FACTORS)
        return [*found[:2], factor if self.random.random() < 0.9 else self._one(_FACTORS)]

    def _two(self) -> tuple[list[int], list[int], Fraction | None]:
        """A unit, mostly an earlier one, and what all values of the first are times its own."""
        v, w = sorted((self._unit(), self._unit()), reverse=self.random.random() < 0.95)
        of_v, of_w = ([at[k][j] for at in self.values[net]] for net, k, j in (v, w))
        ratio = next((a / b for a, b in zip(of_v, of_w, strict=True) if b), None)
        is_ratio = ratio is not None and all(
            a == ratio * b for a, b in zip(of_v, of_w, strict=True)
        )
        return v, w, ratio if is_ratio else None

    # ---- substitution ---------------------------------------------------------------------------

    def _frame(self, net: int, layer: int) -> list[list[Any]]:
        """Of some units of some relu layers before a layer."""
        frame = []
        for k, before in enumerate(self.state.network(net).layers[: layer - 1], start=1):
            if before.is_relu and self.random.random() < 0.8:
                count = self.random.randint(1, before.size)
                frame.append([k, sorted(self.random.sample(range(before.size), count))])
        return frame

    def _tree(self, frame: Sequence[Any], left: Sequence[int], path: int = 0) -> Any:
        """Of cases that split some of the units that are left."""
        if left and path < 4 and self.random.random() < 0.6:
            rest = [k for k in left if k != left[0]]
            return [left[0], *(self._tree(frame, rest, path + 1) for _ in range(2))]
        units, rows = sum(len(part[1]) for part in frame), len(self.state.domain.constraints)
        leaf = [
            self._bytes(units, lambda: self.random.randint(0, 1 << 15).to_bytes(2, "little")),
            [self._one(_MULTIPLIERS) for _ in range(self._one((0, path)))],
            [self._one(_MULTIPLIERS) for _ in range(self._one((0, rows)))],
        ]
        if frame and self.random.random() < 0.3:
            count = len(frame[0][1]) + 2 * self.state.networks[0].inputs
            leaf.append(self._bytes(count, self._level))
        return leaf

    def _level(self) -> bytes:
        return self.random.randint(-127, 127).to_bytes(1, "little", signed=True)

    def _bytes(self, count: int, byte: Callable[[], bytes]) -> str:
        if self.random.random() < 0.5:
            return ""
        return base64.b64encode(b"".join(byte() for _ in range(count))).decode()

    def _cased(self, net: int, layer: int) -> list[Any]:
        frame = self._frame(net, layer)
        units = range(sum(len(part[1]) for part in frame))
        return [frame, self._tree(frame, self.random.sample(units, len(units)))]

    def _cases(self) -> Step:
        unit, side = self._unit((0, 1, 2, 2)), self._one(("lo", "up"))
        return [unit, side, self._value(unit, side), *self._cased(unit[0], unit[1])]

    def _boxes(self) -> Step:
        net, layer = self._layer()
        size = self.state.network(net).layers[layer - 1].size
        claims = []
        for _ in range(self._one((1, 1, 1, 2, 3))):
            index, side = self.random.randrange(size), self._one(("lo", "up"))
            claims.append([index, side, self._value((net, layer, index), side)])
        return [net, layer, claims, self._box(self.state.network(net), (net, layer), len(claims))]

    def _box(self, network: Network, at: tuple[int, int], claims: int, depth: int = 0) -> Any:
        """A tree of boxes, its claims named at the leaves."""
        if depth > 4 or self.random.random() < 0.4:
            return [[self._named(q, at) for q in range(claims)]]
        halves = [self._box(network, at, claims, depth + 1) for _ in range(2)]
        below = [k for k in range(1, at[1]) if network.layers[k - 1].is_relu]
        if below and self.random.random() < 0.4:
            k = self._one(below)
            return [[], [k, self.random.randrange(network.layers[k - 1].size)], *halves]
        j = self.random.randrange(len(self.bends[0]))
        return [[], j, str(self._one(self.bends)[j]), *halves]

    def _named(self, claim: int, at: tuple[int, int]) -> Any:
        return [claim, *self._cased(*at)] if self.random.random() < 0.1 else claim

    # ---- the gap network, and steps between points ----------------------------------------------

    def _pairs(self) -> Step:
        """Some pairs of layers, most of them rearranged."""
        pairs = []
        for k in range(1, min(len(n.layers) for n in self.state.networks) + 1):
            layers = [n.layers[k - 1] for n in self.state.networks]
            if all(layer.is_relu for layer in layers) and self.random.random() < 0.8:
                pairs.append([k, k, *self._orders([layer.size for layer in layers])])
        return [pairs]

    def _orders(self, sizes: list[int]) -> list[list[int]]:
        if self.random.random() < 0.1:
            return []
        places = max(sizes) + self._one((0, 0, 1))
        orders = [[*range(size), *[-1] * (places - size)] for size in sizes]
        if self.random.random() < 0.4:
            return orders
        return [self.random.sample(order, places) for order in orders]

    def _slopes(self) -> Step:
        """Of the first condition of each case."""
        asked = self.state.steps_apart
        if asked is None:
            return [[[0, 0]], [[0]]]
        cases = range(len(asked.part.cases))
        claims = [[k, self.random.randrange(len(asked.part.cases[k]))] for k in cases]
        return [claims, self._slope_tree(asked.network, len(claims))]

    def _slope_tree(self, network: Network, claims: int, depth: int = 0) -> Any:
        if depth > 2 or self.random.random() < 0.4:
            return self._one(([list(range(claims))], [[], self._one((1, 1, 2, 3))]))
        halves = [self._slope_tree(network, claims, depth + 1) for _ in range(2)]
        k = self.random.randint(1, len(network.layers))
        if network.layers[k - 1].is_relu and self.random.random() < 0.3:
            return [[], [k, self.random.randrange(network.layers[k - 1].size)], *halves]
        j = self.random.randrange(network.inputs)
        return [[], j, str(self._one(self.bends)[j]), *halves]
