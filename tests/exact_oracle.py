"""An oracle that shares nothing with the compiler: exact values of a text of the language, and of a
canonical network.

    text                 read by Python's own parser (never run), interpreted over fractions
    canonical network    its JSON, summed row by row
    points               random rational ones, corners, and points on hinges of units (z = 0)

It knows the part of the language that tests/strange_networks writes: input, assume, equations and
output with relu, min, max, sums, multiples, `matrix @ vector`, brackets and indices.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

Point = tuple[Fraction, ...]
Values = list[Any]  # a Fraction, a list of them (a vector), or a list of lists (a matrix)

_FAR = (3, 50, 1000)  # how far points go where a range has no end
_STEPS = 5  # of the search for a hinge: each one is exact on a linear piece


@dataclass(frozen=True)
class Text:
    """A network as its text says: ranges with None for no end, constraints (coefficients, bound),
    equations, outputs.
    """

    ranges: tuple[tuple[Fraction | None, Fraction | None], ...]
    constraints: tuple[tuple[tuple[Fraction, ...], Fraction], ...]
    equations: tuple[tuple[str, ast.expr], ...]
    output: ast.expr

    def allows(self, point: Point) -> bool:
        """Is the point in the domain?"""
        within = all(
            (low is None or low <= x) and (high is None or x <= high)
            for (low, high), x in zip(self.ranges, point, strict=True)
        )
        return within and all(_dot(row, point) <= bound for row, bound in self.constraints)

    def at(self, point: Point) -> list[Fraction]:
        """The outputs at a point."""
        known: dict[str, Any] = {"x": list(point)}
        for name, expression in self.equations:
            known[name] = _value(expression, known)
        result = _value(self.output, known)
        return result if isinstance(result, list) else [result]


def read_text(text: str) -> Text:
    """Raises ValueError for what the oracle does not know."""
    ranges: tuple[tuple[Fraction | None, Fraction | None], ...] = ()
    constraints: list[tuple[tuple[Fraction, ...], Fraction]] = []
    equations: list[tuple[str, ast.expr]] = []
    for line in text.strip().splitlines():
        head, _, rest = line.partition(" ")
        if head == "input":
            ranges = _ranges(rest)
        elif head == "assume":
            constraints.append(_constraint(rest, len(ranges)))
        elif head == "output":
            return Text(ranges, tuple(constraints), tuple(equations), _parsed(rest))
        else:
            name, _, body = line.partition(" = ")
            equations.append((name, _parsed(body)))
    raise ValueError("no output")


def _parsed(text: str) -> ast.expr:
    return ast.parse(text.strip(), mode="eval").body


def _ranges(text: str) -> tuple[tuple[Fraction | None, Fraction | None], ...]:
    size, _, box = text.partition(" in ")
    table = _value(_parsed(box.replace("inf", "None")), {})
    pairs = table if isinstance(table[0], list) else [table]
    count = int(size[2:-1])
    pairs = pairs * count if len(pairs) == 1 else pairs
    return tuple((low, high) for low, high in pairs)


def _constraint(text: str, size: int) -> tuple[tuple[Fraction, ...], Fraction]:
    left, _, right = text.partition("<=")
    body = _parsed(left)

    def at(point: list[Fraction]) -> Fraction:
        return Fraction(_value(body, {"x": point}))

    zero = at([Fraction(0)] * size)
    units = [[Fraction(int(j == k)) for j in range(size)] for k in range(size)]
    return tuple(at(unit) - zero for unit in units), Fraction(right.strip()) - zero


def _value(node: ast.expr, known: dict[str, Any]) -> Any:
    match node:
        case ast.Constant(value=None):
            return None
        case ast.Constant(value=int() as number):
            return Fraction(number)
        case ast.Name(id=name):
            return known[name]
        case ast.List(elts=items):
            return [_value(item, known) for item in items]
        case ast.Subscript(value=base, slice=place):
            return _value(base, known)[int(_value(place, known))]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            value = _value(inner, known)
            return None if value is None else _each(lambda v: -v, value)
        case ast.BinOp(left=left, op=operation, right=right):
            return _combined(operation, _value(left, known), _value(right, known))
        case ast.Call(func=ast.Name(id="relu"), args=[argument]):
            return _each(lambda v: max(v, Fraction(0)), _value(argument, known))
        case ast.Call(func=ast.Name(id=("min" | "max") as name), args=[one, other]):
            choose = min if name == "min" else max
            pairs = zip(_value(one, known), _value(other, known), strict=True)
            return [choose(a, b) for a, b in pairs]
    raise ValueError(f"the oracle does not know {ast.dump(node)}")


def _combined(operation: ast.operator, left: Any, right: Any) -> Any:
    match operation:
        case ast.MatMult():
            return [_dot(row, right) for row in left]
        case ast.Add() if isinstance(left, list):
            return [a + b for a, b in zip(left, right, strict=True)]
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
    raise ValueError(f"the oracle does not know {operation}")


def _each(apply: Callable[[Any], Any], value: Any) -> Any:
    return [_each(apply, v) for v in value] if isinstance(value, list) else apply(value)


def _dot(row: Sequence[Fraction], values: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(row, values, strict=True)), Fraction(0))


# ---- canonical networks -------------------------------------------------------------------------


class Canonical:
    """A network from its canonical line."""

    def __init__(self, line: str) -> None:
        form = json.loads(line)
        self.output = form["output"] - 1
        self.is_relu = [layer["activation"] == "R" for layer in form["layers"]]
        self.biases = [_entries(layer["bias"]) for layer in form["layers"]]
        self.sizes = [layer["units"] for layer in form["layers"]]
        self.blocks = [
            [(source, [_entries(r) for r in rows]) for source, rows in v["weights"]]
            for v in form["layers"]
        ]

    def pre_activations(self, point: Point) -> list[list[Fraction]]:
        """Every z, per layer."""
        values: list[list[Fraction]] = [list(point)]
        result: list[list[Fraction]] = []
        for k, size in enumerate(self.sizes):
            z = [self.biases[k].get(i, Fraction(0)) for i in range(size)]
            for source, rows in self.blocks[k]:
                for i, row in enumerate(rows):
                    z[i] += sum((w * values[source][j] for j, w in row.items()), Fraction(0))
            result.append(z)
            values.append([max(v, Fraction(0)) for v in z] if self.is_relu[k] else z)
        return result

    def at(self, point: Point) -> list[Fraction]:
        """The outputs at a point."""
        z = self.pre_activations(point)[self.output]
        return [max(v, Fraction(0)) for v in z] if self.is_relu[self.output] else z


def _entries(text: str) -> dict[int, Fraction]:
    pairs = (entry.split(":") for entry in text.split())
    return {int(k): Fraction(v) for k, v in pairs}


# ---- points -------------------------------------------------------------------------------------


def points_in(text: Text, networks: Sequence[Canonical], count: int, random: Random) -> list[Point]:
    """Points of the domain, a third of them on hinges of the networks' units; fewer if the domain
    is hard to meet.
    """
    found: list[Point] = []
    for k in range(20 * count):
        if len(found) >= count - count // 3:
            break
        point = tuple(
            _coordinate(low, high, random, corner=k % 3 == 0) for low, high in text.ranges
        )
        if text.allows(point):
            found.append(point)
    for _ in range(count // 3 if len(found) > 1 else 0):
        start, end = random.sample(found, 2)
        point = _on_a_hinge(random.choice(networks), start, end, random)
        if text.allows(point):
            found.append(point)
    return found


def _coordinate(
    low: Fraction | None, high: Fraction | None, random: Random, *, corner: bool
) -> Fraction:
    far = random.choice(_FAR)
    if low is None:
        low = (Fraction(0) if high is None else high) - far
    if high is None:
        high = low + 2 * far
    if corner:
        return random.choice((low, high))
    below = random.choice((2, 3, 7, 64, 97))
    return low + (high - low) * Fraction(random.randint(0, below), below)


def _on_a_hinge(network: Canonical, start: Point, end: Point, random: Random) -> Point:
    """A point between two others at which a unit that has both signs there has z = 0, or a point
    close to that.
    """
    zs = network.pre_activations(start), network.pre_activations(end)
    crossing = [
        (k, i) for k, row in enumerate(zs[0]) for i, z in enumerate(row) if z * zs[1][k][i] < 0
    ]
    if not crossing:
        return tuple((a + b) / 2 for a, b in zip(start, end, strict=True))
    k, i = random.choice(crossing)
    one, other, a, b = start, end, zs[0][k][i], zs[1][k][i]
    middle = start
    for _ in range(_STEPS):
        share = a / (a - b)
        middle = tuple(p + share * (q - p) for p, q in zip(one, other, strict=True))
        z = network.pre_activations(middle)[k][i]
        if z == 0:
            break
        if z * a > 0:
            one, a = middle, z
        else:
            other, b = middle, z
    return middle
