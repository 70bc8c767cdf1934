"""Emitted code against exact evaluation: is the error anywhere above the certified bound?

    python benchmarks/code_bounds.py --count 1000 --start 0 [--c-every 10]

Random networks whose weights, biases and domains have magnitudes from 1e-320 to 1e300, or from
1e-45 to 1e38 (subnormal numbers included), are written as python, numpy (in float32 too), c, onnx64
and onnx. Each is run at ends, at rounded ends, at subnormal and at random points; onnx and onnx64 a
second time with onnxruntime's session.set_denormal_as_zero. A point beyond an end is compared with
the exact network at that end. Prints, per format, how many networks were written or refused,
points, and the largest share of a bound that was used. Ends with status 1 if a bound is exceeded,
or a value is not finite.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from rectifold.cli.rounding import certify_rounding
from rectifold.emitters.header import Origin
from rectifold.emitters.precision import usual_precision
from rectifold.emitters.table import FORMATS
from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Layer, Network

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
FILES = {
    "python": "unit.py",
    "numpy": "unit_np.py",
    "numpy float32": "unit_np32.py",
    "c": "unit.c",
    "onnx": "unit.onnx",
    "onnx64": "unit64.onnx",
}
Code = Callable[[Sequence[float]], list[float]]


@dataclass
class Tally:
    """Of one format."""

    written: int = 0
    refused: int = 0
    points: int = 0
    largest: float = 0.0  # share of a bound
    wrong: list[str] = field(default_factory=list)


def random_number(random: Random, exponents: tuple[int, int]) -> Fraction:
    """A float or a decimal of any magnitude in the range, 0 at times."""
    if random.random() < 0.1:
        return Fraction(0)
    exponent = random.choice(
        [random.randint(*exponents), random.randint(*exponents), random.randint(-2, 2)]
    )
    text = f"{random.choice('-+')}{random.randint(1, 9)}.{random.randint(0, 999)}e{exponent}"
    return Fraction(float(text)) if random.random() < 0.5 else Fraction(text)


def random_network(seed: int) -> Network:
    """Up to three hidden layers of up to five units, with skip edges, on a bounded box."""
    random = Random(seed)
    exponents = random.choice([(-45, 38), (-45, -30), (-20, 20), (-320, 300), (-3, 3), (30, 38)])
    size = random.randint(1, 4)
    sizes, layers = {"x": size}, []
    for k in range(random.randint(1, 4)):
        sources = {list(sizes)[-1]} | {s for s in sizes if random.random() < 0.2}
        width = random.randint(1, 5)
        weights = {s: _matrix(random, width, sizes[s], exponents) for s in sources}
        name = f"h{k}"
        layers.append(
            Layer(
                name,
                random.choice(["relu", "relu", "linear"]),
                _matrix(random, width, 1, exponents),
                weights,
            )
        )
        sizes[name] = width
    ends = [
        sorted((random_number(random, exponents), random_number(random, exponents)))
        for _ in range(size)
    ]
    domain = Domain(tuple(low for low, _ in ends), tuple(high for _, high in ends))
    return Network("x", size, layers, layers[-1].name, domain)


def _matrix(random: Random, rows: int, columns: int, exponents: tuple[int, int]) -> Matrix:
    return Matrix.from_fractions(
        [[random_number(random, exponents) for _ in range(columns)] for _ in range(rows)]
    )


def accepted_points(domain: Domain, precision: str, seed: int) -> list[list[float]]:
    """Floats of the format between the rounded ends: the ends themselves, their neighbours,
    subnormal and random ones.
    """
    random, kind = Random(seed), np.dtype(precision).type
    with np.errstate(over="ignore", under="ignore"):
        ends = [
            (kind(float(low or 0)), kind(float(high or 0)))
            for low, high in zip(domain.lower, domain.upper, strict=True)
        ]
        largest = np.finfo(kind).max
        if any(low > largest or high < -largest for low, high in ends):
            return []  # no float lies in the domain
        ends = [(max(low, -largest), min(high, largest)) for low, high in ends]
        return [[float(_between(low, high, random, kind)) for low, high in ends] for _ in range(12)]


def _between(low: Any, high: Any, random: Random, kind: Any) -> Any:
    tiny = np.finfo(kind).smallest_subnormal
    share = random.random()
    middle = kind(low * kind(1 - share) + high * kind(share))
    choices = [
        low,
        high,
        middle,
        np.nextafter(low, high),
        np.nextafter(high, low),
        kind(0),
        tiny * kind(random.randint(-9, 9)),
    ]
    return min(max(random.choice(choices), low), high)


def runners(kind: str, path: Path, network: Network) -> Iterator[tuple[str, Code]]:
    """The written file as functions from a point to outputs."""
    if kind.startswith(("python", "numpy")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield kind, lambda x: [float(v) for v in module.evaluate(x)]
    elif kind == "c":
        yield kind, _compiled(path, network)
    else:
        yield kind, _session(path, usual_precision(kind) or "float64", flush=False)
        with ThreadPoolExecutor(
            1
        ) as thread:  # the setting stays with the thread: this one ends with it
            code = thread.submit(
                _session, path, usual_precision(kind) or "float64", flush=True
            ).result()
            yield f"{kind} denormals as zero", lambda x: thread.submit(code, x).result()


def _compiled(path: Path, network: Network) -> Code:
    assert COMPILER is not None
    library = path.with_suffix(".so")
    command = [
        COMPILER,
        "-std=c99",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-pedantic",
        "-O1",
        "-shared",
        "-fPIC",
    ]
    subprocess.run([*command, "-o", str(library), str(path), "-lm"], check=True)
    loaded = ctypes.CDLL(str(library))

    def run(x: Sequence[float]) -> list[float]:
        outputs = (ctypes.c_double * network.output_size)()
        if loaded.unit_evaluate((ctypes.c_double * len(x))(*x), outputs):
            raise ValueError(f"the code refuses {list(x)}")
        return list(outputs)

    return run


def _session(path: Path, precision: str, *, flush: bool) -> Code:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.set_denormal_as_zero", "1" if flush else "0")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda x: [
        float(v) for v in session.run(None, {name: np.array([x], dtype=precision)})[0].ravel()
    ]


def examine(seed: int, kind: str, folder: Path, tallies: dict[str, Tally]) -> None:
    """Write one network in one format, and compare."""
    network = random_network(seed)
    assert network.domain is not None
    try:
        chosen, precision = _chosen(kind)
        bound = certify_rounding(network, network.domain, None, chosen, precision)
        origin = Origin(digest(network), network.sizes, bound, precision=precision)
        files = FORMATS[chosen].emit(network, origin, FILES[kind]).files
    except InputError:
        tallies.setdefault(kind, Tally()).refused += 1
        return
    assert bound is not None
    for name, data in files.items():
        (folder / name).write_bytes(data)
    points = accepted_points(network.domain, precision, seed)
    exact = evaluate_points(network, [_moved_inside(x, network.domain) for x in points])
    for label, code in runners(kind, folder / FILES[kind], network):
        tally = tallies.setdefault(label, Tally())
        tally.written += 1
        for x, want in zip(points, exact, strict=True):
            compare(f"seed {seed}, {label}, at {x}", code(x), want, bound, tally)


def _chosen(kind: str) -> tuple[str, str]:
    """The format, and the precision that is asked for or usual."""
    chosen, _, asked = kind.partition(" ")
    return chosen, asked or usual_precision(chosen) or "float64"


def compare(
    where: str, got: list[float], want: Sequence[Fraction], bound: tuple[float, ...], tally: Tally
) -> None:
    """Note in the tally what the outputs at one point are off by."""
    tally.points += 1
    for value, exact, allowed in zip(got, want, bound, strict=True):
        if not np.isfinite(value):
            tally.wrong.append(f"{where}: {value}")
        elif np.isfinite(allowed):
            share = abs(Fraction(value) - exact) / Fraction(allowed)
            tally.largest = max(tally.largest, float(share))
            if share > 1:
                tally.wrong.append(
                    f"{where}: off by {float(share):.3g} times the bound {allowed:.3g}"
                )


def _moved_inside(x: Sequence[float], domain: Domain) -> list[Fraction]:
    ends = zip(x, domain.lower, domain.upper, strict=True)
    return [min(max(Fraction(v), low or Fraction(0)), high or Fraction(0)) for v, low, high in ends]


def campaign(start: int, count: int, c_every: int) -> dict[str, Tally]:
    """Every format on every seed, C on every `c_every`-th (0: never). Formats whose tools are
    missing are left out.
    """
    kinds = [
        k
        for k in FILES
        if k != "c" and (importlib.util.find_spec("onnxruntime") or "onnx" not in k)
    ]
    tallies: dict[str, Tally] = {}
    for seed in range(start, start + count):
        with tempfile.TemporaryDirectory() as folder:
            with_c = COMPILER is not None and c_every and seed % c_every == 0
            for kind in [*kinds, "c"] if with_c else kinds:
                examine(seed, kind, Path(folder), tallies)
    return tallies


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--c-every", type=int, default=10)
    given = parser.parse_args()
    tallies = campaign(given.start, given.count, given.c_every)
    print(
        "| format | written | refused | points | largest share of a bound | wrong |\n"
        "|---|---|---|---|---|---|"
    )
    for label, tally in tallies.items():
        print(
            f"| {label} | {tally.written} | {tally.refused} | {tally.points} | {tally.largest:.3g} "
            f"| {len(tally.wrong)} |"
        )
    wrong = [line for tally in tallies.values() for line in tally.wrong]
    print("\n".join(wrong[:20]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
