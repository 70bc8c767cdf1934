"""outputs= and until= as keywords: which values of a model are read."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import onnx
import pytest

import rectifold
from onnx_models import node
from onnx_tails import made
from rectifold.errors import InputError

BOX = ([0, 0], [1, 1])
POINT = [Fraction(1, 2), 1]
ERF = made([node("Erf", ["h"], "e")], ["e"])
TWO = made([node("Sigmoid", ["h"], "s"), node("Neg", ["h"], "n")], ["s", "n"])


@pytest.fixture(params=["model", "file"])
def erf(request: pytest.FixtureRequest, tmp_path: Path) -> object:
    if request.param == "model":
        return ERF
    onnx.save(ERF, tmp_path / "erf.onnx")
    return tmp_path / "erf.onnx"


def test_every_function_cuts_a_model(erf: object, tmp_path: Path) -> None:
    compiled = rectifold.compile(erf, BOX, until="fc2")
    assert compiled.check().status == "holds"
    assert [port.name for port in compiled.to_onnx().graph.output] == ["h"]
    assert rectifold.prove(erf, BOX, until="h").complete
    assert rectifold.regions(erf, BOX, until="h").complete
    assert rectifold.shallow(erf, BOX, until="h").exact
    values = rectifold.evaluate(erf, POINT, until="h")
    assert values == rectifold.evaluate(compiled.network, POINT)
    (path,) = rectifold.emit(erf, tmp_path / "h.relu", until="h")
    assert rectifold.evaluate(path, POINT) == values


def test_compare_cuts_both_models_or_each(erf: object) -> None:
    assert isinstance(rectifold.compare(erf, ERF, BOX, until="h"), rectifold.Equal)
    network = rectifold.compile(erf, BOX, until="h").network
    assert isinstance(rectifold.compare(erf, network, BOX, until=("h", None)), rectifold.Equal)
    assert isinstance(rectifold.compare(network, erf, BOX, until=(None, "h")), rectifold.Equal)


def test_outputs_are_chosen_by_name() -> None:
    values = rectifold.evaluate(TWO, POINT, outputs=["n"])
    assert rectifold.evaluate(TWO, POINT, outputs="n") == values
    chosen = rectifold.compile(TWO, BOX, outputs=["n"])
    assert [port.name for port in chosen.to_onnx().graph.output] == ["n"]
    h = rectifold.compile(TWO, BOX, until="h")
    flipped = rectifold.compare(TWO, h, BOX, outputs=(["n"], ()))
    assert isinstance(flipped, rectifold.Different)


def test_a_file_takes_one_name_too(tmp_path: Path) -> None:
    onnx.save(TWO, tmp_path / "two.onnx")
    assert rectifold.load(tmp_path / "two.onnx", outputs="n").interface is not None


NETWORK = rectifold.parse("input x[2]\noutput relu(x)\n", "plain")


def test_messages_name_the_keyword(erf: object) -> None:
    with pytest.raises(InputError, match=r'it is node \d of \d, .* is read with until="fc2"$'):
        rectifold.compile(erf, BOX)
    with pytest.raises(InputError, match="^until= names 'w', which is no node and no tensor"):
        rectifold.compile(erf, BOX, until="w")
    with pytest.raises(InputError, match="until= and outputs= both say what is read"):
        rectifold.prove(erf, BOX, until="h", outputs=["e"])


@pytest.mark.parametrize("model", [NETWORK, [([[1, 2]], [0])]], ids=["network", "list"])
def test_what_has_no_graph_is_not_cut(model: object) -> None:
    with pytest.raises(InputError, match=r'is read already, .* give a pair: until=\("fc2", None\)'):
        rectifold.compare(ERF, model, BOX, until="h")
    with pytest.raises(InputError, match="is read already, as layers with one output"):
        rectifold.compile(model, BOX, outputs=["y"])


def test_a_pair_of_models_has_two_cuts() -> None:
    with pytest.raises(InputError, match="until= has 3 names for two models"):
        rectifold.compare(ERF, ERF, BOX, until=("h", "h", "h"))  # type: ignore[arg-type]
