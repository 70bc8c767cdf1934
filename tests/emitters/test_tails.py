"""Tails in emitted code: `predict` gives what the source model gives, up to the rounding of floats.

The model's values h before the tail, in float32, are compared with the code's: what they differ by
moves softmax, sigmoid and tanh by no more than that, and log_softmax by twice that. To it come 16
roundings of float32 and one for each entry of a sum.
"""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import ModelProto, TensorProto

from c_builds import compiler
from onnx_models import Array, array, node
from onnx_tails import made
from rectifold.emitters.artifact import write_artifact
from rectifold.emitters.header import Origin
from rectifold.emitters.table import FORMATS
from rectifold.errors import InputError
from rectifold.formats.interface import Interface
from rectifold.formats.onnx.reader import read_model
from rectifold.formats.onnx.tail_form import tail_form
from rectifold.formats.tail import Step, Tail
from rectifold.ir.canonical import digest
from rectifold.ir.network import Network
from support import module_of

ONE = {"one": np.float32(1), "labels": np.array([7, -3], dtype=np.int64)}
BINARY = [
    node("ReduceSum", ["h", "axis"], "t"),
    node("Sigmoid", ["t"], "p"),
    node("Sub", ["one", "p"], "q"),
    node("Concat", ["q", "p"], "both", axis=1),
]
AXIS = {**ONE, "axis": np.array([1], dtype=np.int64)}
TAILS: dict[str, tuple[list[Any], str, dict[str, Any], int, tuple[Step, ...]]] = {
    "softmax": (
        [node("Softmax", ["h"])], "y", {}, 17, (Step("softmax", 1, 3, 1),)
    ),
    "softmax along no axis": (
        [node("Softmax", ["h"], axis=0)], "y", {}, 17, (Step("softmax", 1, 1, 3),)
    ),
    "softmax of opset 11": (
        [node("Softmax", ["h"], axis=0)], "y", {}, 11, (Step("softmax", 1, 3, 1),)
    ),
    "log softmax": (
        [node("LogSoftmax", ["h"], axis=1)], "y", {}, 17, (Step("log_softmax", 1, 3, 1),)
    ),
    "sigmoid": ([node("Sigmoid", ["h"])], "y", {}, 17, (Step("sigmoid", 1, 3, 1),)),
    "tanh": ([node("Tanh", ["h"])], "y", {}, 17, (Step("tanh", 1, 3, 1),)),
    "argmax": (
        [node("ArgMax", ["h"], axis=1, keepdims=0)], "y", {}, 17, (Step("argmax", 1, 3, 1),)
    ),
    "argmin of a softmax": (
        [
            node("Softmax", ["h"], "p", axis=-1),
            node("ArgMin", ["p"], "i", axis=-1),
            node("Cast", ["i"], to=TensorProto.INT32),
        ],
        "y", {}, 17, (Step("softmax", 1, 3, 1), Step("argmin", 1, 3, 1)),
    ),
    "two classes": (
        [*BINARY, node("Identity", ["both"])],
        "y", AXIS, 17, (Step("sigmoid", 1, 1, 1), Step("both_classes", 1, 1, 1)),
    ),
    "the label of two classes": (
        [
            *BINARY,
            node("ArgMax", ["both"], "i", axis=1),
            node("ArrayFeatureExtractor", ["labels", "i"], "l", domain="ai.onnx.ml"),
            node("Reshape", ["l", "flat"]),
        ],
        "y", {**AXIS, "flat": np.array([-1], dtype=np.int64)}, 17,
        (
            Step("sigmoid", 1, 1, 1), Step("both_classes", 1, 1, 1), Step("argmax", 1, 2, 1),
            Step("label", 1, 1, 1, (7, -3)),
        ),
    ),
}  # fmt: skip
WHOLE = ("argmax", "argmin of a softmax", "the label of two classes")


def read(title: str) -> tuple[ModelProto, Network, Interface]:
    tail, output, constants, opset, _ = TAILS[title]
    model = made(tail, [output], constants, opset)
    found = read_model(model, "net")
    return model, found.network, found.interface


@pytest.mark.parametrize("title", TAILS)
def test_the_form_of_a_tail(title: str) -> None:
    form = tail_form(read(title)[2])
    assert isinstance(form, Tail)
    assert form.steps == TAILS[title][4]


