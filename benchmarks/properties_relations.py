"""Relations of two points of one network: verdicts of `rectifold prove`, with exact witnesses.

    instance    ACAS Xu network, as a pair of itself with inputs that differ in one place (as in the
                competition's monotonic ACAS Xu, of 2026, where each pair is violated): does output
                3 never fall where input 0 alone rises, in a box drawn by a fixed seed?
                or near a point, in a small box: the same, or that it never rises
                or of an example of ours: monotone in a place, or Lipschitz
    prove       our verdict; CPU and wall seconds of the command, its start included
    witness     by how much the output differs at the two points, exactly, rounded for the table
    check       the word of `rectifold check` on the certificate; CPU seconds
    mutations   of ten changes of the certificate, each of which leaves no proof, how many are
                refused

A row is wrong without a verdict, where a witness does not show what it must, or where the checker
refuses a certificate or accepts a changed one.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import click
from properties_common import ROOT, command, find

from rectifold.cli.asked import Asked, ShortForms, read_asked
from rectifold.cli.reading import CROSSCHECK, OUTPUTS, UNTIL
from rectifold.ir.canonical import canonical_text, property_text
from rectifold_check import check_property

ACAS = ("1_1", "1_3", "1_6", "2_2", "2_6", "3_1", "3_7", "4_2", "5_3")
BEYOND = str(10**12)
Lines = list[str]


@dataclass(frozen=True)
class Relation:
    """`form`: an option of prove and its value; `property_file`: of the pair, instead. `output`:
    which one the witness is about.
    """

    name: str
    network: Path
    form: tuple[str, str] | None = None
    domain: str | None = None
    property_text: str = ""
    output: int = 0

    def arguments(self, folder: Path) -> list[str | Path]:
        """Of prove and of check, but for the certificate."""
        if self.form is None:
            file = folder / "pair.vnnlib"
            file.write_text(self.property_text)
            return [file, "--beside", self.network]
        return [*self.form, *(["--domain", self.domain] if self.domain else [])]

    def asked(self, folder: Path) -> Asked:
        """The same for the library."""
        if self.form is None:
            file = folder / "pair.vnnlib"
            return Asked(str(self.network), str(file), None, str(self.network))
        option, value = self.form
        short = {
            "--monotone": ShortForms(monotone=(value,)),
            "--decreasing": ShortForms(decreasing=(value,)),
            "--lipschitz": ShortForms(lipschitz=Fraction(value) if "x" not in value else None),
        }[option]
        return Asked(str(self.network), None, self.domain, None, short)


def print_table(options: argparse.Namespace) -> bool:
    """The first `count` of the instances; whether there are some and nothing is wrong."""
    print("| instance | prove | witness | check | mutations |\n|---|---|---|---|---|")
    wanted = [one for one in _relations(Path(options.data)) if options.only in one.name]
    there = [one for one in wanted[: options.count] if one.network.is_file()]
    fine = [_is_fine(one, options) for one in there]
    print(f"\n{len(fine)} instances, {fine.count(False)} of them wrong")
    return bool(fine) and all(fine)


def _relations(data: Path) -> Iterator[Relation]:
    cart, heater = ROOT / "examples" / "cartpole.onnx", ROOT / "examples" / "thermostat.relu"
    for k in range(4):
        yield Relation(f"cart x[{k}]", cart, ("--monotone", f"x[{k}] y[0]"), "[-1,1]^4")
    for most in ("10", "8.3", "8.2"):
        yield Relation(f"cart Lipschitz {most}", cart, ("--lipschitz", most), "[-1,1]^4")
    for k in range(2):
        yield Relation(f"heater x[{k}]", heater, ("--decreasing", f"x[{k}] y[0]"))
    for most in ("0.319", "0.318"):
        yield Relation(f"heater Lipschitz {most}", heater, ("--lipschitz", most))
    random = Random(2026)
    for name in ACAS:
        model, text = find(data, f"acasxu_{name}.onnx"), _pair_text(random)
        yield Relation(f"acas {name} pair", model, property_text=text, output=3)
    for name in ACAS:
        model, box = find(data, f"acasxu_{name}.onnx"), _near(random)
        for option in ("--monotone", "--decreasing"):
            words = f"acas {name} near, {option[2:]}"
            yield Relation(words, model, (option, "x[0] y[3]"), box, output=3)


def _pair_text(random: Random) -> str:
    """A box in which input 3 is fixed and input 0 rises from f to g; output 3 falls."""
    lines = [
        "(vnnlib-version <2.0>)",
        "(declare-network f (declare-input X_f real [5]) (declare-output Y_f real [5]))",
        "(declare-network g (equal-to f)",
        " (declare-input X_g real [5]) (declare-output Y_g real [5]))",
    ]
    for k in range(5):
        low, high = sorted(random.sample(range(-400, 401), 2))
        low = high if k == 3 else low
        lines.append(f"(assert (and (>= X_f[{k}] {low / 1000}) (<= X_f[{k}] {high / 1000})))")
        if k == 0:
            lines.append(f"(assert (and (>= X_g[0] X_f[0]) (<= X_g[0] {high / 1000})))")
        else:
            lines.append(f"(assert (== X_f[{k}] X_g[{k}]))")
    return "\n".join([*lines, "(assert (< Y_g[3] Y_f[3]))", ""])


def _near(random: Random) -> str:
    middles = [random.randint(-400, 400) for _ in range(5)]
    return str([[(v - 4) / 1000, (v + 4) / 1000] for v in middles])


def _is_fine(one: Relation, options: argparse.Namespace) -> bool:
    """Prints the row of an instance; whether nothing is wrong with it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificate, result = folder / "c", folder / "r.json"
        arguments = one.arguments(folder)
        kept = "--certificate", certificate, "--json", result, "--quiet"
        limit = "--time-limit", str(options.time_limit)
        done = command("prove", one.network, *arguments, *limit, *kept)
        told = json.loads(result.read_text()) if result.is_file() else {"verdict": done.said}
        columns, is_sound = _checked(one, folder, arguments)
    verdict = told["verdict"]
    shown = _witness(one, told) if verdict == "refuted" else ""
    row = [one.name, f"{verdict} {done.cpu:.1f} ({done.wall:.1f})", shown, *columns]
    print(f"| {' | '.join(row)} |", flush=True)
    return is_sound and verdict in ("holds", "refuted") and shown != "0"


