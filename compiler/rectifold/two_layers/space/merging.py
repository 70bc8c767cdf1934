"""Few bent sheets for many corners and seams: the choice of second-layer units in three dimensions.

Derivation: docs/mathematics.md#three-inputs.

    ledger: corners at vertices, classes along lines → the sheet that saves most is taken → again

A *ledger* holds what the function bends along and no unit has taken: at every vertex the corners
that are left (a sheet of two hinges, and its weights), and at the beginning of every line the class
that is left there. Each corner that stays costs a unit, each line a unit per plane beyond two. A
sheet of many hinges takes many corners and seams at once, and leaves new ones where the function
does not bend with it; what that gains is counted exactly. Nothing here is a proof: `lines` asserts
that what is left is constant along every line.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.form import Hinge, Unit, Weights
from rectifold.two_layers.space.incidence import Line, dot4, plus
from rectifold.two_layers.space.sheets import Corner, NotGenericError, Seam, Sheet

K = TypeVar("K")
Extent = Callable[[Line], tuple[Fraction, Fraction] | None]


@dataclass(frozen=True)
class Effect:
    """What one unit of weight of a sheet takes: corners, and per line the class at its beginning.

    The corners that it takes stand for their own classes already.
    """

    sheet: Sheet
    corners: tuple[Corner, ...]
    lines: Mapping[Line, Mapping[Hinge, Fraction]]


class Ledger:
    """Corners and classes that are left.

    `extent` is the range of a line's parameter inside the domain, None for lines outside.
    """

    def __init__(self, extent: Extent, is_inside: Callable[[Vertex], bool]) -> None:
        self.extent = extent
        self.is_inside = is_inside
        self.corners: dict[Vertex, dict[Sheet, Weights]] = defaultdict(dict)
        self.lines: dict[Line, dict[Hinge, Weights]] = defaultdict(dict)
        self.by_hinge: dict[Hinge, set[tuple[Vertex, Sheet]]] = defaultdict(set)
        self._begun: dict[Sheet, list[Seam]] = {}
        self._extents: dict[Line, Fraction | None] = {}

    # ---- the function ---------------------------------------------------------------------------

    def add_corner(self, vertex: Vertex, sheet: Sheet, weights: Weights) -> None:
        """A corner of the function, which a unit on the whole sheet is to take."""
        self._change_corner(vertex, sheet, weights)
        for seam in self.begun(sheet):
            self.add_class(seam.line, seam.kind, tuple(-w for w in weights))

    def add_seam(self, seam: Seam, weights: Weights) -> None:
        """A seam of the function."""
        if self._begins(seam):
            self.add_class(seam.line, seam.kind, weights)

    def add_class(
        self, line: Line, kind: Mapping[Hinge, int] | Mapping[Hinge, Fraction], weights: Weights
    ) -> None:
        """A class at the beginning of a line."""
        left = self.lines[line]
        for plane, value in kind.items():
            _add_weights(left, plane, tuple(value * w for w in weights))

    def begun(self, sheet: Sheet) -> list[Seam]:
        """Its seams that are there where their lines enter the domain."""
        if sheet not in self._begun:
            self._begun[sheet] = [seam for seam in sheet.seams if self._begins(seam)]
        return self._begun[sheet]

    def _begins(self, seam: Seam) -> bool:
        if seam.line not in self._extents:
            extent = self.extent(seam.line)
            self._extents[seam.line] = None if extent is None else extent[0]
        low = self._extents[seam.line]
        return low is not None and seam.covers(low)

    # ---- sheets ---------------------------------------------------------------------------------

    def effect(self, sheet: Sheet) -> Effect:
        """What a sheet takes. Raises NotGenericError for one that is not generic."""
        corners = tuple(corner for corner in sheet.corners if self.is_inside(corner[0]))
        lines: dict[Line, dict[Hinge, Fraction]] = defaultdict(dict)
        parts: list[tuple[Seam, Fraction]] = [
            (seam, Fraction(-1)) for seam in sheet.seams if self._begins(seam)
        ]
        parts += [(seam, factor) for _, own, factor in corners for seam in self.begun(own)]
        for seam, factor in parts:
            kind = lines[seam.line]
            for plane, value in seam.kind.items():
                kind[plane] = kind.get(plane, Fraction(0)) + factor * value
        return Effect(
            sheet,
            corners,
            {line: {p: v for p, v in kind.items() if v} for line, kind in lines.items()},
        )

    def gain(self, effect: Effect, weights: Weights) -> int:
        """How many units are saved by taking the sheet with these weights."""
        saved = -1
        for vertex, sheet, factor in effect.corners:
            known = self.corners[vertex].get(sheet) if vertex in self.corners else None
            if known is None:
                saved -= 1
            elif all(k == factor * w for k, w in zip(known, weights, strict=True)):
                saved += 1
        for line, kind in effect.lines.items():
            left = self.lines.get(line, {})
            after = len(left)
            for plane, value in kind.items():
                known = left.get(plane)
                if known is None:
                    after += 1
                elif all(k == -value * w for k, w in zip(known, weights, strict=True)):
                    after -= 1
            saved += _class_cost(len(left)) - _class_cost(after)
        return saved

    def best(self, effect: Effect) -> tuple[int, Weights]:
        """The largest gain among the weights that take some corner or class away."""
        tried: Counter[Weights] = Counter()
        for vertex, sheet, factor in effect.corners:
            if vertex in self.corners and (known := self.corners[vertex].get(sheet)) is not None:
                tried[tuple(k / factor for k in known)] += 1
        for line, kind in effect.lines.items():
            left = self.lines.get(line, {})
            for plane, value in kind.items():
                if plane in left:
                    tried[tuple(-k / value for k in left[plane])] += 1
        options = [
            (self.gain(effect, weights), weights)
            for weights, _ in tried.most_common(SHALLOW_EFFORT.weights_tried)
        ]
        return max(options, key=lambda option: option[0], default=(-1, ()))

    def take(self, effect: Effect, weights: Weights) -> Unit:
        """Subtract the sheet with these weights."""
        for vertex, sheet, factor in effect.corners:
            self._change_corner(vertex, sheet, tuple(-factor * w for w in weights))
        for line, kind in effect.lines.items():
            self.add_class(line, kind, weights)
        return effect.sheet.unit(weights)

    def _change_corner(self, vertex: Vertex, sheet: Sheet, weights: Weights) -> None:
        own = self.corners[vertex]
        _add_weights(own, sheet, weights)
        for hinge, _ in sheet.bends:
            if sheet in own:
                self.by_hinge[hinge].add((vertex, sheet))
            else:
                self.by_hinge[hinge].discard((vertex, sheet))

    def left_over(self) -> list[Unit]:
        """A unit for every corner that is left."""
        return [
            sheet.unit(weights)
            for _, own in sorted(self.corners.items())
            for sheet, weights in own.items()
        ]


def merge_sheets(ledger: Ledger, own: Iterable[Sheet]) -> list[Unit]:
    """Sheets that gain, `own` first; then a unit for every corner that is left."""
    units = _own_sheets(ledger, own)
    while more := _grow_sheets(ledger):
        units += more
    return units + ledger.left_over()


def _own_sheets(ledger: Ledger, own: Iterable[Sheet]) -> list[Unit]:
    """Units on these sheets, the one that gains most first."""
    effects = [effect for sheet in own if (effect := _effect(ledger, sheet)) is not None]
    units: list[Unit] = []
    while effects:
        (gain, weights), effect = max(
            ((ledger.best(effect), effect) for effect in effects), key=lambda found: found[0][0]
        )
        if gain <= 0:
            break
        units.append(ledger.take(effect, weights))
    return units


def _grow_sheets(ledger: Ledger) -> list[Unit]:
    """Units on sheets grown from corners, the best first.

    A sheet is grown again when its turn comes, since what is left has changed.
    """
    waiting: list[tuple[int, int, Vertex, Sheet]] = []
    covered: set[tuple[Vertex, Sheet]] = set()
    for vertex, own in list(ledger.corners.items()):
        for sheet in list(own):
            if (vertex, sheet) in covered:
                continue
            gain, effect, _ = _grow(ledger, vertex, sheet)
            waiting.append((-gain, len(waiting), vertex, sheet))
            for other, corner, _ in effect.corners:  # hopes for what its neighbour got
                if (
                    (other, corner) not in covered
                    and (other, corner) != (vertex, sheet)
                    and corner in ledger.corners.get(other, {})
                ):
                    covered.add((other, corner))
                    waiting.append((-gain, len(waiting), other, corner))
    heapq.heapify(waiting)
    number = len(waiting)
    units: list[Unit] = []
    while waiting:
        _, _, vertex, sheet = heapq.heappop(waiting)
        if sheet not in ledger.corners[vertex]:
            continue
        gain, effect, weights = _grow(ledger, vertex, sheet)
        gain, weights = max((gain, weights), ledger.best(effect), key=lambda option: option[0])
        if gain <= 0:
            continue
        if waiting and gain < -waiting[0][0]:
            number += 1
            heapq.heappush(waiting, (-gain, number, vertex, sheet))
            continue
        units.append(ledger.take(effect, weights))
    return units


def _grow(ledger: Ledger, vertex: Vertex, corner: Sheet) -> tuple[int, Effect, Weights]:
    """The sheet of a corner with as many more hinges as gain something."""
    weights = ledger.corners[vertex][corner]
    effect = ledger.effect(corner)
    best = ledger.gain(effect, weights), effect, weights
    while True:
        better = best
        for sheet in _longer(ledger, best[1].sheet):
            effect_of = _effect(ledger, sheet)
            if effect_of is None:
                continue
            factor = next(
                (f for at, own, f in effect_of.corners if at == vertex and own == corner), None
            )
            if factor is not None:
                own_weights = tuple(w / factor for w in weights)
                gain = ledger.gain(effect_of, own_weights)
                if gain > better[0]:
                    better = gain, effect_of, own_weights
        if better is best:
            return best
        best = better


def _longer(ledger: Ledger, sheet: Sheet) -> Iterator[Sheet]:
    """The sheet with one hinge more, so that it takes another corner on one of its hinges."""
    seen: set[Sheet] = set()
    for hinge, c in sheet.bends:
        for vertex, corner in sorted(ledger.by_hinge[hinge]):
            other = next(h for h in corner.factors if h != hinge)
            if other in sheet.factors:
                continue
            mine, theirs = corner.factors[hinge], c
            if mine < 0:
                mine, theirs = -mine, -theirs
            base = tuple(mine * v for v in sheet.base)
            bends = [(h, mine * v) for h, v in sheet.bends]
            added = theirs * corner.factors[other]
            here = base
            for h, v in bends:
                if h != hinge and dot4(h, vertex) > 0:
                    here = plus(here, h, v)
            missing = tuple(theirs * v - w for v, w in zip(corner.base, here, strict=True))
            if any(missing):  # the rest of the sheet may lie where the new hinge is on
                if any(m != -added * v for m, v in zip(missing, other, strict=True)):
                    continue
                base = plus(base, other, -added)
            longer, _ = Sheet.of(base, [*bends, (other, added)])
            if longer not in seen:
                seen.add(longer)
                yield longer


def _effect(ledger: Ledger, sheet: Sheet) -> Effect | None:
    """What a sheet takes; None if it is not generic."""
    try:
        return ledger.effect(sheet)
    except NotGenericError:
        return None


def _add_weights(total: dict[K, Weights], key: K, weights: Weights) -> None:
    """Adds to the weights of a key, which goes where they are 0."""
    known = total.get(key)
    after = weights if known is None else tuple(a + b for a, b in zip(known, weights, strict=True))
    if any(after):
        total[key] = after
    else:
        total.pop(key, None)


def _class_cost(planes: int) -> int:
    """For a class on so many planes."""
    return max(0, planes - 2)
