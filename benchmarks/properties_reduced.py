"""What `rectifold reduce` leaves of 20 pairs of an ACAS Xu network and a property, for Marabou.

    pair       network and property
    units      ReLU units of the source → of what `reduce` wrote
    weights    weights and biases that are not 0, likewise
    reduced    seconds of the command, with its certificate checked
    guarantee  what carries over: `same` (every verdict), or `holds` alone
    Marabou    its verdict and CPU seconds on the source's pair → on the written pair

A row is wrong where a pair was not reduced, or Marabou contradicts itself.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from properties_common import Pair, Said, ask_marabou, command, find

PAIRS = (
    "3_1 4", "3_1 3", "4_2 4", "4_2 3", "1_3 4", "1_3 3", "1_1 4", "1_1 3", "1_6 4", "1_6 3",
    "2_2 4", "2_2 3", "2_6 4", "2_6 3", "3_7 4", "3_7 3", "5_3 4", "5_3 3", "1_1 1", "3_1 2",
)  # fmt: skip


def print_table(options: argparse.Namespace) -> bool:
    """The first `count` of the pairs; whether there are some and nothing is wrong."""
    names = [name for name in PAIRS if options.only in name][: options.count]
    print("| pair | units | weights | reduced | guarantee | Marabou |\n|---|---|---|---|---|---|")
    pairs = [_pair(Path(options.data), name) for name in names]
    fine = [_is_fine(pair, options.peer, options.time_limit) for pair in pairs]
    print(f"\n{len(fine)} pairs, {fine.count(False)} of them not reduced or contradicted")
    return bool(fine) and all(fine)


def _pair(data: Path, name: str) -> Pair:
    network, number = name.split()
    return Pair(name, find(data, f"acasxu_{network}.onnx"), find(data, f"prop_{number}.vnnlib"))


def _is_fine(pair: Pair, peer: str | None, seconds: int) -> bool:
    """Prints the line of a pair; whether nothing is wrong with it."""
    if not pair.is_there:
        print(f"| {pair.name} | left out: its files are not there | | | | |", flush=True)
        return True
    with tempfile.TemporaryDirectory() as folder:
        small, result = Path(folder) / "small.onnx", Path(folder) / "result.json"
        written = "-o", small, "--json", result, "--quiet"
        done = command("reduce", pair.network, pair.property_file, *written)
        if not small.is_file():
            print(f"| {pair.name} | nothing: {done.said} | | {done.wall:.1f} | | |", flush=True)
            return False
        told = json.loads(result.read_text())
        words: list[Said] = []
        if peer is not None:
            words.append(ask_marabou(peer, pair.network, pair.property_file, seconds))
            words.append(ask_marabou(peer, small, small.with_suffix(".vnnlib"), seconds))
    _print_line(pair, told, done.wall, words)
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
