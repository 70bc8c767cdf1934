"""Emitted code at extreme magnitudes stays within its bound; what may overflow is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from click.testing import CliRunner

from rectifold.bounds.code_error import code_error, rounding_error
from rectifold.cli.main import main
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate
from support import module_of, net

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "code_bounds.py"


@pytest.fixture(scope="module")
def campaign() -> ModuleType:
    return module_of(SCRIPT)


def test_a_sample_of_the_campaign_finds_no_error_above_its_bound(campaign: ModuleType) -> None:
    tallies = campaign.campaign(0, 40, 20)
    assert [line for tally in tallies.values() for line in tally.wrong] == []
    assert tallies["python"].written > 20
    assert 2.0**-1060 * float(len(tallies)) > 0  # this thread still has subnormal numbers
    assert all(tally.written + tally.refused > 0 for tally in tallies.values())


def test_the_campaign_finds_a_bound_that_is_too_small(campaign: ModuleType) -> None:
    tally = campaign.Tally()
    campaign.compare(
        "here", [1.0, np.inf], [Fraction(1) + Fraction(1, 10**6), Fraction(0)], (1e-7, 1.0), tally
    )
    assert tally.wrong == ["here: off by 10 times the bound 1e-07", "here: inf"]


SUBNORMAL = """
    input x[1] in [-1e6, 1e6]
    h = relu([[1e-43], [-3e-46]] @ x)
    y = [[1e36, 0], [0, 1e38]] @ h
    output y
"""


def test_the_float32_bound_covers_weights_and_values_that_underflow() -> None:
    network = net(SUBNORMAL)
    assert network.domain is not None
    bound = code_error(network, network.domain, None, "float32").tolist()
    exact = evaluate(network, [Fraction(10) ** 6])
    assert exact[0] == Fraction(1, 10)
    flushed = [Fraction(0), Fraction(0)]  # as on a processor that replaces subnormal numbers by 0
    weight = Fraction(float(np.float32(1e-43)))
    gradual = [weight * 10**6 * Fraction(float(np.float32(1e36))), Fraction(0)]
    for got in (flushed, gradual):
        assert all(abs(a - b) <= Fraction(c) for a, b, c in zip(got, exact, bound, strict=True))
    assert code_error(network, network.domain, None, "float64")[0] < 1e-15


@pytest.mark.parametrize(
    ("text", "layer"),
    [
        ("h = relu([[1e30]] @ x)\ny = 1e-30*h[0]", "h"),  # the value
        (
            "h = relu([[1e9], [2e9]] @ x)\ny = [[2e29, -1e29]] @ h",
            "y",
        ),  # a partial sum, not the result
        ("h = relu(x)\ny = 3e38*h[0] + 2e38", "y"),
    ],
)
def test_what_may_overflow_has_no_bound_in_float32_and_is_named(text: str, layer: str) -> None:
    network = net(f"input x[1] in [0, 1e9]\n{text}\noutput y")
    assert network.domain is not None
    found = rounding_error(network, network.domain, None, "float32")
    assert found.overflow == layer
    assert np.isinf(found.per_output).all()
    assert rounding_error(network, network.domain, None, "float64").overflow is None


def test_values_just_inside_the_range_have_a_bound() -> None:
    network = net("input x[1] in [0, 1]\ny = 3.4e38*x[0]\noutput y")
    assert network.domain is not None
    found = rounding_error(network, network.domain, None, "float32")
    assert found.overflow is None
    assert np.isfinite(found.per_output).all()
    assert (
        rounding_error(network, Domain.everywhere(1), None, "float32").overflow is None
    )  # unbounded is no overflow


@pytest.mark.parametrize(("precision", "kind"), [("float64", np.float64), ("float32", np.float32)])
def test_a_point_on_a_rounded_end_is_compared_with_the_exact_end(
    precision: str, kind: type[np.floating]
) -> None:
    network = net("input x[1] in [0, 1/10]\ny = 1000*x[0]\noutput y")
    assert network.domain is not None
    (bound,) = code_error(network, network.domain, None, precision)
    got = Fraction(float(kind(1000) * kind(0.1)))
    assert Fraction(float(kind(0.1))) > Fraction(1, 10)
    assert abs(got - 100) <= Fraction(bound)
    inside = net(f"input x[1] in [0, 0.1f{precision[-2:]}]\ny = 1000*x[0]\noutput y")
    assert bound > code_error(inside, inside.domain or Domain.everywhere(1), None, precision)[0]


@pytest.mark.parametrize("command", ["emit", "compile", "shallow"])
@pytest.mark.parametrize("name", ["o.onnx", "o.py"])
def test_a_format_that_may_overflow_is_refused_with_the_remedy(
    command: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    size = "1e200" if name == "o.py" else "1e30"
    Path("net.relu").write_text(f"input x[1] in [-{size}, {size}]\ny = {size}*relu(x)\noutput y\n")
    result = CliRunner().invoke(main, [command, "net.relu", "-o", name])
    assert result.exit_code == 2
    assert "may exceed the range of float" in result.stderr
    assert ("--to onnx64" if name == "o.onnx" else "write .relu, which is exact") in result.stderr
    assert not Path(name).exists()
    assert CliRunner().invoke(main, [command, "net.relu", "-o", "o.relu"]).exit_code == 0
