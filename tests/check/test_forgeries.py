"""A sample of benchmarks/forgeries.py: what its steps prove is true, and what is false is seen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from support import module_of

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def forgeries(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, which finds the others beside it."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return module_of(BENCHMARKS / "forgeries.py")


def test_a_sample_of_steps_proves_nothing_false() -> None:
    command = [sys.executable, str(BENCHMARKS / "forgeries.py"), "--count", "16", "--seed", "3"]
    done = subprocess.run([*command, "--processes", "1"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {row.split()[0]: row.split()[1:] for row in done.stdout.splitlines()[1:]}
    assert rows.pop("0") == ["false"]
    assert {rule for rule, (_, accepted) in rows.items() if accepted == "0"} <= {"slopes"}


def a_bound(trial: Any) -> None:
    trial.state.learn((0, 1, 0), "up", Fraction(-100))


def a_form(trial: Any) -> None:
    """Of a unit whose value is no constant: that it is one."""
    relu = [k for k, layer in enumerate(trial.state.networks[0].layers, start=1) if layer.is_relu]
    trial.state.forms.solve((0, relu[0], 0), [(Fraction(9999), None)])


def a_bound_of_the_gap(trial: Any) -> None:
    """Of a relu unit of A."""
    relu = [k for k, layer in enumerate(trial.state.networks[0].layers, start=1) if layer.is_relu]
    trial.state.substitution(2).known.learn(relu[0], 0, "lo", Fraction(9999))


@pytest.mark.parametrize("plant", [a_bound, a_form, a_bound_of_the_gap])
def test_what_is_false_is_seen(forgeries: ModuleType, plant: Callable[[Any], None]) -> None:
    trial = next(t for t in map(forgeries.trial_of, range(9)) if t is not None)
    assert not list(forgeries.falsehoods(trial))
    plant(trial)
    assert list(forgeries.falsehoods(trial))


def test_a_false_claim_of_outputs_is_seen(forgeries: ModuleType) -> None:
    found = filter(None, map(forgeries.trial_of, range(40)))
    trial = next(t for t in found if any(t.state.tolerance))
    trial.state.tolerance[:] = [v / 2 for v in trial.state.tolerance]
    assert "apart at" in forgeries.false_claim(trial)
