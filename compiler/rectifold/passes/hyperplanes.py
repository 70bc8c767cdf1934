"""Which units of a layer lie on one hyperplane: z_i = c_i · z_r for one representative r.

Rows [w | b] are compared as projective points, exactly. A fingerprint modulo a prime sorts them into candidates (equal
rows always have equal fingerprints); every candidate pair is then compared entry by entry in integers. Rows that differ by
one ulp are different units.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from random import Random

import numpy as np

from rectifold.exact.matrix import Matrix, hstack

_PRIME = (1 << 61) - 1


@dataclass(frozen=True)
class Group:
    """z_unit = ratio · z_representative for each member (the representative itself has ratio 1)."""

    representative: int
    members: tuple[tuple[int, Fraction], ...]


def hyperplane_groups(incoming: Matrix, bias: Matrix, units: Iterable[int]) -> list[Group]:
    """The units in groups by hyperplane, in order of their first member. Units with a zero row are left out."""
    entries = _sparse_rows(hstack([incoming, bias]), list(units))
    draw = Random(0x5EED)  # any values give correct groups; these only make collisions rare
    keys = [draw.randrange(1, _PRIME) for _ in range(incoming.shape[1] + 1)]
    buckets: dict[int, list[int]] = {}
    for unit, row in entries.items():
        if any(j < incoming.shape[1] for j in row):
            buckets.setdefault(_fingerprint(row, keys), []).append(unit)
    groups = [group for bucket in buckets.values() for group in _exact_groups(bucket, entries)]
    return sorted(groups, key=lambda g: g.representative)


def _sparse_rows(matrix: Matrix, units: list[int]) -> dict[int, dict[int, int]]:
    """Unit → {column: integer}, all over one denominator (which a ratio of rows does not see)."""
    picked = matrix.select_rows(units)
    integers, _ = picked.integers()
    width = matrix.shape[1]
    rows: dict[int, dict[int, int]] = {unit: {} for unit in units}
    for i, j in zip(*(v.tolist() for v in np.nonzero(picked.nonzero)), strict=True):
        rows[units[i]][j] = integers[i * width + j]
    return rows


def _fingerprint(row: dict[int, int], keys: list[int]) -> int:
    total = sum(value * keys[j] for j, value in row.items()) % _PRIME
    first = next(iter(row.values())) % _PRIME
    return total * pow(first, -1, _PRIME) % _PRIME if first else -1


def _exact_groups(bucket: list[int], entries: dict[int, dict[int, int]]) -> list[Group]:
    groups: list[tuple[int, list[tuple[int, Fraction]]]] = []
    for unit in bucket:
        for representative, members in groups:
            ratio = _ratio(entries[unit], entries[representative])
            if ratio is not None:
                members.append((unit, ratio))
                break
        else:
            groups.append((unit, [(unit, Fraction(1))]))
    return [Group(representative, tuple(members)) for representative, members in groups]


def _ratio(row: dict[int, int], base: dict[int, int]) -> Fraction | None:
    """c with row = c · base exactly, or None."""
    if row.keys() != base.keys():
        return None
    first = next(iter(base))
    top, bottom = row[first], base[first]
    if any(row[j] * bottom != base[j] * top for j in base):
        return None
    return Fraction(top, bottom)
