"""Weights of C in a file of their own: bound to the source, opened by the caller, or refused."""

from __future__ import annotations

import ctypes
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from c_builds import FLAGS, compiles, library, origin_in, self_test, write_c
from rectifold.emitters.c.code import c_code
from rectifold.emitters.c.statuses import OPENED
from rectifold.errors import InputError
from support import MANY_PARAMETERS, float_network

OK = 0
NOT_OPEN, WRONG_LENGTH, WRONG_WEIGHTS, NOT_ALIGNED, _ = range(3, 3 + len(OPENED))


class Handle(ctypes.Structure):
    """unit_weights."""

    _fields_ = (("data", ctypes.c_void_p),)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    network = float_network(0, *MANY_PARAMETERS)
    return write_c(network, tmp_path_factory.mktemp("side"), "mixed")


@pytest.fixture(scope="module")
def loaded(source: Path) -> ctypes.CDLL:
    return library(source)


def aligned(data: bytes, shift: int = 0) -> tuple[ctypes.Array[Any], int]:
    """The bytes in memory, and their address: a multiple of 16, and `shift`."""
    space = ctypes.create_string_buffer(len(data) + 32)
    at = ctypes.addressof(space)
    at += -at % 16 + shift
    ctypes.memmove(at, data, len(data))
    return space, at


def opened(loaded: ctypes.CDLL, data: bytes, shift: int = 0, length: int | None = None) -> int:
    space, at = aligned(data, shift)
    size = ctypes.c_size_t(len(data) if length is None else length)
    status = int(loaded.unit_open(ctypes.byref(Handle()), ctypes.c_void_p(at), size))
    assert len(space)
    return status


def test_the_self_test_finds_the_file_by_its_name_or_by_the_argument(source: Path) -> None:
    assert "self-test passed" in self_test(source)
    assert "self-test passed" in self_test(source, arguments=["unit_weights.bin"])
    assert "no file of weights" in self_test(source, arguments=["nowhere.bin"])
    assert "refused (status 4)" in self_test(source, arguments=["unit.h"])


def test_the_file_may_be_compiled_in(source: Path) -> None:
    other = source.parent.parent / "elsewhere"
    other.mkdir()
    (other / "unit.c").write_bytes(source.read_bytes())
    (other / "unit.h").write_bytes(source.with_suffix(".h").read_bytes())
    name = source.with_name("unit_weights.bin")
    if "self-test passed" not in self_test(other / "unit.c", f'-DUNIT_INCBIN="{name}"'):
        pytest.fail("the weights were compiled in, and not found")


def test_what_is_not_the_file_is_refused(source: Path, loaded: ctypes.CDLL) -> None:
    data = source.with_name("unit_weights.bin").read_bytes()
    assert opened(loaded, data) == OK
    assert opened(loaded, data + b"0") == WRONG_LENGTH
    assert opened(loaded, data, length=len(data) - 1) == WRONG_LENGTH
    assert opened(loaded, data, shift=4) == NOT_ALIGNED
    for place in (0, 1, len(data) // 2, len(data) - 1):
        damaged = bytearray(data)
        damaged[place] ^= 1
        assert opened(loaded, bytes(damaged)) == WRONG_WEIGHTS
    none = loaded.unit_open(ctypes.byref(Handle()), None, ctypes.c_size_t(len(data)))
    assert none == WRONG_LENGTH


def test_nothing_is_evaluated_before_the_weights_are_opened(loaded: ctypes.CDLL) -> None:
    x, y = (ctypes.c_double * MANY_PARAMETERS[0])(), (ctypes.c_double * 9)()
    assert loaded.unit_evaluate(ctypes.byref(Handle()), x, y) == NOT_OPEN
    assert loaded.unit_evaluate(None, x, y) == NOT_OPEN
    assert loaded.unit_evaluate_batch(None, x, y, ctypes.c_size_t(1)) == NOT_OPEN


def test_the_file_holds_what_the_text_would(source: Path) -> None:
    data = np.frombuffer(source.with_name("unit_weights.bin").read_bytes(), "<f4")
    weight = float_network(0, *MANY_PARAMETERS).layers[0].weights["x"].approximation[0]
    assert set(weight.astype(np.float32).ravel().tolist()) <= set(data.tolist())


def test_a_mix_of_source_and_header_does_not_compile_nor_other_weights_open(
    source: Path, tmp_path: Path
) -> None:
    other = write_c(float_network(1, *MANY_PARAMETERS), tmp_path, "mixed")
    weights = str(source.with_name("unit_weights.bin"))
    assert "refused (status 5)" in self_test(other, arguments=[weights])
    (tmp_path / "unit.h").write_bytes(source.with_suffix(".h").read_bytes())
    result = compiles(other, *FLAGS)
    assert result.returncode != 0
    assert "its source are not of one network; emit them again" in result.stderr


def test_many_parameters_do_not_fit_one_file() -> None:
    network = float_network(0, *MANY_PARAMETERS)
    origin = replace(origin_in(network, "mixed"), single_file=True)
    with pytest.raises(InputError, match=r"numbers, and weights are written into the text up to"):
        c_code(network, origin, "unit.c")
