"""Into how many pieces lines cut polygons, from the values of their forms at the corners alone.

Derivation: docs/mathematics.md#chords.

    square, forms x − y and x + y − 1      →      the chords cross inside: 1 + 2 + 1 pieces

Many polygons at once, all with as many lines. A line is a chord between two points of the border,
and another form's value there is a mean of its values at two corners. Floats are believed where
they exceed their error; a polygon where they do not is left to integers (`polygons.count_pieces`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.exact.conversion import Floats
from rectifold.linear_regions.polytope import ROUNDOFF, SignTable

Truths = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Values:
    """Forms at the corners of polygons: polygon × corner × line, corners in cyclic order.

    A corner may be repeated in the end. `errors`: polygon × corner; a value of sign 0 is 0.
    """

    floats: Floats
    errors: Floats
    signs: SignTable


@dataclass(frozen=True, eq=False)
class _Ends:
    """One end of some chords, and all forms there: polygon × chord × line.

    `certain` says whether the sign is known, where 0 is known at corners only.
    """

    floats: Floats
    errors: Floats
    signs: SignTable
    certain: Truths


def piece_counts(values: Values) -> tuple[Places, Truths]:
    """How many pieces each polygon has, and where that is certain. Every line has both signs."""
    polygons, _, lines = values.floats.shape
    counts = np.ones(polygons, dtype=np.intp)
    certain = np.ones(polygons, dtype=bool)
    size = max(1, REGION_EFFORT.plane_entries // max(1, polygons * lines))
    negative = values.signs < 0
    after = np.roll(negative, -1, axis=1)
    begins = np.argmax(~negative & after, axis=1)  # of edges whose second corner is negative
    ends = np.argmax(negative & ~after, axis=1)  # of edges whose first corner is negative
    with np.errstate(all="ignore"):  # what is no number is not certain
        for start in range(0, lines, size):
            chords = np.arange(start, min(lines, start + size))
            more, sure = _pieces_of_chords(
                chords,
                _forms_at(values, chords, begins[:, chords], at_first=True),
                _forms_at(values, chords, ends[:, chords], at_first=False),
            )
            counts += more
            certain &= sure
    return counts, certain


def _forms_at(values: Values, chords: Places, edges: Places, *, at_first: bool) -> _Ends:
    """All forms where each chord meets its edge, which is its first or second corner if the chord's
    form is 0 there.
    """
    rows = np.arange(len(values.floats))[:, None]
    nexts = (edges + 1) % values.floats.shape[1]
    p, q = values.floats[rows, edges], values.floats[rows, nexts]
    own_p, own_q = values.floats[rows, edges, chords], values.floats[rows, nexts, chords]
    doubt = values.errors[rows, edges] + values.errors[rows, nexts]
    length = np.abs(own_q - own_p)
    weight = (own_q / (own_q - own_p))[:, :, None]  # of the first corner
    shift = np.where(length > doubt, 2 * doubt / (length - doubt), np.inf) + 16 * ROUNDOFF
    floats = weight * p + (1 - weight) * q
    errors = shift[:, :, None] * (np.abs(p) + np.abs(q) + doubt[:, :, None]) + doubt[:, :, None]
    corner = edges if at_first else nexts
    is_corner = (values.signs[rows, corner, chords] == 0)[:, :, None]
    above, below = floats > errors, floats < -errors
    seen = above.view(np.int8) - below.view(np.int8)
    signs = np.where(is_corner, values.signs[rows, corner], seen)
    return _Ends(floats, errors, signs, is_corner | above | below)


def _pieces_of_chords(chords: Places, first: _Ends, last: _Ends) -> tuple[Places, Truths]:
    """How many pieces more there are with each chord, once those before it are there."""
    earlier = np.arange(first.floats.shape[2])[None, None, :] < chords[None, :, None]
    sure = _all_of((first.certain & last.certain) | ~earlier)
    product = first.signs * last.signs
    crossing = earlier & (product < 0)
    same = earlier & (first.signs == 0) & (last.signs == 0)
    met = crossing.sum(axis=2)
    more = np.where(same.any(axis=2), 0, 1 + met).sum(axis=1)
    several = np.nonzero((met > 1).any(axis=1) & sure)[0]
    if len(several):
        sure[several] = _are_apart(first, last, crossing, several)
    return more, sure


def _are_apart(first: _Ends, last: _Ends, crossing: Truths, some: Places) -> Truths:
    """Does each chord of these polygons surely meet all others at different points?"""
    a, b = np.abs(first.floats[some]), np.abs(last.floats[some])
    doubt = first.errors[some] + last.errors[some]
    place = np.where(crossing[some], a / (a + b), np.inf)
    radius = np.where(a + b > doubt, doubt / (a + b - doubt), np.inf) + 4 * ROUNDOFF
    order = np.argsort(place, axis=2)
    place = np.take_along_axis(place, order, axis=2)
    radius = np.take_along_axis(radius, order, axis=2)
    gaps = place[:, :, 1:] - place[:, :, :-1] > radius[:, :, 1:] + radius[:, :, :-1]
    return _all_of(gaps | np.isinf(place[:, :, 1:]))


def _all_of(truths: Truths) -> Truths:
    """For each polygon: are all true?"""
    found: Truths = np.all(truths, axis=(1, 2))
    return found
