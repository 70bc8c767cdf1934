"""Layer lists in JSON: exact, and nothing in them is ignored."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from rectifold.formats.layers_json import LayersError, read_layers_json
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate


def written(path: Path, **changes: Any) -> Path:
    data = {
        "format": "rectifold-layers/1",
        "network": {
            "inputs": 2,
            "layers": [{"W": [["1", "-1/3"]], "b": ["3*2^-1"], "act": "relu"}],
        },
        "domain": {"lo": ["0", "-inf"], "hi": ["1", "1"]},
    }
    for place, value in changes.items():
        *parents, last = place.split("__")
        target: Any = data
        for key in parents:
            target = target[int(key)] if key.isdigit() else target[key]
        target[last] = value
    path.write_text(json.dumps(data))
    return path


def test_a_network_with_its_domain(tmp_path: Path) -> None:
    network, notes = read_layers_json(written(tmp_path / "n.json"))
    assert evaluate(network, [1, 3]) == [Fraction(3, 2)]
    assert network.domain == Domain((Fraction(0), None), (Fraction(1), Fraction(1)))
    assert notes == []


def test_keys_about_the_file_are_named(tmp_path: Path) -> None:
    _, notes = read_layers_json(written(tmp_path / "n.json", title="a title", author="me"))
    assert notes == ["n.json: the keys author, title are not read"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network__stride": 2}, "network: the key 'stride' is not known"),
        ({"network__layers__0__alpha": "0.1"}, "layer 0: the key 'alpha' is not known"),
        ({"domain__constraints": []}, "domain: the key 'constraints' is not known"),
        ({"domain": {"lo": ["0", "0"]}}, "the domain has no hi ends"),
        ({"network__layers__0__b": ["1", "2"]}, "1 row but 2 biases"),
        (
            {"network__layers__0__W": [["1", "1", "1"]]},
            "a row has 3 entries, but the layer below has 2 values",
        ),
        ({"network__layers__0__W": [["1", 1]]}, "is not a number written as a string"),
        ({"network__inputs": True}, "a whole number is expected"),
    ],
)
def test_what_is_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(LayersError, match=message):
        read_layers_json(written(tmp_path / "n.json", **change))


def test_the_older_name_of_the_format_is_read_and_another_is_not(tmp_path: Path) -> None:
    path = tmp_path / "n.json"
    older = read_layers_json(written(path, format="relu-trap/1"))
    assert older == read_layers_json(written(path))
    with pytest.raises(LayersError, match="the format is 'layers/2', expected rectifold-layers/1"):
        read_layers_json(written(path, format="layers/2"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"format": "a", "format": "a"}', "the key 'format' occurs twice"),
        ("[" * 100_000, "nested too deep"),
        ('{"inputs": ' + "1" * 5000 + "}", "no readable JSON"),
        ("{} {}", "no readable JSON"),
        ("[]", "the format is 'list'"),
    ],
)
def test_texts_that_are_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "n.json").write_text(text)
    with pytest.raises(LayersError, match=message):
        read_layers_json(tmp_path / "n.json")
