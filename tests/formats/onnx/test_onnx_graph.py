"""The graph around the operators: order, what is not needed, inputs, and graphs that define nothing
clear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnx_models import array, assert_agrees, imported, model, node, peer_values
from rectifold.errors import InputError
from rectifold.ir.evaluate import evaluate


def graph_of(
    nodes: Sequence[Any], inputs: Mapping[str, tuple[int, Any]], outputs: Sequence[str] = ("y",)
) -> bytes:
    """A model with inputs name → (element type, shape) and the constant c = (1, 2)."""
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [
            helper.make_tensor_value_info(name, kind, shape)
            for name, (kind, shape) in inputs.items()
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(np.array([1, 2], np.float32), "c")],
    )
    return bytes(
        helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8
        ).SerializeToString()
    )


X = {"x": (TensorProto.FLOAT, [1, 2])}


def test_nodes_may_stand_in_any_order(tmp_path: Path) -> None:
    nodes = [node("Add", ["b", "k"]), node("Relu", ["x"], "b"), node("Neg", ["c"], "k")]
    network, _ = imported(graph_of(nodes, X), tmp_path)
    assert [int(v) for v in evaluate(network, [5, -5])] == [4, -2]


def test_the_order_of_nodes_does_not_change_the_network(tmp_path: Path) -> None:
    nodes = [
        node("Relu", ["x"], "a"),
        node("Abs", ["x"], "b"),
        node("Max", ["a", "b"], "m"),
        node("Add", ["m", "a"]),
    ]
    first, _ = imported(graph_of(nodes, X), tmp_path)
    second, _ = imported(graph_of([nodes[0], nodes[3], nodes[1], nodes[2]], X), tmp_path)
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]


def test_a_long_chain_is_no_deep_recursion(tmp_path: Path) -> None:
    nodes = [node("Neg", [f"v{k + 1}"], f"v{k}") for k in range(3000)]
    nodes += [node("Identity", ["x"], "v3000"), node("Identity", ["v0"])]
    network, _ = imported(graph_of(nodes, X), tmp_path)
    assert [int(v) for v in evaluate(network, [1, 2])] == [1, 2]


def test_what_the_output_does_not_need_is_not_looked_at(tmp_path: Path) -> None:
    """A Softmax, an unknown domain, a value from nowhere, a damaged initializer and one of text."""
    unneeded = [
        node("Softmax", ["y"], "s"),
        node("Gelu", ["x"], "g", domain="com.microsoft"),
        node("Add", ["nowhere", "d"], "n"),
        node("MatMul", ["x", "t"], "m"),
    ]
    made = onnx.load_model_from_string(graph_of([*unneeded, node("Relu", ["x"])], X))
    made.graph.initializer.append(TensorProto(name="d", data_type=TensorProto.FLOAT, dims=[9]))
    made.graph.initializer.append(numpy_helper.from_array(np.array(["q"], dtype=object), "t"))
    made.graph.initializer.append(numpy_helper.from_array(np.array([np.nan], np.float32), "nan"))
    network, notes = imported(made.SerializeToString(), tmp_path)
    assert [layer.name for layer in network.layers] == ["relu_node"]
    assert notes == []


def test_inputs_are_joined_in_order_and_that_is_said(tmp_path: Path) -> None:
    inputs = {"a": (TensorProto.FLOAT, [2]), "b": (TensorProto.FLOAT, ["n", 2])}
    network, notes = imported(graph_of([node("Sub", ["b", "a"])], inputs), tmp_path)
    assert [int(v) for v in evaluate(network, [1, 2, 10, 20])] == [9, 18]
    assert notes == [
        "the inputs a (2 values), b (2 values) are read as one input of 4 values, in this order"
    ]


def test_a_batch_keeps_all_its_entries(tmp_path: Path) -> None:
    data = model((2, 3), [node("MatMul", ["x", "w"], "m"), node("Relu", ["m"])], {"w": array(3, 2)})
    assert assert_agrees(data, (2, 3), tmp_path).input_size == 6


def test_an_output_that_is_an_input_or_a_constant(tmp_path: Path) -> None:
    assert [int(v) for v in evaluate(imported(graph_of([], X, ["x"]), tmp_path)[0], [3, 4])] == [
        3,
        4,
    ]
    assert [int(v) for v in evaluate(imported(graph_of([], X, ["c"]), tmp_path)[0], [3, 4])] == [
        1,
        2,
    ]


def test_several_outputs_are_joined_in_the_order_asked_for(tmp_path: Path) -> None:
    data = graph_of([node("Relu", ["x"]), node("Neg", ["x"], "z")], X, ["y", "z"])
    network, notes = imported(data, tmp_path, outputs=["z", "y"])
    assert [int(v) for v in evaluate(network, [1, -2])] == [-1, 2, 1, 0]
    assert notes == ["the outputs z (2 values), y (2 values) are read as one output, in this order"]
    x = np.array([[1, -2]], np.float32)
    assert [
        int(v) for v in evaluate(imported(data, tmp_path, outputs=["y"])[0], [1, -2])
    ] == peer_values(data, x).ravel().tolist()


OTHER = {"x": (TensorProto.FLOAT, [1, 2]), "z": (TensorProto.STRING, [1])}

REFUSED: dict[str, tuple[bytes, str]] = {
    "a circle": (
        graph_of([node("Add", ["b", "x"], "a"), node("Neg", ["a"], "b"), node("Relu", ["b"])], X),
        r"node 'add_node' \(Add\) depends on its own result; a graph without circles",
    ),
    "a node that reads itself": (graph_of([node("Neg", ["y"])], X), "depends on its own result"),
    "a value computed twice": (
        graph_of([node("Neg", ["x"], "a"), node("Abs", ["x"], "a"), node("Relu", ["a"])], X),
        "the value 'a' is defined 2 times; once is expected",
    ),
    "a value that is an initializer too": (
        graph_of([node("Neg", ["x"], "c"), node("Add", ["x", "c"])], X),
        "the value 'c' is defined 2 times",
    ),
    "an output that is an input too": (
        graph_of([node("Neg", ["x"], "x")], X, ["x"]),
        "the value 'x' is defined 2 times",
    ),
    "a value from nowhere": (
        graph_of([node("Neg", ["k"])], X),
        r"'neg_node' \(Neg\) reads 'k', which nothing computes",
    ),
    "no input": (graph_of([node("Neg", ["c"])], {}), "the graph has no input"),
    "an input of text": (
        graph_of([node("Neg", ["x"])], OTHER),
        "the input 'z' has the element type string; read are",
    ),
    "an input of truth values": (
        graph_of([node("Neg", ["x"])], {"x": (TensorProto.BOOL, [1])}),
        "the input 'x' has the element type bool",
    ),
    "an input without a shape": (
        graph_of([node("Neg", ["x"])], {"x": (TensorProto.FLOAT, None)}),
        "the input 'x' is no tensor with a shape",
    ),
    "an open size": (
        graph_of([node("Neg", ["x"])], {"x": (TensorProto.FLOAT, [1, "n"])}),
        "dimension 1 of the input 'x' is not fixed",
    ),
    "two outputs": (
        graph_of([node("Neg", ["x"]), node("Abs", ["x"], "z")], X, ["y", "z"]),
        r"the graph has 2 outputs \(y, z\); choose with outputs=\[.NAME.\], or join several with "
        r"outputs=\[.y., .z.\]",
    ),
}


@pytest.mark.parametrize("title", REFUSED)
def test_graphs_that_are_refused(title: str, tmp_path: Path) -> None:
    data, message = REFUSED[title]
    with pytest.raises(InputError, match=message):
        imported(data, tmp_path)
