"""Bytes before and after: what every command writes for 30 networks, as hashes.

    python benchmarks/golden.py --write FILE              hashes of this checkout
    python benchmarks/golden.py --against REVISION    the same commands at a git revision, and here
    python benchmarks/golden.py --against REVISION tiny   only networks whose name contains "tiny"
    python benchmarks/golden.py --kernel Sandybridge:2    here, and with another BLAS kernel and
                                                          number of threads

A change that only moves or renames code leaves every hash as it is. Hashes are compared within one
run on one machine: certificates hold multipliers, which another processor's BLAS rounds otherwise.
Times are left out of the JSON results; nothing here depends on a time limit.

With --kernel the networks, verdicts, regions and shallow forms must be the same bytes, and so must
what `stability --json` and `compile --json` say beside their bounds; those bounds, multipliers in
certificates and tolerances in code may differ in last places, and are counted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
TIMES = {"seconds", "stages"}  # keys of JSON results that hold times
# hold bounds or multipliers: these JSON results are hashed without their bounds too
BOUNDED = ("stability.json", "compile.json")
BOUNDS = {"lo", "up", "error_bound", "observed_error"}  # their keys that hold bounds
FLOATS = (".cert", ".py", ".c", ".h", ".mjs", ".rs", ".lp", *BOUNDED)
CARTPOLE = "[[-2,2],[-2,2],[-1/5,1/5],[-2,2]]"

COMMANDS = (
    "compile {net} {domain} -o small.relu --certificate small.cert --json compile.json",
    "compile {net} {domain} -o skips.relu --skips --objective units --certificate skips.cert",
    "compile {net} {domain} -o bounds.py --prover bounds --certificate bounds.cert",
    "compile {net} {domain} -o small.onnx --no-certificate",
    "compile {net} {domain} -o small.c --no-certificate",
    "compile {net} {domain} -o in_numpy.py --to numpy --no-certificate",
    "emit {net} {domain} -o plain.py",
    "emit {net} {domain} -o plain.npz",
    "emit {net} {domain} -o plain.mjs",
    "emit {net} {domain} -o plain.rs",
    "compile {net} {domain} -o small.lp --no-certificate",
    "check {net} small.cert {domain} --json check.json",
    "stability {net} {domain} --json stability.json",
    "show {net} {domain} --json show.json",
    "show {net} {domain} --text",
    "run {net} {point} --exact --json run.json",
    "verify {net} small.relu {domain} --certificate verify.cert --json verify.json",
    "verify {net} small.relu {domain} --within 1/10 --certificate within.cert --json within.json",
    "verify {net} {net} {domain} --argmax --json argmax.json",
)
FEW_INPUTS = (
    "regions {net} {domain} --json regions.json",
    "shallow {net} {domain} -o shallow.relu --json shallow.json",
)


def networks(folder: Path) -> Iterator[tuple[str, str, int]]:
    """Writes the networks into `folder`; yields file name, --domain option and number of inputs."""
    for name, option, inputs in (
        ("cartpole.onnx", f'--domain "{CARTPOLE}"', 4),
        ("thermostat.relu", "", 2),
        ("tiny.relu", "", 3),
    ):
        (folder / name).write_bytes((ROOT / "examples" / name).read_bytes())
        yield name, option, inputs
    for seed in range(18):
        inputs = 1 + seed % 3
        name = f"small{seed:02d}.relu"
        (folder / name).write_text(_small_network(seed, inputs), encoding="utf-8")
        yield name, "", inputs
    for seed, sizes in enumerate(
        (
            (2, 8, 8, 1),
            (3, 8, 6, 2),
            (2, 12, 2),
            (4, 10, 8, 3),
            (5, 8, 8, 1),
            (6, 16, 16, 3),
            (8, 20, 10, 4),
            (16, 24, 24, 5),
            (30, 20, 20, 10),
        )
    ):
        name = f"float{seed}.npz"
        np.savez(folder / name, **_float_layers(seed, sizes))  # type: ignore[arg-type]
        yield name, '--domain "[-1/2,1/2]"', sizes[0]


def _small_network(seed: int, inputs: int) -> str:
    """Small integers and halves in the language: degenerate on purpose, and exact in floats."""
    random = Random(seed)
    lines = [f"network small{seed}", f"input x[{inputs}] in [-1, 1]"]
    before, width = "x", inputs
    for layer in range(1 + seed % 3):
        size = random.randint(2, 6)
        rows = [[random.choice((-2, -1, 0, 1, 2)) for _ in range(width)] for _ in range(size)]
        rows[-1] = [-2 * v for v in rows[0]] if seed % 2 else [2 * v for v in rows[0]]
        bias = [f"{random.randint(-3, 3)}/2" for _ in range(size)]
        lines.append(f"h{layer} = relu({rows} @ {before} + [{', '.join(bias)}])")
        before, width = f"h{layer}", size
    last = [[random.randint(-2, 2) for _ in range(width)] for _ in range(1 + seed % 2)]
    lines += [f"y = {last} @ {before} + {[0] * len(last)}", "output y"]
    return "\n".join(lines) + "\n"


def _float_layers(seed: int, sizes: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Single-precision weights as people train them: in general position."""
    random = Random(1000 + seed)
    arrays = {}
    for k, (before, after) in enumerate(pairwise(sizes)):
        values = [random.gauss(0, (2 / before) ** 0.5) for _ in range(before * after)]
        arrays[f"W{k}"] = np.array(values, np.float32).reshape(after, before)
        arrays[f"b{k}"] = np.array([random.gauss(0, 0.2) for _ in range(after)], np.float32)
    return arrays


