"""Fans that no sheet took: a balanced fan of m lines is m − 2 fans of three lines, one unit each."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from rectifold.two_layers.form import Hinge, Unit, Weights
from rectifold.two_layers.plane.complex import Complex
from rectifold.two_layers.plane.lines import PlanePoint, direction


class Fans:
    """Any balanced fan of m lines is m − 2 pieces of three lines, one unit each."""

    def __init__(self, complex_: Complex, points: list[PlanePoint], hinges: set[Hinge]) -> None:
        self.complex = complex_
        self.points = points
        self.hinges = hinges

    def units(self) -> list[Unit]:
        return [unit for point in self.points for unit in self._units_at(point)]

    def _units_at(self, point: PlanePoint) -> Iterator[Unit]:
        fan = dict(self.complex.fans[point])
        while fan:
            lines = sorted(fan, key=lambda line: (line not in self.hinges, line))
            if len(lines) < 3:
                raise AssertionError("a fan does not balance")
            pivot, other, gone = lines[:3]
            unit, taken = self._three_lines(fan, pivot, other, gone)
            self.hinges.add(pivot)
            yield unit
            for line, d in taken.items():
                left = tuple(a - b for a, b in zip(fan[line], d, strict=True))
                if any(left):
                    fan[line] = left
                else:
                    del fan[line]

    @staticmethod
    def _three_lines(
        fan: dict[Hinge, Weights], pivot: Hinge, other: Hinge, gone: Hinge
    ) -> tuple[Unit, dict[Hinge, Weights]]:
        """A unit that takes all of `gone`: relu(gone + c relu(pivot)), positive multiples of `other` beyond the pivot."""
        det = other[0] * pivot[1] - other[1] * pivot[0]
        share = Fraction(
            other[0] * gone[1] - other[1] * gone[0], det
        )  # gone = … · other + share · pivot
        scale = Fraction(gone[0] * pivot[1] - gone[1] * pivot[0], det)
        dx, dy = direction(gone)
        towards = (
            1 if pivot[0] * dx + pivot[1] * dy > 0 else -1
        )  # its own ray lies on the pivot's negative side
        weights = tuple(-towards * d for d in fan[gone])
        unit = Unit(weights, tuple(Fraction(v) for v in gone), ((pivot, -share),))
        ox, oy = direction(other)
        ahead = 1 if pivot[0] * ox + pivot[1] * oy > 0 else -1
        px, py = direction(pivot)
        positive = 1 if gone[0] * px + gone[1] * py > 0 else -1
        taken = {
            gone: fan[gone],
            other: tuple(w * abs(scale) * ahead for w in weights),
            pivot: tuple(w * -share * positive for w in weights),
        }
        return unit, taken
