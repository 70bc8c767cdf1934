"""Tails in integer code: what only compares is written, anything else is refused with a remedy."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from c_builds import compiler
from onnx_models import node
from onnx_tails import made
from rectifold.emitters.header import Origin
from rectifold.emitters.integer.tail import compared_steps
from rectifold.emitters.table import FORMATS, drop_in_format
from rectifold.errors import InputError
from rectifold.formats.interface import Interface
from rectifold.formats.onnx.reader import read_model
from rectifold.integers.choose import certified_integers
from rectifold.integers.words import SHORT
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Domain

SOFTMAX = node("Softmax", ["h"], "p", axis=1)
ARGMAX = [SOFTMAX, node("ArgMax", ["p"], axis=1, keepdims=0)]
LABELS = [
    node("ArgMin", ["h"], "i", axis=1, keepdims=0),
    node("ArrayFeatureExtractor", ["labels", "i"], "l", domain="ai.onnx.ml"),
    node("Reshape", ["l", "flat"]),
]


def interface_of(tail: list[Any], labels: list[int]) -> Interface:
    flat = np.array([-1], dtype=np.int64)
    model = made(tail, ["y"], {"labels": np.array(labels, dtype=np.int64), "flat": flat})
    return read_model(model, "net").interface


def test_a_softmax_before_an_argmax_changes_no_order() -> None:
    assert [step.function for step in compared_steps(interface_of(ARGMAX, [0]))] == ["argmax"]


@pytest.mark.parametrize(
    ("tail", "labels"), [([node("Softmax", ["h"], "y", axis=1)], [0]), (LABELS, [2**40, 1, 2])]
)
def test_a_tail_of_more_than_comparisons_is_refused(tail: list[Any], labels: list[int]) -> None:
    with pytest.raises(
        InputError,
        match="only argmax, argmin and labels of 32 bits.*until=.* C, JavaScript, Python, ",
    ):
        drop_in_format("c-int16", interface_of(tail, labels))


@pytest.mark.parametrize(("tail", "best"), [(ARGMAX, np.argmax), (LABELS, np.argmin)])
def test_predict_compares_the_integers_of_the_code(
    tmp_path: Path, tail: list[Any], best: Any
) -> None:
    flat = np.array([-1], dtype=np.int64)
    labels = np.array([7, -3, 100000], dtype=np.int64)
    model = made(tail, ["y"], {"labels": labels, "flat": flat})
    network = read_model(model, "net").network.with_domain(Domain.cube(-1, 1, 2))
    known = certified_integers(network, network.domain, [SHORT])
    interface = read_model(model, "net").interface
    origin = Origin(digest(network), network.sizes, interface=interface, integers=known)
    for name, data in FORMATS["c-int16"].emit(network, origin, "unit.c").files.items():
        (tmp_path / name).write_bytes(data)
    library = tmp_path / "unit.so"
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic"]
    subprocess.run(
        [compiler(), *flags, "-shared", "-fPIC", "-o", str(library), str(tmp_path / "unit.c")],
        check=True,
    )
    code, random = ctypes.CDLL(str(library)), np.random.default_rng(0)
    for point in random.integers(known.code.lower, known.code.upper, (20, 2)).tolist():
        x, z = (ctypes.c_int16 * 2)(*point), (ctypes.c_int32 * 1)()
        assert code.unit_predict(x, z) == 0
        place = int(best(known.code.evaluate(point)))
        assert z[0] == (place if tail is ARGMAX else labels[place])
