"""Real networks, emitted and run at 100,000 points: the largest error seen beside the bound.

    python benchmarks/code_errors.py NET --domain D [--points 100000] [--only c,numpy]

Every format of floats that takes batches (C with gcc and clang, -O2 and for this processor with
products and sums fused; NumPy; ONNX with onnxruntime), in every precision. Values of the network
are known to some 30 digits (`observed.reference`), and what is not known of them is added to the
error: so that no error above the bound is missed. Prints a row for each, and ends with status 1 if
one is above its bound.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rectifold.cli.rounding import certify_rounding
from rectifold.emitters.header import Origin
from rectifold.emitters.observed.float_points import FloatPoints
from rectifold.emitters.observed.reference import Source
from rectifold.emitters.table import FORMATS
from rectifold.formats.float_range import COMPUTED
from rectifold.formats.load import domain_and_notes, load
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network

FILES = {"c": "unit.c", "numpy": "unit_np.py", "onnx": "unit.onnx", "onnx64": "unit64.onnx"}
FUSED = ["-O3", "-march=native", "-ffp-contract=fast"]
BUILDS = (["-std=c99", "-O2"], ["-std=c99", *FUSED])
AT_ONCE = 1000
Values = npt.NDArray[np.float64]
Batch = Callable[[npt.NDArray[Any]], Values]


@dataclass(frozen=True, eq=False)
class Target:
    """An emitted file as something that takes a batch."""

    label: str
    run: Batch
    precision: str
    bound: Values


def targets(
    network: Network, domain: Domain, chosen: str, precision: str, folder: Path
) -> Iterator[Target]:
    """The format in this precision, in every build there are tools for."""
    bound = certify_rounding(network, domain, None, chosen, precision)
    assert bound is not None
    origin = Origin(digest(network), network.sizes, bound, precision=precision)
    for name, data in FORMATS[chosen].emit(network, origin, FILES[chosen]).files.items():
        (folder / name).write_bytes(data)
    path = folder / FILES[chosen]
    for label, run in _batches(chosen, path, network, precision):
        yield Target(f"{chosen} {precision} {label}", run, precision, np.array(bound))


def _batches(
    chosen: str, path: Path, network: Network, precision: str
) -> Iterator[tuple[str, Batch]]:
    if chosen == "numpy":
        spec = importlib.util.spec_from_file_location(f"{path.stem}_{precision}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield "", module.evaluate
    elif chosen == "c":
        for compiler in filter(shutil.which, ("gcc", "clang")):
            for k, flags in enumerate(BUILDS):
                library = path.with_name(f"{compiler}{precision}{k}.so")
                command = [compiler, *flags, "-shared", "-fPIC", "-o", str(library), str(path)]
                subprocess.run([*command, "-lm"], check=True, cwd=path.parent)
                beside = path.with_name(f"{path.stem}_weights.bin")
                data = beside.read_bytes() if beside.exists() else b""
                yield f"{compiler} {flags[1]}", _called(library, data, network, precision)
    elif importlib.util.find_spec("onnxruntime"):
        yield "onnxruntime", _session(path)


def _called(library: Path, data: bytes, network: Network, precision: str) -> Batch:
    """The code in a library; `data` are its weights, where they lie beside it."""
    code = ctypes.CDLL(str(library))
    function, handle = code.unit_evaluate_batch, ctypes.c_void_p()
    opened = [ctypes.byref(handle)] if data else []
    function.argtypes = [ctypes.c_void_p] * (len(opened) + 2) + [ctypes.c_size_t]
    weights = np.zeros(len(data) // 16 + 2, dtype=np.complex128)  # whose places are multiples of 16
    ctypes.memmove(weights.ctypes.data, data, len(data))
    if data:
        code.unit_open.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
        status = code.unit_open(*opened, weights.ctypes.data, len(data))
        assert status == 0, f"the code refuses its weights: status {status}"

    def run(points: npt.NDArray[Any]) -> Values:
        given = np.ascontiguousarray(points, dtype=COMPUTED[precision])
        got = np.empty((len(given), network.output_size), dtype=given.dtype)
        assert len(weights)  # held as long as the code reads it
        status = function(*opened, given.ctypes.data, got.ctypes.data, len(given))
        assert status == 0, f"the code refuses a point of its domain: status {status}"
        return got.astype(np.float64)

    return run


def _session(path: Path) -> Batch:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(points: npt.NDArray[Any]) -> Values:
        return np.asarray(session.run(None, {name: points})[0], dtype=np.float64)

    return run


def largest_errors(
    source: Source, domain: Domain, these: list[Target], points: int
) -> list[tuple[float, float]]:
    """Per target the largest error that is surely there, and its largest share of a bound."""
    drawn = FloatPoints(domain, COMPUTED[these[0].precision])
    worst = [(0.0, 0.0)] * len(these)
    for _ in range(0, points, AT_ONCE):
        some = drawn.some(AT_ONCE)
        exact = source.at(some.T)
        assert len(some)
        assert exact is not None
        for k, one in enumerate(these):
            got = one.run(some.astype(COMPUTED[one.precision]))
            off = np.abs((got.T - exact.high) - exact.low)
            most = (off + exact.error[:, None]) * (1.0 + 2.0**-50)
            surely = float((off - exact.error[:, None]).max())
            share = float((most / one.bound[:, None]).max())
            worst[k] = max(worst[k][0], surely), max(worst[k][1], share)
    return worst


def examine(path: str, spec: str | None, points: int, only: list[str]) -> bool:
    """Print the rows of one network. Is every error within its bound?"""
    network = load(path).network
    domain = network.domain if spec is None else domain_and_notes(spec, network)[0]
    assert domain is not None, "give --domain"
    network, within = network.with_domain(domain), True
    source = Source.of(network, 5)
    assert source is not None, "weights are huge, or too many are no floats"
    for chosen in only:
        for precision in FORMATS[chosen].precisions:
            with tempfile.TemporaryDirectory() as folder:
                these = list(targets(network, domain, chosen, precision, Path(folder)))
                found = largest_errors(source, domain, these, points) if these else []
            for one, (seen, share) in zip(these, found, strict=True):
                print(f"| {one.label} | {one.bound.max():.3g} | {seen:.3g} | {share:.2g} |")
                within = within and share <= 1
    return within


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("network")
    parser.add_argument("--domain")
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--only", default=",".join(FILES))
    given = parser.parse_args()
    print("| code | bound | seen | largest share of a bound |\n|---|---|---|---|")
    within = examine(given.network, given.domain, given.points, given.only.split(","))
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
