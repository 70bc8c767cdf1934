"""What newcomers try first: it works, or the message says what does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rectifold
from rectifold.errors import InputError

NETWORK = rectifold.parse("input x[2] in [0, 1]\noutput relu([[1, 1]] @ x)\n", "sum")
BARE = rectifold.parse("input x[2]\noutput relu([[1, 1]] @ x)\n", "bare")


@pytest.mark.parametrize(
    ("function", "given", "words"),
    [
        (rectifold.compile, {"jobs": 2}, r"compile\(\) .* limits=rectifold.Limits\(jobs=...\)"),
        (rectifold.compile, {"skips": True}, r"given as options=rectifold.Options\(skips=...\)"),
        (rectifold.prove, {"verbose": 1}, r"prove\(\) has no keyword 'verbose'; its keywords are"),
        (rectifold.regions, {"verbose": 1}, r"regions\(\) has no keyword 'verbose'"),
        (rectifold.shallow, {"verbose": 1}, r"shallow\(\) has no keyword 'verbose'"),
    ],
)
def test_an_unknown_keyword_is_refused(function: Any, given: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        function(NETWORK, **given)


def test_an_unknown_keyword_is_refused_of_what_has_no_choices(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"compare\(\) has no keyword 'tolerance'"):
        rectifold.compare(NETWORK, NETWORK, tolerance=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"emit\(\) has no keyword 'overwrite'"):
        rectifold.emit(NETWORK, tmp_path / "a.relu", overwrite=True)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"evaluate\(\) has no keyword 'exact'"):
        rectifold.evaluate(NETWORK, [0, 0], exact=True)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"limits": 5}, r"limits= is 5; a rectifold.Limits\(...\) is expected"),
        ({"options": "units"}, r"options= is 'units'; a rectifold.Options\(...\) is expected"),
        ({"prover": "fast"}, "prover= is 'fast'; one of 'auto', 'bounds', 'z3' is expected"),
    ],
)
def test_a_value_of_no_meaning_is_refused(given: Mapping[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        rectifold.compile(NETWORK, **given)


def test_an_unknown_objective_is_refused() -> None:
    with pytest.raises(InputError, match="objective= is 'bytes'; one of 'macs', 'weights', 'uni"):
        rectifold.Options(objective="bytes")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("suffix", "words"), [("pt", "PyTorch"), ("keras", "Keras"), ("pkl", "its library")]
)
def test_files_of_objects_are_not_read(suffix: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / f"model.{suffix}"
    path.write_bytes(b"")
    with pytest.raises(InputError, match=rf"into rectifold.compile, once {words} has loaded it"):
        rectifold.compile(path)


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(InputError, match="kind= is 'magic'; one of 'exact', "):
        rectifold.shallow(NETWORK, kind="magic")  # type: ignore[arg-type]


def test_a_class_is_no_model() -> None:
    with pytest.raises(InputError, match="^Network is a class; give an object of it"):
        rectifold.compile(rectifold.Network)


def test_weights_by_name_say_no_order() -> None:
    weights = {"0.weight": np.eye(2), "0.bias": np.zeros(2)}
    with pytest.raises(InputError, match="a dict of 0.weight, 0.bias, ... says no order of layers"):
        rectifold.compile(weights, (0, 1))


def test_one_size_is_a_shape_and_a_word_is_none() -> None:
    onnx = rectifold.compile(NETWORK).to_onnx()
    assert rectifold.prove(onnx, (0, 1), input_shape=2).complete
    with pytest.raises(InputError, match=r"input_shape= is '2'; sizes are expected"):
        rectifold.prove(onnx, (0, 1), input_shape="2")  # type: ignore[arg-type]


def test_a_shape_that_is_not_the_models_is_refused(tmp_path: Path) -> None:
    for model in (NETWORK, rectifold.compile(NETWORK).to_onnx()):
        message = r"input_shape= is \(7,\), but the model's input has the shape \(1, 2\)"
        with pytest.raises(InputError, match=message):
            rectifold.prove(model, (0, 1), input_shape=7)
        with pytest.raises(InputError, match=message):
            rectifold.emit(model, tmp_path / "n.relu", input_shape=7)
        with pytest.raises(InputError, match=message):
            rectifold.evaluate(model, [0, 1], input_shape=7)
        with pytest.raises(InputError, match=message):
            rectifold.compare(model, NETWORK, (0, 1), input_shape=7)
    assert rectifold.prove(NETWORK, (0, 1), input_shape=np.int64(2)).complete  # type: ignore[arg-type]


def test_the_domain_of_a_result_serves_its_comparison() -> None:
    assert isinstance(rectifold.compare(BARE, rectifold.compile(BARE, (0, 1))), rectifold.Equal)


def test_a_suffix_in_capitals_is_the_same(tmp_path: Path) -> None:
    (path,) = rectifold.compile(NETWORK).save(tmp_path / "SUM.ONNX")
    assert path.read_bytes()
    assert rectifold.load(path).network.output_size == 1


@pytest.mark.parametrize(("suffix", "method"), [("pt", "to_torch"), ("pkl", "to_sklearn")])
def test_files_of_other_libraries_name_the_object(suffix: str, method: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"format from 'a.{suffix}'; .* that {method}\(\) of"):
        rectifold.compile(NETWORK).save(tmp_path / f"a.{suffix}")
