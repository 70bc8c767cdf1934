"""A compiled model in the place of its source: the same feed, the same names, the same values.

    before = user_code(source, feed)      after = user_code(compiled, feed)      differences(...)

Values are compared within the roundings of the model's floats, and labels where the scores are
further apart than those roundings.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from exporters.case import Array, Feed, Made
from rectifold.formats.load import Loaded
from rectifold.formats.onnx.floats import Rounded, Rounding, Trace

DEVIATIONS = 64  # as the crosscheck of the reader
_ROUNDINGS = {
    "float64": Rounding(2.0**-53, 2.0**-1022),
    "float32": Rounding(2.0**-24, 2.0**-126),
    "float16": Rounding(2.0**-11, 2.0**-24),
    "bfloat16": Rounding(2.0**-8, 2.0**-126),
}
Values = Mapping[str, Any]


def user_code(path: Path, feed: Feed) -> Values:
    """What a user's own program does with a model: every output under its name."""
    if any(value.dtype.name == "bfloat16" for value in feed.values()):
        return _by_reference(path, feed)  # onnxruntime computes no bfloat16 on a processor
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, dict(feed)), strict=True))


def _by_reference(path: Path, feed: Feed) -> Values:
    from onnx.reference import ReferenceEvaluator

    model = ReferenceEvaluator(str(path))
    return dict(zip(model.output_names, model.run(None, dict(feed)), strict=True))


def bytes_of(path: Path) -> int:
    """The bytes of a model's graph and weights, without its texts (which say who made it and what
    is guaranteed), and of the files beside it that hold its data.
    """
    model = onnx.load(str(path), load_external_data=False)
    model.ClearField("doc_string")
    model.ClearField("metadata_props")
    model.graph.ClearField("doc_string")
    beside = [p for p in path.parent.glob(f"{path.name}*") if p != path]
    return int(model.ByteSize()) + sum(p.stat().st_size for p in beside)


def in_box(made: Made, seed: int, rows: int, radius: float) -> Feed:
    """A feed of the model with every input in [−radius, radius]."""
    return {k: (v * v.dtype.type(radius)) for k, v in made.feed(seed, rows).items()}


def network_values(loaded: Loaded, points: Array) -> Rounded:
    """Of the network, before its tail: values and deviations of rounding, a sample a row."""
    assert loaded.interface is not None
    network = loaded.network
    trace = Trace(_ROUNDINGS[loaded.interface.inputs[0].dtype])
    trace.known[network.input_name] = Rounded(points, np.zeros(points.shape))
    trace.run(network.layers)
    return trace.known[network.output]


def flat_points(feed: Feed, rows: int) -> Array:
    """The points of a feed, a sample a row."""
    parts = [np.asarray(v, dtype=np.float64).reshape(rows, -1) for v in feed.values()]
    return np.concatenate(parts, axis=1)


def differences(before: Values, after: Values, scores: Rounded) -> list[str]:
    """What a user sees that is not the same: names, shapes, types, values beyond rounding."""
    if list(before) != list(after):
        return [f"outputs {list(after)} instead of {list(before)}"]
    spread = 8 * DEVIATIONS * float(scores.spread.max(initial=0.0))
    found = [_difference(k, before[k], after[k], spread, scores.values) for k in before]
    return [text for text in found if text]


def _difference(name: str, before: Any, after: Any, room: float, scores: Array) -> str:
    if isinstance(before, list):  # of ZipMap: a dictionary for each sample
        if [list(d) for d in before] != [list(d) for d in after]:
            return f"{name} has other keys"
        before, after = (np.array([list(d.values()) for d in side]) for side in (before, after))
    if (before.shape, before.dtype) != (after.shape, after.dtype):
        return f"{name} is {after.dtype} {after.shape} instead of {before.dtype} {before.shape}"
    if before.dtype.kind in "iuOU":
        clear = _margins(scores) > room
        same = before.reshape(len(clear), -1)[clear] == after.reshape(len(clear), -1)[clear]
        return "" if same.all() else f"{name} names another class"
    worst = np.max(np.abs(before.astype(np.float64) - after.astype(np.float64)), initial=0.0)
    slack = room + 8 * float(np.finfo(np.float32).eps) * (1 + float(np.abs(scores).max()))
    return "" if worst <= slack else f"{name} differs by {worst:.2g}, beyond rounding ({slack:.2g})"


def _margins(scores: Array) -> Array:
    """How far the best score of each sample is from the next; of one score, how far from 0."""
    if scores.shape[1] == 1:
        return np.asarray(np.abs(scores[:, 0]))
    best = np.sort(scores, axis=1)
    return np.asarray(best[:, -1] - best[:, -2])
