"""Fans in the plane as signed sums of parallelograms and triangles of gradients.

Derivation: docs/mathematics.md#four-inputs.

    gradients around a ridge, in order  →  a closed walk  →  pieces cut off until nothing is left

A step of the walk is a multiple of the normal of the hinge that is crossed. Where a step returns
after one other, a parallelogram is cut off; else a triangle. A piece is (sign, base, sides): the
zonogon of gradients base + Σ [0, side], or a triangle of three gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

Gradient = tuple[Fraction, ...]


@dataclass(frozen=True)
class Step:
    """One edge of the walk: a vector of gradients, and its image in the plane."""

    vector: Gradient
    flat: tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Piece:
    """sign · the zonogon base + Σ [0, side], or a triangle base, base + side 1, base + side 2."""

    sign: int
    base: Gradient
    sides: tuple[Gradient, ...]
    is_triangle: bool = False


def pieces_of(start: Gradient, steps: Sequence[Step]) -> list[Piece]:
    """The pieces of a closed walk from a gradient on."""
    walk = list(steps)
    pieces: list[Piece] = []
    point = start
    while True:
        point, walk = _joined(point, walk)
        if not walk:
            return pieces
        cut = _parallelogram(walk)
        k = cut if cut is not None else _ear(walk)
        for _ in range(k):
            point = plus(point, walk[0].vector)
            walk = [*walk[1:], walk[0]]
        first, second = walk[0], walk[1]
        sign = _turn(first, second)
        if cut is not None:
            third = walk[2]
            walk = [second, _sum(first, third), *walk[3:]]
            pieces.append(Piece(sign, point, (first.vector, second.vector)))
        else:
            whole = _sum(first, second)
            walk = [whole, *walk[2:]]
            pieces.append(Piece(sign, point, (first.vector, whole.vector), True))


def _joined(point: Gradient, walk: list[Step]) -> tuple[Gradient, list[Step]]:
    """Without steps of length 0, and parallel steps one after the other as one."""
    changed = True
    while changed:
        changed = False
        walk = [step for step in walk if any(step.flat)]
        for k in range(len(walk) if len(walk) > 1 else 0):
            after = (k + 1) % len(walk)
            if _turn(walk[k], walk[after]) == 0:
                if after == 0:
                    point = minus(point, walk[k].vector)
                    walk = [_sum(walk[k], walk[0]), *walk[1:k]]
                else:
                    walk = [*walk[:k], _sum(walk[k], walk[after]), *walk[after + 1 :]]
                changed = True
                break
    if len(walk) == 1:
        raise AssertionError("the gradients around a ridge do not close")
    return point, walk


def _parallelogram(walk: Sequence[Step]) -> int | None:
    """Where a step is followed by another one and then by a return; the longest return."""
    count = len(walk)
    found = []
    for k in range(count):
        first, third = walk[k], walk[(k + 2) % count]
        if count > 3 and _turn(first, third) == 0 and _dot(first, third) < 0:
            rest = _sum(first, third)
            is_shorter = _dot(rest, first) >= 0  # the first step is the longer one
            found.append((any(rest.flat), is_shorter, k))
    return min(found)[2] if found else None


def _ear(walk: Sequence[Step]) -> int:
    """The step of which the triangle with the next one is cut off: one that makes a parallel."""
    count = len(walk)
    for k in range(count):
        whole = _sum(walk[k], walk[(k + 1) % count])
        if any(
            _turn(whole, walk[(k + j) % count]) == 0 and _dot(whole, walk[(k + j) % count]) < 0
            for j in (2, 3)
            if j < count
        ):
            return k
    return 0


def _turn(a: Step, b: Step) -> int:
    value = a.flat[0] * b.flat[1] - a.flat[1] * b.flat[0]
    return (value > 0) - (value < 0)


def _dot(a: Step, b: Step) -> Fraction:
    return a.flat[0] * b.flat[0] + a.flat[1] * b.flat[1]


def _sum(a: Step, b: Step) -> Step:
    return Step(plus(a.vector, b.vector), (a.flat[0] + b.flat[0], a.flat[1] + b.flat[1]))


def plus(a: Gradient, b: Gradient) -> Gradient:
    """a + b."""
    return tuple(x + y for x, y in zip(a, b, strict=True))


def minus(a: Gradient, b: Gradient) -> Gradient:
    """a − b."""
    return tuple(x - y for x, y in zip(a, b, strict=True))


def times(c: Fraction, a: Gradient) -> Gradient:
    """c a."""
    return tuple(c * x for x in a)
