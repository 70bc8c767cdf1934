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
from rectifold.exact.matrix import Matrix
from rectifold.formats.interface import Interface
from rectifold.formats.onnx.reader import OnnxRead, read_model
from rectifold.formats.onnx_drop_in import drop_in_model
from rectifold.formats.onnx_read_again import WrittenWrong, require_read_again
from rectifold.formats.onnx_run_again import require_runs_again
from rectifold.formats.onnx_writer import onnx_bytes, written_onnx
from rectifold.ir.network import Layer, Network

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


@pytest.mark.parametrize("opset", [7, 8, 9, 11, 12, 13, 17, 18, 21])
def test_the_opset_stays(opset: int) -> None:
    nodes, constants = dense(opset)
    theirs = source({"flat": ["n", 4]}, {"flat_out": ["n", 6]}, nodes, constants, opset=opset)
    ours = assert_takes_the_place(theirs)
    assert list(ours.opset_import) == list(theirs.opset_import)
    assert ours.ir_version == theirs.ir_version


def test_metadata_stay_and_the_maker_is_named() -> None:
    nodes, constants = dense()
    theirs = source({"flat": ["n", 4]}, {"flat_out": ["n", 6]}, nodes, constants)
    theirs.producer_name, theirs.producer_version = "pytorch", "2.9"
    theirs.domain, theirs.model_version, theirs.doc_string = "org.example", 7, "a controller"
    theirs.metadata_props.add(key="author", value="somebody")
    ours = assert_takes_the_place(theirs)
    kept = {entry.key: entry.value for entry in ours.metadata_props}
    assert kept == {"author": "somebody", "source_producer": "pytorch 2.9"}
    assert (ours.domain, ours.model_version, ours.doc_string) == ("org.example", 7, "a controller")
    assert ours.producer_name == "rectifold"
    assert ours.graph.name == "main_graph"


def test_an_old_model_without_names_of_its_maker() -> None:
    nodes, constants = dense()
    theirs = source({"flat": ["n", 4]}, {"flat_out": ["n", 6]}, nodes, constants)
    theirs.ir_version = 3
    theirs.graph.input.extend(
        helper.make_tensor_value_info(name, FLOAT, value.shape) for name, value in constants.items()
    )
    ours = written(theirs)
    assert [value.name for value in ours.graph.input] == ["flat"]
    assert (ours.ir_version, len(ours.metadata_props)) == (4, 0)
    assert np.array_equal(outputs_of(ours, 5)["flat_out"].shape, [5, 6])


@pytest.mark.parametrize(("kind", "numpy_kind"), [(DOUBLE, np.float64), (HALF, np.float16)])
def test_element_types_stay(kind: int, numpy_kind: Any) -> None:
    nodes, constants = dense(kind=numpy_kind)
    theirs = source({"flat": ["n", 4]}, {"flat_out": ["n", 6]}, nodes, constants, kind)
    ours = assert_takes_the_place(theirs)
    wide = DOUBLE if kind == DOUBLE else FLOAT
    assert {t.data_type for t in ours.graph.initializer} == {wide}
    again = read_model(ours, "again")
    assert [port.dtype for port in again.interface.outputs] == [numpy_kind.__name__]
    assert [n.op_type for n in again.interface.tail] == ["Cast"] * (kind == HALF)


def test_whole_numbers_are_still_fed() -> None:
    nodes, constants = dense()
    nodes = [node("Cast", ["k"], "flat", to=FLOAT), *nodes]
    theirs = source({"k": ["n", 4]}, {"flat_out": ["n", 6]}, nodes, constants)
    theirs.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    ours = written(theirs)
    k = np.array([[1, -2, 3, 0]])
    wanted, found = [
        ort.InferenceSession(m.SerializeToString()).run(["flat_out"], {"k": k})[0]
        for m in (theirs, ours)
    ]
    assert np.abs(wanted - found).max() <= 1e-5


@pytest.mark.parametrize("second", [["n", 2], ["m", 1, 2], [1, 2], [2], [1, 2, 1]])
@pytest.mark.parametrize("opset", [7, 13])
def test_several_inputs(second: Shape, opset: int) -> None:
    nodes, constants = dense(opset)
    constants["two"] = np.array([-1, 2], dtype=np.int64)
    constants["U"] = array(2, 4)
    nodes = [
        node("Reshape", ["t", "two"], "t2"),
        node("MatMul", ["t2", "U"], "t4"),
        node("Add", ["x", "t4"], "flat"),
        *nodes,
    ]
    theirs = source({"x": ["n", 4], "t": second}, {"flat_out": ["n", 6]}, nodes, constants,
                    opset=opset)  # fmt: skip
    assert_takes_the_place(theirs)


