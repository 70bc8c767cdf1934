"""Emitted C is written, compiled without a warning, and called."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from rectifold.bounds.code_error import code_error
from rectifold.emitters.c.code import c_code
from rectifold.emitters.header import Origin
from rectifold.ir.canonical import digest
from rectifold.ir.network import Network

FLAGS = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic")
TYPES = {"float32": ctypes.c_float, "mixed": ctypes.c_double, "float64": ctypes.c_double}


def compiler() -> str:
    """A C compiler, or the test is skipped."""
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return name
    pytest.skip("no C compiler is installed")


def origin_in(network: Network, precision: str) -> Origin:
    """With the certified bound, where a domain is known."""
    bound = None
    if network.domain is not None:
        bound = tuple(code_error(network, network.domain, None, precision).tolist())
    return Origin(digest(network), network.sizes, bound, precision=precision)


def write_c(network: Network, folder: Path, precision: str, *, single_file: bool = False) -> Path:
    """The files of unit.c in the folder."""
    origin = replace(origin_in(network, precision), single_file=single_file)
    for name, data in c_code(network, origin, "unit.c").files.items():
        (folder / name).write_bytes(data)
    return folder / "unit.c"


def compiles(source: Path, *flags: str, by: str | None = None) -> subprocess.CompletedProcess[str]:
    """The compiler's answer about an object file beside the source."""
    command = [by or compiler(), *flags, "-c", "-o", str(source.with_suffix(".o")), str(source)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def self_test(source: Path, *flags: str, arguments: Sequence[str] = ()) -> str:
    """What the self-test prints, started beside the source."""
    program = source.with_name("self_test")
    command = [compiler(), *FLAGS, *flags, "-DUNIT_SELF_TEST", "-o", str(program), str(source)]
    subprocess.run([*command, "-lm"], check=True, cwd=source.parent)
    run = [str(program), *arguments]
    result = subprocess.run(run, capture_output=True, text=True, check=False, cwd=source.parent)
    return result.stdout


def library(source: Path, *flags: str, by: str | None = None) -> ctypes.CDLL:
    """The source as a shared library.

    Linked without the flags: with some of them a library that is loaded turns off the subnormal
    numbers of the whole thread.
    """
    target, part, made_by = source.with_suffix(".so"), source.with_suffix(".o"), by or compiler()
    compiled = [made_by, *FLAGS, *flags, "-fPIC", "-c", "-o", str(part), str(source)]
    subprocess.run(compiled, check=True, cwd=source.parent)
    linked = [made_by, "-shared", "-o", str(target), str(part), "-lm"]
    subprocess.run(linked, check=True, cwd=source.parent)
    return ctypes.CDLL(str(target))


@dataclass(frozen=True)
class Unit:
    """A compiled network whose functions are called unit_..."""

    loaded: ctypes.CDLL
    precision: str
    outputs: int

    def __call__(self, point: Sequence[float]) -> tuple[int, list[float]]:
        """The status, and the outputs (0 where they were left alone)."""
        return self.batch("unit_evaluate", [point])

    def batch(self, name: str, points: Sequence[Sequence[float]]) -> tuple[int, list[float]]:
        """The same of a function of several samples."""
        real = TYPES[self.precision]
        flat = [v for point in points for v in point]
        x, y = (real * max(len(flat), 1))(*flat), (real * (self.outputs * len(points)))()
        more = () if name == "unit_evaluate" else (ctypes.c_size_t(len(points)),)
        return getattr(self.loaded, name)(x, y, *more), list(y)


def unit(
    network: Network, folder: Path, precision: str, *flags: str, by: str | None = None
) -> Unit:
    """Written, and compiled as a library."""
    loaded = library(write_c(network, folder, precision), *flags, by=by)
    return Unit(loaded, precision, network.output_size)
