"""How many regions a network of two free inputs has: polygons through its blocks, many at a time.

Derivation: docs/mathematics.md#polygons.

    domain → polygons of the first block → … → the last block's lines in each polygon → a number

The polygons of all blocks but the last are made, in integers; into how many the last block cuts
each of them is told by the signs at their corners. Few are held: each block's are made as the next
one asks for them.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice

import numpy as np
import numpy.typing as npt

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.linear_regions.blocks import Blocks, blocks_of
from rectifold.linear_regions.cells import Tally
from rectifold.linear_regions.plane.chords import Places, Values, piece_counts
from rectifold.linear_regions.plane.points import PointSigns, PointValues, signs_of
from rectifold.linear_regions.plane.polygons import (
    Corner,
    Ring,
    count_pieces,
    halves,
    pieces,
    positive_on,
)
from rectifold.linear_regions.plane.values import CellForms
from rectifold.linear_regions.polytope import Vertex, column_text
from rectifold.linear_regions.region import cyclic_order
from rectifold.linear_regions.restriction import Restriction

Bits = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Polygon:
    """Corners in cyclic order, and the active units of each block that is done, as bits."""

    corners: tuple[Vertex, ...]
    active: tuple[int, ...] = ()


class PlaneCount:
    """Counts the regions in the `waiting` polygons; at first that is the whole domain.

    Sent to another process, it is built anew there.
    """

    def __init__(
        self,
        restriction: Restriction,
        waiting: Sequence[Polygon] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises InputError for a domain that is empty or flat."""
        self.restriction = restriction
        self.waiting = [_whole(restriction)] if waiting is None else list(waiting)
        self.clock = clock
        self.tally = Tally()
        self.deadline: float | None = None

    def __reduce__(self) -> tuple[type[PlaneCount], tuple[object, ...]]:
        """Another process counts from nothing, by its own clock."""
        return PlaneCount, (self.restriction, self.waiting)

    @cached_property
    def blocks(self) -> Blocks:
        """The units in the order in which polygons meet them."""
        return blocks_of(self.restriction)

    @cached_property
    def signs(self) -> PointSigns:
        """The units' signs at corners."""
        return signs_of(self.blocks)

    @cached_property
    def forms(self) -> CellForms:
        """The units' forms on polygons."""
        return CellForms(self.blocks)

    def count(self, *, seconds: float | None = None) -> int:
        """How many regions the waiting polygons have; fewer when `seconds` are over."""
        started, tally = self.clock(), self.tally
        self.deadline = None if seconds is None else started + seconds
        last = len(self.blocks) - 1
        stream: Iterator[Polygon] = iter(())
        for number in range(last + 1):
            begun = [polygon for polygon in self.waiting if len(polygon.active) == number]
            stream = chain(begun, stream)
            if number < last:
                stream = self._through(number, stream)
        if last < 0:
            tally.count += len(self.waiting)
        else:
            for batch in self._batches(last, stream):
                tally.count += self._count_batch(last, batch)
        tally.complete = not self._is_late()
        self.waiting = []
        tally.seconds += self.clock() - started
        return tally.count

    def deal(self, cells: int, hands: int) -> list[PlaneCount]:
        """The waiting polygons, cut into at least so many, dealt out to at most `hands` counts.

        Fewer where there are fewer regions. Nothing waits here afterwards.
        """
        waiting, whole = deque(self.waiting), list[Polygon]()
        while waiting and len(waiting) + len(whole) < cells:
            polygon = waiting.popleft()
            parts = self._halve(polygon)
            if parts:
                waiting += parts
            else:
                whole.append(polygon)
        dealt = [*whole, *waiting]
        self.waiting = []
        count = min(len(dealt), hands)
        return [PlaneCount(self.restriction, dealt[k::count], self.clock) for k in range(count)]

    @property
    def texts(self) -> list[str]:
        """What waits, exactly."""
        return [";".join(map(column_text, sorted(polygon.corners))) for polygon in self.waiting]

    def _is_late(self) -> bool:
        return self.deadline is not None and self.clock() >= self.deadline

    def _batches(self, number: int, polygons: Iterable[Polygon]) -> Iterator[list[Polygon]]:
        """As many at a time as the values of the block's units have room for."""
        size = max(16, REGION_EFFORT.plane_entries // max(1, self.blocks.widest))
        stream = iter(polygons)
        while not self._is_late() and (batch := list(islice(stream, size))):
            yield batch

    # ---- a block before the last ----------------------------------------------------------------

    def _through(self, number: int, polygons: Iterable[Polygon]) -> Iterator[Polygon]:
        """The pieces of polygons on which each unit of a block has one sign."""
        for batch in self._batches(number, polygons):
            corners = _Corners.of(batch)
            table = _SignBits.of(self.signs.of(number, corners.points), corners)
            for k, polygon in enumerate(batch):
                if self._is_late():
                    return
                yield from self._cut(number, polygon, table, k)

    def _cut(self, number: int, polygon: Polygon, table: _SignBits, k: int) -> Iterator[Polygon]:
        active, cutting = table.of_polygon(k)
        if not cutting:
            yield Polygon(polygon.corners, (*polygon.active, active))
            return
        units = _places_of(cutting)
        forms = dict(zip(units, self.forms.of(number, polygon.active, units), strict=True))
        for piece in pieces(table.ring(k, polygon), forms):
            self.tally.splits += 1
            own = active & ~cutting | positive_on(piece) & cutting
            yield Polygon(tuple(corner.point for corner in piece), (*polygon.active, own))

    def _halve(self, polygon: Polygon) -> list[Polygon]:
        """A polygon cut by one unit of its block, or with the block done; none if all are done."""
        number = len(polygon.active)
        if number == len(self.blocks):
            return []
        corners = _Corners.of([polygon])
        table = _SignBits.of(self.signs.of(number, corners.points), corners)
        active, cutting = table.of_polygon(0)
        if not cutting:
            done = number == len(self.blocks) - 1
            return [] if done else [Polygon(polygon.corners, (*polygon.active, active))]
        units = _places_of(cutting)
        unit = units[len(units) // 2]
        bit = 1 << unit
        ring = [Corner(c.point, c.positive & bit, c.negative & bit) for c in table.ring(0, polygon)]
        (form,) = self.forms.of(number, polygon.active, [unit])
        parts = halves(ring, bit, {unit: form})
        return [Polygon(tuple(c.point for c in part), polygon.active) for part in parts]

    # ---- the last block -------------------------------------------------------------------------

    def _count_batch(self, last: int, batch: Sequence[Polygon]) -> int:
        """Into how many pieces the last block cuts polygons, all together."""
        corners = _Corners.of(batch)
        values = self.signs.of(last, corners.points)
        cutting = _SignBits.of(values, corners).cutting_table(self.blocks.blocks[last].size)
        lines = cutting.sum(axis=1)
        total = int((1 + lines[lines < 2]).sum())
        for count in np.unique(lines[lines > 1]).tolist():
            some = np.nonzero(lines == count)[0]
            units = np.nonzero(cutting[some])[1].reshape(len(some), count)
            counts, certain = piece_counts(_values_of(values, corners, some, units))
            total += int(counts[certain].sum())
            for k in np.nonzero(~certain)[0].tolist():
                total += self._count_exactly(last, batch[some[k]], units[k].tolist())
        return total

    def _count_exactly(self, last: int, polygon: Polygon, units: Sequence[int]) -> int:
        self.tally.splits += 1
        return count_pieces(polygon.corners, self.forms.of(last, polygon.active, units))


@dataclass(frozen=True, eq=False)
class _Corners:
    """Different points, and which of them each polygon has: `places` from `starts` on."""

    points: list[Vertex]
    places: Places
    starts: Places

    @staticmethod
    def of(batch: Sequence[Polygon]) -> _Corners:
        known: dict[Vertex, int] = {}
        places = [known.setdefault(p, len(known)) for polygon in batch for p in polygon.corners]
        sizes = [len(polygon.corners) for polygon in batch]
        starts = np.cumsum([0, *sizes], dtype=np.intp)
        return _Corners(list(known), np.array(places, dtype=np.intp), starts)

    def of_polygon(self, k: int) -> list[int]:
        """Which points are the corners of a polygon, in order."""
        found: list[int] = self.places[self.starts[k] : self.starts[k + 1]].tolist()
        return found


@dataclass(frozen=True, eq=False)
class _SignBits:
    """A bit for each unit that is positive, or negative, at points and on polygons."""

    positive: Bits
    negative: Bits
    positive_on: Bits
    negative_on: Bits
    corners: _Corners

    @staticmethod
    def of(values: PointValues, corners: _Corners) -> _SignBits:
        above = np.packbits(values.signs > 0, axis=1, bitorder="little")
        below = np.packbits(values.signs < 0, axis=1, bitorder="little")
        starts = corners.starts[:-1]
        on = [np.bitwise_or.reduceat(t[corners.places], starts, axis=0) for t in (above, below)]
        return _SignBits(above, below, on[0], on[1], corners)

    def of_polygon(self, k: int) -> tuple[int, int]:
        """The units that are positive somewhere on a polygon, and those that cut it."""
        active = _integer(self.positive_on[k])
        return active, active & _integer(self.negative_on[k])

    def ring(self, k: int, polygon: Polygon) -> Ring:
        """A polygon's corners with the signs of the units there."""
        return [
            Corner(point, _integer(self.positive[v]), _integer(self.negative[v]))
            for point, v in zip(polygon.corners, self.corners.of_polygon(k), strict=True)
        ]

    def cutting_table(self, units: int) -> npt.NDArray[np.bool_]:
        """Polygon × unit: does it cut?"""
        bits = np.unpackbits(
            self.positive_on & self.negative_on, axis=1, count=units, bitorder="little"
        )
        return bits.view(np.bool_)


def _values_of(values: PointValues, corners: _Corners, some: Places, units: Places) -> Values:
    """Forms of units (polygon × line) at the corners of some polygons."""
    sizes = corners.starts[some + 1] - corners.starts[some]
    column = np.minimum(np.arange(sizes.max())[None, :], sizes[:, None] - 1)
    places = corners.places[corners.starts[some][:, None] + column]
    at = places[:, :, None], units[:, None, :]
    return Values(values.floats[at], values.errors[places], values.signs[at])


def _integer(bits: Bits) -> int:
    return int.from_bytes(bits.tobytes(), "little")


def _places_of(bits: int) -> list[int]:
    """Which bits are set, in order."""
    found = []
    while bits:
        lowest = bits & -bits
        found.append(lowest.bit_length() - 1)
        bits ^= lowest
    return found


def _whole(restriction: Restriction) -> Polygon:
    """The domain, its corners in cyclic order."""
    vertices = restriction.polytope().vertices
    return Polygon(tuple(vertices[k] for k in cyclic_order(vertices)))
