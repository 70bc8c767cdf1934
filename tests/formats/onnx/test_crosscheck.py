"""The comparison after reading: a wrong operator is caught and its node named; rounding and
overflow are no disagreement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper

from rectifold.cli.main import main
from rectifold.effort.reading import CrosscheckEffort
from rectifold.formats.load import load
from rectifold.formats.onnx.activations import piecewise_linear
from rectifold.formats.onnx.declarations import Operator
from rectifold.formats.onnx.moving import moving, same
from rectifold.formats.onnx.operators import OPERATORS
from rectifold.formats.onnx.peers import PEERS, Peer, PeerError, by_reference, wrong_in_reference
from rectifold.formats.onnx.reader import read_onnx
from rectifold.formats.onnx.tensors import Array, OnnxError

REFERENCE = (Peer("onnx.reference", by_reference),)
Constants = dict[str, np.ndarray[Any, Any]]


def node(op: str, inputs: Sequence[str], output: str, **attributes: Any) -> Any:
    return helper.make_node(op, list(inputs), [output], name=f"{output}_node", **attributes)


def written(
    folder: Path,
    shape: Sequence[int],
    nodes: list[Any],
    constants: Constants,
    kind: int = TensorProto.FLOAT,
) -> Path:
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", kind, list(shape))],
        [helper.make_tensor_value_info("y", kind, None)],
        [numpy_helper.from_array(v, k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def table(name: str, run: Callable[[Any], Any]) -> dict[tuple[str, str], Sequence[Operator]]:
    """The table of operators with one that is read as another."""
    return {**OPERATORS, ("", name): (Operator(name, 7, run, "X:float", moves=True),)}


W = np.array([[1, -2], [3, 0.5]], dtype=np.float32)


@pytest.mark.parametrize("peers", [PEERS, REFERENCE], ids=["any", "reference"])
def test_the_first_node_that_was_read_wrongly_is_named(
    peers: Sequence[Peer], tmp_path: Path
) -> None:
    nodes = [
        node("MatMul", ["x", "w"], "h"),
        node("Abs", ["h"], "a"),
        node("Neg", ["a"], "n"),
        node("Relu", ["n"], "r"),
        node("Sub", ["r", "n"], "y"),
    ]
    path = written(tmp_path, [1, 2], nodes, {"w": W})
    assert read_onnx(path, peers=peers)[1] == []
    with pytest.raises(
        OnnxError,
        match=rf"node 'a_node' \(Abs\): entry . was read as .* where {peers[0].name} computes",
    ):
        read_onnx(path, peers=peers, operators=table("Abs", piecewise_linear("relu")))
    with pytest.raises(OnnxError, match="please report it with the file; crosscheck=False"):
        read_onnx(path, peers=peers, operators=table("Relu", moving(same)))


def test_a_wrong_shape_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, [2, 3], [node("Transpose", ["x"], "t"), node("Relu", ["t"], "y")], {})
    assert read_onnx(path)[1] == []
    with pytest.raises(
        OnnxError,
        match=r"node 't_node' \(Transpose\) was read with the shape \(2, 3\), but .* \(3, 2\)",
    ):
        read_onnx(path, operators=table("Transpose", moving(same)))


def test_a_constant_that_was_folded_wrongly_is_named(tmp_path: Path) -> None:
    path = written(
        tmp_path, [1, 2], [node("Neg", ["w"], "c"), node("Add", ["x", "c"], "y")], {"w": W}
    )
    with pytest.raises(OnnxError, match=r"node 'c_node' \(Neg\): entry"):
        read_onnx(path, operators=table("Neg", moving(same)))


def test_nothing_is_compared_without_peers(tmp_path: Path) -> None:
    path = written(tmp_path, [1, 2], [node("Abs", ["x"], "y")], {})
    network, notes, _ = read_onnx(path, peers=(), operators=table("Abs", piecewise_linear("relu")))
    assert (network.output_size, notes) == (2, [])


def test_a_peer_that_does_not_run_the_file_leaves_a_note(tmp_path: Path) -> None:
    def refuse(model: Any, feeds: Any) -> list[Array]:
        raise PeerError("not today")

    path = written(tmp_path, [1, 2], [node("Abs", ["x"], "y")], {})
    notes = read_onnx(path, peers=(Peer("nobody", refuse),))[1]
    assert notes == ["the network was not compared with another program (nobody: not today)"]


ROUNDING: dict[str, tuple[list[Any], Constants]] = {
    "weights whose products overflow": (
        [node("MatMul", ["x", "w"], "h"), node("MatMul", ["h", "w"], "y")],
        {"w": np.full((2, 2), 3e38, dtype=np.float32)},
    ),
    "a large number added and taken away": (
        [node("Add", ["x", "c"], "h"), node("Sub", ["h", "c"], "y")],
        {"c": np.array([1e8, 12345678], dtype=np.float32)},
    ),
    "large weights that nearly cancel": (
        [node("MatMul", ["x", "w"], "h"), node("MatMul", ["h", "v"], "y")],
        {
            "w": np.array([[1e6, 1e6 + 1], [3e5, 3e5 + 0.1]], dtype=np.float32),
            "v": np.array([[1], [-1]], dtype=np.float32),
        },
    ),
    "thirds": (
        [node("Div", ["x", "c"], "h"), node("Mul", ["h", "c"], "y")],
        {"c": np.array([3, 7], dtype=np.float32)},
    ),
}


@pytest.mark.parametrize("name", ROUNDING)
def test_rounding_and_overflow_are_no_disagreement(name: str, tmp_path: Path) -> None:
    nodes, constants = ROUNDING[name]
    assert read_onnx(written(tmp_path, [1, 2], nodes, constants))[1] == []


@pytest.mark.parametrize(
    ("kind", "type_"), [(TensorProto.FLOAT16, np.float16), (TensorProto.FLOAT, np.float32)]
)
def test_a_deep_network_in_its_own_floats_is_no_disagreement(
    kind: int, type_: Any, tmp_path: Path
) -> None:
    random = np.random.default_rng(1)
    nodes, before = [], "x"
    constants: Constants = {}
    for k in range(12):
        constants[f"w{k}"] = random.normal(0, 0.5, (8, 8)).astype(type_)
        nodes += [node("MatMul", [before, f"w{k}"], f"h{k}"), node("Relu", [f"h{k}"], f"r{k}")]
        before = f"r{k}"
    nodes.append(node("Identity", [before], "y"))
    path = written(tmp_path, [1, 8], nodes, constants, kind)
    assert _comparisons(read_onnx(path)[1]) == []
    wrong = {**OPERATORS, ("", "Relu"): (Operator("Relu", 7, moving(same), "X:float", moves=True),)}
    with pytest.raises(OnnxError, match="node 'r0_node'"):
        read_onnx(path, operators=wrong)


def test_numbers_near_0_that_half_precision_cannot_hold_are_no_disagreement(tmp_path: Path) -> None:
    nodes = [
        node("MatMul", ["x", "w"], "h"),
        node("Relu", ["h"], "r"),
        node("MatMul", ["r", "v"], "y"),
    ]
    ones = np.eye(16)
    constants = {
        "w": (ones * 2.0**-24).astype(np.float16),
        "v": (ones * 2.0**14).astype(np.float16),
    }
    path = written(tmp_path, [1, 16], nodes, constants, TensorProto.FLOAT16)
    assert _comparisons(read_onnx(path, peers=REFERENCE)[1]) == []


def _comparisons(notes: list[str]) -> list[str]:
    """The notes about the comparison."""
    return [note for note in notes if "compared" in note]


def large(folder: Path) -> tuple[Path, int]:
    width = int(CrosscheckEffort.multiply_adds**0.5) + 1
    weight = np.zeros((width, width), dtype=np.float32)
    weight[0, :] = 1
    return written(folder, [1, width], [node("MatMul", ["x", "w"], "y")], {"w": weight}), width


def test_a_large_network_is_left_out_with_a_note(tmp_path: Path) -> None:
    path, width = large(tmp_path)
    assert load(path).notes == (
        f"the network was not compared with another program: {width**2:,} multiply-adds are more "
        f"than {CrosscheckEffort.multiply_adds:,}",
    )
    assert load(path, crosscheck=False).notes == ()


def test_operators_that_the_reference_computes_otherwise_are_not_compared_with_it(
    tmp_path: Path,
) -> None:
    pool = node("MaxPool", ["x"], "y", kernel_shape=[2, 2], pads=[0, 1, 0, 1])
    path = written(tmp_path, [1, 1, 3, 3], [pool], {})
    notes = read_onnx(path, peers=REFERENCE)[1]
    said = "onnx.reference: does not follow the specification of MaxPool"
    assert notes == [f"the network was not compared with another program ({said})"]
    graph = helper.make_graph([node("Relu", ["x"], "y")], "g", [], [])
    assert wrong_in_reference(helper.make_model(graph)) is None


COMMANDS = (
    "check", "compile", "emit", "local", "prove", "reduce", "regions", "run", "shallow", "show",
    "stability", "verify",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_reads_a_network_can_leave_the_comparison_out(command: str) -> None:
    said = CliRunner().invoke(main, [command, "--help"]).output
    assert "--no-crosscheck" in said
    assert set(COMMANDS) == {
        name for name, c in main.loaded().items() if any(p.name == "crosscheck" for p in c.params)
    }


def test_the_command_line_passes_the_wish_on(tmp_path: Path) -> None:
    path, width = large(tmp_path)
    asked = CliRunner().invoke(main, ["run", str(path), "-"], input="0 " * width)
    unasked = CliRunner().invoke(
        main, ["run", "--no-crosscheck", str(path), "-"], input="0 " * width
    )
    assert (asked.exit_code, unasked.exit_code) == (0, 0)
    assert "was not compared" in asked.stderr
    assert "was not compared" not in unasked.stderr
