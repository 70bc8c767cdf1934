"""Files that are run in batches, by libraries and by compilers, stay within their bounds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from rectifold.emitters.observed.reference import Source
from rectifold.emitters.table import FORMATS
from rectifold.ir.domain import Domain
from support import float_network, module_of

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "code_errors.py"
BOX = Domain((Fraction(-1),) * 20, (Fraction(1, 3),) * 20)


@pytest.fixture(scope="module")
def campaign() -> ModuleType:
    return module_of(SCRIPT)


@pytest.mark.parametrize(
    ("chosen", "precision"),
    [
        ("numpy", "float64"),
        ("numpy", "float32"),
        ("onnx", "float32"),
        ("onnx64", "float64"),
        ("c", "mixed"),
        ("c", "float32"),
    ],
)
def test_libraries_and_compilers_stay_within_the_bound(
    campaign: ModuleType, chosen: str, precision: str, tmp_path: Path
) -> None:
    network = float_network(5, 20, 40, 30, 3).with_domain(BOX)
    source = Source.of(network, 5)
    assert source is not None
    assert precision in FORMATS[chosen].precisions
    these = list(campaign.targets(network, BOX, chosen, precision, tmp_path))
    if not these:
        pytest.skip(f"nothing here runs {chosen}")
    for one, (seen, share) in zip(
        these, campaign.largest_errors(source, BOX, these, 2000), strict=True
    ):
        assert 0 < seen <= one.bound.max()
        assert 0 < share <= 1, one.label
    small = replace(these[0], bound=these[0].bound * 1e-9)
    assert campaign.largest_errors(source, BOX, [small], 1000)[0][1] > 1
    assert np.isfinite(small.bound).all()
