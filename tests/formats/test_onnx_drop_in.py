"""A written model takes the place of the one that was read: the same feed runs, the same names come
back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from onnx_models import Array, array
from rectifold.emitters.table import drop_in_format
from rectifold.formats.onnx.reader import read_model
from rectifold.formats.onnx_writer import onnx_bytes

FLOAT, DOUBLE, HALF = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16
Shape = Sequence[int | str | None]


def node(op: str, inputs: Sequence[str], output: str, **attributes: Any) -> Any:
    """A node named for its output: onnxruntime refuses two nodes of one name."""
    return helper.make_node(op, list(inputs), [output], name=f"make_{output}", **attributes)


def source(
    inputs: dict[str, Shape],
    outputs: dict[str, Shape | None],
    nodes: Sequence[Any],
    constants: dict[str, Array],
    kind: int = FLOAT,
    opset: int = 13,
) -> ModelProto:
    """A model whose inputs and outputs have one element type."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        list(nodes),
        "main_graph",
        [value(name, kind, shape) for name, shape in inputs.items()],
        [value(name, kind, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=7)


def written(model: ModelProto) -> ModelProto:
    """The network of a model as ONNX, called as the model is."""
    read = read_model(model, "model")
    chosen, interface, note = drop_in_format("onnx", read.interface)
    assert interface is not None, note
    precision = "float64" if chosen == "onnx64" else "float32"
    return onnx.load_model_from_string(onnx_bytes(read.network, precision, "", interface))


def outputs_of(model: ModelProto, batch: int) -> dict[str, Array]:
    """What the user's code computes: a feed by input name, outputs by name."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    data = model.SerializeToString()
    session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    random, feeds = np.random.default_rng(batch), {}
    for given in session.get_inputs():
        kind = {"tensor(double)": np.float64, "tensor(float16)": np.float16}
        shape = [size if isinstance(size, int) else batch for size in given.shape]
        values = random.integers(-8, 9, shape) / 8
        feeds[given.name] = values.astype(kind.get(given.type, np.float32))
    names = [one.name for one in session.get_outputs()]
    return {k: np.asarray(v) for k, v in zip(names, session.run(names, feeds), strict=True)}


def assert_takes_the_place(theirs: ModelProto, batches: Sequence[int] = (1, 5)) -> ModelProto:
    """Same names, shapes and types; values within the rounding of a small network."""
    ours = written(theirs)
    assert list(ours.graph.input) == list(theirs.graph.input)
    assert list(ours.graph.output) == list(theirs.graph.output)
    for batch in batches:
        wanted, found = outputs_of(theirs, batch), outputs_of(ours, batch)
        assert list(found) == list(wanted)
        for name, value in wanted.items():
            assert (found[name].shape, found[name].dtype) == (value.shape, value.dtype)
            rounding = 1e-2 if value.dtype == np.float16 else 1e-5
            assert np.abs(found[name].astype(float) - value.astype(float)).max() <= rounding
    return ours


def dense(opset: int = 13, kind: Any = np.float32) -> tuple[list[Any], dict[str, Array]]:
    """Nodes from `flat` (N×4) to `flat_out` (N×6)."""
    nodes = [
        node("Gemm", ["flat", "W", "b"], "h"),
        node("Relu", ["h"], "r"),
        node("Gemm", ["r", "V"], "flat_out"),
    ]
    constants = {"W": array(4, 5), "b": array(5), "V": array(5, 6)}
    if opset < 11:
        nodes[2] = node("MatMul", ["r", "V"], "flat_out")
    return nodes, {k: v.astype(kind) for k, v in constants.items()}


@pytest.mark.parametrize("batch", ["batch", None, 1])
@pytest.mark.parametrize("rest", [(4,), (2, 2), (1, 2, 2), (2, 1, 2, 1)])
@pytest.mark.parametrize("result", [(6,), (2, 3), (1, 3, 2)])
def test_ranks_and_batches(batch: str | int | None, rest: Shape, result: Shape) -> None:
    nodes, constants = dense()
    shape = np.array([-1, *result], dtype=np.int64)
    nodes = [
        node("Flatten", ["x"], "flat"),
        *nodes,
        node("Reshape", ["flat_out", "shape"], "logits"),
    ]
    theirs = source(
        {"x": [batch, *rest]},
        {"logits": [batch, *result]},
        nodes,
        {**constants, "shape": shape},
    )
    assert_takes_the_place(theirs, (1,) if batch == 1 else (1, 5))
