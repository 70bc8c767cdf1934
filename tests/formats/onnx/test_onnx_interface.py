"""What a model that was read is called from outside: names, shapes, element types, the whole model
itself; and models in memory.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnx_models import model, node
from rectifold.formats.interface import Port
from rectifold.formats.load import load
from rectifold.formats.onnx.reader import read_model
from rectifold.formats.onnx.tensors import OnnxError


def test_ports_are_the_models_own(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(
        model(["N", 1, 2], [node("Flatten", ["x"], "f"), node("Relu", ["f"])], {}, opset=17)
    )
    interface = load(path).interface
    assert interface is not None
    assert interface.inputs == (Port("x", "float32", ("N", 1, 2)),)
    assert interface.outputs == (Port("y", "float32", (1, 2)),)  # declared without a shape
    assert interface.ends == interface.outputs
    assert interface.tail == ()
    assert interface.model.opset_import[0].version == 17
    assert interface.folder == tmp_path


def test_a_dimension_without_a_name_is_none() -> None:
    value = helper.make_tensor_value_info("in", TensorProto.DOUBLE, [None, 2])
    result = helper.make_tensor_value_info("out", TensorProto.DOUBLE, ["batch", 2])
    graph = helper.make_graph([node("Relu", ["in"], "out")], "g", [value], [result])
    read = read_model(helper.make_model(graph), "in memory")
    assert read.interface.inputs == (Port("in", "float64", (None, 2)),)
    assert read.interface.outputs == (Port("out", "float64", ("batch", 2)),)
    assert read.interface.folder is None
    assert read.network.name == "in_memory"


def test_a_file_without_onnx_has_no_interface(tmp_path: Path) -> None:
    path = tmp_path / "n.relu"
    path.write_text("input x[1]\noutput x\n")
    assert load(path).interface is None


def test_a_model_in_memory_has_all_its_data() -> None:
    made = onnx.load_model_from_string(model([1, 2], [node("Add", ["x", "c"])], {"c": np.ones(2)}))
    outside = TensorProto(name="c", data_type=TensorProto.FLOAT, dims=[2])
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="c.bin")
    del made.graph.initializer[:]
    made.graph.initializer.append(outside)
    with pytest.raises(OnnxError, match="lies in another file, and the model is none; load the mo"):
        read_model(made, "m")
    made.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.ones(2, np.float32), "c"))
    assert read_model(made, "m").network.input_size == 2
