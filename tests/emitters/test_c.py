"""The C emitter: compiled without warnings, run, and compared with the reference evaluation."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rectifold.bounds.code_error import code_error
from rectifold.emitters.c import c_code
from rectifold.emitters.program import Origin
from rectifold.emitters.table import emit
from rectifold.errors import InputError
from rectifold.ir.canonical import digest
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Network
from support import float_network, net, points_of, random_network

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C compiler is installed")
FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O2", "-ffp-contract=off"]


def built(network: Network, folder: Path) -> ctypes.CDLL:
    assert network.domain is not None
    assert COMPILER is not None
    origin = Origin(
        digest(network), network.sizes, tuple(code_error(network, network.domain, None, "float64").tolist())
    )
    for name, data in c_code(network, origin, "unit.c").files.items():
        (folder / name).write_bytes(data)
    test = folder / "self_test"
    subprocess.run([COMPILER, *FLAGS, "-DUNIT_SELF_TEST", "-o", str(test), str(folder / "unit.c"), "-lm"], check=True)
    assert "self-test passed" in subprocess.run([str(test)], capture_output=True, text=True, check=True).stdout
    library = folder / "unit.so"
    subprocess.run(
        [COMPILER, *FLAGS, "-shared", "-fPIC", "-o", str(library), str(folder / "unit.c"), "-lm"], check=True
    )
    return ctypes.CDLL(str(library))


def call(library: ctypes.CDLL, point: list[float], outputs: int) -> tuple[int, list[float]]:
    x, y = (ctypes.c_double * max(len(point), 1))(*point), (ctypes.c_double * outputs)()
    return library.unit_evaluate(x, y), list(y)


@needs_compiler
@pytest.mark.parametrize("seed", range(8))
def test_outputs_stay_within_the_certified_bound(seed: int, tmp_path: Path) -> None:
    network = random_network(seed) if seed % 2 else float_network(seed, 3, 8, 6, 2)
    assert network.domain is not None
    library = built(network, tmp_path)
    bound = code_error(network, network.domain, None, "float64")
    for point in points_of(network.domain, 20, seed):
        floats = [float(v) for v in point]
        if not network.domain.contains([Fraction(v) for v in floats]):
            continue
        status, got = call(library, floats, network.output_size)
        assert status == 0
        exact = evaluate(network, [Fraction(v) for v in floats])
        for value, want, allowed in zip(got, exact, bound.tolist(), strict=True):
            assert abs(Fraction(value) - want) <= Fraction(allowed)


@needs_compiler
def test_inputs_are_checked_and_outputs_left_alone(tmp_path: Path) -> None:
    network = net("network n\ninput x[2] in [0, 1]\nassume x[0] + x[1] <= 3/2\ny = relu(x[0] - x[1])\noutput y")
    library = built(network, tmp_path)
    assert call(library, [0.5, 0.25], 1) == (0, [0.25])
    assert call(library, [float("nan"), 0.0], 1) == (1, [0.0])
    assert call(library, [float("inf"), 0.0], 1)[0] == 1
    assert call(library, [1.5, 0.0], 1)[0] == 2
    assert call(library, [1.0, 1.0], 1)[0] == 2
    assert call(library, [1.0, 0.5], 1)[0] == 0


@needs_compiler
def test_many_parameters_lie_in_a_file_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rectifold.emitters.c.INLINE_PARAMETERS", 10)
    built(float_network(0, 2, 6, 1), tmp_path)
    assert (tmp_path / "unit_weights.h").is_file()
    assert np.all(
        ["0x" in line or "=" in line or "}" in line for line in (tmp_path / "unit_weights.h").read_text().splitlines()]
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("two words.c", "no C identifier"),
        ("9.c", "no C identifier"),
        ("for.c", "no C identifier"),
        ("x.h", "name of the header"),
    ],
)
def test_names_that_c_cannot_say_are_refused(name: str, message: str, tmp_path: Path) -> None:
    network = float_network(0, 2, 3, 1)
    with pytest.raises(InputError, match=message):
        emit(network, tmp_path / name, "c")


def test_nothing_of_the_networks_text_reaches_code(tmp_path: Path) -> None:
    network = float_network(0, 2, 3, 1).renamed("evil", '*/ int main(void) { return 1; } /* "')
    files = emit(network, tmp_path / "unit.c")
    text = "".join(file.read_text() for file in files)
    assert "return 1; } /*" not in text


def test_a_constraint_beyond_double_is_refused(tmp_path: Path) -> None:
    network = net("network n\ninput x[1] in [0, 1]\nassume x[0] <= 1e400\ny = relu(x[0])\noutput y")
    with pytest.raises(InputError, match="beyond the range of double"):
        emit(network, tmp_path / "unit.c")
