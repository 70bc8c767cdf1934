"""The table of operators against ONNX's own definitions, and nodes that say more than is
declared.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, defs, helper

from onnx_models import Array, array, imported, model, node
from rectifold.errors import InputError
from rectifold.formats.onnx.declarations import (
    FIRST_OPSET,
    LAST_ML_OPSET,
    LAST_OPSET,
    Operator,
    operator_of,
)
from rectifold.formats.onnx.operators import OPERATORS

NOT_UNDERSTOOD = {"Constant": {"sparse_value", "value_string", "value_strings"}}
NEWEST = min(LAST_OPSET, defs.onnx_opset_version())


def versions(domain: str) -> range:
    return range(1, LAST_ML_OPSET + 1) if domain else range(FIRST_OPSET, NEWEST + 1)


def row_of(key: tuple[str, str], version: int) -> Operator | None:
    """The row that reads the operator in this version, or None where it is refused."""
    try:
        return operator_of(node(key[1], [], domain=key[0]), OPERATORS, {key[0]: version}, "node")
    except InputError:
        return None


def schema_of(key: tuple[str, str], version: int) -> Any | None:
    """ONNX's definition in this version, or None where there is none."""
    if not defs.has(key[1], max_inclusive_version=version, domain=key[0]):
        return None
    schema = defs.get_schema(key[1], max_inclusive_version=version, domain=key[0])
    return None if schema.deprecated else schema


@pytest.mark.parametrize("key", OPERATORS, ids=lambda key: key[1])
def test_every_row_declares_what_onnx_defines(key: tuple[str, str]) -> None:
    """Attributes, their defaults and whether they are needed, and the inputs, in every opset that
    is read.
    """
    for version in versions(key[0]):
        row, schema = row_of(key, version), schema_of(key, version)
        assert (row is None) == (schema is None), version
        if row is None or schema is None:
            continue
        declared = {attribute.name: attribute for attribute in row.attributes}
        assert set(declared) == set(schema.attributes) - NOT_UNDERSTOOD.get(key[1], set()), version
        for name, attribute in declared.items():
            stored = schema.attributes[name]
            if stored.default_value.name:
                default = helper.get_attribute_value(stored.default_value)
                default = default.decode() if isinstance(default, bytes) else default
                assert attribute.default == default, (version, name)
            only_value = key[1] == "Constant"  # the one value is asked for by the operator
            assert attribute.required == stored.required or only_value, (version, name)
        options = [str(p.option).split(".")[-1].lower() for p in schema.inputs]
        ours = [
            "optional" if p.optional else "variadic" if p.variadic else "single"
            for p in row.parameters
        ]
        assert ours == options or (key[1], version < 13) == ("Resize", True), version


def test_roi_and_scales_of_the_first_resize_may_be_left_out_or_empty() -> None:
    """Resize of opset 11 needs them by the letter; exporters write empty ones, and later opsets
    leave them out.
    """
    row = row_of(("", "Resize"), 11)
    assert row is not None
    assert [p.optional for p in row.parameters] == [False, True, True, True]


# ---- what is refused ---------------------------------------------------------------------------


def changed(made: Any, name: str, value: Any, kind: int | None = None) -> Any:
    """The node with one more attribute, stored as given."""
    made.attribute.append(helper.make_attribute(name, value, attr_type=kind))
    return made


