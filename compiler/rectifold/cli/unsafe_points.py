"""An unsafe point for other programs: in the model's floats and shape, and what they compute there.

The exact point may be no float, and its nearest float may lie outside the domain or be safe. What
is written and run here is unsafe exactly, at a point of the domain; or it is said that no such
point was found.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import numpy as np

from rectifold.cli.proved import counterexample_json
from rectifold.cli.run_again import FLOAT_KINDS, Ran, UnsafePair, dtype_of, ran, values_text
from rectifold.formats.interface import Interface
from rectifold.formats.load import Loaded
from rectifold.ir.evaluate import evaluate
from rectifold.ir.float_points import FloatPoint, float_point
from rectifold.ir.property import Property
from rectifold.properties.answers import Refuted
from rectifold.runtime.files import write_whole
from rectifold.runtime.json import JsonObject


@dataclass(frozen=True, eq=False)
class UnsafePoint:
    """The refutation of a property of a network, and the model that the network was read from.

    `second`: of a property of two side by side, the model of the other one.
    """

    found: Refuted
    asked: Property
    loaded: Loaded
    second: Loaded | None = None

    @property
    def is_pair(self) -> bool:
        """Is it a pair of points?"""
        return self.second is not None

    @property
    def dtype(self) -> str:
        """The floats of the inputs of the models: of a file without floats, float64."""
        return dtype_of(self._interfaces)

    @property
    def _interfaces(self) -> list[Interface | None]:
        read = (self.loaded, self.second)
        return [loaded.interface for loaded in read if loaded is not None]

    @cached_property
    def in_floats(self) -> FloatPoint | None:
        """A point of the domain in these floats that is unsafe, near the exact one."""
        domain = self.asked.parts[self.found.part].domain
        kind = FLOAT_KINDS[self.dtype]
        return float_point(domain, self.found.point, kind, self._is_unsafe)

    def _is_unsafe(self, x: Sequence[Fraction]) -> bool:
        y = evaluate(self.loaded.network, x)
        return self.asked.parts[self.found.part].case_met(x, y) is not None

    def run_again(self) -> JsonObject | None:
        """What another program computes at that point; None where none does, or for no model."""
        if None in self._interfaces:
            return None
        points = self._points()
        found = None if points is None else ran(self._interfaces, points)
        if points is None or found is None:
            return None
        inputs = [v for point in points for v in point.tolist()]
        told: JsonObject = {"program": found.program, "input": inputs}
        values = [v for row in found.values for v in row]
        return told | {"outputs": values, "met": self._is_met(inputs, found)}

    def _points(self) -> list[FloatPoint] | None:
        """Of each network, in floats."""
        if self._pair is not None:
            pair = self._pair.in_floats(FLOAT_KINDS[self.dtype])
            return None if pair is None else list(pair)
        return None if self.in_floats is None else [self.in_floats]

    @cached_property
    def _pair(self) -> UnsafePair | None:
        if self.second is None:
            return None
        networks = self.loaded.network, self.second.network
        return UnsafePair(networks, self.found, self.asked)

    def _is_met(self, inputs: Sequence[float], found: Ran) -> bool:
        """Does the case hold of these floats, taken as they are?"""
        values = found.exact
        read = [loaded.network for loaded in (self.loaded, self.second) if loaded is not None]
        sizes = [network.output_size for network in read]
        if values is None or list(map(len, values)) != sizes:
            return False
        x, y = [Fraction(v) for v in inputs], [v for row in values for v in row]
        if self._pair is not None:
            return self._pair.is_met(x, y)
        return self.asked.parts[self.found.part].case_met(x, y) is not None

    def write(self, path: Path) -> tuple[str, bool]:
        """The exact point (.json), or one in floats in the model's shape (.npy).

        A line on what was done, and whether it was written.
        """
        if path.suffix != ".npy":
            shown = counterexample_json(self.found, self.asked, is_pair=self.is_pair)
            write_whole(path, (json.dumps(shown, indent=2) + "\n").encode("ascii"))
            return f"wrote {path} (the exact point)", True
        if self.is_pair:
            return (
                f"{path} was not written: two points are no input of the model; --counterexample "
                "FILE.json has them",
                False,
            )
        point = self.in_floats
        if point is None:
            return (
                f"{path} was not written: no {self.dtype} point of the domain that is unsafe was "
                "found near the exact one; --counterexample FILE.json has the exact point",
                False,
            )
        buffer = io.BytesIO()
        np.save(buffer, self._shaped(point))
        write_whole(path, buffer.getvalue())
        return f"wrote {path} (an unsafe {self.dtype} point of the domain)", True

    def _shaped(self, point: FloatPoint) -> np.ndarray:
        """As the model's one input, else flat."""
        if self.loaded.interface is None:
            return point
        from rectifold.formats.onnx_points import as_input  # onnx takes 0.3 s to import

        shaped = as_input(self.loaded.interface, point.astype(np.float64))
        return point if shaped is None else shaped


def run_text(told: JsonObject, dtype: str, *, is_pair: bool = False) -> str:
    """What another program computes, for people."""
    at = f"at two {dtype} points near them" if is_pair else f"at a {dtype} point near it"
    met = "is met there too" if told["met"] else "is not met there, for its sums are rounded"
    values = told["outputs"]
    assert isinstance(values, list)
    shown = values_text([v for v in values if isinstance(v, float)])
    return f"  {at} {told['program']} computes {shown}: the case {met}"
