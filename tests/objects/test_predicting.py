"""predict: the model's own shapes and types, the tail, and a word about points outside."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import rectifold
from rectifold.errors import InputError
from rectifold.ir.domain import Constraint, Domain
from rectifold.objects.outside import outside

WEIGHT = np.array([[1, 2, -1, 0.5], [0, -1, 1, 2], [1, 1, 1, 1]], dtype=np.float32)


def model_of(
    batch: int | str, *tail: onnx.NodeProto, outputs: tuple[str, ...] = ("h",)
) -> onnx.ModelProto:
    """x (batch, 2, 2) → relu(W x) = h, then the tail."""
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"]),
        helper.make_node("MatMul", ["f", "w"], ["m"]),
        helper.make_node("Relu", ["m"], ["h"]),
        *tail,
    ]
    kinds = {"h": TensorProto.FLOAT, "p": TensorProto.FLOAT, "label": TensorProto.INT64}
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 2, 2])],
        [helper.make_tensor_value_info(name, kinds[name], None) for name in outputs],
        [numpy_helper.from_array(WEIGHT.T.copy(), "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


SOFTMAX = helper.make_node("Softmax", ["h"], ["p"], axis=1)
LABEL = helper.make_node("ArgMax", ["p"], ["label"], axis=1, keepdims=0)
POINTS = np.arange(12, dtype=np.float32).reshape(3, 2, 2) / 16


def expected() -> np.ndarray:
    return np.maximum(POINTS.reshape(3, 4) @ WEIGHT.T, 0)  # exact: few bits


@pytest.mark.parametrize("batch", ["N", 1])
def test_a_batch_and_a_point_have_the_shapes_of_the_model(batch: int | str) -> None:
    compiled = rectifold.compile(model_of(batch), "[0,1]")
    found = compiled.predict(POINTS)
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.float32
    assert np.array_equal(found, expected())
    one = compiled.predict(POINTS[1])
    assert isinstance(one, np.ndarray)
    assert np.array_equal(one, expected()[1])


@pytest.mark.parametrize("batch", ["N", 1])
def test_the_tail_is_run_behind_the_network(batch: int | str) -> None:
    model = model_of(batch, SOFTMAX, LABEL, outputs=("p", "label"))
    found = rectifold.compile(model, "[0,1]").predict(POINTS)
    assert isinstance(found, dict)
    assert list(found) == ["p", "label"]
    powers = np.exp(expected() - expected().max(axis=1, keepdims=True))
    assert np.abs(found["p"] - powers / powers.sum(axis=1, keepdims=True)).max() < 1e-6
    assert found["label"].tolist() == expected().argmax(axis=1).tolist()


@pytest.mark.parametrize("batch", ["N", 1])
def test_a_tail_that_reads_the_batch_as_another_axis_is_run_point_by_point(
    batch: int | str,
) -> None:
    turned = helper.make_node("Transpose", ["h"], ["t"], perm=[1, 0])
    shares = helper.make_node("Softmax", ["t"], ["p"], axis=0)
    label = helper.make_node("ArgMax", ["p"], ["label"], axis=0, keepdims=0)
    model = model_of(batch, turned, shares, label, outputs=("label",))
    compiled = rectifold.compile(model, "[0,1]")
    wanted = np.argmax(expected(), axis=1)
    assert np.array_equal(compiled.predict(POINTS), wanted)
    assert compiled.predict(POINTS[:1]).tolist() == wanted[:1].tolist()
    shares_only = rectifold.compile(model_of(batch, turned, shares, outputs=("p",)), "[0,1]")
    assert shares_only.predict(POINTS).shape == (3, 3, 1)
    assert shares_only.predict(POINTS[:1]).sum() == pytest.approx(1, abs=1e-6)


def test_a_model_without_a_batch_reads_its_own_shape() -> None:
    compiled = rectifold.compile(model_of(3), "[0,1]")
    assert compiled.source.input_size == 12
    found = compiled.predict(POINTS)
    assert isinstance(found, np.ndarray)
    assert np.array_equal(found, expected())


def test_a_network_reads_rows_and_gives_float64() -> None:
    network = rectifold.parse("input x[2] in [0, 1]\noutput relu(x[0] - x[1])\n")
    compiled = rectifold.compile(network)
    found = compiled.predict([[1, 0], [0.5, 0.25]])
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.float64
    assert found.tolist() == [[1], [0.25]]
    assert np.array_equal(compiled.predict([1, 0]), [1.0])


def test_points_outside_are_told() -> None:
    network = rectifold.parse("input x[2] in [0, 1]\noutput relu(x[0] - x[1])\n")
    compiled = rectifold.compile(network)
    with pytest.warns(UserWarning, match=r"2 points of 3 \(first row 1\) outside the domain"):
        compiled.predict([[0, 1], [2, 0], [0, float("nan")]])


def test_other_shapes_are_refused() -> None:
    compiled = rectifold.compile(model_of("N"), "[0,1]")
    for wrong in (np.zeros((3, 4)), np.zeros(4), 1.0, np.zeros((1, 3, 2, 2))):
        with pytest.raises(InputError, match=r"reads \(batch, 2, 2\) or, for one point, \(2, 2\)"):
            compiled.predict(wrong)
    with pytest.raises(InputError, match="the input x is no array of numbers"):
        compiled.predict([["a"]])


def test_several_inputs_go_by_name_or_in_order() -> None:
    graph = helper.make_graph(
        [helper.make_node("Sub", ["a", "b"], ["d"]), helper.make_node("Relu", ["d"], ["h"])],
        "two",
        [helper.make_tensor_value_info(n, TensorProto.DOUBLE, ["N", 2]) for n in "ab"],
        [helper.make_tensor_value_info("h", TensorProto.DOUBLE, ["N", 2])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    compiled = rectifold.compile(model, "[0,1]")
    one, other = np.array([[1, 0.5]]), np.array([[0.25, 1]])
    assert np.array_equal(compiled.predict([one, other]), [[0.75, 0]])
    assert np.array_equal(compiled.predict({"b": other, "a": one}), [[0.75, 0]])
    with pytest.raises(InputError, match=r"the model has 2 inputs \(a, b\); give a list"):
        compiled.predict(one[0])
    with pytest.raises(InputError, match="the inputs are named a; the model has a, b"):
        compiled.predict({"a": one})
    with pytest.raises(InputError, match=r"batches of different sizes \(a: 1, b: 2\)"):
        compiled.predict([one, np.vstack([other, other])])


def test_points_are_told_from_the_outside_exactly() -> None:
    third, next_up = 1 / 3, np.nextafter(1 / 3, 1)  # 1/3 < next_up, and the float below it is less
    box = Domain((Fraction(1, 3),), (None,))
    assert outside(np.array([[third], [next_up], [np.nan]]), box).tolist() == [True, False, True]
    half = Domain((None,) * 3, (None,) * 3, (Constraint((Fraction(1, 10),) * 3, Fraction(3, 10)),))
    rows = np.array([[1, 1, 1], [1, 1, np.nextafter(1, 2)], [-9, 0, 0], [9, 9, 9]], dtype=float)
    assert outside(rows, half).tolist() == [False, True, False, True]


def test_a_result_is_written_and_made_a_model_of_the_same_names(tmp_path: Path) -> None:
    model = model_of("N", SOFTMAX, outputs=("p",))
    compiled = rectifold.compile(model, "[0,1]", larger=True)
    written = compiled.to_onnx()
    assert [i.name for i in written.graph.input] == ["x"]
    assert [o.name for o in written.graph.output] == ["p"]
    assert written.graph.node[-1].op_type == "Softmax"
    (path,) = compiled.save(tmp_path / "small.onnx")
    assert onnx.load(path) == written
    with pytest.raises(InputError, match="force=True"):
        compiled.save(path)
    compiled.save(path, force=True)
    assert "certificate holds" in written.graph.doc_string
    again = rectifold.compare(model, written, "[0,1]")
    assert isinstance(again, rectifold.Equal)


def test_a_model_of_which_nothing_is_gained_comes_back_as_it_is() -> None:
    model = model_of("N", SOFTMAX, outputs=("p",))
    compiled = rectifold.compile(model, "[0,1]")
    assert compiled.to_onnx() == model
    assert compiled.check().status == "holds"
    assert compiled.network == compiled.source
    assert "nothing is gained as ONNX" in compiled.notes[-1]
    assert "(larger=True writes the rewritten network)" in compiled.notes[-1]
    assert set(compiled.removed.fates.values()) == {3, 0}


def test_a_convolution_stays_where_its_matrix_would_be_larger() -> None:
    random = np.random.default_rng(3)
    kernel = (random.standard_normal((2, 1, 3, 3)) + 0.5).astype(np.float32)
    weight = random.standard_normal((20, 32)).astype(np.float32)
    bias = np.repeat([60.0, -60.0], 10).astype(np.float32)
    last = random.standard_normal((2, 20)).astype(np.float32)
    names = [("k", kernel), ("w", weight), ("b", bias), ("l", last)]
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "k"], ["c"]),
            helper.make_node("Relu", ["c"], ["r"]),
            helper.make_node("Flatten", ["r"], ["f"]),
            helper.make_node("Gemm", ["f", "w", "b"], ["g"], transB=1),
            helper.make_node("Relu", ["g"], ["s"]),
            helper.make_node("Gemm", ["s", "l"], ["h"], transB=1),
        ],
        "convolution",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, 6, 6])],
        [helper.make_tensor_value_info("h", TensorProto.FLOAT, ["N", 2])],
        [numpy_helper.from_array(array, name) for name, array in names],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    compiled = rectifold.compile(model, "[0,1]")
    small = compiled.to_onnx()
    assert small.ByteSize() < model.ByteSize()
    assert small.graph.node[0].op_type == "Conv"
    assert compiled.check().status == "holds"
    for point in random.random((5, 1, 6, 6)):
        expected = rectifold.evaluate(model, point)
        assert rectifold.evaluate(compiled, point) == expected
        rounded = rectifold.evaluate(small, point)  # its weights are float32
        assert all(abs(a - b) < 1e-3 for a, b in zip(expected, rounded, strict=True))
    assert compiled.removed.fates["removed"] >= 10
    assert "as the source's own nodes" in compiled.notes[-1]
    whole = rectifold.compile(model, "[0,1]", larger=True)
    assert "Conv" not in {node.op_type for node in whole.to_onnx().graph.node}


class Frame:
    """What is looked at of a data frame."""

    columns = ("b", "a", "c", "d")

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        return np.zeros((1, 4), np.float32)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('["a", "b", "c", "d"]', "the data frame has the columns b, a, c, d"),
        ("a,b,c,d", r"'rectifold.feature_names', which holds no list of names \('a,b,c,d'\)"),
        ('{"a": 0}', "which holds no list of names"),
        ("[" * 100_000, "which holds no list of names"),
    ],
)
def test_names_of_columns_are_those_of_our_own_entry(text: str, message: str) -> None:
    model = model_of("N")
    model.metadata_props.add(key="rectifold.feature_names", value=text)
    compiled = rectifold.compile(model, "[0,1]")
    with pytest.raises(InputError, match=message):
        compiled.predict(Frame())


def test_names_of_columns_in_another_exporters_words_are_its_own() -> None:
    model = model_of("N")
    model.metadata_props.add(key="feature_names", value="a,b,c,d")
    compiled = rectifold.compile(model, "[0,1]")
    assert compiled.predict(np.zeros((1, 2, 2), np.float32)).shape == (1, 3)