def of_the_model(model: ModelProto, interface: Interface, x: Array) -> tuple[Array, Array]:
    """What onnxruntime computes at each point: the values before the tail, and the output."""
    end = interface.ends[0].name
    model.graph.output[0].ClearField("type")
    model.graph.output.append(onnx.ValueInfoProto(name=end))
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(model.SerializeToString(), options)
    runs = [session.run(["y", end], {"x": row[None].astype(np.float32)}) for row in x]
    return (
        np.array([run[1].ravel() for run in runs], dtype=np.float64),
        np.array([run[0].ravel() for run in runs], dtype=np.float64),
    )


def assert_near(found: Array, ours: Array, theirs: tuple[Array, Array], *, whole: bool) -> None:
    """`found` from `ours` before the tail, and the model's own values."""
    before, after = theirs
    assert found.shape == after.shape
    moved = np.abs(before - ours).max()
    if whole:
        gaps = np.diff(np.sort(before if before.shape[1] > 1 else np.hstack([before, 0 * before])))
        clear = gaps.min(axis=1) > 4 * moved + 2.0**-18
        assert clear.sum() > len(found) // 2
        assert np.array_equal(found[clear], after[clear])
        return
    scale = max(1.0, float(np.abs(after).max()))
    allowed = 2 * moved + (16 + before.shape[1]) * 2.0**-24 * scale
    assert np.abs(found - after).max() <= allowed


def emitted(
    network: Network, interface: Interface, kind: str, path: Path, precision: str = "float64"
) -> None:
    origin = Origin(digest(network), network.sizes, precision=precision, interface=interface)
    write_artifact(FORMATS[kind].emit(network, origin, path.name), path, force=False)


def module(path: Path) -> Any:
    return module_of(path)


@pytest.mark.parametrize("title", TAILS)
def test_python_predicts_what_the_model_gives(title: str, tmp_path: Path) -> None:
    model, network, interface = read(title)
    emitted(network, interface, "python", tmp_path / "net.py")
    code = module(tmp_path / "net.py")
    x = array(20, 2).astype(np.float64)
    ours = np.array([code.evaluate(p) for p in x.tolist()])
    found = np.array([code.predict(p) for p in x.tolist()], dtype=np.float64)
    assert_near(found, ours, of_the_model(model, interface, x), whole=title in WHOLE)
    assert code.self_test() > 0
    assert "values before the tail (" in code.__doc__


@pytest.mark.parametrize("title", TAILS)
def test_numpy_predicts_what_the_model_gives(title: str, tmp_path: Path) -> None:
    model, network, interface = read(title)
    emitted(network, interface, "numpy", tmp_path / "net.py")
    code = module(tmp_path / "net.py")
    x = array(20, 2).astype(np.float64)
    theirs = of_the_model(model, interface, x)
    assert_near(code.predict(x).astype(np.float64), code.evaluate(x), theirs, whole=title in WHOLE)
    assert np.array_equal(code.predict(x[3]), code.predict(x[3:4])[0])


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("title", TAILS)
def test_c_predicts_what_the_model_gives(title: str, precision: str, tmp_path: Path) -> None:
    model, network, interface = read(title)
    emitted(network, interface, "c", tmp_path / "net.c", precision)
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"]
    library = tmp_path / "net.so"
    command = [
        compiler(),
        *flags,
        "-shared",
        "-fPIC",
        str(tmp_path / "net.c"),
        "-o",
        str(library),
        "-lm",
    ]
    subprocess.run(command, check=True)
    form = tail_form(interface)
    assert isinstance(form, Tail)
    code = ctypes.CDLL(str(library))
    x = array(20, 2).astype(np.float64)
    real = ctypes.c_float if precision == "float32" else ctypes.c_double
    ours = c_values(code.net_evaluate, x, network.output_size, real)
    found = c_values(code.net_predict, x, form.size, real)
    assert_near(found, ours, of_the_model(model, interface, x), whole=title in WHOLE)
    header = (tmp_path / "net.h").read_text()
    assert f"#define NET_PREDICTED {form.size}" in header
    assert "self-test are about the values before the tail" in header


def c_values(function: Any, x: Array, size: int, real: Any) -> Array:
    rows = []
    for point in x:
        result = (real * size)()
        assert function((real * len(point))(*point), result) == 0
        rows.append(list(result))
    return np.array(rows)


@pytest.mark.parametrize("kind", ["python", "numpy"])
def test_large_values_do_not_overflow(kind: str, tmp_path: Path) -> None:
    network_of_large_values = made([node("Mul", ["h", "c"], "m"), node("Softmax", ["m"])],
                                   ["y"], {"c": np.float32(1e6)})  # fmt: skip
    read_back = read_model(network_of_large_values, "net")
    emitted(read_back.network, read_back.interface, kind, tmp_path / "net.py")
    found = np.array(module(tmp_path / "net.py").predict([0.3, -0.7]), dtype=np.float64)
    assert np.isfinite(found).all()
    assert abs(found.sum() - 1) <= 8 * 2.0**-52


