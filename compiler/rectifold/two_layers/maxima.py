"""The maximum of up to six numbers with two hidden layers.

    max(v1 … v5)      →      Σ factor · max(A, B),   A and B sums of maxima of two numbers

Each max(A, B) = B + relu(A − B) is one unit of the second layer, as relu(v − w) + w = max(v, w) is
one of the first. Sound because both identities are proved in integers on every ray of the fan on
which both sides are linear: docs/mathematics.md#maxima-of-five-and-six-numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import product
from typing import NamedTuple

Pairs = tuple[tuple[int, int], ...]  # Σ max(v_i, v_j); a pair (i, i) is v_i
MOST_ARGUMENTS = 6


class Join(NamedTuple):
    """factor · max(left, right)."""

    factor: Fraction
    left: Pairs
    right: Pairs


@cache
def joins_of(count: int) -> tuple[Join, ...]:
    """The maximum of `count` numbers v_0, v_1, … as a sum of joins, for three to six numbers.

    One join for three or four, 7 for five, 96 for six. Of five numbers only the last two, of six
    all but 12, depend on all of them modulo a line.
    """
    match count:
        case 3:
            return (Join(Fraction(1), ((0, 1),), ((2, 2),)),)
        case 4:
            return (Join(Fraction(1), ((0, 1),), ((2, 3),)),)
        case 5:
            return tuple(_of_five())
        case 6:
            return tuple(_of_six())
    raise ValueError(f"joins are known for three to {MOST_ARGUMENTS} numbers, not {count}")


def _of_five() -> Iterator[Join]:
    """The four maxima without one of the first four; then what joins p + q to the fifth number.

    With p = max(v_0, v_1), q = max(v_2, v_3): 2 max = Σ of the four + max(2 v_4, p + q)
    − Σ max(m_4i + m_4j, p + q) over the pairs (i, j) of p and q.
    """
    half, both = Fraction(1, 2), ((0, 1), (2, 3))
    for pair, other in (((0, 1), (2, 3)), ((2, 3), (0, 1))):
        for kept in pair:
            yield Join(half, ((kept, 4),), (other,))
    yield Join(half, ((4, 4), (4, 4)), both)
    for i, j in ((2, 3), (0, 1)):
        yield Join(-half, ((i, 4), (j, 4)), both)


def _of_six() -> Iterator[Join]:
    """All maxima of a pair and one of each other pair, and four kinds of joins of two sums.

    The pairs are (0, 1), (2, 3), (4, 5); i' is the partner of i. For every i, and a and b one of
    each other pair, with Z = m_ia + m_ib: max(Z, m_i'a' + m_i'b')/24 and max(Z, m_ii' + m_a'b')/12,
    less max(Z, m_a'i' + m_a'b')/24 and the same with a and b exchanged, less
    max(m_ia + m_i'b, m_a'b' + m_ii')/12. Joins that are met twice count once.
    """
    factors: Counter[tuple[Pairs, Pairs]] = Counter()  # in 1/48

    def add(factor: int, left: Pairs, right: Pairs) -> None:
        first, second = sorted((_sorted(left), _sorted(right)))
        factors[first, second] += factor

    for i in range(6):
        a0, b0 = (2 * pair for pair in range(3) if pair != i // 2)
        for a, b in product((a0, a0 + 1), (b0, b0 + 1)):
            own, other_a, other_b = i ^ 1, a ^ 1, b ^ 1
            apex, across = ((i, a), (i, b)), (other_a, other_b)
            if i < own:
                add(8, ((i, own),), ((a, b),))
            add(1, apex, ((own, other_a), (own, other_b)))
            add(4, apex, ((i, own), across))
            add(-1, apex, ((other_a, own), across))
            add(-1, apex, ((other_b, own), across))
            add(-4, ((i, a), (own, b)), (across, (i, own)))
    for (left, right), factor in factors.items():
        yield Join(Fraction(factor, 48), left, right)


def _sorted(pairs: Pairs) -> Pairs:
    return tuple(sorted((min(pair), max(pair)) for pair in pairs))


def value_of(joins: Sequence[Join], numbers: Sequence[Fraction]) -> Fraction:
    """Σ factor · max(left, right) at exact numbers."""

    def total(pairs: Pairs) -> Fraction:
        return sum((max(numbers[i], numbers[j]) for i, j in pairs), Fraction(0))

    return sum(
        (factor * max(total(left), total(right)) for factor, left, right in joins), Fraction(0)
    )
