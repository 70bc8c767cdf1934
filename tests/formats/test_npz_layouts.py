"""The names and ways round in which people store layers in `.npz` files; and what writers of
`.nnet` files put around the numbers.
"""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rectifold.errors import InputError
from rectifold.formats.nnet import read_nnet
from rectifold.formats.npz import read_npz
from rectifold.ir.evaluate import evaluate

W, C = np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 0.5]]), np.array([0.5, 0.0, -1.0])
V, D = np.array([[1.0, -2.0, 0.25]]), np.array([4.0])
POINT, VALUE = [Fraction(1), Fraction(-3)], Fraction(-15, 8)  # hidden: 0, 3, 1/2

LAYOUTS = {
    "counted from 1": ({"W1": W, "b1": C, "W2": V, "b2": D}, "counted from 1"),
    "PyTorch": (
        {"0.weight": W, "0.bias": C, "2.weight": V, "2.bias": D},
        r"layers are 0, 2, in this order \(y = W x \+ b, a relu after all but the last",
    ),
    "Keras": (
        {"a/kernel:0": W.T, "a/bias:0": C, "b/kernel:0": V.T, "b/bias:0": D},
        r"layers are a, b, in this order \(y = x W \+ b",
    ),
    "in turn": ({"arr_0": W, "arr_1": C, "arr_2": V, "arr_3": D}, r"W, b, .*y = W x \+ b"),
    "in turn, transposed": (
        {"arr_0": W.T, "arr_1": C, "arr_2": V.T, "arr_3": D},
        r"W, b, .*y = x W \+ b",
    ),
}


def _saved(folder: Path, arrays: dict[str, np.ndarray]) -> Path:
    path = folder / "n.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]  # numpy types the keywords as one flag
    return path


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_read_as_the_same_network(name: str, tmp_path: Path) -> None:
    arrays, said = LAYOUTS[name]
    network, notes = read_npz(_saved(tmp_path, arrays))
    assert evaluate(network, POINT) == [VALUE]
    assert network.sizes.units == 3
    assert re.search(said, notes[0])


SQUARE = np.array([[1.0, 2.0], [3.0, 4.0]])
REFUSED = {
    "square": ({"arr_0": SQUARE, "arr_1": np.zeros(2)}, "nothing says whether y = W x"),
    "no way round": ({"arr_0": W, "arr_1": D}, "do not fit together"),
    "no biases": ({"arr_0": W, "arr_1": V}, "matrices and biases in turn"),
    "norm": (
        {"0.weight": W, "0.bias": C, "1.weight": C, "1.bias": C},
        "'1' is no dense layer .* export the model as .onnx",
    ),
    "statistics": (
        {"0.weight": W, "0.bias": C, "1.running_mean": C},
        "'1.running_mean' beside '0' is no weight or bias",
    ),
    "sorted as texts": (
        {"fc9.weight": SQUARE, "fc11.weight": SQUARE, "fc10.weight": SQUARE},
        "'fc10' comes behind 'fc11' in the file, and the numbers say",
    ),
    "one member twice": (
        {"d/kernel": W.T, "d/bias": C, "d/kernel:0": 2 * W.T},
        "the layer 'd' has two members kernel .one is 'd/kernel:0'.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_layout_that_says_too_little_is_refused(name: str, tmp_path: Path) -> None:
    arrays, said = REFUSED[name]
    with pytest.raises(InputError, match=said):
        read_npz(_saved(tmp_path, arrays))


NUMBERS = [
    "1,2,1,2", "2,1", "0", "-1.0,0.0", "1.0,4.0", "0.0,2.0,5.0", "1.0,2.0,3.0", "1.0,-1.0", "0.25",
]  # fmt: skip
HEADER = "// Neural Network File Format by Kyle Julian, Stanford 2016"
WRITERS = {
    "NNet in Julia: one comment, a comma behind each number": (HEADER + "\n", ",\n"),
    "NNet in Python: several comments": (HEADER + "\n// The contents:\n//\n", ",\n"),
    "Marabou: no comma at the end": (HEADER + "\n", "\n"),
    "no comment, ends of lines of Windows": ("", ",\r\n"),
    "an indented comment with a name in other letters": ("  // von Jürgen\n", ",\n"),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_nnet_files_of_every_writer_are_read(writer: str, tmp_path: Path) -> None:
    head, end = WRITERS[writer]
    path = tmp_path / "n.nnet"
    path.write_bytes((head + "".join(line + end for line in NUMBERS)).encode())
    assert evaluate(read_nnet(path)[0], [Fraction(1), Fraction(3)]) == [Fraction(-7, 4)]


def test_spaces_behind_commas_and_exponents_are_read(tmp_path: Path) -> None:
    path = tmp_path / "n.nnet"
    path.write_text("\n".join(NUMBERS).replace(",", ", ").replace("0.25", "2.50000e-01"))
    assert evaluate(read_nnet(path)[0], [Fraction(1), Fraction(3)]) == [Fraction(-7, 4)]
