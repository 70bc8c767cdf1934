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
from rectifold.formats.load import Loaded
from rectifold.ir.evaluate import evaluate
from rectifold.ir.float_points import FloatPoint, float_point
from rectifold.ir.property import Property
from rectifold.properties.answers import Refuted
from rectifold.runtime.files import write_whole
from rectifold.runtime.json import JsonObject


@dataclass(frozen=True, eq=False)
class UnsafePoint:
    """The refutation of a property of a network, and the model that the network was read from."""

    found: Refuted
    asked: Property
    loaded: Loaded
    is_pair: bool = False

    @property
    def dtype(self) -> str:
        """The floats of the model's input: of a file without floats, float64."""
        interface = self.loaded.interface
        if interface is None or any(port.dtype != "float32" for port in interface.inputs):
            return "float64"
        return "float32"

    @cached_property
    def in_floats(self) -> FloatPoint | None:
        """A point of the domain in these floats that is unsafe, near the exact one."""
        domain = self.asked.parts[self.found.part].domain
        kind = np.float32 if self.dtype == "float32" else np.float64
        return float_point(domain, self.found.point, kind, self._is_unsafe)

    def _is_unsafe(self, x: Sequence[Fraction]) -> bool:
        y = evaluate(self.loaded.network, x)
        return self.asked.parts[self.found.part].case_met(x, y) is not None

    def run_again(self) -> JsonObject | None:
        """What another program computes at that point; None where none does, or for no model."""
        interface = self.loaded.interface
        if interface is None or (point := self.in_floats) is None:
            return None
        from rectifold.formats.onnx.peers import PeerError  # onnx takes 0.3 s to import
        from rectifold.formats.onnx_points import outputs_at

        try:
            name, outputs = outputs_at(interface, point.astype(np.float64))
        except PeerError:
            return None
        told: JsonObject = {"program": name, "input": point.tolist()}
        values = [float(v) for output in outputs for v in np.asarray(output).ravel()]
        return told | {"outputs": values, "met": self._is_met(point, values)}

    def _is_met(self, point: FloatPoint, values: Sequence[float]) -> bool:
        """Does the case hold of these floats, taken as they are?"""
        part = self.asked.parts[self.found.part]
        if len(values) != self.loaded.network.output_size or not np.isfinite(values).all():
            return False
        x, y = ([Fraction(float(v)) for v in row] for row in (point, values))
        return part.case_met(x, y) is not None

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


def run_text(told: JsonObject, dtype: str) -> str:
    """What another program computes, for people."""
    at = f"at a {dtype} point near it {told['program']}"
    met = "is met there too" if told["met"] else "is not met there, for its sums are rounded"
    values = told["outputs"]
    assert isinstance(values, list)
    shown = ", ".join(f"{v:.6g}" for v in values[:8] if isinstance(v, float))
    return f"  {at} computes {shown}{', ...' if len(values) > 8 else ''}: the case {met}"
