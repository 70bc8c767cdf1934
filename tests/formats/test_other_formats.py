"""npz, nnet, VNN-LIB, layer lists, and the one door."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rectifold.errors import InputError
from rectifold.formats.load import load, read_domain
from rectifold.formats.nnet import read_nnet
from rectifold.formats.npz import npz_bytes, read_npz
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate
from support import net

F = Fraction


def saved(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def test_npz_both_ways(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "n.npz",
        W0=np.array([[1, -1]], dtype=np.float32),
        b0=np.array([0.5]),
        W1=np.array([[2.0], [3.0]]),
        b1=np.array([0, 1]),
        input_lo=np.array(0.0),
        input_hi=np.array([1.0, 2.0]),
        extra=np.zeros(2),
    )
    network, notes = read_npz(path)
    assert evaluate(network, [F(1), F(0)]) == [3, F(11, 2)]
    assert network.domain == Domain((F(0), F(0)), (F(1), F(2)))
    assert "extra" in notes[0]
    (tmp_path / "again.npz").write_bytes(npz_bytes(network))
    again, _ = read_npz(tmp_path / "again.npz")
    assert again.layers == network.layers
    assert again.domain == network.domain


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"V0": np.zeros((1, 1))}, "no member W0"),
        ({"W0": np.zeros(3)}, "W0 has 1 dimension,"),
        (
            {"W0": np.zeros((2, 2)), "W1": np.zeros((1, 3))},
            r"W1 has shape \(1, 3\), but 2 values come in",
        ),
        ({"W0": np.zeros((2, 2)), "b0": np.zeros(3)}, r"b0 has shape \(3,\)"),
        ({"W0": np.array([[np.nan]])}, "NaN or infinite"),
        ({"W0": np.array([["a"]])}, "numbers up to 64 bits"),
        (
            {"W0": np.zeros((1, 2)), "input_lo": np.zeros(3), "input_hi": np.zeros(3)},
            "3 entries for 2 inputs",
        ),
        (
            {"W0": np.eye(2), "b0": np.zeros(2), "W2": np.eye(2), "b2": np.zeros(2)},
            "has W2 but no W1",
        ),
        ({"W0": np.eye(2), "W1": np.eye(2), "b1": np.zeros(2)}, "has b1 but no b0: store zeros"),
        (
            {"W0": np.eye(2), "b0": np.zeros(2), "b1": np.zeros(2)},
            "has b1 but no W1: a layer is missing",
        ),
        ({"W0": np.eye(2), "input_lo": np.zeros(2)}, "has input_lo but no input_hi: half a box"),
        ({"W0": np.eye(2), "input_hi": np.zeros(2)}, "has input_hi but no input_lo: half a box"),
        (
            {"W0": np.eye(2), "input_lo": np.ones(2), "input_hi": np.zeros(2)},
            r"n.npz: input 0 has the empty range",
        ),
        ({"W0": np.eye(2), "W01": np.eye(2)}, "'W01' is not known"),
        ({"W0": np.eye(2), "bias_0": np.eye(2)}, "'bias_0' is not known"),
        ({"W0": np.eye(2), "input_low": np.zeros(2)}, "'input_low' is not known"),
        ({"W0": np.array([[2**63 - 1]])}, "integers that are too large"),
    ],
)
def test_npz_that_is_refused(arrays: dict[str, np.ndarray], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read_npz(saved(tmp_path / "n.npz", **arrays))


@pytest.mark.parametrize(
    "text",
    [
        "input x[1] in [0, 1]\nh = relu(x)\ny = h + x\noutput y",
        "input x[1] in [0, 1]\nh = 2*x\ny = relu(h)\noutput y",
    ],
)
def test_networks_that_npz_cannot_say(text: str) -> None:
    with pytest.raises(InputError, match=r"write \.relu"):
        npz_bytes(net(text))


NNET = """// a comment
2,2,1,2,
2,2,1,
0,
-1.0,0.0,
1.0,4.0,
0.0,2.0,5.0,
1.0,2.0,3.0,
1.0,-1.0,
0.5,0.1,
0.25,
-0.5,
2.0,1.0,
1.0,
"""


def test_nnet(tmp_path: Path) -> None:
    path = tmp_path / "n.nnet"
    path.write_text(NNET)
    network, notes = read_nnet(path)
    assert network.domain == Domain((F(-1), F(-1)), (F(1), F(1)))
    assert network.layers[0].weights["x"].entry(1, 1) == F(1, 10)
    assert evaluate(network, [F(1), F(0)]) == [F(7, 2)]
    assert "normalised" in notes[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("1.0,-1.0,", "1.0,"), r"n.nnet:9: 1 number where 2"),
        (("2,2,1,\n", "3,2,1,\n"), "do not begin with 2"),
        (("0.25,", "quarter,"), "is not a number"),
        (("2.0,1.0,\n1.0,\n", ""), "ends too early"),
        (("1.0,2.0,3.0", "0.0,2.0,3.0"), "not positive"),
        (("2,2,1,2,", "-2,2,1,2,"), "positive whole number"),
        (
            ("2,2,1,2,", "2,2,1,1,"),
            "n.nnet:3: a layer has 2 units, but the first line says at most 1",
        ),
        (("2,2,1,2,", "2,2,1,2,7"), "n.nnet:2: 5 numbers where 4"),
        (("2,2,1,\n", "2,2,1,1\n"), "n.nnet:3: 4 numbers where 3"),
        (("\n0,\n", "\n1,\n"), "n.nnet:4: the flag is 1"),
        (("-1.0,0.0,", "-1.0,0.0,9,"), "n.nnet:5: 3 numbers where 2"),
        (("-1.0,0.0,", "-1.0,9.0,"), "n.nnet:8: input 1 has the empty range"),
        (("0.0,2.0,5.0", "0.0,2.0"), "n.nnet:7: 2 numbers where 3"),
        (("0.5,0.1,", "0.5,,0.1,"), "n.nnet:10: 3 numbers where 2"),
        (("0.5,0.1,", "0.5 0.1,"), "n.nnet:10: 1 number where 2"),
        (("0.5,0.1,", "0.5,0.1 7,"), "n.nnet:10: '0.1 7' is not a number"),
        (("0.25,", "0.25,1,"), "n.nnet:11: 2 numbers where 1"),
        (
            ("2.0,1.0,\n1.0,\n", "2.0,1.0,\n1.0,\n\n3.0,\n"),
            "n.nnet:15: the network is complete, but 2 lines are left",
        ),
    ],
)
def test_nnet_that_is_refused(change: tuple[str, str], message: str, tmp_path: Path) -> None:
    path = tmp_path / "n.nnet"
    path.write_text(
        NNET.replace(*change, 1) if change[0] != "1.0,2.0,3.0" else NNET.replace(*change)
    )
    with pytest.raises(InputError, match=message):
        read_nnet(path)


def test_domains_of_the_command_line(tmp_path: Path) -> None:
    network = net("input x[2] in [0, 1]\noutput x")
    np.save(tmp_path / "p.npy", np.array([0.5, 1.0]))
    (tmp_path / "d.relu").write_text("input x[2] in [2, 3]\noutput x")
    (tmp_path / "none.relu").write_text("input x[2]\noutput x")
    (tmp_path / "b.vnnlib").write_text(
        "(assert (<= X_0 1)) (assert (>= X_0 0)) (assert (<= X_1 1)) (assert (>= X_1 0))"
    )
    assert read_domain("[0, 1/3]", network).upper[0] == F(1, 3)
    assert read_domain("all", network) == Domain.everywhere(2)
    assert read_domain(f"{tmp_path}/p.npy±0.1", network).lower == (F(2, 5), F(9, 10))
    assert read_domain(f"{tmp_path}/d.relu", network) == Domain.cube(2, 3, 2)
    assert read_domain(f"{tmp_path}/b.vnnlib", network) == Domain.cube(0, 1, 2)
    for spec, message in [
        (f"{tmp_path}/none.relu", "states no domain"),
        (f"{tmp_path}/gone.vnnlib", "there is no file"),
        (f"{tmp_path}/gone.npy±1", "there is no file"),
        (f"{tmp_path}/p.npy±-1", "is negative"),
        ("[0", "domain:1:1"),
    ]:
        with pytest.raises(InputError, match=message):
            read_domain(spec, network)
    with pytest.raises(InputError, match="2 numbers, but the network has 1 input$"):
        read_domain(f"{tmp_path}/p.npy±1", net("input x[1]\noutput x"))


def test_the_one_door(tmp_path: Path) -> None:
    (tmp_path / "n.relu").write_text("input x[1] in [0, 1]\noutput 2*x")
    assert evaluate(load(tmp_path / "n.relu").network, [F(3)]) == [6]
    (tmp_path / "n.txt").write_text("")
    with pytest.raises(InputError, match=r"files of type \.txt cannot be read"):
        load(tmp_path / "n.txt")
    with pytest.raises(InputError, match="there is no file"):
        load(tmp_path / "gone.onnx")
    (tmp_path / "bad.relu").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="no readable text"):
        load(tmp_path / "bad.relu")


def test_a_folder_and_a_pipe_are_no_missing_files(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").mkdir()
    os.mkfifo(tmp_path / "net.relu")
    for name, message in [
        ("net.onnx", "is a folder; name a file in it"),
        ("net.relu", "is no regular file but a device or a pipe"),
        ("n" * 300 + ".relu", "cannot be the name of a file"),
    ]:
        with pytest.raises(InputError, match=message):
            load(tmp_path / name)
    with pytest.raises(InputError, match="the name of a file is empty"):
        load("")


def test_domains_in_files(tmp_path: Path) -> None:
    network = net("input x[2]\noutput x")
    saved(tmp_path / "box.npz", W0=np.eye(2), input_lo=np.zeros(2), input_hi=np.ones(2))
    np.save(tmp_path / "p.npy", np.zeros(2))
    assert read_domain(str(tmp_path / "box.npz"), network) == Domain.cube(0, 1, 2)
    for spec, message in [
        (f"{tmp_path}/p.npy", "is a point, not a domain; say how far around it"),
        (f"{tmp_path}/p.npy±", "the radius after ±: '' is not a number"),
        (f"{tmp_path}/p.npy±1e", "the radius after ±: '1e' is not a number"),
        (f"{tmp_path}.vnnlib", "there is no file"),
    ]:
        with pytest.raises(InputError, match=message):
            read_domain(spec, network)
    with pytest.raises(InputError, match="box.npz states 2 ranges, but the network has 1 input$"):
        read_domain(str(tmp_path / "box.npz"), net("input x[1]\noutput x"))


def test_long_numbers_of_an_nnet_file_are_shortened(tmp_path: Path) -> None:
    path = tmp_path / "n.nnet"
    path.write_text(NNET.replace("\n0,\n", f"\n{'1' * 2400}e1100/{'3' * 2400}e-1100,\n"))
    with pytest.raises(
        InputError, match=r"n.nnet:4: the flag is about 3.*e\+2199 .* digits\); only 0 is known"
    ):
        read_nnet(path)
