"""Models of real exporters, and public benchmark networks: what compile makes of them.

    python benchmarks/models.py [NAME ...] [--all] [--time-limit S] [--memory-limit MB]

Without names: a model of each kind that the installed exporters make, and the networks of the
VNN-COMP beside the checkout, on the box of their .vnnlib. NAME picks rows by a part of their name;
`--all` adds the models of every opset and layer. A row that cannot be made here says why. Columns:

    model    what it is and which exporter wrote it
    units    ReLU units of the source → of what was written
    bytes    of graph and weights, without texts, → of what was written
    seconds  of `rectifold compile` with its certificate, as a user runs it
    MB       the most memory that this took
    proof    the certificate's verdict; `no, time` where the time limit ended its making or check:
             what was written is as valid, and kept smaller or the same
    swapped  `same`: with the same feed both files give outputs of the same names, types and shapes,
             and values within rounding (of the models of exporters 512 standard deviations; of the
             others 1/10,000 of the largest output); else what differs

Every row keeps the time limit (60 s) by itself, with a tenth more for what a result still needs.
Ends with status 1 if a row is larger, differs, is refused or fails; a row that had no result in
time is counted apart.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from exporters.case import Case, Feed  # noqa: E402  found beside this file's folder
from exporters.models import CASES  # noqa: E402
from exporters.swapping import (  # noqa: E402
    bytes_of,
    differences,
    flat_points,
    in_box,
    network_values,
    user_code,
)
from rectifold.formats.load import load, read_domain  # noqa: E402

BESIDE = ROOT.parent / "shared" / "networks" / "bench"
_TIME = 3  # the status where the time limit ended something
RADIUS = 1 / 8
SEEDS = 5
SHOWN = (
    "dense, ReLU", "Dropout", "residual sum", "concatenation", "Conv, BatchNorm, MaxPool",
    "Conv1d", "grouped Conv", "depthwise Conv", "average pooling", "LeakyReLU", "PReLU", "ReLU6",
    "Hardtanh", "dynamic batch", "external data", "float16", "Softmax at the end",
    "LogSoftmax at the end", "Sigmoid at the end", "StandardScaler",
    "classifier of two classes", "classifier of three classes, ZipMap",
)  # fmt: skip
NETWORKS = {  # with the file of the box
    "cartpole": "cartpole_14.vnnlib",
    "dubinsrejoin": "dubins_0.vnnlib",
    "gcas": "gcas_0.vnnlib",
    "robot": "robot_0.vnnlib",
    "lindex": "lindex_1.vnnlib",
    "lunarlander": "[0,1]",
    "tll_8_0_0": "[-1,1]",
    "tll_16_1_0": "tll_16_0.vnnlib",
    "NN_rul_small_window_20": "collins_w20_if_then_5.vnnlib",
    "cifar_base_kw": "cifar_base_kw_1697.vnnlib",
    "resnet_3b2_adv": "resnet_1551.vnnlib",
    "cifar_biasfield_base": "[0,1]",
    "convnet_avgpool": "convnet_avgpool_0.vnnlib",
    "convnet_maxpool": "[0,1]",
}


# A process counts the memory of the one that started it as its own: this one is small.
_LAUNCHER = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@dataclass(frozen=True)
class Subject:
    """A model that is compiled. `differs` says of what was written what is not the same."""

    path: Path
    domain: str
    differs: Callable[[Path], Sequence[str]]


@dataclass(frozen=True)
class Row:
    """A line of the table. `make` writes the model into a folder; `skipped` says why it cannot."""

    name: str
    make: Callable[[Path], Subject]
    skipped: str = ""


@dataclass(frozen=True)
class Run:
    """What a command took; `said` is its last line."""

    status: int
    seconds: float
    megabytes: float
    said: str


def main() -> None:
    options = _options()
    rows = [r for r in _rows(options.all) if _is_wanted(r.name, options.names)]
    print(
        "| model | units | bytes | seconds | MB | proof | swapped |\n|---|---|---|---|---|---|---|"
    )
    extra = [
        *["--time-limit", options.time_limit],
        *(["--memory-limit", options.memory_limit] if options.memory_limit else []),
    ]
    outcomes = [_outcome(row, extra) for row in rows]
    wrong, late = outcomes.count("wrong"), outcomes.count("late")
    print(
        f"\n{len(rows)} rows, {wrong} of them larger, different, refused or failed; "
        f"{late} without a result in time"
    )
    sys.exit(0 if rows and not wrong else 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="see the head of this file")
    parser.add_argument("names", nargs="*", help="parts of the names of rows")
    parser.add_argument("--all", action="store_true", help="every model of every exporter")
    parser.add_argument("--time-limit", metavar="S", default="60", help="of each compile (60)")
    parser.add_argument("--memory-limit", metavar="MB", help="of each compile")
    return parser.parse_args()


def _is_wanted(name: str, parts: Sequence[str]) -> bool:
    return not parts or any(part in name for part in parts)


def _rows(is_all: bool) -> Iterator[Row]:
    for case in CASES:
        if case.expected.outcome != "refused" and (is_all or case.block in SHOWN):
            missing = f"not installed: {', '.join(case.missing)}" if case.missing else ""
            yield Row(f"{case.block} ({case.exporter})", partial(_of_case, case), missing)
    for name, domain in NETWORKS.items():
        path = BESIDE / f"{name}.onnx"
        skipped = "" if path.is_file() else "the networks are not beside this checkout"
        yield Row(name, partial(_of_network, path, domain), skipped)


def _of_case(case: Case, folder: Path) -> Subject:
    made = case.make(folder)
    rows = 6 if made.any_batch else 1
    loaded = load(made.path)

    def differs(small: Path) -> list[str]:
        found = []
        for seed in range(SEEDS):
            feed = in_box(made, seed, rows, RADIUS)
            scores = network_values(loaded, flat_points(feed, rows))
            found += differences(user_code(made.path, feed), user_code(small, feed), scores)
        return found

    return Subject(made.path, f"[-{RADIUS}, {RADIUS}]", differs)


def _of_network(path: Path, domain: str, folder: Path) -> Subject:
    spec = str(path.parent / domain) if domain.endswith(".vnnlib") else domain
    return Subject(path, spec, partial(_network_differs, path, spec))


def _network_differs(path: Path, spec: str, small: Path) -> list[str]:
    found = []
    for feed in _feeds(path, spec):
        before, after = user_code(path, feed), user_code(small, feed)
        if [(k, v.shape, v.dtype) for k, v in before.items()] != [
            (k, v.shape, v.dtype) for k, v in after.items()
        ]:
            return ["other names, shapes or types"]
        for name, value in before.items():
            worst = float(np.abs(value - after[name]).max())
            if worst > (1 + float(np.abs(value).max())) / 10_000:
                found.append(f"{name} differs by {worst:.2g}")
    return found


def _feeds(path: Path, spec: str) -> Iterator[Feed]:
    """Random inputs of the domain, as the model takes them."""
    import onnxruntime as ort

    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (port,) = session.get_inputs()
    shape = [size if isinstance(size, int) and size > 0 else 1 for size in port.shape]
    lower, upper = _box(path, spec, int(np.prod(shape)))
    for seed in range(SEEDS):
        share = np.random.default_rng(seed).uniform(0, 1, len(lower))
        point = (lower + share * (upper - lower)).astype(np.float32)
        yield {port.name: np.clip(point, lower, upper).astype(np.float32).reshape(shape)}


def _box(path: Path, spec: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    from rectifold.ir.affine import Affine
    from rectifold.ir.builder import Builder

    builder = Builder("x", size)
    assert isinstance(builder.input, Affine)
    network = builder.finish(builder.input.select(np.arange(1)), "box", None)
    return read_domain(spec, network).float_box


def _outcome(row: Row, extra: Sequence[str]) -> str:
    """Prints the line of a row: `fine`, `wrong`, or `late` where there was no result in time."""
    if row.skipped:
        print(f"| {row.name} | left out: {row.skipped} | | | | | |", flush=True)
        return "fine"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subject = row.make(folder)
        small = folder / "small" / "small.onnx"
        small.parent.mkdir()
        run = _compiled(subject, small, extra)
        if not small.exists():
            cost = f"{run.seconds:.1f} | {run.megabytes:.0f}"
            print(f"| {row.name} | nothing: {run.said} | | {cost} | | |", flush=True)
            return "late" if run.status == _TIME else "wrong"
        return "fine" if _is_line_fine(row, subject, small, run) else "wrong"


def _is_line_fine(row: Row, subject: Subject, small: Path, run: Run) -> bool:
    """Prints the line of what was written; whether nothing is wrong with it."""
    result = json.loads((small.parent / "result.json").read_text())
    before, after = bytes_of(subject.path), bytes_of(small)
    differs = _differences(subject, small)
    proof = str((result.get("certificate") or {}).get("verdict"))
    if proof == "not made" and run.status == _TIME:
        proof = "no, time"
    units = f"{result['before']['units']:,} → {result['after']['units']:,}"
    columns = [
        row.name, units, f"{before:,} → {after:,}", f"{run.seconds:.1f}", f"{run.megabytes:.0f}",
        proof, "; ".join(differs[:2]) or "same",
    ]  # fmt: skip
    print(f"| {' | '.join(columns)} |", flush=True)
    is_written = run.status in (0, _TIME)
    return is_written and after <= before and not differs and proof in ("holds", "no, time")


def _differences(subject: Subject, small: Path) -> list[str]:
    """What is not the same, also that onnxruntime does not take one of the files."""
    from onnxruntime.capi import onnxruntime_pybind11_state as runtime

    refusals = (
        runtime.Fail, runtime.InvalidArgument, runtime.InvalidGraph, runtime.InvalidProtobuf,
        runtime.NotImplemented, runtime.RuntimeException,
    )  # fmt: skip
    try:
        return list(subject.differs(small))
    except refusals as error:
        first = (str(error).splitlines() or [""])[0]
        return [f"does not run in onnxruntime: {first[:120]}"]


def _compiled(subject: Subject, small: Path, extra: Sequence[str]) -> Run:
    """The command, as a user runs it."""
    command = [
        sys.executable, "-m", "rectifold", "compile", str(subject.path), "--domain", subject.domain,
        "-o", str(small), "--json", str(small.parent / "result.json"), "--quiet", *extra,
    ]  # fmt: skip
    path = os.pathsep.join([str(ROOT / "compiler"), os.environ.get("PYTHONPATH", "")])
    began = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-c", _LAUNCHER, *command],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - began
    status, kilobytes = run.stdout.split()[-2:]
    said = (run.stderr.strip().splitlines() or [f"status {status}"])[-1]
    return Run(int(status), seconds, int(kilobytes) / 1000, said)


if __name__ == "__main__":
    main()
