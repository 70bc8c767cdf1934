"""Archives of numbers: exact where the numbers are floats, rounded with a bound and a note else."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import rectifold
from rectifold.bounds.code_error import code_error
from rectifold.cli.main import main
from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.exact.numerals import nearest_float
from rectifold.formats.load import load
from rectifold.ir.evaluate import evaluate
from support import net, points_of

F = Fraction

THIRDS = """
    network thirds
    input x[2] in [[0, 1], [-1, 1/4]]
    h = relu([[1/3, 2], [1, -1/7]] @ x + [0.1, -1/2])
    y = [[1, -1/9]] @ h + [1/3]
    output y
"""
HALVES = "input x[2] in [0, 1]\nh = relu([[1/2, 2], [3, 4]] @ x)\ny = [[1, -1]] @ h\noutput y"


def nearest(matrix: Matrix, precision: str) -> list[float]:
    kind = np.dtype(precision).type
    integers, den = matrix.integers()
    return [float(kind(nearest_float(F(v, den)))) for v in integers]


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_numbers_that_are_no_floats_are_rounded_within_the_bound(
    precision: str, tmp_path: Path
) -> None:
    network = net(THIRDS)
    assert network.domain is not None
    path = tmp_path / "thirds.npz"
    with pytest.warns(UserWarning, match=f"5 weights and biases rounded to {precision}; .relu is"):
        rectifold.emit(network, path, precision=precision)
    again = load(path).network
    for one, other in zip(network.layers, again.layers, strict=True):
        ((weight,), (read,)) = one.weights.values(), other.weights.values()
        assert nearest(weight, precision) == nearest(read, "float64")
        assert nearest(one.bias, precision) == nearest(other.bias, "float64")
    bound = code_error(network, network.domain, None, precision).tolist()
    for point in points_of(network.domain, 20, 1):
        error = evaluate(again, point)[0] - evaluate(network, point)[0]
        assert 0 < abs(error) <= F(bound[0])
    assert again.domain == network.domain


def test_numbers_that_are_floats_are_written_exactly_and_nothing_is_said(tmp_path: Path) -> None:
    network = net(HALVES)
    for precision in (None, "float32"):
        path = tmp_path / f"{precision}.npz"
        rectifold.emit(network, path, precision=precision)
        assert load(path).network.layers[0].weights["x"] == network.layers[0].weights["x"]
    with np.load(tmp_path / "float32.npz") as archive:
        assert archive["W0"].dtype == np.float32


@pytest.mark.parametrize("command", ["emit", "compile"])
def test_the_command_line_says_the_bound_and_what_was_rounded(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.relu").write_text(THIRDS)
    ran = CliRunner().invoke(main, [command, "net.relu", "-o", "small.npz"])
    assert ran.exit_code == 0
    assert "5 weights and biases rounded to float64; .relu is exact" in ran.stderr
    assert "code: at most 1." in ran.stdout
    Path("net.relu").write_text(HALVES)
    ran = CliRunner().invoke(main, [command, "net.relu", "-o", "small.npz", "--force"])
    assert ran.exit_code == 0
    assert "rounded to" not in ran.stderr


def test_a_compiled_model_is_saved_with_a_warning(tmp_path: Path) -> None:
    model = rectifold.compile(net(THIRDS))
    with pytest.warns(UserWarning, match="rounded to float64"):
        (path,) = model.save(tmp_path / "small.npz")
    bound = model.error_bound("npz")
    assert bound is not None
    error = evaluate(load(path).network, [F(1), F(0)])[0] - evaluate(net(THIRDS), [F(1), F(0)])[0]
    assert abs(error) <= F(max(bound))


@pytest.mark.parametrize(
    ("domain", "lost"),
    [
        ("in [0, 1/3]", "an end that is no float"),
        ("in [0, 1e400]", "an end that is no float"),
        ("in [[0, inf], [0, 1]]", "a range without an end"),
        ("in [0, 1]\nassume x[0] + x[1] <= 1", "linear constraints"),
        ("in [0, 1]", None),
        ("", None),
    ],
)
def test_a_domain_that_an_archive_cannot_hold_is_named(
    domain: str, lost: str | None, tmp_path: Path
) -> None:
    (tmp_path / "net.relu").write_text(HALVES.replace("in [0, 1]", domain))
    arguments = ["emit", str(tmp_path / "net.relu"), "-o", str(tmp_path / "small.npz")]
    ran = CliRunner().invoke(main, arguments)
    assert ran.exit_code == 0, ran.output
    note = f"the archive lacks the domain, which has {lost}; .relu keeps it"
    assert (note in ran.stderr) == (lost is not None)
    assert ("lacks the domain" in ran.stderr) == (lost is not None)
    kept = load(tmp_path / "small.npz").network.domain
    assert (kept is not None) == (domain == "in [0, 1]")


@pytest.mark.parametrize(("precision", "weight"), [("float64", "1e400"), ("float32", "1e39")])
def test_a_number_out_of_range_is_refused(precision: str, weight: str, tmp_path: Path) -> None:
    network = net(f"input x[1] in [0, 1]\nh = relu({weight}*x[0])\ny = h/{weight}\noutput y")
    with pytest.raises(InputError, match=f"h has a weight beyond the range of {precision}"):
        rectifold.emit(network, tmp_path / "net.npz", precision=precision)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_chain_is_refused(tmp_path: Path) -> None:
    network = net("input x[1] in [0, 1]\nh = relu(x/3)\ny = h + x\noutput y")
    with pytest.raises(InputError, match="layer h cannot be written as .npz"):
        rectifold.emit(network, tmp_path / "net.npz")