@pytest.mark.parametrize("opset", [11, 13, 18])
def test_several_outputs(opset: int) -> None:
    nodes, constants = dense(opset)
    constants["shape"] = np.array([-1, 5, 1], dtype=np.int64)
    nodes.append(node("Reshape", ["r", "shape"], "hidden"))
    theirs = source(
        {"flat": ["n", 4]}, {"hidden": ["n", 5, 1], "flat_out": ["n", 6]}, nodes, constants,
        opset=opset,
    )  # fmt: skip
    read = read_model(theirs, "model", ["hidden", "flat_out"])
    ours = onnx.load_model_from_string(onnx_bytes(read.network, interface=read.interface))
    for batch in (1, 5):
        wanted, found = outputs_of(theirs, batch), outputs_of(ours, batch)
        assert {k: v.shape for k, v in found.items()} == {k: v.shape for k, v in wanted.items()}
        assert all(np.abs(wanted[k] - found[k]).max() <= 1e-5 for k in wanted)


def test_a_chosen_output_is_the_only_one() -> None:
    nodes, constants = dense()
    theirs = source({"flat": ["n", 4]}, {"r": ["n", 5], "flat_out": ["n", 6]}, nodes, constants)
    read = read_model(theirs, "model", ["r"])
    ours = onnx.load_model_from_string(onnx_bytes(read.network, interface=read.interface))
    assert [value.name for value in ours.graph.output] == ["r"]
    assert np.abs(outputs_of(ours, 5)["r"] - outputs_of(theirs, 5)["r"]).max() <= 1e-5


def test_a_fixed_batch_of_several_rows() -> None:
    nodes, constants = dense()
    theirs = source({"flat": [3, 4]}, {"flat_out": [3, 6]}, nodes, constants)
    assert_takes_the_place(theirs, (3,))


@pytest.mark.parametrize("batch", ["n", 1])
@pytest.mark.parametrize("is_hidden", [True, False])
def test_an_output_that_does_not_depend_on_the_input(batch: str | int, is_hidden: bool) -> None:
    nodes, constants = dense()
    theirs = source({"flat": [batch, 4]}, {"flat_out": [batch, 6]}, nodes, constants)
    read = read_model(theirs, "model")
    h = Layer("h", "relu", Matrix.column([2, 3]), {})
    weights = Matrix.from_floats(np.ones((6, 2)))
    last = [h, Layer("y", "linear", Matrix.column([1] * 6), {"h": weights})]
    alone = [Layer("y", "linear", Matrix.column([6] * 6), {})]
    constant = Network("x", 4, last if is_hidden else alone, "y")
    ours = onnx.load_model_from_string(onnx_bytes(constant, interface=read.interface))
    for rows in (1, 5) if batch == "n" else (1,):
        found = outputs_of(ours, rows)["flat_out"]
        assert found.tolist() == [[6.0] * 6] * rows


def test_a_tail_behind_outputs_that_do_not_depend_on_the_input() -> None:
    nodes, constants = dense()
    nodes.append(node("Softmax", ["flat_out"], "p", axis=1))
    theirs = source({"flat": ["n", 4]}, {"p": ["n", 6]}, nodes, constants)
    read = read_model(theirs, "model")
    constant = Network("x", 4, [Layer("y", "linear", Matrix.column([2] * 6), {})], "y")
    ours = onnx.load_model_from_string(onnx_bytes(constant, interface=read.interface))
    assert np.abs(outputs_of(ours, 3)["p"] - 1 / 6).max() < 1e-6


def test_names_of_ours_give_way_to_the_tail() -> None:
    """The tail uses names that our layers, weights and nodes would get."""
    nodes, constants = dense()
    nodes[2] = node("Gemm", ["r", "V"], "y")
    nodes += [
        node("Softmax", ["y"], "r_pre", axis=1),
        helper.make_node("Mul", ["r_pre", "r_bias"], ["p"], name="r_relu"),
    ]
    constants["r_bias"] = np.array([100], dtype=np.float32)
    theirs = source({"flat": ["n", 4]}, {"p": ["n", 6]}, nodes, constants)
    ours = assert_takes_the_place(theirs)
    assert [n.op_type for n in ours.graph.node][-2:] == ["Softmax", "Mul"]


def test_until_makes_an_output_of_a_value_within() -> None:
    nodes, constants = dense()
    nodes.append(node("Softmax", ["flat_out"], "p", axis=1))
    theirs = source({"flat": ["n", 4]}, {"p": ["n", 6]}, nodes, constants)
    read = read_model(theirs, "model", until="flat_out")
    ours = onnx.load_model_from_string(onnx_bytes(read.network, interface=read.interface))
    assert [value.name for value in ours.graph.output] == ["flat_out"]
    assert outputs_of(ours, 5)["flat_out"].shape == (5, 6)


