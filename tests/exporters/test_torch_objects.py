"""A module as an object, and its ONNX files of both exporters: one network by two ways."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("onnxscript", reason="the newer exporter of PyTorch needs onnxscript")

from exporters.case import READ
from exporters.torch_models import How, made_module, torch_case
from exporters.torch_table import ROWS, Row
from rectifold.errors import InputError
from rectifold.formats.load import load
from rectifold.ir.evaluate import evaluate
from rectifold.objects.doors import opened

FOLDED = ("dense, BatchNorm", "Conv, BatchNorm, MaxPool", "Hardsigmoid")
"""Here the exporters compute numbers of their own: products rounded to float32, and 1/6."""

FOLDING = 1e-5  # what that changes: some roundings of float32, of values around 1


@pytest.mark.parametrize("dynamo", [True, False], ids=["dynamo", "script"])
@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.expected == READ], ids=lambda r: r.block
)
def test_object_and_file_are_one_network(row: Row, dynamo: bool, tmp_path: Path) -> None:
    case = torch_case(row.block, row.build, row.shape, How(dynamo, 18))
    ours = opened(made_module(row.build), input_shape=row.shape).network
    theirs = load(case.make(tmp_path).path).network
    for point in np.random.default_rng(5).integers(-9, 10, (3, ours.input_size)).tolist():
        x = [Fraction(v, 7) for v in point]
        a, b = evaluate(ours, x), evaluate(theirs, x)
        if row.block in FOLDED:
            assert max(abs(u - v) for u, v in zip(a, b, strict=True)) <= FOLDING
        else:
            assert a == b


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.expected.outcome == "refused"], ids=lambda r: r.block
)
def test_what_files_are_refused_for_objects_are_too(row: Row) -> None:
    with pytest.raises(InputError):
        opened(made_module(row.build), input_shape=row.shape)
