"""Emitted files of every format, run: each runner takes many files at once and gives outputs.

    runner(files, points per file, precision, folder)  →  outputs per file and point, or None where
                                                          its tools are missing

A file is `net<seed>` with the format's suffix, in a folder of its own kind.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import re
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from rectifold.formats.float_range import COMPUTED

Points = Sequence[Sequence[float]]
Outputs = list[list[list[float]]]
Runner = Callable[[Sequence[Path], Sequence[Points], str], Outputs]
C_FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic", "-O2"]
MODULES = 50  # Rust modules of one crate: the compiler takes half a second and more for each crate
_RUSTC = shutil.which("rustc") or shutil.which("rustc", path=str(Path.home() / ".cargo" / "bin"))
_NODE = """
import { readFileSync } from "node:fs";
for (const [file, points] of JSON.parse(readFileSync(0, "utf8"))) {
  const { evaluate, selfTest } = await import(file);
  selfTest();
  console.log(JSON.stringify(points.map((x) => Array.from(evaluate(x)))));
}
"""
_RUST = """
fn {name}() {{
    for words in {points} as [[u64; {name}::INPUTS]; {count}] {{
        let mut y = [0.0; {name}::OUTPUTS];
        {name}::evaluate(&words.map(|word| f64::from_bits(word) as {name}::Real), &mut y).unwrap();
        println!("{{:?}}", y.map(|v| f64::from(v).to_bits()));
    }}
}}
"""


def runners(chosen: str) -> Iterator[tuple[str, Runner]]:
    """Of a format, with a label each; none where the tools are missing."""
    if chosen in ("python", "numpy"):
        yield "", _python
    elif chosen == "c":
        for compiler in ("gcc", "clang"):
            if shutil.which(compiler):
                yield compiler, _c_runner(compiler)
    elif chosen in ("c-int16", "c-int32"):
        for compiler in ("gcc", "clang"):
            if shutil.which(compiler):
                yield compiler, _integer_runner(compiler, getattr(ctypes, f"c_{chosen[2:]}"))
    elif chosen == "js" and shutil.which("node"):
        yield "node", _javascript
    elif chosen == "rust" and _RUSTC:
        yield "rustc", _rust
    elif chosen in ("onnx", "onnx64") and importlib.util.find_spec("onnxruntime"):
        yield "onnxruntime", _onnx
    elif chosen == "npz":
        yield "NumPy", _npz
    elif chosen in ("mps", "lp") and importlib.util.find_spec("highspy"):
        yield "HiGHS", _program


def _python(files: Sequence[Path], points: Sequence[Points], precision: str) -> Outputs:
    del precision
    modules = [(_module(path), xs) for path, xs in _pairs(files, points)]
    return [[_floats(module.evaluate(list(x))) for x in xs] for module, xs in modules]


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.self_test()
    return module


def _pairs(files: Sequence[Path], points: Sequence[Points]) -> Iterator[tuple[Path, Points]]:
    return zip(files, points, strict=True)


def _floats(values: Any) -> list[float]:
    return [float(v) for v in np.ravel(values)]


def _library(compiler: str, files: Sequence[Path]) -> ctypes.CDLL:
    library = files[0].parent / f"{compiler}.so"
    command = [compiler, *C_FLAGS, "-shared", "-fPIC", "-o", str(library)]
    subprocess.run([*command, *map(str, files), "-lm"], check=True)
    return ctypes.CDLL(str(library))


def _integer_runner(compiler: str, word: Any) -> Runner:
    """Inputs become the nearest integers of the header's scale, outputs are divided by theirs."""

    def run(files: Sequence[Path], points: Sequence[Points], precision: str) -> Outputs:
        del precision
        loaded, outputs = _library(compiler, files), []
        for path, xs in _pairs(files, points):
            header = path.with_suffix(".h").read_text("ascii")
            before, after, size = (
                int(re.findall(rf"#define NET\d+_{macro} \(?(-?\d+)", header)[0])
                for macro in ("INPUT_SCALE", "OUTPUT_SCALE", "OUTPUTS")
            )
            rows = [[round(Fraction(v) * Fraction(2) ** before) for v in x] for x in xs]
            function = loaded[f"{path.stem}_evaluate"]
            found = [_integers(function, row, (word * max(size, 1))()) for row in rows]
            outputs.append([[v * 2.0**-after for v in y[:size]] for y in found])
        return outputs

    return run


def _integers(function: Any, x: Sequence[int], y: Any) -> list[int]:
    if function((y._type_ * max(len(x), 1))(*x), y):
        raise ValueError(f"the code refuses {x}")
    return list(y)


def _c_runner(compiler: str) -> Runner:
    def run(files: Sequence[Path], points: Sequence[Points], precision: str) -> Outputs:
        real = ctypes.c_float if precision == "float32" else ctypes.c_double
        loaded = _library(compiler, files)
        return [
            [_called(loaded[f"{f.stem}_evaluate"], x, real) for x in xs]
            for f, xs in _pairs(files, points)
        ]

    return run


