"""Every model of a real exporter is read as the function that its library computes, or refused.

The values of the network are compared with those of the library within the bound of the crosscheck:
64 standard deviations of the rounding of the model's floats.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exporters.case import Array, Case, Made
from exporters.models import CASES
from rectifold.errors import InputError
from rectifold.formats.load import Loaded, load
from rectifold.formats.onnx.floats import Rounded, Rounding, Trace

_DEVIATIONS = 64
_ROUNDINGS = {
    "float64": Rounding(2.0**-53, 2.0**-1022),
    "float32": Rounding(2.0**-24, 2.0**-126),
    "float16": Rounding(2.0**-11, 2.0**-24),
    "bfloat16": Rounding(2.0**-8, 2.0**-126),
}


def _made(case: Case, folder: Path) -> Made:
    if case.missing:
        pytest.skip(f"not installed: {', '.join(case.missing)}")
    return case.make(folder)


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.expected.outcome == "read"], ids=lambda c: c.name
)
def test_a_model_is_read_as_what_its_library_computes(case: Case, tmp_path: Path) -> None:
    made = _made(case, tmp_path)
    loaded = load(made.path)
    assert not [note for note in loaded.notes if "not compared" in note]
    points, theirs = _library_values(made)
    ours = _network_values(loaded, points)
    assert np.all(np.abs(ours.values - theirs) <= _DEVIATIONS * ours.spread)
    assert theirs.std() > 0


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.expected.outcome == "refused"], ids=lambda c: c.name
)
def test_what_is_no_relu_network_is_refused_with_the_remedy(case: Case, tmp_path: Path) -> None:
    made = _made(case, tmp_path)
    with pytest.raises(InputError, match=case.expected.words):
        load(made.path)


def _library_values(made: Made) -> tuple[Array, Array]:
    """(points, outputs) of eight samples, one a row."""
    runs = [made.feed(seed, 1) for seed in range(8)]
    points = [np.concatenate([np.asarray(v, float).ravel() for v in f.values()]) for f in runs]
    outputs = [np.concatenate([np.ravel(y) for y in made.forward(f)]) for f in runs]
    return np.array(points), np.array(outputs, dtype=np.float64)


def _network_values(loaded: Loaded, points: Array) -> Rounded:
    assert loaded.interface is not None
    network = loaded.network
    trace = Trace(_ROUNDINGS[loaded.interface.inputs[0].dtype])
    trace.known[network.input_name] = Rounded(points, np.zeros(points.shape))
    trace.run(network.layers)
    return trace.known[network.output]
