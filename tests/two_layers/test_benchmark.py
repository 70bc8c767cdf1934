"""The benchmarks of exact forms print whole rows, and say why there is no certificate."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from rectifold.ir.network import Network
from support import module_of, net

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
LARGER = "network n\ninput x[2] in [-1, 1]\ny = max(x[0], x[1])\noutput y"


@pytest.fixture(scope="module")
def cells() -> ModuleType:
    return module_of(BENCHMARKS / "shallow_cells.py")


@pytest.fixture(scope="module")
def pair() -> tuple[Network, Network]:
    other = "x[0]/2 + x[1]/2 + relu(x[0] - x[1])/2 + relu(x[1] - x[0])/2"
    return net(LARGER), net(LARGER.replace("max(x[0], x[1])", other))


@pytest.mark.parametrize(
    ("script", "chosen", "name", "units"),
    [
        ("shallow.py", ["--only", "3-3-3-3-1"], "3-3-3-3-1 no biases", "5-4"),
        ("shallow_wide.py", ["tournament 6"], "tournament 6 inputs", "6-4-2"),
    ],
)
def test_a_row_ends_with_a_certificate_that_holds(
    script: str, chosen: list[str], name: str, units: str
) -> None:
    command = [sys.executable, str(BENCHMARKS / script), *chosen]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    _, row = done.stdout.splitlines()
    assert row.startswith(name)
    assert units in row.split()
    assert row.split()[-2] == "holds"


def test_equal_networks_are_compared_on_one_cell(
    cells: ModuleType, pair: tuple[Network, Network]
) -> None:
    assert cells.compared(*pair, cells.Limit(9)).split()[:2] == ["1", "holds"]
    assert cells.compared(*pair, cells.Limit(0)).strip() == "not made"


def test_what_ended_a_comparison_is_told(cells: ModuleType, pair: tuple[Network, Network]) -> None:
    network, form = pair
    assert cells.compared(network, form, cells.Limit(9, 0.0)).startswith("more than 0, 0 % in ")
    higher = net(LARGER.replace("y = ", "y = 1/4 + "))
    assert cells.compared(network, higher, cells.Limit(9)).startswith("DIFFER by 0.25 at (")
