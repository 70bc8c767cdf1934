"""Values of an exact form beside those of its network, at points of some of the regions.

    form at the middle of every tenth region      =      network there

A construction proves its form by what it asserts on the way; values find an error of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.ir.evaluate import evaluate_points
from rectifold.linear_regions.region import AnyRegion
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.hyper.watch import Watch


class Evaluated(Protocol):
    """A form that has exact outputs at exact free inputs."""

    def evaluate(self, point: Sequence[Fraction]) -> list[Fraction]: ...


def difference_at(
    restriction: Restriction, form: Evaluated, point: Sequence[Fraction], watch: Watch
) -> list[Fraction]:
    """The network's outputs at a point less those of a form, while there is time."""
    watch.step("values of the form at points", 0, SHALLOW_EFFORT.regions_checked)
    whole = list(restriction.whole_point(point))
    (exact,) = evaluate_points(restriction.network, [whole])
    return [a - b for a, b in zip(exact, form.evaluate(point), strict=True)]


def require_values(
    restriction: Restriction, form: Evaluated, regions: Sequence[AnyRegion], watch: Watch
) -> None:
    """Raises AssertionError where a form has another value inside one of some regions."""
    for region in regions[:: max(1, len(regions) // SHALLOW_EFFORT.regions_checked)]:
        if any(difference_at(restriction, form, region.interior_point, watch)):
            raise AssertionError("the form differs from the network")
