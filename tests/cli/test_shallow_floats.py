"""Exact forms of ordinary deep networks fit single precision, and their code is as near as it says.

The networks are seeded; what is written is run by onnxruntime and compared with the exact network.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from rectifold.cli.main import main
from rectifold.exact.numerals import at_most
from rectifold.formats.load import load
from rectifold.ir.evaluate import evaluate
from rectifold.language.printer import print_network
from support import float_network

Runs = Callable[[bytes, Any], Any]  # an ONNX model's bytes and a float32 array, to outputs


@pytest.mark.parametrize("sizes", [(2, 8, 8, 8, 1), (3, 4, 4, 4, 2)])
def test_the_onnx_form_of_a_deep_network_keeps_its_printed_bound(
    sizes: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, onnx_run: Runs
) -> None:
    monkeypatch.chdir(tmp_path)
    network = float_network(1, *sizes)
    Path("deep.relu").write_text(print_network(network))
    arguments = ["shallow", "deep.relu", "--kind", "exact", "-o", "two.onnx"]
    done = CliRunner().invoke(main, [*arguments, "--json", "told.json"])
    assert done.exit_code == 0, done.output
    told = json.loads(Path("told.json").read_text())
    bound = told["error_bound"]
    assert 0 < bound < 1e-2
    said = f"rounding of the written code: at most {at_most(bound, 3)} on the domain, per output"
    assert said in done.output
    assert len(load("two.onnx").network.relu_layers) == 2
    model, random = Path("two.onnx").read_bytes(), Random(3)
    for _ in range(20):
        point = [Fraction(random.randint(-(2**12), 2**12), 2**12) for _ in range(sizes[0])]
        x = np.array([[float(v) for v in point]], dtype=np.float32)  # dyadic: nothing is rounded
        computed = np.asarray(onnx_run(model, x)).reshape(-1).tolist()
        for ours, exact in zip(computed, evaluate(network, point), strict=True):
            assert abs(Fraction(ours) - exact) <= bound
