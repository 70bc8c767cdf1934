"""`rectifold.local`: models and data as people have them, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import rectifold
from local_networks import dense, samples
from rectifold.data import read_samples
from rectifold.errors import InputError

LAYERS = [([[1, -1], [1, 1]], [0, 0.25]), ([[1, 0], [0, 1]], [0, 0])]


def test_labels_come_from_the_data_or_are_given(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", X=np.array([[0.5, 0.25], [0.0, 1.0]]), y=np.array([1, 0]))
    for data in (tmp_path / "d.npz", str(tmp_path / "d.npz"), read_samples(tmp_path / "d.npz")):
        assert [one.label for one in rectifold.local(LAYERS, data, 0)] == [1, 0]
        found = rectifold.local(LAYERS, data, 0, labels=[0, 0])
        assert [one.label for one in found] == [0, 0]
    assert [one.label for one in rectifold.local(LAYERS, [[0, 1]], 0)] == [None]


def test_a_radius_is_exact() -> None:
    assert rectifold.local(LAYERS, [[0, 1]], "1/3").radius == Fraction(1, 3)
    assert rectifold.local(LAYERS, [[0, 1]], Fraction(1, 3)).radius == Fraction(1, 3)
    assert rectifold.local(LAYERS, [[0, 1]], 0.1).radius == Fraction(0.1)


def test_samples_have_any_shape_and_boxes_are_cut_to_the_domain() -> None:
    network, points = dense(3, 4, 6, 3), samples(5, 3)
    flat = rectifold.local(network, points, "1/20", (0, 1))
    images = rectifold.local(network, points.reshape(5, 2, 2), "1/20", "[0,1]")
    assert flat.samples == images.samples
    whole = rectifold.local(network, points, "1/20", (0, 1), clip=False)
    assert [a.kinks <= b.kinks for a, b in zip(flat, whole, strict=True)] == [True] * 5


def test_a_result_of_compile_is_looked_at_as_what_it_holds() -> None:
    compiled = rectifold.compile(LAYERS, (0, 1), certify=False)
    assert len(rectifold.local(compiled, [[0.5, 0.5]], "1/8")) == 1


@pytest.mark.parametrize(
    ("inputs", "radius", "message"),
    [
        ([[1, 2, 3]], 0, r"a sample of inputs has 3 numbers \(shape \(3,\)\), but"),
        ([1, 2], 0, "samples first and then the inputs"),
        ([[1, 2], [3]], 0, "inputs has rows of different lengths"),
        ([["a", "b"]], 0, "numbers up to 64 bits are expected"),
        ([[float("nan"), 0]], 0, "NaN or infinite"),
        ([[0, 0]], "wide", "the radius: "),
        ([[0, 0]], [1, 2], "the radius is 2 numbers; one for all inputs"),
        ([[0, 0]], float("nan"), "the radius is nan"),
        ([[0, 2]], 0, "sample 0 lies outside the domain"),
        ("nothing.npz", 0, "there is no file 'nothing.npz'"),
    ],
)
def test_what_does_not_fit_is_told(inputs: object, radius: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        rectifold.local(LAYERS, inputs, radius, (0, 1))  # type: ignore[arg-type]


def test_an_unknown_keyword_is_told() -> None:
    with pytest.raises(TypeError, match=r"local\(\) has no keyword 'jobs'"):
        rectifold.local(LAYERS, [[0, 0]], 0, jobs=2)  # type: ignore[call-arg]
