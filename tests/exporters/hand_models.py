"""Models written with onnx.helper and onnxscript, and files as MATLAB's exportONNXNetwork writes
them.

MATLAB cannot be installed here: its form is built from the public ACAS Xu files that it wrote
(producer, version, opset 8; initializers that are also inputs; `input_Sub` of an average image;
a node named as its output) and from the documented export of convolutional layers (opset 9).
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from exporters.case import READ, TAIL, Array, Case, Expected, Feed, Made, uniform

HELPER, SCRIPT, MATLAB = "onnx.helper", "onnxscript", "MATLAB (its form)"
Graph = tuple[Sequence[Any], Mapping[str, Array], Sequence[int | str], Sequence[int | str]]


def hand_cases() -> list[Case]:
    """Every model that is written by hand, opsets 7 to 22 of each form."""
    return [
        *(_case(HELPER, "opsets, dense", _dense, opset) for opset in range(7, 23)),
        *(_case(HELPER, "opsets, Conv", _convolution, opset) for opset in range(7, 23)),
        *(_scripted(opset) for opset in range(15, 23)),
        *(_case(MATLAB, "dense, ReLU", _matlab_dense, opset) for opset in (7, 8, 9)),
        *(_case(MATLAB, "Conv, BatchNorm, MaxPool", _matlab_images(False), o) for o in (8, 9)),
        *(_case(MATLAB, "Softmax at the end", _matlab_images(True), o, TAIL) for o in (8, 9)),
    ]


def made_by_helper(folder: Path, opset: int) -> Made:
    """A dense network of onnx.helper in a file."""
    return _make(HELPER, _dense, opset, folder)


def _case(
    exporter: str,
    block: str,
    graph: Callable[[int], Graph],
    opset: int,
    expected: Expected = READ,
) -> Case:
    make = partial(_make, exporter, graph, opset)
    return Case(f"{block} {exporter} opset {opset}", exporter, block, (), make, expected)


def _make(exporter: str, graph: Callable[[int], Graph], opset: int, folder: Path) -> Made:
    nodes, constants, taken, given = graph(opset)
    stored = [numpy_helper.from_array(v, k) for k, v in constants.items()]
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, taken)]
    if exporter == MATLAB:
        inputs += [
            helper.make_tensor_value_info(k, TensorProto.FLOAT, v.shape)
            for k, v in constants.items()
        ]
    last = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, given)
    model = helper.make_model(
        helper.make_graph(list(nodes), "Network", inputs, [last], stored),
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=3 if exporter == MATLAB else 8,
        producer_name="MATLAB Deep Learning Toolbox Converter for ONNX Model Format"
        if exporter == MATLAB
        else "onnx.helper",
    )
    return _saved(model, folder, taken)


def _saved(model: onnx.ModelProto, folder: Path, taken: Sequence[int | str]) -> Made:
    """The model in a file; what it computes is what onnxruntime says."""
    import onnxruntime as ort

    path = folder / "model.onnx"
    onnx.save(model, str(path))
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = model.graph.input[0].name
    is_open = not isinstance(taken[0], int)

    def feed(seed: int, rows: int) -> Feed:
        return {name: uniform(seed, [rows if is_open else 1, *map(int, taken[1:])])}

    def forward(given: Feed) -> list[Array]:
        return [np.asarray(v) for v in session.run(None, dict(given))]

    return Made(path, feed, forward, any_batch=is_open)


def _drawn(**shapes: Sequence[int]) -> dict[str, Array]:
    random = np.random.default_rng(7)
    return {k: random.normal(0, 0.5, v).astype(np.float32) for k, v in shapes.items()}


def _node(op: str, inputs: Sequence[str], output: str, **attributes: Any) -> Any:
    return helper.make_node(op, list(inputs), [output], name=output, **attributes)


def _dense(opset: int) -> Graph:
    """MatMul and Add in even opsets, Gemm in odd ones."""
    constants = _drawn(W1=(4, 12), b1=(12,), W2=(12, 3), b2=(3,))
    if opset % 2:
        first = [_node("Gemm", ["input", "W1", "b1"], "a")]
    else:
        first = [_node("MatMul", ["input", "W1"], "p"), _node("Add", ["p", "b1"], "a")]
    rest = [_node("Relu", ["a"], "h"), _node("Gemm", ["h", "W2", "b2"], "output")]
    return [*first, *rest], constants, ("N", 4), ("N", 3)


def _convolution(opset: int) -> Graph:
    constants = _drawn(K=(4, 1, 3, 3), c=(4,), W=(36, 3), b=(3,), scale=(4,), B=(4,), mean=(4,))
    constants["var"] = np.array([0.5, 1, 2, 3], dtype=np.float32)
    nodes = [
        _node("Conv", ["input", "K", "c"], "conv", pads=[1, 1, 1, 1]),
        _node("BatchNormalization", ["conv", "scale", "B", "mean", "var"], "norm", epsilon=1e-3),
        _node("Relu", ["norm"], "relu"),
        _node("MaxPool", ["relu"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        _node("Flatten", ["pool"], "flat"),
        _node("Gemm", ["flat", "W", "b"], "output"),
    ]
    return nodes, constants, ("N", 1, 6, 6), ("N", 3)


def _matlab_dense(opset: int) -> Graph:
    constants = _drawn(
        input_AvgImg=(1, 1, 1, 4),
        Operation_1_MatMul_W=(4, 12),
        Operation_1_Add_B=(12,),
        linear_2_MatMul_W=(12, 3),
        linear_2_Add_B=(3,),
    )
    nodes = [
        _node("Sub", ["input", "input_AvgImg"], "input_Sub"),
        _node("Flatten", ["input_Sub"], "Operation_1_Flatten", axis=1),
        _node("MatMul", ["Operation_1_Flatten", "Operation_1_MatMul_W"], "Operation_1_MatMul"),
        _node("Add", ["Operation_1_MatMul", "Operation_1_Add_B"], "Operation_1_Add"),
        _node("Relu", ["Operation_1_Add"], "relu_1"),
        _node("MatMul", ["relu_1", "linear_2_MatMul_W"], "linear_2_MatMul"),
        _node("Add", ["linear_2_MatMul", "linear_2_Add_B"], "linear_2_Add"),
    ]
    return nodes, constants, (1, 1, 1, 4), (1, 3)


def _matlab_images(softmax: bool) -> Callable[[int], Graph]:
    """imageInputLayer (zerocenter), convolution2dLayer, batchNormalizationLayer, reluLayer,
    maxPooling2dLayer, fullyConnectedLayer (a convolution in these versions), softmaxLayer.
    """

    def graph(opset: int) -> Graph:
        constants = _drawn(
            input_Mean=(1, 1, 6, 6),
            conv_1_W=(4, 1, 3, 3),
            conv_1_B=(4,),
            batchnorm_1_scale=(4,),
            batchnorm_1_B=(4,),
            batchnorm_1_mean=(4,),
            fc_W=(3, 4, 3, 3),
            fc_B=(3,),
        )
        constants["batchnorm_1_var"] = np.array([0.5, 1, 2, 3], dtype=np.float32)
        norms = [f"batchnorm_1_{part}" for part in ("scale", "B", "mean", "var")]
        window = {"pads": [0, 0, 0, 0], "strides": [2, 2], "kernel_shape": [2, 2]}
        nodes = [
            _node("Sub", ["input", "input_Mean"], "input_Sub"),
            _node(
                "Conv", ["input_Sub", "conv_1_W", "conv_1_B"], "conv_1",
                group=1, dilations=[1, 1], kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[1, 1],
            ),
            _node("BatchNormalization", ["conv_1", *norms], "batchnorm_1", epsilon=1e-5),
            _node("Relu", ["batchnorm_1"], "relu_1"),
            _node("MaxPool", ["relu_1"], "maxpool_1", **window),
            _node(
                "Conv", ["maxpool_1", "fc_W", "fc_B"], "fc",
                group=1, dilations=[1, 1], kernel_shape=[3, 3], pads=[0, 0, 0, 0], strides=[1, 1],
            ),
            *([_node("Softmax", ["fc_flat"], "softmax", axis=1)] if softmax else []),
        ]  # fmt: skip
        nodes.insert(6, _node("Flatten", ["fc"], "fc_flat", axis=1))
        return nodes, constants, (1, 1, 6, 6), (1, 3)

    return graph


_SCRIPT = """
from onnxscript import FLOAT, opset{opset} as op, script

@script()
def network(input: FLOAT["N", 4], W1: FLOAT[4, 12], b1: FLOAT[12], W2: FLOAT[12, 3]):
    hidden = op.Relu(op.Add(op.MatMul(input, W1), b1))
    output = op.MatMul(hidden, W2)
    return output
"""


def _scripted(opset: int) -> Case:
    make = partial(_make_script, opset)
    name = f"dense, ReLU onnxscript opset {opset}"
    return Case(name, SCRIPT, "dense, ReLU", ("onnxscript",), make)


def _make_script(opset: int, folder: Path) -> Made:
    """onnxscript reads the source of the function that it turns into a graph: it is in a file."""
    import importlib.util

    file = folder / f"network_{opset}.py"
    file.write_text(textwrap.dedent(_SCRIPT.format(opset=opset)))
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module  # where onnxscript looks for the source
    spec.loader.exec_module(module)
    del sys.modules[file.stem]
    model = module.network.to_model_proto()
    weights = _drawn(W1=(4, 12), b1=(12,), W2=(12, 3))
    model.graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in weights.items())
    kept = [i for i in model.graph.input if i.name not in weights]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    return _saved(model, folder, ("N", 4))