REFUSED: dict[str, tuple[Any, int, str]] = {
    "unknown attribute": (
        node("Relu", ["x"], slope=1.0),
        13,
        "the attribute 'slope' is not understood or given twice .understood: none",
    ),
    "an attribute of an older opset": (
        node("Add", ["x", "c"], broadcast=1),
        13,
        "'broadcast' is not understood",
    ),
    "an attribute of a newer opset": (
        node("MaxPool", ["x"], kernel_shape=[1], ceil_mode=1),
        9,
        "'ceil_mode' is not understood",
    ),
    "axes as an attribute where they are an input": (
        node("ReduceSum", ["x"], axes=[0]),
        13,
        "'axes' is not understood",
    ),
    "an attribute twice": (
        changed(node("LeakyRelu", ["x"], alpha=0.5), "alpha", 0.25),
        13,
        "'alpha' is not understood or given twice",
    ),
    "an attribute stored as another kind": (
        node("LeakyRelu", ["x"], alpha=1),
        13,
        "'alpha' is stored as int; float is expected",
    ),
    "a list where a number is expected": (
        node("Flatten", ["x"], axis=[1]),
        13,
        "'axis' is stored as ints; int is expected",
    ),
    "a value that is not understood": (
        node("Gemm", ["x", "c"], transA=2),
        13,
        "'transA' is 2; understood is 0 or 1",
    ),
    "a needed attribute": (
        node("Concat", ["x", "x"]),
        13,
        "the attribute 'axis' is missing; Concat needs it",
    ),
    "a surplus input": (
        node("Relu", ["x", "c"]),
        13,
        r"has 2 inputs; Relu takes 1 from opset 7 on; the surplus",
    ),
    "inputs of a newer opset": (node("Clip", ["x", "c"]), 10, "has 2 inputs; Clip takes 1"),
    "a missing input": (
        node("Add", ["x"]),
        13,
        r"the input 'B' \(number 1\) is missing; Add needs it",
    ),
    "a left out input": (node("Add", ["", "x"]), 13, r"the input 'A' \(number 0\) is missing"),
    "a left out part": (
        node("Sum", ["x", "", "x"]),
        13,
        "one of its inputs is left out; Sum needs all",
    ),
    "an unknown operator": (
        node("Erf", ["x"]),
        13,
        r"node 'erf_node' \(Erf\) is not supported; "
        r"supported are Abs",
    ),
    "an unknown domain": (
        node("Gelu", ["x"], domain="com.microsoft"),
        13,
        r"\(Gelu\) is not supported: the operators "
        r"'com.microsoft' are not read",
    ),
    "an operator of another domain": (
        node("Relu", ["x"], domain="ai.onnx.ml"),
        13,
        "is not supported; supported are Scaler",
    ),
    "opset 6": (
        node("Relu", ["x"]),
        6,
        "uses opset 6 of ai.onnx; read are 7 to 28: convert it with onnx.version_converter",
    ),
    "an opset of the future": (
        node("Relu", ["x"]),
        999,
        "uses opset 999 of ai.onnx; read are 7 to 28",
    ),
    "an operator before its time": (
        node("CumSum", ["x", "c"]),
        10,
        r"CumSum is read in opsets 11 to 28, and this model uses "
        r"opset 10; convert",
    ),
}


@pytest.mark.parametrize("title", REFUSED)
def test_what_is_not_declared_is_refused(title: str, tmp_path: Path) -> None:
    made, opset, message = REFUSED[title]
    with pytest.raises(InputError, match=message):
        imported(model((1, 3), [made], {"c": array(3)}, opset), tmp_path)