def hashes(names: list[str]) -> dict[str, str]:
    """Of every file that the commands write, their exit statuses, and what `show --text` prints."""
    from click.testing import CliRunner

    from rectifold.cli.main import main

    found: dict[str, str] = {}
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as place:
        sources = Path(place) / "sources"
        sources.mkdir()
        for name, option, inputs in networks(sources):
            if names and not any(part in name for part in names):
                continue
            folder = Path(place) / Path(name).stem
            folder.mkdir()
            (folder / name).write_bytes((sources / name).read_bytes())
            os.chdir(folder)
            point = ",".join(["1/3", "0.25", "-1/5"][k % 3] for k in range(inputs))
            for command in COMMANDS + (FEW_INPUTS if inputs <= 3 else ()):
                arguments = shlex.split(command.format(net=name, domain=option, point=point))
                result = CliRunner().invoke(main, arguments)
                found[f"{name}: {command} status"] = str(result.exit_code)
                if "--text" in command:
                    found[f"{name}: {command} output"] = _hash(result.output.encode())
            for path in sorted(folder.iterdir()):
                found[f"{name}: {path.name}"] = _hash(_without(path, TIMES))
                if path.name in BOUNDED:
                    rest = _hash(_without(path, TIMES | BOUNDS))
                    found[f"{name}: {path.name} without bounds"] = rest
        os.chdir(home)
    return found


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _without(path: Path, keys: set[str]) -> bytes:
    """The content of a file; of a JSON result without these keys."""
    content = path.read_bytes()
    if path.suffix != ".json":
        return content

    def cleaned(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: cleaned(v) for k, v in value.items() if k not in keys}
        return [cleaned(v) for v in value] if isinstance(value, list) else value

    return json.dumps(cleaned(json.loads(content)), sort_keys=True).encode()


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return [
        f"{key}: {before.get(key, 'missing')} → {after.get(key, 'missing')}"
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]


def beyond_floats(changed: list[str]) -> list[str]:
    """Differences of results in which no float of BLAS stands."""
    return [line for line in changed if not _name(line).endswith(FLOATS)]


def _name(difference: str) -> str:
    """The network and the file, from a line of `differences`."""
    return difference.split(" → ")[0].rpartition(": ")[0]


def with_kernel(kernel: str, names: list[str]) -> dict[str, str]:
    """The hashes by this script in a process with another OpenBLAS kernel: `NAME:THREADS`."""
    core, _, threads = kernel.partition(":")
    with tempfile.TemporaryDirectory() as place:
        output = Path(place) / "hashes.json"
        blas = {"OPENBLAS_CORETYPE": core, "OPENBLAS_NUM_THREADS": threads or "1"}
        script = [sys.executable, str(Path(__file__).resolve()), "--write", str(output), *names]
        subprocess.run(script, check=True, env=os.environ | blas)
        found: dict[str, str] = json.loads(output.read_text(encoding="utf-8"))
    return found


def at_revision(revision: str, names: list[str]) -> dict[str, str]:
    """The hashes of another revision, by this script, in a checkout of its own."""
    with tempfile.TemporaryDirectory() as place:
        tree = Path(place) / "tree"
        subprocess.run(
            ["git", "-C", str(ROOT), "worktree", "add", "--detach", "-q", str(tree), revision],
            check=True,
        )
        try:
            output = Path(place) / "hashes.json"
            environment = os.environ | {"PYTHONPATH": str(tree / "compiler")}
            script = [sys.executable, str(Path(__file__).resolve()), "--write", str(output), *names]
            subprocess.run(script, check=True, env=environment)
            found: dict[str, str] = json.loads(output.read_text(encoding="utf-8"))
        finally:
            subprocess.run(
                ["git", "-C", str(ROOT), "worktree", "remove", "--force", str(tree)], check=True
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*")
    parser.add_argument("--write", metavar="FILE")
    parser.add_argument("--against", metavar="REVISION")
    parser.add_argument("--kernel", metavar="NAME:THREADS")
    options = parser.parse_args()
    found = hashes(options.names)
    if options.write:
        Path(options.write).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if options.against:
        changed = differences(at_revision(options.against, options.names), found)
        print("\n".join(changed))
        print(f"{len(found)} results, {len(changed)} differ from {options.against}")
        sys.exit(1 if changed else 0)
    if options.kernel:
        changed = differences(with_kernel(options.kernel, options.names), found)
        wrong = beyond_floats(changed)
        print("\n".join(wrong))
        print(
            f"{len(found)} results, {len(wrong)} differ with {options.kernel}, "
            f"{len(changed) - len(wrong)} more in bounds and multipliers"
        )
        sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
