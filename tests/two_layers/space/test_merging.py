"""The ledger of corners and classes: what taking a sheet saves."""

from __future__ import annotations

from fractions import Fraction

from rectifold.two_layers.space.merging import Ledger
from rectifold.two_layers.space.sheets import Sheet


def test_a_sheet_takes_its_own_corners_and_seams_and_gains_what_it_replaces() -> None:
    x, y, z = (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0)
    whole, _ = Sheet.of((3, 5, 7, 2), [(x, -1), (y, 2), (z, 4)])
    ledger = Ledger(lambda _line: (Fraction(-100), Fraction(100)), lambda _point: True)
    two = (Fraction(2),)
    for seam in whole.seams:
        ledger.add_seam(seam, two)
    for vertex, corner, factor in whole.corners:
        ledger.add_corner(vertex, corner, (2 * factor,))
    assert len(ledger.left_over()) == len(whole.corners)
    effect = ledger.effect(whole)
    gain, weights = ledger.best(effect)
    before = sum(max(0, len(kind) - 2) for kind in ledger.lines.values())
    assert weights == two
    assert gain == len(whole.corners) + before - 1
    assert ledger.take(effect, weights) == whole.unit(two)
    assert ledger.left_over() == []
    assert not any(ledger.lines.values())