def test_code_without_a_tail_has_no_predict(tmp_path: Path) -> None:
    found = read_model(made([], ["h"]), "net")
    for kind, name in (("python", "net.py"), ("numpy", "net.py"), ("c", "net.c")):
        plain = Origin(digest(found.network), found.network.sizes)
        called = Origin(digest(found.network), found.network.sizes, interface=found.interface)
        texts = [FORMATS[kind].emit(found.network, o, name).files for o in (plain, called)]
        assert texts[0] == texts[1]
        assert not any(b"predict" in text for text in texts[0].values())


TWO = made(
    [
        node("Softmax", ["h"], "p */ \'\'\' \"\"\""),
        node("ArgMax", ["p */ \'\'\' \"\"\""], "l", axis=1),
        node("Identity", ["h"], "raw"),
    ],
    ["l", "p */ \'\'\' \"\"\"", "raw"],
)  # fmt: skip


def test_of_several_outputs_code_gives_the_probabilities(tmp_path: Path) -> None:
    found = read_model(TWO, "net")
    form = tail_form(found.interface)
    assert isinstance(form, Tail)
    assert form.steps == (Step("softmax", 1, 3, 1),)
    assert form.others == ("l", "raw")
    for kind, name in (("python", "net.py"), ("numpy", "net.py"), ("c", "net.c")):
        origin = Origin(digest(found.network), found.network.sizes, interface=found.interface)
        files = FORMATS[kind].emit(found.network, origin, name).files
        assert any(b"(left out: l, raw)" in text for text in files.values())
        assert not any(b'"""""' in text or b"p */" in text for text in files.values())
    emitted(found.network, found.interface, "python", tmp_path / "net.py")
    code = module(tmp_path / "net.py")
    assert abs(sum(code.predict([0.3, -0.7])) - 1) <= 8 * 2.0**-52


def test_of_several_choices_code_gives_the_first() -> None:
    model = made(
        [node("ArgMax", ["h"], "l", axis=1), node("ArgMin", ["h"], "m", axis=1)], ["l", "m"]
    )
    form = tail_form(read_model(model, "net").interface)
    assert isinstance(form, Tail)
    assert (form.name, form.others) == ("l", ("m",))


REFUSED = {
    "several outputs": (
        made(
            [
                node("Sigmoid", ["h"], "s"),
                node("Mul", ["s", "h"], "l"),
                node("Mul", ["s", "s"], "p"),
            ],
            ["l", "p"],
        ), "python",
        r"code cannot hold the model's tail \(Sigmoid, Mul\): the model has several outputs "
        r"\(l, p\), and none is a chain; choose one output with outputs=\[\"l\"\], or write the "
        'values before it with until="h", or write ONNX, which keeps it',
    ),
    "no chain": (
        made([node("Sigmoid", ["h"], "s"), node("Mul", ["s", "h"])], ["y"]), "numpy",
        r"\(Sigmoid, Mul\): Mul \(node 'mul_node'\) is not written so; write the values before",
    ),
    "a cast to truth values": (
        made([node("Sigmoid", ["h"], "s"), node("Cast", ["s"], to=TensorProto.BOOL)], ["y"]), "c",
        r"Cast \(node 'cast_node'\) is not written so",
    ),
    "two ends": (
        made([node("Sigmoid", ["h"], "s"), node("Softmax", ["a"], "t"),
              node("Concat", ["s", "t"], axis=1)], ["y"]), "c",
        "it is computed from several values of the network; write the values before it with "
        'until="NODE"',
    ),
    "the language": (
        made([node("Softmax", ["h"])], ["y"]), "relu",
        r"a file of type relu cannot hold the model's tail \(Softmax\); write the values before it "
        'with until="h", or write C, JavaScript, Python, NumPy or ONNX, which keep it$',
    ),
    "arrays": (made([node("Tanh", ["h"])], ["y"]), "npz", r"type npz cannot hold .* \(Tanh\)"),
}  # fmt: skip


@pytest.mark.parametrize("title", REFUSED)
def test_a_tail_that_cannot_be_written_is_refused(title: str, tmp_path: Path) -> None:
    model, kind, message = REFUSED[title]
    found = read_model(model, "net")
    with pytest.raises(InputError, match=message):
        emitted(found.network, found.interface, kind, tmp_path / f"net{FORMATS[kind].suffix}")
    assert not list(tmp_path.iterdir())
