"""Emitted Python: the same bits as plain sums in the stated order, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from rectifold.effort.writing import PythonEffort
from rectifold.emitters.header import Origin
from rectifold.emitters.table import FORMATS
from rectifold.emitters.weights import numbers, weights_of
from rectifold.ir.canonical import digest
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Network
from support import float_network, net, points_of, random_network

F = Fraction


def module(network: Network, folder: Path) -> ModuleType:
    artifact = FORMATS["python"].emit(network, Origin(digest(network), network.sizes), "code.py")
    for name, data in artifact.files.items():
        (folder / name).write_bytes(data)
    loaded = ModuleType("code")
    loaded.__file__ = str(folder / "code.py")
    exec(compile(artifact.main, loaded.__file__, "exec"), loaded.__dict__)
    return loaded


def sums_in_order(network: Network, x: list[float]) -> list[float]:
    """Bias first, then by sources and by index, each sum rounded: what the module promises."""
    weights, number = weights_of(network), numbers(network)
    values = {network.input_name: x}
    for layer in network.layers:
        a = weights[f"b{number[layer.name]}"].tolist()
        for source in layer.weights:
            matrix = weights[f"T{number[layer.name]}_{number[source]}"].tolist()
            for j, v in enumerate(values[source]):
                a = [s + v * w for s, w in zip(a, matrix[j], strict=True)]
        values[layer.name] = [0.0 if layer.is_relu and v < 0.0 else v for v in a]
    return values[network.output]


def sparse_network() -> Network:
    """Larger than what is written as expressions, most weights zero, with a skip."""
    random = np.random.default_rng(5)
    weight = np.where(random.random((60, 20)) < 0.1, random.standard_normal((60, 20)), 0.0)
    rows = ", ".join(f"[{', '.join(map(repr, row))}]" for row in weight.tolist())
    last = ", ".join(map(repr, random.standard_normal(60).tolist()))
    return net(
        f"input x[20] in [-1, 1]\nh = relu([{rows}] @ x + 1/3)\n"
        f"y = [[{last}]] @ h + [[{', '.join(['1/7'] * 20)}]] @ x\noutput y"
    )


@pytest.mark.parametrize(
    "network",
    [random_network(3), random_network(11), float_network(1, 4, 70, 70, 2), sparse_network()],
    ids=["small", "skips", "dense", "sparse"],
)
def test_every_form_adds_in_the_stated_order_and_is_exact_in_fractions(
    network: Network, tmp_path: Path
) -> None:
    code = module(network, tmp_path)
    is_straight = "values = [x]" not in (tmp_path / "code.py").read_text()
    assert is_straight == (network.parameters <= PythonEffort.straight_parameters)
    assert network.domain is not None
    for point in points_of(network.domain, 8, 1):
        x = [float(v) for v in point]
        assert code.evaluate(x, check=False) == sums_in_order(network, x)
        assert code.evaluate_exact(point) == evaluate(network, point)
        assert [float(v) for v in point] == x
    zero = [0.0] * network.input_size
    assert code.evaluate(zero, check=False) == sums_in_order(network, zero)
    assert code.self_test() == 5


@pytest.mark.parametrize("sizes", [(2, 3, 1), (4, 30, 30, 2)])
def test_numbers_of_any_kind_are_floats(sizes: tuple[int, ...], tmp_path: Path) -> None:
    code = module(float_network(0, *sizes), tmp_path)
    values: list[Any] = [F(1, 4), np.float32(0.5), 1, True][: sizes[0]]
    wanted = code.evaluate([float(v) for v in values])
    assert code.evaluate(values) == code.evaluate(tuple(values)) == wanted
    assert code.evaluate(np.array(values, np.float32)) == wanted
    assert all(type(v) is float for v in code.evaluate(values))


REFUSED: list[tuple[Any, str]] = [
    (None, "expected 2 numbers: 'NoneType' object is not iterable"),
    (3, "expected 2 numbers: 'int' object is not iterable"),
    ("12", "expected 2 numbers"),
    (["0.5", "1"], "expected 2 numbers"),
    ([None, 1], "expected 2 numbers"),
    ([1j, 1], "expected 2 numbers"),
    ([10**400, 1], "expected 2 numbers: int too large"),
    ([Decimal(1), 1], "expected 2 numbers"),
    ({0.5, 1.0}, "expected 2 numbers: set has no order"),
    ({0.5: 1, 1.0: 2}, "expected 2 numbers: dict has no order"),
    (np.zeros((2, 2)), "expected 2 numbers"),
    ([0.5], "expected 2 inputs, got 1"),
    ([0.5, 1, 2], "expected 2 inputs, got 3"),
    ([], "expected 2 inputs, got 0"),
]


@pytest.mark.parametrize(("bad", "message"), REFUSED, ids=[repr(bad)[:20] for bad, _ in REFUSED])
def test_what_is_no_list_of_numbers_is_refused(bad: Any, message: str, tmp_path: Path) -> None:
    code = module(float_network(0, 2, 3, 1), tmp_path)
    for check in (True, False):
        with pytest.raises(ValueError, match=message):
            code.evaluate(bad, check)


def test_a_point_on_the_command_line_that_is_refused_is_no_traceback(tmp_path: Path) -> None:
    module(float_network(0, 2, 3, 1), tmp_path)
    for arguments, error in ((["9", "1"], "input 0 = 9.0 is outside"), (["a", "1"], "'a'")):
        ran = subprocess.run(
            [sys.executable, str(tmp_path / "code.py"), *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )
        assert ran.returncode == 1
        assert ran.stderr.startswith("refused: ")
        assert error in ran.stderr
