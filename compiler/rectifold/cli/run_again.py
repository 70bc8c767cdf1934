"""What another program computes of two models at the point that refutes something of the pair.

    A, B differ at 1/3   →   onnxruntime, near it: A gives 1, B 3/2, which shows it too

Where the exact point is none of the models' floats, one beside it is taken that refutes the same,
exactly (ir/float_points). It proves nothing: it tells whether rounded sums show it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.formats.interface import Interface
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.float_points import FloatPoint, FloatType, float_point
from rectifold.ir.network import Network
from rectifold.ir.pairs import points_of_pair, side_by_side
from rectifold.ir.property import Property, Related
from rectifold.properties.answers import Refuted

FLOAT_KINDS: dict[str, FloatType] = {"float32": np.float32, "float64": np.float64}


@dataclass(frozen=True)
class Ran:
    """The program, and the values that each model gave at its point."""

    program: str
    values: tuple[tuple[float, ...], ...]

    @property
    def exact(self) -> list[list[Fraction]] | None:
        """The values as they are; None where one is no number."""
        if not all(np.isfinite(row).all() for row in self.values):
            return None
        return [[Fraction(v) for v in row] for row in self.values]


def dtype_of(interfaces: Sequence[Interface | None]) -> str:
    """The floats of the inputs of models: float32 where all of them take these."""
    ports = [port for own in interfaces for port in (own.inputs if own is not None else ())]
    is_single = None not in interfaces and all(port.dtype == "float32" for port in ports)
    return "float32" if is_single else "float64"


def ran(interfaces: Sequence[Interface | None], points: Sequence[FloatPoint]) -> Ran | None:
    """What another program computes of each model at its point.

    None for what is no model, or where no program runs them all.
    """
    from rectifold.formats.onnx.peers import PeerError  # onnx takes 0.3 s to import
    from rectifold.formats.onnx_points import outputs_at

    program, values = "", []
    for interface, point in zip(interfaces, points, strict=True):
        if interface is None:
            return None
        try:
            name, outputs = outputs_at(interface, point.astype(np.float64))
        except PeerError:
            return None
        program = name if program in ("", name) else f"{program} and {name}"
        values.append(tuple(float(v) for output in outputs for v in np.asarray(output).ravel()))
    return Ran(program, tuple(values))


def values_text(values: Sequence[float], most: int = 8) -> str:
    """The first few, for people."""
    return ", ".join(f"{v:.6g}" for v in values[:most]) + (", ..." if len(values) > most else "")


@dataclass(frozen=True, eq=False)
class UnsafePair:
    """The refutation of a property of two networks side by side, at x and x'."""

    networks: tuple[Network, Network]
    found: Refuted
    asked: Property

    def in_floats(self, kind: FloatType) -> tuple[FloatPoint, FloatPoint] | None:
        """Two points of the domain in these floats that are unsafe, near the exact ones."""
        size = self.networks[0].input_size
        x, other = points_of_pair(self.found.point, self.asked.second)
        near = float_point(self._domain(), [*x, *other], kind, self.is_unsafe)
        return None if near is None else (near[:size], near[size:])

    def is_unsafe(self, points: Sequence[Fraction]) -> bool:
        """Is the case met at x and x', one after the other?"""
        size, both = self.networks[0].input_size, side_by_side(*self.networks, self.asked.second)
        pair = [*points[:size], *self._step(points)]
        (values,) = evaluate_points(both, [pair])
        return self.is_met(points, values)

    def is_met(self, points: Sequence[Fraction], values: Sequence[Fraction]) -> bool:
        """Is a case met at x and x', if the networks give these values there?"""
        size = self.networks[0].input_size
        pair = [*points[:size], *self._step(points)]
        return self.asked.parts[self.found.part].case_met(pair, values) is not None

    def _step(self, points: Sequence[Fraction]) -> list[Fraction]:
        """x' less what the first point says of it."""
        size = self.networks[0].input_size
        nothing = [Fraction(0)] * (len(points) - size)
        _, start = points_of_pair([*points[:size], *nothing], self.asked.second)
        return [p - q for p, q in zip(points[size:], start, strict=True)]

    def _domain(self) -> Domain:
        """Of (x, x'): the ranges of x, and an equation for each step that is fixed."""
        size = self.networks[0].input_size
        domain = self.asked.parts[self.found.part].domain
        others, one = domain.size - size, Fraction(1)
        second = self.asked.second or Related.same(size)
        rows: list[Constraint] = []
        for k, value in domain.fixed.items():
            if k >= size:
                row = [Fraction(0)] * domain.size
                row[k] = one
                for j, p in second.rows[k - size]:
                    row[j] = -p
                end = value + second.offset[k - size]
                rows += [Constraint(tuple(row), end), Constraint(tuple(-c for c in row), -end)]
        free = (None,) * others
        return Domain((*domain.lower[:size], *free), (*domain.upper[:size], *free), tuple(rows))
