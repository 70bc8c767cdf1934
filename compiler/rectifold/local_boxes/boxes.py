"""The box around each sample: every point within a radius of it, cut to the ranges of a domain.

    sample x, radius r, ranges [l, u]      →      [max(x − r, l), min(x + r, u)]

Each box has two pairs of float ends: `outer` ones that contain it, for proofs, and `inner` ones
inside it, for points. Sound because a float sum is off by less than the next float away from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.exact.numerals import readable, round_down, round_up
from rectifold.facts.facts import Mask
from rectifold.ir.domain import Domain

Ends = tuple[Floats, Floats]
"""Lower and upper ends: samples × inputs."""


@dataclass(frozen=True, eq=False)
class SampleBoxes:
    """Boxes of one radius around the rows of `points`, cut to the ranges of `clip` if there is one.

    `outer` contains each box; `inner` lies inside it, or is the sample where the box holds no
    other float. A sample may be outside the ranges by its own rounding: then that is the float
    beside it.
    """

    points: Floats
    radius: Fraction
    clip: Domain | None
    outer: Ends
    inner: Ends

    def __len__(self) -> int:
        return len(self.points)

    def exact(self, k: int) -> Domain:
        """The box around sample number k, in exact numbers."""
        point = [Fraction(v) for v in self.points[k].tolist()]
        low: list[Fraction] = [v - self.radius for v in point]
        high: list[Fraction] = [v + self.radius for v in point]
        if self.clip is not None:
            ends = zip(low, self.clip.lower, strict=True)
            low = [v if end is None else max(v, end) for v, end in ends]
            ends = zip(high, self.clip.upper, strict=True)
            high = [v if end is None else min(v, end) for v, end in ends]
        return Domain(tuple(low), tuple(high))

    @property
    def fixed(self) -> Mask:
        """The inputs that are one number on every box."""
        if not self.radius:
            return np.ones(self.points.shape[1], bool)
        fixed = () if self.clip is None else self.clip.fixed
        return np.isin(np.arange(self.points.shape[1]), list(fixed))

    def part(self, which: slice) -> SampleBoxes:
        """Some of them."""
        outer, inner = ((ends[0][which], ends[1][which]) for ends in (self.outer, self.inner))
        return replace(self, points=self.points[which], outer=outer, inner=inner)

    @property
    def hull(self) -> Domain:
        """A box that contains all of them."""
        low, high = self.outer[0].min(axis=0), self.outer[1].max(axis=0)
        return Domain(
            tuple(Fraction(v) for v in low.tolist()), tuple(Fraction(v) for v in high.tolist())
        )


def boxes_around(
    points: Floats, radius: Fraction, clip: Domain | None, numbers: Indices | None = None
) -> SampleBoxes:
    """The boxes around the rows of `points`, samples × inputs.

    `numbers`: how the samples are called in messages, where that is not by their rows. Raises
    InputError for a radius that is negative or no float, and for a sample that lies outside the
    ranges of `clip` (by its rounding alone only if the radius does not reach them).
    """
    if radius < 0:
        raise InputError(f"the radius {readable(radius)} is negative; give a number from 0 on")
    least, most = round_down(radius), round_up(radius)
    if not np.isfinite(most):
        raise InputError("the radius is larger than any float; give a smaller one")
    nearest = points
    if clip is not None:
        nearest = np.clip(points, *_inside(clip))
        _refuse_outside(points, np.abs(nearest - points) > least, clip, numbers)
    with np.errstate(over="ignore"):  # what overflows is refused below
        below, above = np.nextafter(points - most, -np.inf), np.nextafter(points + most, np.inf)
        low = np.minimum(np.nextafter(points - least, np.inf), points)
        high = np.maximum(np.nextafter(points + least, -np.inf), points)
    if clip is not None:
        below, above = np.maximum(below, clip.float_box[0]), np.minimum(above, clip.float_box[1])
        inside = _inside(clip)
        low, high = np.maximum(low, inside[0]), np.minimum(high, inside[1])
        low, high = np.minimum(low, nearest), np.maximum(high, nearest)
    if not (np.isfinite(below).all() and np.isfinite(above).all()):
        raise InputError("a box around a sample goes beyond the largest float; give other data")
    return SampleBoxes(points, radius, clip, (below, above), (low, high))


def _inside(clip: Domain) -> Ends:
    """The ranges' ends, rounded inward."""
    low = [-np.inf if v is None else round_up(v) for v in clip.lower]
    high = [np.inf if v is None else round_down(v) for v in clip.upper]
    return np.array(low), np.array(high)


def _refuse_outside(points: Floats, far: Mask, clip: Domain, numbers: Indices | None) -> None:
    """`far`: entries from which the radius does not reach a float inside the domain."""
    low, high = clip.float_box
    outside = (points < low) | (points > high) | far
    if not outside.any():
        return
    sample, k = (int(v[0]) for v in np.nonzero(outside))
    lower, upper = clip.lower[k], clip.upper[k]
    is_below = lower is not None and Fraction(points[sample, k]) < lower
    end = lower if is_below else upper
    assert end is not None
    is_rounded = low[k] <= points[sample, k] <= high[k]
    how = " as a float" if is_rounded else ""
    number = sample if numbers is None else int(numbers[sample])
    raise InputError(
        f"sample {number} lies outside the domain: its input {k} is {points[sample, k]:g}{how}, "
        f"{'below' if is_below else 'above'} {readable(end)}; give data in the units of the "
        "network's domain, another domain (domain=), or no clipping (--no-clip)"
    )
