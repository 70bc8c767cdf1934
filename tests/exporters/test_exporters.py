"""Every model of a real exporter is read as the function that its library computes, is compiled,
and its place is taken by what was compiled; or it is refused with the remedy.

The values of the network are compared with those of the library within the bound of the crosscheck:
64 standard deviations of the rounding of the model's floats.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from exporters.case import Case, Made
from exporters.models import CASES
from exporters.swapping import (
    DEVIATIONS,
    bytes_of,
    differences,
    flat_points,
    in_box,
    network_values,
    user_code,
)
from rectifold.cli.main import main
from rectifold.errors import InputError
from rectifold.formats.load import Loaded, load

_RADIUS = 1 / 8  # of the box: exact in every float type, small enough that units are stable


def _chosen(*outcomes: str) -> pytest.MarkDecorator:
    cases = [case for case in CASES if case.expected.outcome in outcomes]
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


def _made(case: Case, folder: Path) -> Made:
    if case.missing:
        pytest.skip(f"not installed: {', '.join(case.missing)}")
    return case.make(folder)


@_chosen("read", "tail")
def test_a_model_is_read_compiled_and_takes_its_place(case: Case, tmp_path: Path) -> None:
    made = _made(case, tmp_path)
    loaded = load(made.path)
    assert loaded.interface is not None
    assert not [note for note in loaded.notes if "not compared" in note]
    assert bool(loaded.interface.tail) == (case.expected.outcome == "tail")
    if case.expected.outcome == "read":
        _check_read(made, loaded)
    _check_swapped(made, loaded, tmp_path / "small" / "model.onnx")


def _check_read(made: Made, loaded: Loaded) -> None:
    """The network computes what the library does, at eight points."""
    for seed in range(8):
        feed = made.feed(seed, 1)
        theirs = np.concatenate([np.ravel(np.asarray(y, float)) for y in made.forward(feed)])
        ours = network_values(loaded, flat_points(feed, 1))
        assert np.all(np.abs(ours.values[0] - theirs) <= DEVIATIONS * ours.spread[0])


def _check_swapped(made: Made, loaded: Loaded, small: Path) -> None:
    """What was compiled runs under the same feed, gives the same, and is not larger."""
    small.parent.mkdir()
    domain = f"[-{_RADIUS}, {_RADIUS}]"
    command = ["compile", str(made.path), "--domain", domain, "-o", str(small), "--quiet"]
    run = CliRunner().invoke(main, command)
    assert run.exit_code == 0, run.output
    rows = 6 if made.any_batch else 1
    for seed in range(3):
        feed = in_box(made, seed, rows, _RADIUS)
        scores = network_values(loaded, flat_points(feed, rows))
        assert differences(user_code(made.path, feed), user_code(small, feed), scores) == []
    assert bytes_of(small) <= bytes_of(made.path)


@_chosen("refused")
def test_what_is_no_relu_network_is_refused_with_the_remedy(case: Case, tmp_path: Path) -> None:
    made = _made(case, tmp_path)
    with pytest.raises(InputError, match=case.expected.words):
        load(made.path)
