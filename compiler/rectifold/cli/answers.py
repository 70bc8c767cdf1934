"""The answers of `verify`, as texts for people and as JSON for scripts."""

from __future__ import annotations

import io
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from rectifold.equivalence.decide import Closest, Comparison, Different, Equal, Unknown
from rectifold.ir.evaluate import evaluate_float
from rectifold.ir.network import Network
from rectifold.runtime.files import write_whole

_SHOWN = 12  # inputs of a counterexample on the screen


def verify_json(result: Comparison, tolerance: list[Fraction], *, argmax: bool) -> dict[str, Any]:
    """The documented result of `verify`."""
    match result:
        case Equal():
            upper = None if argmax else str(max(tolerance))
            certificate = None if result.certificate is None else result.replayed or "not replayed"
            return {
                "verdict": result.verdict, "bound": {"lower": None, "upper": upper}, "counterexample": None,
                "trusted": result.trusted, "reason": result.reason, "certificate": certificate,
            }  # fmt: skip
        case Different():
            return {
                "verdict": "different", "bound": {"lower": str(abs(result.difference)), "upper": None},
                "counterexample": _counterexample_json(result), "certificate": None,
            }  # fmt: skip
        case Unknown():
            return {
                "verdict": "undecided", "bound": {"lower": str(result.largest), "upper": None}, "counterexample": None,
                "certificate": None, "reason": result.reason, "share": result.share,
            }  # fmt: skip


def verify_text(result: Comparison, tolerance: list[Fraction], *, argmax: bool) -> str:
    """The answer for people."""
    match result:
        case Equal():
            what = "same argmax" if argmax else "equal" if not any(tolerance) else f"within {_joined(tolerance)}"
            trust = f" (given {result.trusted} trusted claim)" if result.trusted else ""
            return f"{what} on the domain{trust}: {result.reason}{_replayed_text(result)}"
        case Different():
            if argmax:
                top, rival = result.output, max(range(len(result.b)), key=result.b.__getitem__)
                lines = [
                    f"different: output {top} is the largest of A, but output {rival} is the largest of B, at this exact point"
                ]
            else:
                lines = [
                    f"different: output {result.output} differs by {float(result.difference):.6g} at this exact point"
                ]
            lines += [f"  x[{k}] = {v}" for k, v in enumerate(result.point[:_SHOWN])]
            lines += [f"  ... {len(result.point) - _SHOWN} more inputs"] if len(result.point) > _SHOWN else []
            lines.append(f"  A gives {_outputs(result.a, result.output, every=argmax)}")
            lines.append(f"  B gives {_outputs(result.b, result.output, every=argmax)}")
            return "\n".join(lines)
        case Unknown():
            return f"undecided: {result.reason} (largest difference seen {float(result.largest):.3g})"


def _outputs(values: tuple[Fraction, ...], output: int, *, every: bool) -> str:
    return ", ".join(f"{float(v):.9g}" for v in values) if every else str(values[output])


def _joined(tolerance: list[Fraction]) -> str:
    return ", ".join(map(str, tolerance))


def _replayed_text(result: Equal) -> str:
    if result.certificate is None:
        return ""
    if result.replayed is None:
        return " (the certificate was not replayed here: it would take long; rectifold check does it)"
    return f", and the certificate {result.replayed}"


def certificate_text(result: Equal, file: str) -> str:
    if result.certificate is None:
        return f"no certificate was written: this answer ({result.reason}) has none"
    return f"wrote {file} ({len(result.certificate.text) / 1e6:.2f} MB)"


def closest_json(found: Closest) -> dict[str, Any]:
    """The documented result of `verify --tightest`."""
    return {
        "verdict": "within", "complete": found.complete,
        "bound": {"lower": str(found.lower), "upper": str(found.upper)},
        "per_output": [str(v) for v in found.per_output],
        "counterexample": {
            "input": [str(v) for v in found.point], "a": [str(v) for v in found.a], "b": [str(v) for v in found.b],
        },
        "boxes": found.boxes, "certificate": found.replayed or "not replayed",
        "history": [list(row) for row in found.history],
    }  # fmt: skip


def closest_text(found: Closest) -> str:
    """The bounds for people."""
    state = "" if found.complete else " when the time was up"
    lines = [
        f"the largest difference lies between {float(found.lower):.9g} (attained) and {float(found.upper):.9g} (proved){state}"
    ]
    lines += [f"  output {j}: at most {float(v):.9g}" for j, v in enumerate(found.per_output)]
    kept = f"the certificate {found.replayed}" if found.replayed else "its certificate was not replayed here"
    lines.append(f"{found.boxes:,} sub-box{'es' if found.boxes != 1 else ''}; {kept}")
    return "\n".join(lines)


def float_check(a: Network, b: Network, result: Comparison) -> dict[str, Any]:
    """What plain float programs say at the counterexample."""
    if not isinstance(result, Different):
        return {}
    point = np.array([float(v) for v in result.point])
    floats = {
        name: float(evaluate_float(a, point, kind)[result.output] - evaluate_float(b, point, kind)[result.output])
        for name, kind in (("float32", np.float32), ("float64", np.float64))
    }
    return {"floats": floats}


def _counterexample_json(result: Different) -> dict[str, Any]:
    return {
        "input": [str(v) for v in result.point],
        "a": [str(v) for v in result.a],
        "b": [str(v) for v in result.b],
        "output": result.output,
    }


def write_counterexample(path: Path, result: Different) -> None:
    if path.suffix == ".npy":
        buffer = io.BytesIO()
        np.save(buffer, np.array([float(v) for v in result.point]))
        write_whole(path, buffer.getvalue())
    else:
        write_whole(path, (json.dumps(_counterexample_json(result), indent=2) + "\n").encode("ascii"))
