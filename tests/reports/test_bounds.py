"""Proved ends as files: what they hold, that they are true, and the same bytes every time."""

from __future__ import annotations

import io
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from rectifold.cli.main import main
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Network
from rectifold.prover.cascade import prove
from rectifold.reports.bounds import bounds_bytes
from support import net, points_of, random_network

TEXT = "input x[2] in [-1, 1]\nh = relu([[1, 2], [1, -1]] @ x)\noutput relu(h[0] - h[1] - 1/4)\n"


def arrays(data: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(data)) as archive:
        return dict(archive)


@pytest.mark.parametrize("seed", range(8))
def test_pre_activations_lie_between_the_ends(seed: int) -> None:
    network = random_network(seed)
    assert network.domain is not None
    facts = prove(network, prover="bounds")
    ends = arrays(bounds_bytes(network, facts, ".npz"))
    for layer in network.relu_layers:
        lower, upper = ends[f"lower/{layer.name}"], ends[f"upper/{layer.name}"]
        linear = [
            v if v.name != layer.name else type(v)(v.name, "linear", v.bias, v.weights)
            for v in network.layers
            if v.name in network.cone(layer.name) | {layer.name}
        ]
        before = Network(network.input_name, network.input_size, linear, layer.name)
        for x in points_of(network.domain, 10, seed):
            for low, z, high in zip(lower, evaluate(before, x), upper, strict=True):
                assert low == -np.inf or Fraction(float(low)) <= z
                assert high == np.inf or z <= Fraction(float(high))


def test_both_formats_say_the_same_and_always_alike() -> None:
    network = net(TEXT)
    facts = prove(network, prover="bounds")
    told = json.loads(bounds_bytes(network, facts, ".json"))
    ends = arrays(bounds_bytes(network, facts, ".npz"))
    assert [v["layer"] for v in told["layers"]] == [v.name for v in network.relu_layers]
    for layer in told["layers"]:
        for side in ("lower", "upper"):
            assert ends[f"{side}/{layer['layer']}"].tolist() == layer[side]
    assert bounds_bytes(network, facts, ".npz") == bounds_bytes(network, facts, ".npz")


def test_ends_without_a_bound_are_null_in_json() -> None:
    network = net("input x[1] in [0, inf]\noutput relu(x[0] - 1)\n")
    told = json.loads(bounds_bytes(network, prove(network, prover="bounds"), ".json"))
    (layer,) = told["layers"]
    assert layer["lower"] == [pytest.approx(-1.0)]
    assert layer["lower"][0] <= -1
    assert layer["upper"] == [None]


def test_the_command_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("n.relu").write_text(TEXT)
    done = CliRunner().invoke(main, ["stability", "n.relu", "--bounds", "b.npz"])
    assert done.exit_code == 0
    assert "wrote b.npz" in done.output
    upper = arrays(Path("b.npz").read_bytes())["upper/h"]
    assert upper == pytest.approx([3.0, 2.0])
    assert (upper >= [3.0, 2.0]).all()
    again = CliRunner().invoke(main, ["stability", "n.relu", "--bounds", "b.npz"])
    assert again.exit_code == 2
    assert "b.npz" in again.output
    wrong = CliRunner().invoke(main, ["stability", "n.relu", "--bounds", "b.csv"])
    assert wrong.exit_code == 2
    assert "bounds are written as .json or .npz, and b.csv is neither" in wrong.output
