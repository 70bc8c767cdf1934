"""A sample of benchmarks/onnx_campaign.py: random graphs over every operator, read right or refused
in one clean line.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from onnx_graphs.graphs import NAMES, case
from onnx_graphs.judge import judge
from rectifold.formats.onnx.operators import OPERATORS

BLOCK, TRIES = 10, 40


@pytest.mark.parametrize("start", range(0, 150, BLOCK))
def test_random_graphs_are_read_right_or_refused_in_one_line(start: int, tmp_path: Path) -> None:
    for seed in range(start, start + BLOCK):
        found = judge(case(seed), tmp_path)
        assert not found.is_fault, f"seed {seed}: {found.outcome}: {found.detail}"


def test_every_operator_has_a_generator() -> None:
    assert {name for _, name in OPERATORS} <= {name.split(" ")[0] for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_no_operator_is_refused_always(name: str, tmp_path: Path) -> None:
    """Some graph about it is read, and right."""
    assert any(
        judge(case(seed, name), tmp_path).outcome in ("right", "rounded") for seed in range(TRIES)
    )
