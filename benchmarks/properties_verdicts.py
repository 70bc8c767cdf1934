"""Verdicts of `rectifold prove`, with certificates, beside published ones and Marabou's.

    instance    ACAS Xu network and property; MNIST network and box
    published   the verdict of the tools of VNN-COMP 2021 that decided it (below)
    prove       our verdict; CPU and wall seconds of the command, its start, the certificate and
                its replay included
    check       the word of `rectifold check` on the certificate, replayed to its end; CPU seconds
    MB          size of the certificate
    mutations   of ten changed certificates (properties_mutations.py), how many are refused
    Marabou     its verdict and CPU seconds, one thread

Published: properties 1, 3 and 4 hold on all networks here and 5 on 1_1; 2 holds on 1_1 and 4_2 and
is violated on the others. The instances are those of the competition, where Reluplex (2017) asked
about fewer: 2 from network 2_1 on, 3 and 4 not of 1_7 to 1_9. Boxes around MNIST images have the
names of the competition's, but show other images, so nothing is published about them.

A row is wrong where a verdict is not the published one or contradicts Marabou's, the checker
refuses a certificate, or it accepts a changed one.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from properties_common import Done, Pair, ask_marabou, command, find
from properties_mutations import count_refused

ACAS = ("1_1", "1_3", "1_6", "2_2", "2_6", "3_1", "3_7", "4_2", "5_3")
SAFE_FROM_2 = ("1_1", "4_2")
"""The networks of which property 2 is true."""
PEERS_WORDS = {"unsat": "holds", "sat": "refuted"}
_UNDECIDED = "undecided"


def print_table(options: argparse.Namespace) -> bool:
    """The first `count` of the instances; whether there are some and nothing is wrong."""
    print("| instance | published | prove | check | MB | mutations | Marabou |")
    print("|---|---|---|---|---|---|---|")
    pairs = [pair for pair in _pairs(Path(options.data)) if options.only in pair.name]
    fine = [_is_fine(pair, options) for pair in pairs[: options.count] if pair.is_there]
    print(f"\n{len(fine)} instances, {fine.count(False)} of them wrong")
    return bool(fine) and all(fine)


def _pairs(data: Path) -> Iterator[Pair]:
    asked = [(network, number) for number in (3, 4, 1, 2) for network in ACAS] + [("1_1", 5)]
    for network, number in asked:
        property_file = find(data, f"prop_{number}.vnnlib")
        model = find(data, f"acasxu_{network}.onnx")
        yield Pair(f"acas {network} prop_{number}", model, property_file)
    for depth in (2, 4):
        for file in sorted(data.rglob("prop_*_0.*.vnnlib")):
            model = find(data, f"mnist-net_256x{depth}.onnx")
            yield Pair(f"mnist 256x{depth} {file.stem}", model, file)


def _published(name: str) -> str:
    """Empty where nothing is published."""
    kind, network, asked = name.split()
    if kind != "acas":
        return ""
    return "refuted" if asked == "prop_2" and network not in SAFE_FROM_2 else "holds"


def _is_fine(pair: Pair, options: argparse.Namespace) -> bool:
    """Prints the row of an instance; whether nothing is wrong with it."""
    with tempfile.TemporaryDirectory() as folder:
        certificate, result = Path(folder) / "c", Path(folder) / "r.json"
        limits = "--time-limit", str(options.time_limit), "--jobs", str(options.jobs)
        kept = "--certificate", certificate, "--json", result, "--quiet"
        done = command("prove", pair.network, pair.property_file, *limits, *kept)
        told = json.loads(result.read_text()) if result.is_file() else {"verdict": done.said}
        columns, is_sound = _checked(pair, certificate)
    ours, published = told["verdict"], _published(pair.name)
    row = [pair.name, published, _ours(told, done), *columns]
    words = {ours, published}
    if options.peer is None:
        row.append("not asked")
    else:
        said = ask_marabou(options.peer, pair.network, pair.property_file, options.time_limit)
        row.append(str(said))
        words.add(PEERS_WORDS.get(said.verdict, _UNDECIDED))
    print(f"| {' | '.join(row)} |", flush=True)
    is_answered = ours in ("holds", "refuted", _UNDECIDED)
    return is_sound and is_answered and not {"holds", "refuted"} <= words


def _ours(told: dict[str, str], done: Done) -> str:
    replayed = ", not replayed" if told.get("certificate") == "not replayed" else ""
    return f"{told['verdict']}{replayed} {done.cpu:.1f} ({done.wall:.1f})"


def _checked(pair: Pair, certificate: Path) -> tuple[list[str], bool]:
    """The columns about a certificate, if there is one; whether it and no changed one is
    accepted."""
    if not certificate.is_file():
        return ["", "", ""], True
    done = command("check", pair.network, certificate, "--property", pair.property_file)
    word = "holds" if done.status == 0 else f"status {done.status}"
    size = f"{certificate.stat().st_size / 1e6:.2f}"
    refused, tried = count_refused(pair, certificate)
    is_sound = done.status == 0 and refused == tried
    return [f"{word} {done.cpu:.1f}", size, f"{refused} of {tried}"], is_sound
