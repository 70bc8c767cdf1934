"""The rays that prove an identity of maxima, in integers.

Both sides are positively homogeneous, and linear on every cone that the hyperplanes cut on which
two corners of one term are equal. With the last number 0 the fan is pointed, so that each cone is
spanned by its rays: equal on all rays is equal everywhere. Adding one number to all is asked apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, islice, product
from math import gcd, lcm

import numpy as np
import numpy.typing as npt

from rectifold.two_layers.maxima import Join, Pairs

Integers = npt.NDArray[np.int64]
Row = tuple[int, ...]
_CHUNK = 200_000  # sets of hyperplanes at a time


def corners_of(pairs: Pairs, count: int) -> set[Row]:
    """The linear functions of which Σ max(v_i, v_j) is the maximum."""
    corners = set()
    for picked in product(*pairs):
        corner = [0] * count
        for i in picked:
            corner[i] += 1
        corners.add(tuple(corner))
    return corners


def terms_of(joins: Sequence[Join], count: int) -> tuple[int, list[tuple[int, Integers]]]:
    """(d, terms): d · Σ factor · max(left, right), with an integer and the corners per term."""
    den = lcm(*(join.factor.denominator for join in joins))
    terms = []
    for factor, left, right in joins:
        corners = sorted(corners_of(left, count) | corners_of(right, count))
        terms.append((int(factor * den), np.array(corners, dtype=np.int64)))
    return den, terms


def hyperplanes_of(terms: Sequence[tuple[int, Integers]], count: int) -> Integers:
    """Normals, with the last number 0, of where two corners of a term are equal.

    Those of the maximum itself, where two numbers are equal, are there too.
    """
    normals = set()
    for corners in [*(corners for _, corners in terms), np.eye(count, dtype=np.int64)]:
        for p, q in combinations(corners.tolist(), 2):
            normal = [a - b for a, b in zip(p, q, strict=True)][:-1]
            if any(normal):
                divisor = gcd(*normal) * (1 if next(v for v in normal if v) > 0 else -1)
                normals.add(tuple(v // divisor for v in normal))
    return np.array(sorted(normals), dtype=np.int64)


def rays_of(normals: Integers, sets: Iterator[tuple[int, ...]] | None = None) -> Integers:
    """The primitive vectors, both ways, orthogonal to n − 1 independent normals of n entries.

    `sets`: which n − 1 of the normals are tried, all by default.
    """
    n = normals.shape[1]
    chosen = combinations(range(len(normals)), n - 1) if sets is None else sets
    rays: set[Row] = set()
    while chunk := list(islice(chosen, _CHUNK)):
        rows = normals[np.array(chunk, dtype=np.int64)]
        ray = np.stack(
            [
                (-1) ** k * _determinants(rows[:, :, [c for c in range(n) if c != k]])
                for k in range(n)
            ],
            axis=1,
        )
        ray = ray[ray.any(axis=1)]
        ray //= np.gcd.reduce(ray, axis=1)[:, None]
        first = ray[np.arange(len(ray)), (ray != 0).argmax(axis=1)]
        rays.update(map(tuple, np.unique(ray * np.sign(first)[:, None], axis=0).tolist()))
    found = np.array(sorted(rays), dtype=np.int64)
    return np.concatenate([found, -found])


def _determinants(tables: Integers) -> Integers:
    """Of square tables (…, k, k), by the first row: entries are small, so nothing overflows."""
    k = tables.shape[-1]
    if k == 1:
        return tables[..., 0, 0]
    total = np.zeros(tables.shape[:-2], dtype=np.int64)
    for c in range(k):
        rest = tables[..., 1:, [j for j in range(k) if j != c]]
        total += (-1) ** c * tables[..., 0, c] * _determinants(rest)
    return total


def wrong_rays(joins: Sequence[Join], count: int, rays: Integers) -> int:
    """On how many rays the joins are not the maximum of `count` numbers, the last one 0."""
    den, terms = terms_of(joins, count)
    wrong = 0
    for start in range(0, len(rays), _CHUNK):
        points = np.pad(rays[start : start + _CHUNK], ((0, 0), (0, 1)))
        total = sum(factor * (points @ corners.T).max(axis=1) for factor, corners in terms)
        wrong += int((total != den * points.max(axis=1)).sum())
    return wrong


def is_shifted_with_its_numbers(joins: Sequence[Join]) -> bool:
    """Does adding one t to all numbers add t to the sum, for t of either sign?

    A sum of k maxima then grows by k t, and a join is shifted where both its sides are sums of as
    many; the factors times k add up to 1.
    """
    total = sum(factor * len(left) for factor, left, _ in joins)
    return total == 1 and all(len(left) == len(right) for _, left, right in joins)
