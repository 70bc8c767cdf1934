"""Networks written as ONNX: other programs compute the same, and reading one again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conftest import OnnxRun
from onnx_models import imported
from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.formats.float_range import rounded_parameters
from rectifold.formats.onnx_writer import onnx_bytes
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_float
from rectifold.ir.network import Layer, Network
from support import net, random_network


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_export_agrees_with_the_reference(precision: str, onnx_run: OnnxRun) -> None:
    kind = np.float32 if precision == "float32" else np.float64
    for seed in range(25):
        network = random_network(seed)
        x = np.linspace(-1, 1, network.input_size).reshape(1, -1).astype(kind)
        ours = evaluate_float(network, x[0].astype(np.float64))
        theirs = onnx_run(onnx_bytes(network, precision), x)[0]
        scale = 1 + np.abs(ours).max()
        assert np.abs(ours - theirs).max() <= scale * (1e-4 if precision == "float32" else 1e-12)


def test_export_of_a_constant_network_and_import_again(onnx_run: OnnxRun, tmp_path: Path) -> None:
    constant = Network(
        "x", 2, [Layer("y", "linear", Matrix.column([7]), {})], "y", Domain.cube(0, 1, 2)
    )
    again, _ = imported(onnx_bytes(constant, "float64"), tmp_path)
    assert again.input_size == 2
    assert onnx_run(onnx_bytes(constant), np.zeros((1, 2), dtype=np.float32)).ravel().tolist() == [
        7.0
    ]


def test_rounded_parameters_are_counted_and_overflow_is_refused() -> None:
    network = net("input x[2] in [0, 1]\ny = [1/3, 0.1f64] @ x + 0.5\noutput y")
    assert rounded_parameters(network, "float64") == 1
    assert rounded_parameters(network, "float32") == 2
    huge = net("input x[1] in [0, 1]\ny = 1e300*x\noutput y")
    with pytest.raises(InputError, match="beyond the range of float32"):
        onnx_bytes(huge)