def test_rows_that_are_computed_together_are_said_to_need_a_batch_of_one() -> None:
    nodes, constants = dense()
    constants["shape"] = np.array([6, -1], dtype=np.int64)
    nodes.append(node("Reshape", ["flat_out", "shape"], "column"))
    theirs = source({"flat": ["n", 4]}, {"column": [6, None]}, nodes, constants)
    read = read_model(theirs, "model")
    data, notes = written_onnx(read.network, "float32", "", read.interface)
    assert outputs_of(onnx.load_model_from_string(data), 1)["column"].shape == (6, 1)
    assert any("for a batch of one only" in note for note in notes)


def test_a_shape_that_differs_at_a_larger_batch_is_noticed() -> None:
    nodes, constants = dense()
    constants["shape"] = np.array([1, -1, 6], dtype=np.int64)
    nodes.append(node("Reshape", ["flat_out", "shape"], "stacked"))
    theirs = source({"flat": ["n", 4]}, {"stacked": [1, None, 6]}, nodes, constants)
    read = read_model(theirs, "model")
    notes = written_onnx(read.network, "float32", "", read.interface)[1]
    assert any("for a batch of one only" in note and "(1, 3, 6)" in note for note in notes)


def test_a_source_that_mixes_the_samples_of_a_batch_is_noticed() -> None:
    nodes, constants = dense()
    mean = helper.make_node("ReduceMean", ["flat_out"], ["mean"], name="mean", axes=[0], keepdims=1)
    nodes += [mean, node("Sub", ["flat_out", "mean"], "centred")]
    nodes.append(node("Add", ["centred", "flat_out"], "both"))
    theirs = source({"flat": ["n", 4]}, {"both": ["n", 6]}, nodes, constants)
    notes = written_onnx(*_called(theirs))[1]
    assert any(
        "for a batch of one only: what the source computes for a sample depends on" in note
        for note in notes
    )


def _called(model: ModelProto) -> tuple[Network, str, str, Interface]:
    read = read_model(model, "model")
    return read.network, "float32", "", read.interface


# ---- a file that is wrong is not written ---------------------------------------------------------


def small() -> OnnxRead:
    nodes, constants = dense()
    return read_model(source({"flat": ["n", 4]}, {"flat_out": ["n", 6]}, nodes, constants), "model")


def test_another_weight_is_found_by_reading_again() -> None:
    read = small()
    model = drop_in_model(read.network, "float32", "", read.interface)
    require_read_again(model, read.network, "float32", read.interface)
    bias = next(t for t in model.graph.initializer if t.name == "b" or t.name.endswith("_bias"))
    values = numpy_helper.to_array(bias).copy()
    values[0] = np.nextafter(values[0], np.float32(9))
    bias.CopyFrom(numpy_helper.from_array(values, bias.name))
    with pytest.raises(WrittenWrong, match="with other weights"):
        require_read_again(model, read.network, "float32", read.interface)


def test_another_function_is_found_by_running() -> None:
    read = small()
    model = drop_in_model(read.network, "float32", "", read.interface)
    assert require_runs_again(model, read.network, "float32", read.interface) == []
    gemm = next(n for n in model.graph.node if n.op_type == "Gemm")
    gemm.attribute.append(helper.make_attribute("alpha", 1.001))
    with pytest.raises(WrittenWrong, match="of the network is .* computes"):
        require_runs_again(model, read.network, "float32", read.interface)


def test_another_shape_or_type_is_found_by_running() -> None:
    read = small()
    model = drop_in_model(read.network, "float32", "", read.interface)
    last = model.graph.node[-1]
    last.output[0] = "inner"
    shape = np.array([-1, 2, 3], dtype=np.int64)
    model.graph.initializer.append(numpy_helper.from_array(shape, "shape"))
    model.graph.node.append(helper.make_node("Reshape", ["inner", "shape"], ["flat_out"]))
    del model.graph.output[0].type.tensor_type.shape.dim[:]
    model.graph.output[0].type.tensor_type.ClearField("shape")
    with pytest.raises(WrittenWrong, match=r"of the shape \(1, 2, 3\) where the source gives"):
        require_runs_again(model, read.network, "float32", read.interface)


def test_a_model_that_does_not_run_is_found() -> None:
    read = small()
    model = drop_in_model(read.network, "float32", "", read.interface)
    model.graph.node[0].op_type = "NoSuchOperator"
    with pytest.raises(WrittenWrong, match="does not run where its source does"):
        require_runs_again(model, read.network, "float32", read.interface)


def test_without_another_program_a_note_says_so() -> None:
    read = small()
    model = drop_in_model(read.network, "float32", "", read.interface)
    (note,) = require_runs_again(model, read.network, "float32", read.interface, peers=())
    assert "was not run by another program" in note
