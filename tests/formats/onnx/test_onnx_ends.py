"""What follows the network in a model is its tail: kept as it is, and no part of the network."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import ModelProto, defs, helper, numpy_helper

from onnx_models import array, node, whole
from onnx_tails import FLOAT, INT64, made
from rectifold.errors import InputError
from rectifold.formats.onnx.reader import OnnxRead, read_model
from rectifold.formats.onnx.tail_operators import TAIL
from rectifold.ir.canonical import digest
from rectifold.ir.evaluate import evaluate

PLAIN = read_model(made([], ["h"]), "net").network

HALF = np.float32(0.5)
TAILS: dict[str, tuple[list[Any], list[str], dict[str, Any]]] = {
    "softmax": ([node("Softmax", ["h"], axis=1)], ["y"], {}),
    "log softmax": ([node("LogSoftmax", ["h"], axis=-1)], ["y"], {}),
    "sigmoid": ([node("Sigmoid", ["h"])], ["y"], {}),
    "tanh": ([node("Tanh", ["h"])], ["y"], {}),
    "argmax": ([node("ArgMax", ["h"], axis=1)], ["y"], {}),
    "argmin": ([node("ArgMin", ["h"], axis=1)], ["y"], {}),
    "top k": ([node("TopK", ["h", "k"], ["v", "i"])], ["v", "i"], {"k": whole(2)}),
    "an identity after it": (
        [node("Softmax", ["h"], "p"), node("Identity", ["p"])], ["y"], {},
    ),
    "values and probabilities": ([node("Softmax", ["h"], "p")], ["h", "p"], {}),
    "a reshaped copy": (
        [node("Flatten", ["h"], "f"), node("Softmax", ["h"], "p"), node("ArgMax", ["f"], "l")],
        ["l", "p"], {},
    ),
    "halves": (
        [
            node("Split", ["h", "s"], ["l", "r"], axis=1),
            node("Softmax", ["l"], "p"),
            node("Tanh", ["r"], "t"),
        ],
        ["p", "t"], {"s": whole(1, 2)},
    ),
    "a decision": (
        [node("Greater", ["h", "c"], "g"), node("Cast", ["g"], to=INT64)], ["y"], {"c": HALF},
    ),
    "swish": ([node("Sigmoid", ["h"], "s"), node("Mul", ["s", "h"])], ["y"], {}),
    "one less": (
        [
            node("Sigmoid", ["h"], "p"),
            node("Sub", ["c", "p"], "q"),
            node("Concat", ["q", "p"], "both", axis=1),
            node("ArgMax", ["both"], "l", axis=1),
            node("ZipMap", ["both"], "map", domain="ai.onnx.ml", classlabels_int64s=[0] * 6),
        ],
        ["l", "map"], {"c": np.float32(1)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", TAILS)
def test_a_network_with_a_tail_is_the_network_without_it(title: str) -> None:
    tail, outputs, constants = TAILS[title]
    read = read_model(made(tail, outputs, constants), "net")
    assert digest(read.network) == digest(PLAIN)
    interface = read.interface
    assert [port.name for port in interface.ends] == ["h"]
    assert [port.name for port in interface.outputs] == outputs
    kinds = [n.op_type for n in interface.tail]
    assert kinds == [n.op_type for n in tail]
    first = next(n for n in tail if n.op_type not in ("Flatten", "Split"))
    assert f"ends before node {first.name!r} ({first.op_type}); what follows (" in read.notes[-1]


@pytest.mark.parametrize("title", sorted(set(TAILS) - {"one less"}))
def test_a_tail_computes_the_outputs_from_the_ends(title: str) -> None:
    tail, outputs, constants = TAILS[title]
    whole_model = made(tail, outputs, constants)
    interface = read_model(whole_model, "net").interface
    graph = whole_model.graph
    cut = helper.make_graph(
        list(interface.tail),
        "tail",
        [helper.make_tensor_value_info("h", FLOAT, ["N", 3])],
        [onnx.ValueInfoProto(name=name) for name in outputs],
        list(graph.initializer),
    )
    alone = helper.make_model(cut, opset_imports=whole_model.opset_import, ir_version=8)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    for value in graph.output:
        value.ClearField("type")
    graph.output.append(onnx.ValueInfoProto(name="h")) if "h" not in outputs else None
    x = array(5, 2)
    session = ort.InferenceSession(whole_model.SerializeToString(), options)
    names = [o.name for o in graph.output]
    expected = dict(zip(names, session.run(None, {"x": x}), strict=True))
    tail_session = ort.InferenceSession(alone.SerializeToString(), options)
    found = tail_session.run(outputs, {"h": expected["h"]} if tail_session.get_inputs() else {})
    for name, value in zip(outputs, found, strict=True):
        assert np.array_equal(value, expected[name])  # the same nodes, from the same floats


def test_a_shape_that_the_tail_cannot_see_is_written_into_it() -> None:
    tail = [
        node("Shape", ["a"], "s"),
        node("Gather", ["s", "zero"], "n"),
        node("Concat", ["n", "rest"], "shape", axis=0),
        node("Softmax", ["h"], "p"),
        node("Reshape", ["p", "shape"]),
    ]
    read = read_model(made(tail, ["y"], {"zero": whole(0), "rest": whole(3)}), "net")
    kinds = [n.op_type for n in read.interface.tail]
    assert kinds == ["Constant", "Gather", "Concat", "Softmax", "Reshape"]
    assert numpy_helper.to_array(read.interface.tail[0].attribute[0].t).tolist() == [1, 4]
    assert "the shape that node 'shape_node' (Shape) computes is fixed" in read.notes[-1]


def test_types_and_shapes_of_what_a_tail_computes() -> None:
    model = made([node("ArgMax", ["h"], axis=1, keepdims=0)], ["y"])
    model.graph.output[0].type.tensor_type.elem_type = INT64
    port = read_model(model, "net").interface.outputs[0]
    assert (port.dtype, port.shape) == ("int64", (1,))
    tail, outputs, constants = TAILS["one less"]
    model = made(tail, outputs, constants)
    maps = helper.make_map_type_proto(INT64, helper.make_tensor_type_proto(FLOAT, None))
    sequence = helper.make_sequence_type_proto(maps)
    model.graph.output[1].CopyFrom(helper.make_value_info("map", sequence))
    port = read_model(model, "net").interface.outputs[1]
    assert (port.dtype, port.shape) == ("sequence(map(int64,float32))", ())


def two_heads() -> ModelProto:
    return made([node("Softmax", ["h"], "p"), node("Sigmoid", ["a"], "q")], ["p", "q"])


def test_outputs_from_different_ends_are_joined_when_asked_for() -> None:
    read = read_model(two_heads(), "net", ["p", "q"])
    assert [port.name for port in read.interface.ends] == ["h", "a"]
    assert read.network.output_size == 7
    assert "the outputs h (3 values), a (4 values) are read as one output" in read.notes[-1]
    only = read_model(two_heads(), "net", ["q"])
    assert [port.name for port in only.interface.ends] == ["a"]
    assert [n.op_type for n in only.interface.tail] == ["Sigmoid"]


GEMM = node("Gemm", ["p", "w1"], "y", transB=1)
REFUSED: dict[str, tuple[ModelProto, str]] = {
    "two outputs with ends of their own": (
        two_heads(),
        r'2 outputs \(p, q\); choose with outputs=\["NAME"\], or join .* outputs=\["p", "q"\]',
    ),
    "one of two outputs cannot be read": (
        made([node("Softmax", ["h"], "p"), node("Erf", ["a"], "q")], ["p", "q"]),
        r"outputs=\[.p., .q.\]; not all of them can be read: node 'erf_node' \(Erf\) is not supp",
    ),
    "a softmax in the middle": (
        made([node("Softmax", ["h"], "p"), node("MatMul", ["p", "w"])], ["y"], {"w": array(3, 2)}),
        r"node 'matmul_node' \(MatMul\) reads what node 'softmax_node' \(Softmax\) computes; "
        r"Softmax is no ReLU network and may only follow one; it is node 4 of 5, and what stands "
        r'before it is read with until="fc2"$',
    ),
    "a relu of a tanh": (
        made([node("Tanh", ["h"], "t"), node("Neg", ["t"], "n"), node("Relu", ["n"])], ["y"]),
        r"'relu_node' \(Relu\) reads what node 'tanh_node' \(Tanh\) computes",
    ),
    "an unknown operator": (
        made([node("Erf", ["h"])], ["y"]),
        r"'erf_node' \(Erf\) is not supported; .* it is node 4 of 4, .* read with until=.fc2.$",
    ),
    "a product": (
        made([node("Mul", ["h", "h"])], ["y"]),
        r"not piecewise linear; it is node 4 of 4, and what .* until=.fc2.$",
    ),
    "an unknown operator behind a tail": (
        made([node("Softmax", ["h"], "p"), node("Erf", ["p"])], ["y"]),
        r"'erf_node' \(Erf\) reads what node 'softmax_node' \(Softmax\) computes",
    ),
    "a tail before its time": (
        made([node("Sigmoid", ["h"], "p"), node("Round", ["p"])], ["y"], opset=10),
        r"'round_node' \(Round\) is read in opsets 11 to 28, and this model uses opset 10; convert",
    ),
}


@pytest.mark.parametrize("title", REFUSED)
def test_refused(title: str) -> None:
    model, message = REFUSED[title]
    with pytest.raises(InputError, match=message):
        read_model(model, "net")


@pytest.mark.parametrize("key", TAIL, ids=lambda key: key[1])
def test_every_row_is_an_operator_of_onnx_in_its_first_opset(key: tuple[str, str]) -> None:
    row = TAIL[key]
    schema = defs.get_schema(row.name, max_inclusive_version=row.since, domain=row.domain)
    assert not schema.deprecated
    newest = defs.get_schema(row.name, domain=row.domain)
    assert not newest.deprecated
    kinds = {attribute.type for attribute in newest.attributes.values()}
    assert not kinds & {defs.OpSchema.AttrType.GRAPH, defs.OpSchema.AttrType.GRAPHS}


# ---- until ---------------------------------------------------------------------------------------


def until(name: str) -> OnnxRead:
    return read_model(made([node("Erf", ["h"], "e"), GEMM], ["y"]), "net", until=name)


@pytest.mark.parametrize("name", ["fc2", "h"])
def test_what_follows_a_node_is_not_read(name: str) -> None:
    read = until(name)
    assert digest(read.network) == digest(PLAIN)
    assert [port.name for port in read.interface.ends] == ["h"]
    assert read.interface.outputs == read.interface.ends
    assert (
        "the model is read up to node 'fc2' (Gemm), which computes 'h'; left out: 2 nodes"
    ) in read.notes


def test_a_cut_within_the_tail_keeps_what_stands_before_it() -> None:
    model = made([node("Softmax", ["h"], "p"), node("ArgMax", ["p"], "l")], ["l"])
    read = read_model(model, "net", until="p")
    assert [n.op_type for n in read.interface.tail] == ["Softmax"]
    assert [port.name for port in read.interface.outputs] == ["p"]
    assert read.interface.outputs[0].shape == (1, 3)


UNTIL_REFUSED = {
    "unknown": ("nowhere", "names 'nowhere', which is no node and no tensor; .* are fc1, act"),
    "empty": ("", "names '', which is no node"),
}  # fmt: skip


@pytest.mark.parametrize("title", UNTIL_REFUSED)
def test_a_cut_that_is_refused(title: str) -> None:
    name, message = UNTIL_REFUSED[title]
    with pytest.raises(InputError, match=message):
        until(name)


def test_a_cut_at_a_node_of_several_results_names_one() -> None:
    model = made([node("Split", ["h"], ["l", "r"], axis=1, num_outputs=2)], ["l"], opset=18)
    with pytest.raises(InputError, match=r"1 node.s. 'split_node' compute 2 tensors \(l, r\)"):
        read_model(model, "net", until="split_node")
    assert read_model(model, "net", until="r").network.output_size == 1


def test_a_name_of_a_node_and_of_another_tensor_is_refused() -> None:
    model = made([node("Neg", ["h"], "fc1")], ["fc1"])
    with pytest.raises(
        InputError, match="'fc1' is a tensor, and the name of a Gemm node that .* z"
    ):
        read_model(model, "net", until="fc1")


def test_a_cut_and_chosen_outputs_exclude_each_other() -> None:
    with pytest.raises(InputError, match="until= and outputs= both say what is read; give one"):
        read_model(made([], ["h"]), "net", ["h"], until="z")


def test_nothing_before_the_cut() -> None:
    read = until("x")
    assert evaluate(read.network, [Fraction(1, 3), Fraction(2)]) == [Fraction(1, 3), Fraction(2)]
    assert "the model is read up to 'x'; left out: 5 nodes" in read.notes


# ---- random networks -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("title", TAILS)
def test_a_tail_leaves_random_networks_as_they_are(title: str, seed: int) -> None:
    tail, outputs, constants = TAILS[title]
    random = np.random.default_rng(seed)
    weights = {
        name: random.integers(-8, 9, value.shape).astype(np.float32) / 8
        for name, value in (("w1", array(2, 4)), ("b1", array(4)), ("w2", array(4, 3)))
    }
    plain = read_model(made([], ["h"], weights), "net").network
    assert digest(plain) != digest(PLAIN)
    with_tail = read_model(made(tail, outputs, constants | weights), "net").network
    assert digest(with_tail) == digest(plain)
    point = [Fraction(int(v), 7) for v in random.integers(-20, 20, 2)]
    assert evaluate(with_tail, point) == evaluate(plain, point)


def test_what_does_not_depend_on_the_input_has_a_tail_too() -> None:
    tail = [
        node("Shape", ["x"], "s"),
        node("Gather", ["s", "first"], "n"),
        node("Concat", ["n", "one"], "r", axis=0),
        node("Tile", ["row", "r"], "c"),
        node("Softmax", ["c"], axis=1),
    ]
    row = np.array([[0, 1, 2]], np.float32)
    read = read_model(made(tail, ["y"], {"row": row, "first": whole(0), "one": whole(1)}), "net")
    assert read.network.sizes.macs == 0
    assert evaluate(read.network, [Fraction(1), Fraction(2)]) == [0, 1, 2]
    assert [port.name for port in read.interface.ends] == ["c"]
    assert [node.op_type for node in read.interface.tail] == ["Softmax"]


def test_a_softmax_of_weights_alone_is_no_tail() -> None:
    row = numpy_helper.from_array(np.zeros((1, 3), np.float32))
    weights = {"row": np.zeros((1, 3), np.float32)}
    for made_by, stored in (([], weights), ([node("Constant", [], "row", value=row)], {})):
        tail = [*made_by, node("Softmax", ["row"], "p", axis=1), node("Add", ["h", "p"])]
        with pytest.raises(InputError, match=r"Softmax\) is not supported"):
            read_model(made(tail, ["y"], stored), "net")
