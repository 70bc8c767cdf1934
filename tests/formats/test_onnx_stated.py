"""The domain that an ONNX model states of itself, and files of trained chains."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

from rectifold.cli.main import main
from rectifold.errors import InputError
from rectifold.formats.load import load, read_domain
from rectifold.formats.onnx.stated import state_domain, stated_domain
from rectifold.formats.onnx_trained import TrainedLayer, read_back, trained_model
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.evaluate import evaluate

FIRST = TrainedLayer(
    np.array([[1, -1], [2, 1], [-1, -1]], dtype=np.float32), np.array([0, 1, 0], dtype=np.float32)
)
LAST = TrainedLayer(np.array([[1, 0.5, 3]], dtype=np.float32), np.array([0.25], dtype=np.float32))
UNIT = Domain.cube(0, 1, 2)
UNEVEN = Domain((Fraction(-1, 3), None), (Fraction(2), None))


def written(domain: Domain) -> bytes:
    return trained_model([FIRST, LAST], (2,), domain, "small", "a note")


@pytest.mark.parametrize("domain", [UNIT, UNEVEN], ids=["a cube", "ranges without ends"])
def test_a_stated_domain_is_read_back_exactly(domain: Domain) -> None:
    assert read_back(written(domain), "small").domain == domain


def test_a_model_without_an_entry_states_none(tmp_path: Path) -> None:
    model = onnx.load_model_from_string(written(UNIT))
    del model.metadata_props[:]
    assert stated_domain(model, 2) is None


def test_constraints_are_no_part_of_an_entry_and_then_none_is_stated() -> None:
    model = onnx.load_model_from_string(written(UNIT))
    cut = Domain(UNIT.lower, UNIT.upper, (Constraint((Fraction(1), Fraction(1)), Fraction(1)),))
    state_domain(model, cut)
    assert stated_domain(model, 2) is None


@pytest.mark.parametrize("text", ["[[0, 1]]", "everything", "[1, 0]", "[" * 200, ""])
def test_an_entry_that_is_no_box_is_refused(tmp_path: Path, text: str) -> None:
    model = onnx.load_model_from_string(written(UNIT))
    model.metadata_props[0].value = text
    path = tmp_path / "net.onnx"
    onnx.save(model, path)
    with pytest.raises(InputError, match="the entry 'rectifold.domain', which is no box of 2 inp"):
        load(path)


def test_another_network_may_take_the_domain_of_a_model(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(written(UNEVEN))
    assert read_domain(str(path), load(path).network) == UNEVEN


@pytest.mark.parametrize(
    ("options", "expected"),
    [([], UNIT), (["--domain", "[0,1/2]"], Domain.cube(0, Fraction(1, 2), 2))],
)
def test_a_compiled_model_states_the_domain_on_which_it_is_equal(
    tmp_path: Path, options: list[str], expected: Domain
) -> None:
    source, target = tmp_path / "net.onnx", tmp_path / "small.onnx"
    source.write_bytes(written(UNIT))
    result = CliRunner().invoke(main, ["compile", str(source), "-o", str(target), *options])
    assert result.exit_code == 0, result.output
    assert load(target).network.domain == expected
    assert load(target).network.hidden_sizes() == [2]


def test_a_dense_chain_is_the_function_of_its_weights() -> None:
    network = read_back(written(UNIT), "small")
    assert network.shape_text() == "2-3-1"
    assert evaluate(network, [Fraction(1), Fraction(1, 2)]) == [
        Fraction(1, 2) + Fraction(7, 4) + Fraction(1, 4)
    ]


def test_a_convolution_is_read_as_it_is_written() -> None:
    kernel = np.zeros((1, 1, 3, 3), dtype=np.float32)
    kernel[0, 0, 1, 1] = 2  # twice the pixel itself
    layers = [
        TrainedLayer(kernel, np.zeros(1, dtype=np.float32), stride=2, padding=1),
        TrainedLayer(np.ones((1, 4), dtype=np.float32), np.zeros(1, dtype=np.float32)),
    ]
    network = read_back(trained_model(layers, (1, 4, 4), Domain.cube(0, 1, 16), "c", ""), "c")
    pixels = [Fraction(k) for k in range(16)]
    assert network.shape_text() == "16-4-1"
    assert evaluate(network, pixels) == [2 * (0 + 2 + 8 + 10)]
