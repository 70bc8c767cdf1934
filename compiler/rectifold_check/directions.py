"""A domain of fewer inputs that vary, on which a network has all values that it has on a domain.

    h = relu(x0 + 2 x1) on [0, 1] x [0, 1]      →      x0 in [0, 3], x1 = 0

Let E be the reduced echelon basis of all rows with which layers read the inputs that vary, p(i) the
pivot of row i, and c_j the lower end of input j. For x in the domain let x' have c_j for all inputs
that vary and are no pivot, and x_p(i) + Σ_j E_ij (x_j − c_j), over these j, for pivot p(i). Then
E x' = E x, so every row that is read has the same value at x' as at x, hence so has every layer.
The range of x'_p(i) is that of its terms. The first rows that make up for all have at x' a value
that they have in the box, which is written as constraints. Constraints of the domain are left out:
that only adds points, where what is shown then holds as well.
"""

from __future__ import annotations

from fractions import Fraction

from rectifold_check.networks import Domain, Network
from rectifold_check.work import Work

Row = dict[int, Fraction]  # entries that are not 0, by input


def over_directions(network: Network, domain: Domain, most: int, work: Work) -> Domain:
    """Such a domain, with at most `most` inputs that vary; the domain itself if there is none."""
    if None in domain.lower or None in domain.upper:
        return domain
    lows, widths = dict[int, Fraction](), dict[int, Fraction]()
    for k, (low, high) in enumerate(zip(domain.lower, domain.upper, strict=True)):
        if low is not None and high is not None and low < high:
            lows[k], widths[k] = low, high - low
    found = _basis(network, widths, most, work)
    if found is None:
        return domain
    basis, rows = found
    lower, upper = list(domain.lower), list(domain.upper)
    for k in widths:
        upper[k] = lower[k]
    for pivot, row in basis.items():
        moved = [c * widths[j] for j, c in row.items()]
        lower[pivot] = lows[pivot] + sum((v for v in moved if v < 0), Fraction(0))
        upper[pivot] = lows[pivot] + sum((v for v in moved if v > 0), Fraction(0))
    constraints = [own for row in rows for own in _within(row, lows, widths)]
    return Domain(tuple(lower), tuple(upper), tuple(constraints))


def _within(row: Row, lows: Row, widths: Row) -> list[tuple[Row, Fraction]]:
    """That a row is in its range on the box of the inputs that vary: Σ c x ≤ bound, twice."""
    start = sum((c * lows[j] for j, c in row.items()), Fraction(0))
    moved = [c * widths[j] for j, c in row.items()]
    most = start + sum((v for v in moved if v > 0), Fraction(0))
    least = start + sum((v for v in moved if v < 0), Fraction(0))
    return [(row, most), ({j: -c for j, c in row.items()}, -least)]


def _basis(
    network: Network, varying: Row, most: int, work: Work
) -> tuple[dict[int, Row], list[Row]] | None:
    """The reduced echelon basis of the rows, by pivot, and the first rows that make up for all.

    None for more than `most` of them.
    """
    basis: dict[int, Row] = {}
    rows: list[Row] = []
    for layer in network.layers:
        for unit in layer.rows:
            read: Row = {}
            for part in unit:
                for j, v in part.entries if part.source == 0 else ():
                    if j in varying:
                        read[j] = read.get(j, Fraction(0)) + v
            read = {j: v for j, v in read.items() if v}
            before = dict(read)
            _add(basis, read, work)
            if len(basis) > len(rows):
                rows.append(before)
            if len(basis) > most:
                return None
    return basis, rows


def _add(basis: dict[int, Row], row: Row, work: Work) -> None:
    """Extend the basis by a row, if it is no sum of those that are there."""
    for pivot, own in basis.items():
        _subtract(row, own, pivot, work)
    if row:
        first = min(row)
        scaled = {j: v / row[first] for j, v in row.items()}
        for own in basis.values():
            _subtract(own, scaled, first, work)
        basis[first] = scaled


def _subtract(row: Row, own: Row, pivot: int, work: Work) -> None:
    """Take the multiple of `own` from the row that leaves 0 at the pivot."""
    factor = row.get(pivot)
    if factor is None:
        return
    for j, v in own.items():
        work.spend(1 + (v.numerator.bit_length() + factor.denominator.bit_length() >> 6))
        left = row.get(j, Fraction(0)) - factor * v
        if left:
            row[j] = left
        else:
            row.pop(j, None)
