"""A bound by cases: trees whose splits fix the phase of a unit, and whose leaves name slopes.

    [0, [1, LEAF, LEAF], LEAF]      unit 0 of the frame with z >= 0, there unit 1 with z >= 0 or
                                    z <= 0; and unit 0 with z <= 0

    LEAF = [slopes, multipliers of the path, multipliers of the domain's constraints]
         | [the same, and levels of planes]

Sound because at every input one of the two cases of each split holds, so the bounds of some leaf.
"""

from __future__ import annotations

import binascii
import struct
from dataclasses import replace
from fractions import Fraction

from rectifold_check.agreed import MAX_TREE_DEPTH, MOST_LEVEL, SLOPE_UNITS
from rectifold_check.integers.hull import Hull
from rectifold_check.integers.layers import sources_of
from rectifold_check.integers.rounding import rounded_down
from rectifold_check.integers.substitution import Box, Case, Substitution, Term
from rectifold_check.json import Json, Refusal, multiplier

Path = list[tuple[int, int]]
"""From the root: (number of a unit in the frame, its phase 1 or -1)."""


def prove_cases(
    rule: Substitution,
    target: Term,
    value: Fraction,
    proof: tuple[Json, Json],
    box: Box | None = None,
) -> None:
    """sign z <= value for the target (layer, unit, sign), in every leaf of a tree over a frame.

    `proof` is (frame, tree), JSON of a certificate. With a box, inside the domain and with bounds
    that hold there, the bound is one on that box. Raises Refusal where the proof is malformed, or
    where the bound of a leaf is above the value.
    """
    frame, tree = proof
    _CaseWalk(rule, target, value, frame, box).node(tree, [])


class _CaseWalk:
    """One tree of cases, from the root down; on the domain, or on a box inside it."""

    def __init__(
        self, rule: Substitution, target: Term, value: Fraction, frame: Json, box: Box | None
    ) -> None:
        self.rule = rule
        self.target = target
        self.value = rounded_down(value, rule.bits)
        self.is_on_box = box is not None
        self.box = box or rule.box_before(target[0])
        self.units = [(k, i) for k, indices in self._frame(frame) for i in indices]

    def _frame(self, frame: Json) -> list[tuple[int, list[int]]]:
        """[[layer, [index, ...]], ...], layers and indices rising."""
        found: list[tuple[int, list[int]]] = []
        for part in frame if isinstance(frame, list) else [None]:
            match part:
                case [int() as k, list() as indices] if (
                    type(k) is int and k in self.box.bounds and k > (found[-1][0] if found else 0)
                ):
                    size = len(self.box.bounds[k])
                    if (
                        not all(type(i) is int and 0 <= i < size for i in indices)
                        or sorted(set(indices)) != indices
                    ):
                        raise Refusal("a frame names units that are not there, or not in order")
                    found.append((k, indices))
                case _:
                    raise Refusal(
                        "a frame lists relu layers before the unit's, in order, "
                        "with the indices of units"
                    )
        return found

    def node(self, tree: Json, path: Path) -> None:
        """The case of a path. Raises Refusal."""
        if len(path) > MAX_TREE_DEPTH:
            raise Refusal("a tree of cases is too deep")
        match tree:
            case [str() as slopes, list() as betas, list() as gammas, *levels] if len(levels) < 2:
                hull = self._hull(levels[0]) if levels else None
                self._leaf(self._case(slopes, betas, gammas, path), hull)
            case [int() as k, active, inactive] if type(k) is int and 0 <= k < len(self.units):
                if any(k == known for known, _ in path):
                    raise Refusal("a unit is split twice on one path")
                self.node(active, [*path, (k, 1)])
                self.node(inactive, [*path, (k, -1)])
            case _:
                raise Refusal("a node of a tree of cases is malformed")

    def _leaf(self, case: Case, hull: Hull | None) -> None:
        """The bound in one case. Raises Refusal where it is above the value."""
        if self.rule.bound([self.target], self.box, replace(case, hull=hull)) > self.value:
            layer, unit, _ = self.target
            raise Refusal(f"a case of unit {unit} of layer {layer} does not hold")

    def _case(self, slopes: str, betas: list[Json], gammas: list[Json], path: Path) -> Case:
        """Slopes, phases and multipliers of a leaf: one of `betas` for each split of the path."""
        constraints = len(self.rule.domain.constraints)
        if len(betas) not in (0, len(path)):
            raise Refusal(f"a leaf has {len(betas)} multipliers for {len(path)} splits")
        if len(gammas) not in (0, constraints):
            raise Refusal(f"a leaf has {len(gammas)} multipliers for {constraints} constraints")
        fixed: dict[int, dict[int, tuple[int, int]]] = {}
        for (k, phase), beta in zip(path, betas or ["0"] * len(path), strict=True):
            layer, unit = self.units[k]
            pushed = phase * rounded_down(multiplier(beta), self.rule.bits)
            fixed.setdefault(layer, {})[unit] = phase, pushed
        return Case(self._slopes(slopes), fixed, [multiplier(g) for g in gammas])

    def _slopes(self, text: str) -> dict[int, dict[int, int]]:
        """Two bytes per unit of the frame, little-endian; "" for the default slopes."""
        result: dict[int, dict[int, int]] = {}
        if not text:
            return result
        data = _bytes(text, "slopes")
        if len(data) != 2 * len(self.units):
            raise Refusal(f"{len(data)} bytes of slopes for {len(self.units)} units")
        values = struct.unpack(f"<{len(self.units)}H", data)
        for (layer, unit), value in zip(self.units, values, strict=True):
            if value > SLOPE_UNITS:
                raise Refusal("a slope is above 1")
            result.setdefault(layer, {})[unit] = value
        return result

    def _hull(self, text: Json) -> Hull:
        """One signed byte per unit of the frame's first layer, then twice one per input.

        The first of the two is for weights that are positive, the second for the others.
        """
        layers = self.rule.network.layers
        at = self.units[0][0] if self.units else None
        if self.is_on_box:
            raise Refusal("a hull is one on the domain, not on a box")
        if at is None or sources_of(layers[at - 1]) != [0]:
            raise Refusal("a hull needs a first layer that reads the inputs alone")
        if not isinstance(text, str):
            raise Refusal("levels of a hull are no base64")
        own = [i for k, i in self.units if k == at]
        data = _bytes(text, "levels of a hull")
        inputs = len(self.box.low)
        if len(data) != len(own) + 2 * inputs:
            raise Refusal(
                f"{len(data)} bytes of levels for {len(own)} units and twice {inputs} inputs"
            )
        levels = struct.unpack(f"<{len(data)}b", data)
        if min(levels) < -MOST_LEVEL:
            raise Refusal("a level of a hull is below -127/64")
        plus, minus = levels[len(own) : len(own) + inputs], levels[len(own) + inputs :]
        return Hull(at, dict(zip(own, levels, strict=False)), plus, minus)


def _bytes(text: str, what: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise Refusal(f"{what} are no base64") from None