def _witness(one: Relation, told: dict[str, Any]) -> str:
    outputs = [Fraction(v) for v in told["counterexample"]["outputs"]]
    half = len(outputs) // 2
    return f"{float(outputs[half + one.output] - outputs[one.output]):.3g}"


def _checked(one: Relation, folder: Path, arguments: list[str | Path]) -> tuple[list[str], bool]:
    """The columns about a certificate, if there is one; whether it and no changed one is
    accepted."""
    file = folder / "c"
    if not file.is_file():
        return ["", ""], True
    words = ["--property", *arguments] if one.form is None else arguments
    done = command("check", one.network, file, *words)
    with click.Context(click.Command("check")) as context:  # in which options are looked up
        context.meta.update({OUTPUTS: (), UNTIL: (), CROSSCHECK: False})
        question = read_asked(one.asked(folder), quiet=True)
    network = canonical_text(question.loaded.network)
    asked, lines = property_text(question.asked), file.read_text().splitlines()
    verdicts = [
        check_property(network, asked, change(list(lines)), beside=network) for change in CHANGES
    ]
    refused = sum(not verdict.holds for verdict in verdicts)
    word = "holds" if done.status == 0 else f"status {done.status}"
    columns = [f"{word} {done.cpu:.1f}", f"{refused} of {len(verdicts)}"]
    return columns, done.status == 0 and refused == len(verdicts)


# ---- ten changes --------------------------------------------------------------------------------


def _with_head(change: Callable[[dict[str, Any]], None]) -> Callable[[Lines], Lines]:
    def changed(lines: Lines) -> Lines:
        head = json.loads(lines[0])
        change(head)
        return [json.dumps(head), *lines[1:]]

    return changed


def _with_step(change: Callable[[list[Any]], None]) -> Callable[[Lines], Lines]:
    """Of the first part."""

    def changed(lines: Lines) -> Lines:
        step = json.loads(lines[1])
        change(step)
        return [lines[0], json.dumps(step), *lines[2:]]

    return changed


def _margin(value: str) -> Callable[[dict[str, Any]], None]:
    return lambda head: head["margins"][0].__setitem__(0, value)


CHANGES: tuple[Callable[[Lines], Lines], ...] = (
    _with_head(lambda head: head.update(network=head["property"])),
    _with_head(lambda head: head.update(property=head["network"])),
    _with_head(lambda head: head.pop("beside")),
    _with_head(_margin("-1")),
    _with_head(_margin(BEYOND)),
    lambda lines: lines[:-1],
    lambda lines: [*lines, lines[-1]],
    lambda lines: [lines[0], *lines[2:]],
    _with_step(lambda step: step.__setitem__(1, [[99, 0], *step[1]])),
    _with_step(lambda step: step.__setitem__(2, [[]])),
)