def _called(function: Any, x: Sequence[float], real: Any) -> list[float]:
    """The outputs; what is left in their places ends with the first that was not written."""
    unset = -12345.678
    y = (real * 64)(*[unset] * 64)
    if function((real * max(len(x), 1))(*x), y):
        raise ValueError(f"the code refuses {list(x)}")
    values = list(y)
    return values[: values.index(real(unset).value)]


def _javascript(files: Sequence[Path], points: Sequence[Points], precision: str) -> Outputs:
    del precision
    driver = files[0].parent / "driver.mjs"
    driver.write_text(_NODE, encoding="ascii")
    asked = json.dumps([[f.as_uri(), [list(x) for x in xs]] for f, xs in _pairs(files, points)])
    run = subprocess.run(
        ["node", str(driver)], input=asked, stdout=subprocess.PIPE, text=True, check=True
    )
    return [json.loads(line) for line in run.stdout.splitlines()]


def _rust(files: Sequence[Path], points: Sequence[Points], precision: str) -> Outputs:
    del precision
    pairs, outputs = _pairs(files, points), []
    while part := list(islice(pairs, MODULES)):
        outputs += _crate(part)
    return outputs


def _crate(part: Sequence[tuple[Path, Points]]) -> Outputs:
    assert _RUSTC is not None
    folder = part[0][0].parent
    names = [path.stem for path, _ in part]
    modules = "".join(f"pub mod {name};\n" for name in names)
    (folder / "nets.rs").write_text(f"#![no_std]\n#![deny(warnings)]\n{modules}")
    calls = "".join(
        _RUST.format(name=path.stem, count=len(xs), points=[list(map(_bits, x)) for x in xs])
        for path, xs in part
    )
    uses = "".join(f"use nets::{name};\n" for name in names)
    body = "".join(f"    {name}();\n" for name in names)
    (folder / "main.rs").write_text(f"{uses}{calls}fn main() {{\n{body}}}\n")
    for arguments in (
        ["--crate-type", "rlib", "nets.rs"],
        ["main.rs", "--extern", "nets=libnets.rlib"],
        ["--test", "nets.rs", "-o", "self_test"],
    ):
        subprocess.run([_RUSTC, "--edition", "2021", *arguments], cwd=folder, check=True)
    subprocess.run([str(folder / "self_test"), "-q"], check=True, stdout=subprocess.DEVNULL)
    run = subprocess.run([str(folder / "main")], check=True, stdout=subprocess.PIPE, text=True)
    lines = iter([[_of_bits(word) for word in json.loads(v)] for v in run.stdout.splitlines()])
    return [list(islice(lines, len(xs))) for _, xs in part]


def _bits(value: float) -> int:
    return int(struct.unpack("<Q", struct.pack("<d", value))[0])


def _of_bits(word: int) -> float:
    return float(struct.unpack("<d", struct.pack("<Q", word))[0])


def _onnx(files: Sequence[Path], points: Sequence[Points], precision: str) -> Outputs:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    outputs = []
    for path, xs in _pairs(files, points):
        session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        batch = np.array(xs, dtype=COMPUTED[precision])
        outputs.append([_floats(session.run(None, {name: x[None]})[0]) for x in batch])
    return outputs


def _npz(files: Sequence[Path], points: Sequence[Points], precision: str) -> Outputs:
    """W0, b0, W1, …: relu between them, as the format has it."""
    outputs = []
    for path, xs in _pairs(files, points):
        with np.load(path, allow_pickle=False) as archive:
            count = sum(key.startswith("W") for key in archive.files)
            layers = [(archive[f"W{k}"], archive[f"b{k}"]) for k in range(count)]
        values = np.array(xs, dtype=COMPUTED[precision])
        for k, (weight, bias) in enumerate(layers):
            values = values @ weight.T + bias
            values = np.maximum(values, 0) if k < len(layers) - 1 else values
        outputs.append(values.tolist())
    return outputs


def _program(files: Sequence[Path], points: Sequence[Points], precision: str) -> Outputs:
    del precision
    return [[_solved(path, x) for x in xs] for path, xs in _pairs(files, points)]


def _solved(path: Path, point: Sequence[float]) -> list[float]:
    """The outputs where the inputs are fixed."""
    import highspy

    highs = highspy.Highs()
    highs.silent()
    status = highs.readModel(str(path))
    assert status == highspy.HighsStatus.kOk, (status, path.read_text())
    for k, value in enumerate(point):
        highs.changeColBounds(highs.getColByName(f"x{k}")[1], value, value)
    highs.run()
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal, (path, point)
    columns = zip(highs.getLp().col_names_, highs.getSolution().col_value, strict=True)
    outputs = {int(name[1:]): value for name, value in columns if name[0] == "y"}
    return [outputs[k] for k in sorted(outputs)]  # an LP text has no order of columns
