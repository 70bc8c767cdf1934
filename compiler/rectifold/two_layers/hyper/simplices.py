"""The maximum of five linear forms as two units, up to functions constant along a line.

Derivation: docs/mathematics.md#maxima-of-five-and-six-numbers.

    max(v1 … v5)  ≡  −½ relu(m_53 + m_54 − m_12 − m_34) − ½ relu(m_51 + m_52 − m_12 − m_34)

for every choice of the apex v5 and of the two pairs; m_ij = max(v_i, v_j).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rectifold.two_layers.hyper.polygons import Gradient, minus, plus

Argument = tuple[Gradient, list[tuple[int, Gradient]]]  # base + Σ ±relu(gradient · x)

PAIRINGS = tuple(
    (apex, pairs)
    for apex in range(5)
    for rest in [[k for k in range(5) if k != apex]]
    for pairs in (
        ((rest[0], rest[1]), (rest[2], rest[3])),
        ((rest[0], rest[2]), (rest[1], rest[3])),
        ((rest[0], rest[3]), (rest[1], rest[2])),
    )
)


def arguments_of(simplex: Sequence[Gradient]) -> Iterator[list[Argument]]:
    """What relu is applied to in the two units, for every choice; each counts −½."""
    for apex, pairs in PAIRINGS:
        top = simplex[apex]
        (a, b), (c, d) = (tuple(simplex[k] for k in pair) for pair in pairs)
        below = plus(b, d)
        common = [(-1, minus(a, b)), (-1, minus(c, d))]
        yield [
            (minus(plus(top, top), below), [(1, minus(p, top)), (1, minus(q, top)), *common])
            for p, q in ((c, d), (a, b))
        ]
