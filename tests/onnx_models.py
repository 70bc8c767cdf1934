"""Small ONNX models for tests: made in a line, read by rectifold and run by onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from rectifold.formats.onnx.reader import read_onnx
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Network

Array = np.ndarray[Any, Any]


def array(*shape: int, low: float = -1.0, seed: int = 5) -> Array:
    """Random float32 numbers."""
    return np.random.default_rng([seed, *shape]).uniform(low, 1.0, shape).astype(np.float32)


def whole(*values: Any) -> Array:
    """A list of int64 numbers."""
    return np.array(values, dtype=np.int64)


def node(op: str, inputs: Sequence[str], output: str | list[str] = "y", **attributes: Any) -> Any:
    outputs = output if isinstance(output, list) else [output]
    return helper.make_node(op, list(inputs), outputs, name=f"{op.lower()}_node", **attributes)


def model(
    shape: Sequence[int | str],
    nodes: Sequence[Any],
    constants: dict[str, Array] | None = None,
    opset: int = 13,
    kind: int = TensorProto.FLOAT,
) -> bytes:
    """A model with one input x and one output y."""
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info("x", kind, list(shape))],
        [helper.make_tensor_value_info("y", kind, None)],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in (constants or {}).items()],
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    return bytes(helper.make_model(graph, opset_imports=imports, ir_version=8).SerializeToString())


def imported(data: bytes, folder: Path, outputs: Sequence[str] = ()) -> tuple[Network, list[str]]:
    path = folder / "model.onnx"
    path.write_bytes(data)
    read = read_onnx(path, outputs)
    return read.network, read.notes


def peer_values(data: bytes, x: Array, peer: str = "onnxruntime") -> Array:
    """What onnxruntime (or onnx.reference) computes."""
    if peer == "onnx.reference":
        outputs = ReferenceEvaluator(data).run(None, {"x": x})
        assert isinstance(outputs, list)
        return np.asarray(outputs[0])
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": x})[0])


def assert_agrees(
    data: bytes, shape: Sequence[int], folder: Path, peer: str = "onnxruntime"
) -> Network:
    """The network that is read computes what the peer does, up to its rounding, at random points;
    the network.
    """
    network, _ = imported(data, folder)
    for seed in range(3):
        x = (np.random.default_rng(seed).integers(-16, 17, tuple(shape)) / 8).astype(np.float32)
        expected = peer_values(data, x, peer).ravel().astype(np.float64)
        ours = np.array(
            [float(v) for v in evaluate(network, [Fraction(float(v)) for v in x.ravel()])]
        )
        assert ours.shape == expected.shape
        assert np.abs(ours - expected).max() <= 1e-5 * (
            1 + np.abs(expected).max()
        )  # float32 against exact
    return network
