"""Emitted code on this machine: built, run in a process of its own, timed beside onnxruntime.

    c        gcc -O2, and -O3 -march=native, under a generated main
    numpy, python, onnx, js      by a generated script; onnxruntime with one thread

What a row says of errors is seen in the outputs of the code itself, beside exact evaluation.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path, PurePath

import numpy as np

from rectifold.effort.running import ToolEffort
from rectifold.effort.writing import ObservedEffort
from rectifold.emitters.artifact import Artifact
from rectifold.emitters.measured.footprint import STRICT, calling, incbin, write_into
from rectifold.emitters.table import FORMATS
from rectifold.emitters.templates import template
from rectifold.exact.numerals import round_up
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from rectifold.runtime.compilers import Tool, ToolFailed, found_tool, run_tool

HOST_BUILDS = (("-O2",), ("-O3", "-march=native"))
RUST_FLAGS = ("-Copt-level=3", "-Ctarget-cpu=native")


@dataclass(frozen=True, eq=False)
class Candidate:
    """Code of one format. `bound`: on its error over the domain, where one is known; `source`: the
    model that was read, in the place of code of ours.
    """

    chosen: str
    precision: str
    artifact: Artifact
    bound: float | None = None
    source: Path | None = None


@dataclass(frozen=True, eq=False)
class Start:
    """How a program is started: the build in words, and its command, in a folder of its own."""

    build: str
    command: Sequence[str]


@dataclass(frozen=True, eq=False)
class Course:
    """The network, the points that code takes, and exact outputs at the first few (maybe none)."""

    network: Network
    points: Sequence[Sequence[float]]
    exact: Sequence[Sequence[Fraction]]

    @property
    def shown(self) -> int:
        """Points at which the code tells its outputs."""
        return min(ToolEffort.checked_points, len(self.points))


def course(network: Network, points: Sequence[Sequence[float]]) -> Course:
    """With exact outputs where they take little time."""
    checked = ObservedEffort.exact_work // (network.sizes.macs + 1)
    some = points[: min(ToolEffort.checked_points, checked)]
    exact = evaluate_points(network, [[Fraction(v) for v in point] for point in some])
    return Course(network, points, exact)


def starts(
    one: Candidate, run: Course, tool: Tool | None, folder: Path
) -> tuple[list[Start], list[str]]:
    """The ways in which this code can be run here, and notes on those in which it cannot.

    `folder`: an empty one, which the code is written into. Raises KeyError for a format that is
    not in RUNNERS.
    """
    (folder / "points").write_bytes(np.array(run.points, dtype=np.float64).tobytes())
    return RUNNERS[one.chosen](one, run, tool, folder)


def _c_starts(
    one: Candidate, run: Course, tool: Tool | None, folder: Path
) -> tuple[list[Start], list[str]]:
    if tool is None:
        return [], ["C was not measured: no compiler was found"]
    main = write_into(folder, one.artifact)
    stem = PurePath(main).stem
    text = template("host_run_c").format(
        stem=stem,
        upper=stem.upper(),
        calling=calling(one.artifact),
        points=len(run.points),
        shown=run.shown,
    )
    (folder / "rectifold-run.c").write_text(text, encoding="ascii")
    found, notes = [], []
    for k, flags in enumerate(HOST_BUILDS):
        program = folder / f"rectifold-run-{k}"
        try:
            _build(tool, [*flags, *incbin(one.artifact)], main, program, folder)
            found.append(Start(" ".join([tool.says, *flags]), [str(program)]))
        except ToolFailed as failed:
            notes.append(f"C with {' '.join(flags)} was not measured: {failed}")
    return found, notes


def _build(tool: Tool, flags: Sequence[str], main: str, program: Path, folder: Path) -> None:
    unit = f"{program.name}.o"
    run_tool([tool.path, *STRICT, *flags, "-x", "c", "-c", main, "-o", unit], folder)
    files = ["rectifold-run.c", unit, "-o", program.name, "-lm"]
    run_tool([tool.path, "-std=gnu11", "-O2", *files], folder)


def _python_starts(
    one: Candidate, run: Course, tool: Tool | None, folder: Path
) -> tuple[list[Start], list[str]]:
    main = write_into(folder / "code", one.artifact) if one.source is None else ""
    file = folder / "code" / main if one.source is None else one.source.resolve()
    kind = "onnx" if one.chosen.startswith("onnx") else one.chosen
    if kind == "onnx" and find_spec("onnxruntime") is None:
        return [], ["onnxruntime is not installed (pip install rectifold[onnxruntime])"]
    script = folder / "rectifold-run.py"
    script.write_text(template("host_run_python"), encoding="ascii")
    inputs, shown = run.network.input_size, run.shown
    command = [sys.executable, str(script), kind, str(file), one.precision, str(inputs), str(shown)]
    python = sys.version.split()[0]
    build = {"python": f"Python {python}", "numpy": f"NumPy {np.__version__}", "onnx": _onnx()}
    return [Start(build[kind], command)], []


def _onnx() -> str:
    return f"onnxruntime {version('onnxruntime')}" if find_spec("onnxruntime") else ""


def _node_starts(
    one: Candidate, run: Course, tool: Tool | None, folder: Path
) -> tuple[list[Start], list[str]]:
    node = found_tool(["node"])
    if node is None:
        return [], ["JavaScript was not measured: Node is not installed"]
    (folder / "rectifold-emitted.mjs").write_bytes(one.artifact.main)
    text = template("host_run_node").format(
        points=len(run.points), inputs=run.network.input_size, shown=run.shown
    )
    (folder / "rectifold-run.mjs").write_text(text, encoding="ascii")
    return [Start(node.says, [node.path, "rectifold-run.mjs"])], []


def _rust_starts(
    one: Candidate, run: Course, tool: Tool | None, folder: Path
) -> tuple[list[Start], list[str]]:
    rustc = found_tool(["rustc"])
    if rustc is None:
        return [], ["Rust was not measured: rustc is not installed"]
    write_into(folder, one.artifact)
    (folder / "rectifold-emitted.rs").write_bytes(one.artifact.main)
    text = template("host_run_rust").format(file="rectifold-emitted.rs", shown=run.shown)
    (folder / "rectifold-run.rs").write_text(text, encoding="ascii")
    command = [rustc.path, "--edition", "2021", *RUST_FLAGS, "rectifold-run.rs"]
    try:
        run_tool([*command, "-o", "rectifold-run"], folder)
    except ToolFailed as failed:
        return [], [f"Rust was not measured: {failed}"]
    return [Start(" ".join([rustc.says, *RUST_FLAGS]), [str(folder / "rectifold-run")])], []


Runner = Callable[[Candidate, Course, Tool | None, Path], tuple[list[Start], list[str]]]
RUNNERS: dict[str, Runner] = {
    **{one.name: _c_starts for one in FORMATS.values() if one.suffix == ".c"},
    "numpy": _python_starts,
    "python": _python_starts,
    "js": _node_starts,
    "rust": _rust_starts,
    "onnx": _python_starts,
    "onnx64": _python_starts,
}


def seen_error(outputs: Sequence[float], run: Course) -> float | None:
    """The largest difference from the exact outputs; None where none are known, or not finite."""
    exact = [value for values in run.exact for value in values]
    near = outputs[: len(exact)]
    if not exact or len(near) < len(exact) or not np.isfinite(near).all():
        return None
    return max(round_up(abs(Fraction(v) - e)) for v, e in zip(near, exact, strict=True))
