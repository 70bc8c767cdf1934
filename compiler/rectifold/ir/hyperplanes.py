"""Which units of a layer lie on one hyperplane: z_i = c_i · z_r for one representative r.

Rows [w | b] are compared as projective points, exactly. A fingerprint modulo a prime sorts them
into candidates (equal rows always have equal fingerprints); every candidate pair is then compared
entry by entry in integers. Rows that differ by one ulp are different units.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from random import Random

import numpy as np

from rectifold.exact.entries import PRIME
from rectifold.exact.matrix import Matrix


@dataclass(frozen=True)
class ParallelUnits:
    """z_unit = ratio · z_representative for each member (the representative itself has ratio 1)."""

    representative: int
    members: tuple[tuple[int, Fraction], ...]


def hyperplane_groups(incoming: Matrix, bias: Matrix, units: Iterable[int]) -> list[ParallelUnits]:
    """The units in groups by hyperplane, in order of their first member. Units with a zero row are
    left out.
    """
    entries = _sparse_rows(incoming, bias, list(units))
    draw = Random(0x5EED)  # any values give correct groups; these only make collisions rare
    keys = [draw.randrange(1, PRIME) for _ in range(incoming.shape[1] + 1)]
    buckets: dict[int, list[int]] = {}
    for unit, row in entries.items():
        if any(j < incoming.shape[1] for j in row):
            buckets.setdefault(_fingerprint(row, keys), []).append(unit)
    groups = [group for bucket in buckets.values() for group in _exact_groups(bucket, entries)]
    return sorted(groups, key=lambda g: g.representative)


def _sparse_rows(incoming: Matrix, bias: Matrix, units: list[int]) -> dict[int, dict[int, int]]:
    """Unit → {column: integer}, the bias as one more column, all over one denominator (which a
    ratio of rows does not see).
    """
    is_all = units == list(range(incoming.shape[0]))
    places, weights, den = _nonzero_integers(incoming if is_all else incoming.select_rows(units))
    shifts, own = bias.select_rows(units).integers()
    common = lcm(den, own)
    rows: dict[int, dict[int, int]] = {unit: {} for unit in units}
    for (i, j), weight in zip(places, weights, strict=True):
        rows[units[i]][j] = weight * (common // den)
    for unit, shift in zip(units, shifts, strict=True):
        if shift:
            rows[unit][incoming.shape[1]] = shift * (common // own)
    return rows


def _nonzero_integers(matrix: Matrix) -> tuple[list[tuple[int, int]], list[int], int]:
    """(places that are not 0, row by row; their integers; the denominator): most weights of a
    convolution are 0.
    """
    rows, columns = np.nonzero(matrix.nonzero)
    places = list(zip(rows.tolist(), columns.tolist(), strict=True))
    if matrix.is_float:
        integers, den = Matrix.from_floats(matrix.floats[rows, columns].reshape(-1, 1)).integers()
        return places, integers, den
    every, den = matrix.integers()
    width = matrix.shape[1]
    return places, [every[i * width + j] for i, j in places], den


def _fingerprint(row: dict[int, int], keys: list[int]) -> int:
    total = sum(value * keys[j] for j, value in row.items()) % PRIME
    first = next(iter(row.values())) % PRIME
    return total * pow(first, -1, PRIME) % PRIME if first else -1


def _exact_groups(bucket: list[int], entries: dict[int, dict[int, int]]) -> list[ParallelUnits]:
    groups: list[tuple[int, list[tuple[int, Fraction]]]] = []
    for unit in bucket:
        for representative, members in groups:
            ratio = _ratio(entries[unit], entries[representative])
            if ratio is not None:
                members.append((unit, ratio))
                break
        else:
            groups.append((unit, [(unit, Fraction(1))]))
    return [ParallelUnits(representative, tuple(members)) for representative, members in groups]


def _ratio(row: dict[int, int], base: dict[int, int]) -> Fraction | None:
    """c with row = c · base exactly, or None."""
    if row.keys() != base.keys():
        return None
    first = next(iter(base))
    top, bottom = row[first], base[first]
    if any(row[j] * bottom != base[j] * top for j in base):
        return None
    return Fraction(top, bottom)