def test_a_domain_without_a_version_is_refused(tmp_path: Path) -> None:
    made = onnx.load_model_from_string(model((1, 3), [node("Relu", ["x"])]))
    del made.opset_import[0]
    with pytest.raises(InputError, match="imports no version of the operators 'ai.onnx'"):
        imported(made.SerializeToString(), tmp_path)
    made.opset_import.extend([helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx", 14)])
    with pytest.raises(InputError, match="imports two versions of the operators 'ai.onnx'"):
        imported(made.SerializeToString(), tmp_path)


# ---- tensors -----------------------------------------------------------------------------------

STORED: dict[str, Array] = {
    kind: np.array([0, 1, 2], dtype=kind)
    for kind in (
        "float16",
        "float32",
        "float64",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
    )
}


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("kind", [*STORED, "bool", "bfloat16"])
def test_every_element_type_is_read_from_both_fields(kind: str, raw: bool, tmp_path: Path) -> None:
    number = getattr(TensorProto, {"float32": "FLOAT", "float64": "DOUBLE"}.get(kind, kind.upper()))
    values = np.array([0.0, 1.0, 2.0 if kind != "bool" else 1.0]).astype(
        helper.tensor_dtype_to_np_dtype(number)
    )
    tensor = helper.make_tensor(
        "c", number, [3], values.tobytes() if raw else values.astype(object).tolist(), raw=raw
    )
    made = onnx.load_model_from_string(
        model((3,), [node("Cast", ["c"], "k", to=TensorProto.FLOAT), node("Add", ["x", "k"])])
    )
    made.graph.initializer.append(tensor)
    network, _ = imported(made.SerializeToString(), tmp_path)
    last = 1 if kind == "bool" else 2
    assert [int(v) for v in network.output_layer.bias.column_values()] == [0, 1, last]


def damaged(**fields: Any) -> Any:
    tensor = TensorProto(
        name="c", data_type=TensorProto.FLOAT, dims=[3], float_data=[1.0, 2.0, 3.0]
    )
    for name, value in fields.items():
        tensor.ClearField(name)
        if isinstance(value, list):
            getattr(tensor, name).extend(value)
        elif value is not None:
            setattr(tensor, name, value)
    return tensor


DAMAGED: dict[str, tuple[Any, str]] = {
    "too few numbers": (
        damaged(float_data=[1.0]),
        r"has the shape \(3,\), 3 entries, but holds 1; the file "
        r"is damaged",
    ),
    "too many numbers": (damaged(float_data=[1.0] * 4), "but holds 4; the file is damaged"),
    "a part of a number": (
        damaged(float_data=[], raw_data=b"\0" * 13),
        "but holds 13/4; the file is damaged",
    ),
    "numbers in two fields": (damaged(double_data=[1.0]), "but holds 3 and more in another field"),
    "numbers beside raw data": (
        damaged(raw_data=b"\0" * 12),
        "but holds 3 and more in another field",
    ),
    "a negative size": (damaged(dims=[-3]), r"has the shape \(-3,\) or is stored in segments"),
    "an unknown type": (
        damaged(data_type=999),
        "the initializer 'c' has entries of type number 999; read are",
    ),
    "complex numbers": (
        damaged(data_type=TensorProto.COMPLEX64),
        "has entries of type complex64; read are",
    ),
    "quarter precision": (
        damaged(data_type=TensorProto.FLOAT8E4M3FN),
        "has entries of type float8e4m3fn; read are",
    ),
}


@pytest.mark.parametrize("title", DAMAGED)
def test_damaged_tensors_are_refused_where_they_are_needed(title: str, tmp_path: Path) -> None:
    tensor, message = DAMAGED[title]
    made = onnx.load_model_from_string(model((3,), [node("Add", ["x", "c"])]))
    made.graph.initializer.append(tensor)
    with pytest.raises(InputError, match=message):
        imported(made.SerializeToString(), tmp_path)
    made.graph.node[0].input[1] = "x"
    assert imported(made.SerializeToString(), tmp_path)[0].input_size == 3


EXTERNAL: dict[str, tuple[dict[str, str], str]] = {
    "no location": ({"offset": "0"}, "its external data has no location"),
    "a bad offset": ({"location": "m.data", "offset": "-1"}, "a bad offset or length"),
    "an unknown key": ({"location": "m.data", "codec": "zip"}, "unknown keys"),
    "a file that is too short": (
        {"location": "m.data", "offset": "4"},
        "but holds 2; the file is damaged",
    ),
    "no file": ({"location": "other.data"}, "there is no file 'other.data'"),
}


@pytest.mark.parametrize("title", EXTERNAL)
def test_external_data_that_is_refused(title: str, tmp_path: Path) -> None:
    entries, message = EXTERNAL[title]
    (tmp_path / "m.data").write_bytes(np.arange(3, dtype=np.float32).tobytes())
    tensor = TensorProto(
        name="c", data_type=TensorProto.FLOAT, dims=[3], data_location=TensorProto.EXTERNAL
    )
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    made = onnx.load_model_from_string(model((3,), [node("Add", ["x", "c"])]))
    made.graph.initializer.append(tensor)
    with pytest.raises(InputError, match=message):
        imported(made.SerializeToString(), tmp_path)
