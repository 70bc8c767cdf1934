"""The script that runs every format: a sample finds nothing, and a wrong output is found."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest

from support import module_of

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "targets.py"


@pytest.fixture(scope="module")
def campaign() -> ModuleType:
    return module_of(SCRIPT)


@pytest.mark.parametrize(
    ("chosen", "precision"),
    [
        ("python", "float64"),
        ("numpy", "float32"),
        ("c", "mixed"),
        ("c-int16", "float64"),
        ("js", "mixed"),
        ("rust", "float32"),
        ("lp", "float64"),
    ],
)
def test_a_sample_finds_no_error_above_its_bound(
    campaign: ModuleType, chosen: str, precision: str
) -> None:
    tallies = campaign.examine(chosen, precision, 6, 0)
    if chosen == "python":
        assert tallies
    for tally in tallies:
        assert tally.wrong == []
        assert (tally.written, tally.points) == (6, 36)


def test_what_is_wrong_is_found(campaign: ModuleType) -> None:
    tally = campaign.Tally("here")
    third = Fraction(1, 3)
    case = campaign.Case(Path("net0.py"), [[0.5], [1.0]], [[third], [third]], (1e-7,))
    campaign.compare(case, [[1 / 3], [1 / 3 + 1e-6]], 0.0, tally)
    campaign.compare(case, [[float("nan")], [1 / 3]], 0.0, tally)
    assert [line.partition(" at ")[0] for line in tally.wrong] == ["here, net0.py"] * 2
    assert "off by 1e-06 where 1e-07 is allowed" in tally.wrong[0]
    assert "nan" in tally.wrong[1]
