"""The page of the papers' figures: what it counts, and a small one made from the digits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import numpy as np
import pytest

from rectifold.data.samples import Samples
from rectifold.errors import InputError
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_points
from support import float_network, module_of, net

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = ROOT / "benchmarks"
Load = Callable[[str], ModuleType]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Imports a file of the benchmarks, which find each other beside them."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return lambda name: module_of(BENCHMARKS / f"{name}.py")


def test_a_network_on_a_triangle_has_the_exact_values_of_the_network_there(load: Load) -> None:
    network = float_network(3, 4, 6, 5, 2)
    corners = [[0.1, 0.2, 0.3, 0.4], [0.9, 0.0, 1.0, 0.5], [0.25, 1.0, 0.7, 0.0]]
    flat = load("papers_slices").on_triangle(network, corners)
    assert flat.domain.contains([Fraction(1, 3), Fraction(2, 3)])
    assert not flat.domain.contains([Fraction(1, 2), Fraction(2, 3)])
    places = [
        (Fraction(0), Fraction(0)),
        (Fraction(1, 3), Fraction(2, 7)),
        (Fraction(0), Fraction(1)),
    ]
    exact = [[Fraction(v) for v in corner] for corner in corners]
    points = [
        [a + s * (b - a) + t * (c - a) for a, b, c in zip(*exact, strict=True)] for s, t in places
    ]
    assert evaluate_points(flat, [list(place) for place in places]) == evaluate_points(
        network, points
    )


def test_units_removed_by_zeros_and_by_proof_are_counted_apart(load: Load) -> None:
    network = net(
        """
        input x[2] in [0, 1]
        h = relu([[1, 1], [0, 0], [2, -1], [-1, -1]] @ x + [0, 1, 0, 0])
        k = relu([[1, 1, 0, 1], [0, 0, 1, 0]] @ h + [-2, 0])
        output [[1, 0], [2, 0]] @ k
        """
    )
    # unit 1 of h reads zeros, unit 1 of k is read with 0, and unit 2 of h by that one alone; unit 3
    # of h is never active
    samples = Samples(np.array([[0.5, 1.0], [1.0, 0.0]]), np.array([1, 1]), (2,), "two")
    found = load("papers_measures").compressed(
        network, load("papers_training").Data(samples, samples)
    )
    assert found.by[:2] == (3, 2)
    assert found.removed == (4, 1)
    assert (found.accuracy, found.changed, found.verdict) == (50.0, 0, "holds")


def test_regions_and_units_of_one_phase_are_counted_together(load: Load) -> None:
    network = net(
        """
        input x[1] in [0, 1]
        h = relu([[1], [1], [-1]] @ x + [1, -1/2, 0])
        output [[1, 1, 1]] @ h
        """
    )
    found = load("papers_measures").counted(network, Domain.cube(0, 1, 1))
    assert (found.regions, found.stable, found.complete) == (2, 2, True)


def test_a_row_that_cannot_be_measured_says_why(load: Load) -> None:
    def fail() -> list[str]:
        raise InputError("training needs PyTorch | really")

    attempted = load("papers_bench").attempted
    reason = "not measured: training needs PyTorch / really"
    assert attempted("λ = 0", 4, fail) == ["λ = 0", reason, "", ""]
    assert attempted("λ = 0", 3, lambda: ["1", "2"]) == ["λ = 0", "1", "2"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / "papers.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_page_needs_data() -> None:
    done = run()
    assert done.returncode == 2
    assert "--data" in done.stderr


def test_a_small_page_is_made_from_the_digits_and_made_again_without_training(
    tmp_path: Path,
) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    page, work = tmp_path / "papers.md", str(tmp_path / "work")
    done = run("--quick", "--work", work, "--output", str(page))
    assert done.returncode == 0, done.stderr
    text, picture = page.read_text("utf-8"), (tmp_path / "papers.svg").read_bytes()
    assert text.count("\n## ") == 5
    assert "not measured" not in text
    assert "confirms 4 of the results. After it 0 of the test samples" in " ".join(text.split())
    assert len(list(ElementTree.fromstring(picture).iter())) > 10
    again = run("--quick", "--work", work, "--output", str(page))
    assert "trained" not in again.stderr
    assert (page.read_text("utf-8"), (tmp_path / "papers.svg").read_bytes()) == (text, picture)
