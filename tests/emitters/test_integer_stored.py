"""Integer C of sparse and convolutional layers: no zero is stored, and the integers are those of
the reference.
"""

from __future__ import annotations

import ctypes
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from c_builds import compiler
from rectifold.emitters.artifact import Artifact
from rectifold.emitters.header import Origin
from rectifold.emitters.integer.stored import stored_weights
from rectifold.emitters.measured.costs import costs_of
from rectifold.emitters.storage.shared_rows import SharedRows
from rectifold.emitters.storage.storage import DenseRows, SparseRows, smallest_integers
from rectifold.emitters.table import FORMATS, emit
from rectifold.exact.matrix import Matrix
from rectifold.integers.choose import Certified
from rectifold.integers.network import IntegerLayer, IntegerNetwork, Integers
from rectifold.integers.words import LONG, MIXED, SHORT, Words
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer, Network
from weight_matrices import convolution, random_numbers

FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic", "-O2"]


def matrices() -> dict[str, dict[str, Integers]]:
    """Layers of every form, in whole numbers."""
    shared = np.rint(99 * convolution((2, 5), 6, 3, 1)[0]).astype(np.int64)
    columns = np.rint(9 * random_numbers(20, 180, 0.05)).astype(np.int64)
    rows = np.rint(9 * random_numbers(150, 20, 0.05)).astype(np.int64)
    dense = np.rint(9 * random_numbers(4, 150, 1.0)).astype(np.int64)
    nothing = np.zeros((4, 20), dtype=np.int64)
    return {
        "h": {"x": shared},
        "g": {"h": columns},
        "k": {"g": rows},
        "y": {"k": dense, "g": nothing},
    }


def integer_layer(name: str, weights: dict[str, Integers]) -> IntegerLayer:
    size = len(next(iter(weights.values())))
    bias = np.arange(size) * 3 - size
    shift = np.arange(size) % 3 + 4
    scale = np.zeros(size, dtype=np.int64)
    return IntegerLayer(name, name != "y", weights, bias, shift, scale)


def written(words: Words) -> tuple[IntegerNetwork, Network, Artifact]:
    """A network of integers that nobody certified, and its code."""
    layers = tuple(integer_layer(name, weights) for name, weights in matrices().items())
    code = IntegerNetwork(words, "x", 0, (-50,) * 72, (50,) * 72, layers, "y")
    rows = [
        Layer(
            v.name,
            "relu" if v.is_relu else "linear",
            Matrix.zeros(v.size, 1),
            {s: Matrix.from_floats(w.astype(float)) for s, w in v.weights.items()},
        )
        for v in layers
    ]
    network = Network("x", 72, rows, "y").with_domain(
        Domain((Fraction(-50),) * 72, (Fraction(50),) * 72)
    )
    known = Certified(code, (0.0,) * 4, (0.0,) * 4)
    origin = Origin(digest(network), network.sizes, None, integers=known)
    return code, network, FORMATS["c-int16"].emit(network, origin, "unit.c")


def test_every_form_is_met() -> None:
    code, _, _ = written(SHORT)
    forms = stored_weights(code).edges
    assert isinstance(forms["h", "x"], SharedRows)
    assert {forms["g", "h"].by, forms["k", "g"].by} == {"unit", "input"}  # type: ignore[union-attr]
    assert isinstance(forms["y", "k"], DenseRows)
    assert ("y", "g") not in forms
    assert all(np.all(form.values != 0) for form in forms.values() if form is not forms["y", "k"])


@pytest.mark.parametrize("words", [SHORT, MIXED, LONG], ids=str)
def test_the_integers_are_those_of_the_reference(tmp_path: Path, words: Words) -> None:
    code, _, artifact = written(words)
    for name, data in artifact.files.items():
        (tmp_path / name).write_bytes(data)
    library = tmp_path / "unit.so"
    build = [compiler(), *FLAGS, "-shared", "-fPIC", "-o", str(library), str(tmp_path / "unit.c")]
    subprocess.run(build, check=True)
    word = ctypes.c_int16 if words.value == 16 else ctypes.c_int32
    unit = ctypes.CDLL(str(library))
    rng = np.random.default_rng(2)
    points = rng.integers(-50, 51, (20, 72)) * (rng.random((20, 72)) < 0.8)
    seen = set()
    for point in points.tolist():
        y = (word * 4)()
        assert unit.unit_evaluate((word * 72)(*point), y) == 0
        assert list(y) == code.evaluate(point)
        seen.add(tuple(y))
    assert len(seen) > 10


def test_costs_count_what_is_stored() -> None:
    _, network, artifact = written(SHORT)
    costs = costs_of(artifact, network, "c-int16", "float64", None)
    forms = [smallest_integers(w.astype(np.int16)) for v in matrices().values() for w in v.values()]
    terms = sum(np.count_nonzero(form.matrix()) for form in forms)
    assert terms <= costs.multiply_adds < terms + 100
    units = sum(len(next(iter(v.values()))) for v in matrices().values())
    tables = sum(table.nbytes for form in forms[:-1] for table in form.tables.values())
    assert costs.constants == tables + units * 5 + 2 * 2 * 72


def test_a_mostly_zero_matrix_is_sparse_whatever_its_size() -> None:
    for density in (0.05, 0.4):
        form = smallest_integers(np.rint(999 * random_numbers(60, 60, density)).astype(np.int16))
        assert isinstance(form, SparseRows)
    assert isinstance(smallest_integers(np.eye(5, dtype=np.int16)), DenseRows)


@pytest.mark.parametrize("chosen", ["c", "c-int16"])
@pytest.mark.parametrize("sizes", [(0, 2, 3), (2, 0, 3), (0, 0, 0)], ids=str)
def test_nothing_in_or_out_compiles_without_a_warning(
    tmp_path: Path, chosen: str, sizes: tuple[int, int, int]
) -> None:
    inputs, outputs, hidden = sizes
    layers = [
        Layer("h", "relu", Matrix.zeros(hidden, 1), {"x": Matrix.zeros(hidden, inputs)}),
        Layer("y", "linear", Matrix.zeros(outputs, 1), {"h": Matrix.zeros(outputs, hidden)}),
    ]
    domain = Domain((Fraction(0),) * inputs, (Fraction(1),) * inputs)
    emit(Network("x", inputs, layers, "y").with_domain(domain), tmp_path / "unit.c", chosen)
    source, flags = str(tmp_path / "unit.c"), [f for f in FLAGS if f != "-std=c99"]
    for standard in ("-std=c99", "-xc++"):
        build = [compiler(), standard, *flags, "-DUNIT_SELF_TEST", "-o", str(tmp_path / "unit")]
        subprocess.run([*build, source], check=True)
        assert subprocess.run([str(tmp_path / "unit")], check=False).returncode == 0
