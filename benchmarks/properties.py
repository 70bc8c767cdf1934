"""Properties of ACAS Xu networks: what `rectifold reduce` leaves, and what that is for a verifier.

    python benchmarks/properties.py --data DIR [--peer PYTHON] [--count N] [--seconds S]

DIR has acasxu_A_B.onnx and prop_K.vnnlib. For each of the pairs below (the first N):

    pair       network and property
    units      ReLU units of the source → of what `reduce` wrote
    weights    weights and biases that are not 0, likewise
    reduced    seconds of the command, with its certificate checked
    guarantee  what carries over: `same` (every verdict), or `holds` alone
    Marabou    its verdict and CPU seconds on the source's pair → on the written pair, one thread,
               at most S seconds of wall time each (60), where PYTHON has maraboupy

Ends with status 1 where a pair was not reduced, or Marabou contradicts itself.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAIRS = (
    "3_1 4", "3_1 3", "4_2 4", "4_2 3", "1_3 4", "1_3 3", "1_1 4", "1_1 3", "1_6 4", "1_6 3",
    "2_2 4", "2_2 3", "2_6 4", "2_6 3", "3_7 4", "3_7 3", "5_3 4", "5_3 3", "1_1 1", "3_1 2",
)  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """A network and a property, as files."""

    name: str
    network: Path
    property_file: Path


@dataclass(frozen=True)
class Said:
    """Marabou's word, and its CPU seconds."""

    verdict: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.verdict} {self.seconds:.2f}"


def main() -> None:
    options = _options()
    pairs = [_pair(Path(options.data), name) for name in PAIRS[: options.count]]
    if options.peer is None:
        print("Marabou: give an interpreter that has maraboupy with --peer; left out here\n")
    print("| pair | units | weights | reduced | guarantee | Marabou |\n|---|---|---|---|---|---|")
    fine = [_is_fine(pair, options.peer, options.seconds) for pair in pairs]
    print(f"\n{len(fine)} pairs, {fine.count(False)} of them not reduced or contradicted")
    sys.exit(0 if fine and all(fine) else 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="see the head of this file")
    parser.add_argument("--data", metavar="DIR", required=True, help="the networks and properties")
    parser.add_argument("--peer", metavar="PYTHON", help="an interpreter that has maraboupy")
    parser.add_argument("--count", type=int, metavar="N", help="the first N pairs alone")
    parser.add_argument("--seconds", type=int, metavar="S", default=60, help="for Marabou (60)")
    return parser.parse_args()


def _pair(data: Path, name: str) -> Pair:
    network, number = name.split()
    return Pair(name, data / f"acasxu_{network}.onnx", data / f"prop_{number}.vnnlib")


def _is_fine(pair: Pair, peer: str | None, seconds: int) -> bool:
    """Prints the line of a pair; whether nothing is wrong with it."""
    if not (pair.network.is_file() and pair.property_file.is_file()):
        print(f"| {pair.name} | left out: its files are not there | | | | |", flush=True)
        return True
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.onnx"
        result = Path(folder) / "result.json"
        started = time.perf_counter()
        done = _reduced(pair, small, result)
        wall = time.perf_counter() - started
        if not small.is_file():
            said = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
            print(f"| {pair.name} | nothing: {said} | | {wall:.1f} | | |", flush=True)
            return False
        told = json.loads(result.read_text())
        words: list[Said] = []
        if peer is not None:
            words.append(_asked(peer, pair.network, pair.property_file, seconds))
            words.append(_asked(peer, small, small.with_suffix(".vnnlib"), seconds))
    _print_line(pair, told, wall, words)
    return {word.verdict for word in words} & {"sat", "unsat"} != {"sat", "unsat"}


def _print_line(pair: Pair, told: dict[str, object], wall: float, words: Sequence[Said]) -> None:
    before, after, guarantee = told["before"], told["after"], told["guarantee"]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert isinstance(guarantee, dict)
    columns = [
        pair.name,
        *(f"{before[key]:,} → {after[key]:,}" for key in ("units", "weights")),
        f"{wall:.1f}",
        guarantee["verdict"],
        " → ".join(map(str, words)) or "not asked",
    ]
    print(f"| {' | '.join(columns)} |", flush=True)


def _reduced(pair: Pair, small: Path, result: Path) -> subprocess.CompletedProcess[str]:
    """The command, as a user runs it."""
    command = [
        sys.executable, "-m", "rectifold", "reduce", str(pair.network), str(pair.property_file),
        "-o", str(small), "--json", str(result), "--quiet",
    ]  # fmt: skip
    path = os.pathsep.join([str(ROOT / "compiler"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def _asked(peer: str, model: Path, property_file: Path, seconds: int) -> Said:
    """What Marabou says of a pair; its last line where it ends otherwise."""
    script = str(Path(__file__).with_name("marabou_property.py"))
    command = [peer, "-W", "ignore", script, str(model), str(property_file), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return Said((done.stderr.strip().splitlines() or ["failed"])[-1][:60], 0.0)
    told = json.loads(done.stdout.strip().splitlines()[-1])
    return Said(told["verdict"], told["seconds"])


if __name__ == "__main__":
    main()
