"""What stands before the first layer: scalers and images of whole numbers, folded exactly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from onnx_models import Array, node
from rectifold.errors import InputError
from rectifold.formats.onnx.reader import OnnxRead, read_model
from rectifold.ir.evaluate import evaluate

WEIGHT = np.array([[1, -1], [2, 1], [-3, 1], [1, 1]], dtype=np.float32)


def headed(
    head: list[NodeProto],
    kind: int,
    shape: list[int | str],
    constants: dict[str, Array] | None = None,
) -> ModelProto:
    """A head x → f, then Gemm and Relu."""
    layer = [node("Gemm", ["f", "w"], "g"), node("Relu", ["g"])]
    stored = {"w": WEIGHT} | (constants or {})
    graph = helper.make_graph(
        [*head, *layer],
        "graph",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in stored.items()],
    )
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def read(model: ModelProto) -> OnnxRead:
    return read_model(model, "net")


def test_an_image_of_whole_numbers_is_scaled_exactly() -> None:
    head = [
        node("Cast", ["x"], "c", to=TensorProto.FLOAT),
        node("Div", ["c", "most"], "d"),
        node("Flatten", ["d"], "f"),
    ]
    found = read(
        headed(head, TensorProto.UINT8, ["N", 1, 2, 2], {"most": np.array(255, dtype=np.float32)})
    )
    assert found.network.sizes.units == 2
    assert evaluate(found.network, [Fraction(255), Fraction(51), Fraction(0), Fraction(17)]) == [
        1 + Fraction(2, 5) + Fraction(1, 15),
        0,
    ]
    assert found.interface.inputs[0].dtype == "uint8"
    assert "the input x holds uint8 values; the network is read for real numbers" in found.notes


def test_a_scaler_in_front_is_folded_exactly() -> None:
    offset, scale = [1.0, 0.5, 0.0, -2.0], [0.1, 2.0, 1.0, 0.5]
    head = [node("Scaler", ["x"], "f", domain="ai.onnx.ml", offset=offset, scale=scale)]
    found = read(headed(head, TensorProto.FLOAT, ["N", 4]))
    tenth = Fraction(float(np.float32(0.1)))
    point = [Fraction(3), Fraction(1), Fraction(1, 3), Fraction(1)]
    assert evaluate(found.network, point) == [
        2 * tenth + 2 - 1 + Fraction(3, 2),
        max(0, -2 * tenth + 1 + Fraction(1, 3) + Fraction(3, 2)),
    ]


REFUSED = {
    "a normaliser": (
        [node("Normalizer", ["x"], "f", domain="ai.onnx.ml", norm="L2")],
        r"'gemm_node' \(Gemm\) reads what node 'normalizer_node' \(Normalizer\) computes; "
        "Normalizer is no ReLU network and may only follow one; it is node 1 of 3: export "
        "the model without it$",
    ),
    "a softmax": ([node("Softmax", ["x"], "f")], "Softmax is no ReLU network"),
    "an unknown operator": ([node("Erf", ["x"], "f")], "Erf. is not supported"),
}


@pytest.mark.parametrize("title", REFUSED)
def test_a_head_that_is_no_relu_network_is_refused(title: str) -> None:
    head, message = REFUSED[title]
    with pytest.raises(InputError, match=message):
        read(headed(head, TensorProto.FLOAT, ["N", 4]))
