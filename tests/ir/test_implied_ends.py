"""Ends that constraints imply: added where they are missing, one after the other."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rectifold.ir.domain import Constraint, Domain, DomainError
from rectifold.ir.implied_ends import with_implied_ends

F = Fraction


def below(row: list[int], bound: int) -> Constraint:
    return Constraint(tuple(map(F, row)), F(bound))


def equal(row: list[int], value: int) -> list[Constraint]:
    return [below(row, value), below([-c for c in row], -value)]


@pytest.mark.parametrize(
    ("lower", "upper", "constraints", "ends"),
    [
        ([0, None], [1, None], equal([1, -1], -2), ([0, 2], [1, 3])),
        ([0, None, None], [1, None, None], equal([0, 1, -2], 0) + equal([2, -1, 0], 0),
         ([0, 0, 0], [1, 2, 1])),
        ([0, None], [None, 1], [below([1, -1], 0)], ([0, 0], [1, 1])),
        ([0, None], [1, None], [below([1, 1], 3)], ([0, None], [1, 3])),
        ([None, None], [None, None], equal([1, 1], 3), ([None, None], [None, None])),
        ([0, 0], [1, 1], [below([1, 1], 0)], ([0, 0], [1, 1])),
    ],
)  # fmt: skip
def test_ends(
    lower: list[int | None],
    upper: list[int | None],
    constraints: list[Constraint],
    ends: tuple[list[int | None], list[int | None]],
) -> None:
    found = with_implied_ends(Domain(_exact(lower), _exact(upper), tuple(constraints)))
    assert (found.lower, found.upper) == (_exact(ends[0]), _exact(ends[1]))
    assert found.constraints == tuple(constraints)


def test_a_domain_without_a_point_is_refused() -> None:
    domain = Domain((F(0), F(0)), (F(1), None), (below([1, 1], -3),))
    with pytest.raises(DomainError, match="empty range"):
        with_implied_ends(domain)


def _exact(values: list[int | None]) -> tuple[Fraction | None, ...]:
    return tuple(None if v is None else F(v) for v in values)
