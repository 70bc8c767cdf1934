"""Networks in integers: what is certified with which words, and is it ever exceeded?

    python benchmarks/integers.py NET@DOMAIN ...        a table: 1 % of each output's range
    python benchmarks/integers.py --count 300           random networks, compiled and run

The table takes, per network, 1 % of the smallest range that an output was seen to have (10,000
points and climbs from them) as the error that is asked for, and prints the words that meet it, both
certified bounds (at grid points, and for real points that are rounded) and the largest error seen,
each as a part of its output's range. The code is compiled for this machine and, where
arm-none-eabi-gcc and qemu-arm are installed, for ARM; it must give the integers of the reference,
and hold no float instruction. The campaign emits random networks (magnitudes from 1e-6 to 1e6,
skip edges, constant units) in every kind of words, runs them, and compares with exact evaluation.
Ends with status 1 if anything differs or a bound is exceeded.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np

from rectifold.bounds.substitution import bounded
from rectifold.emitters.header import Origin
from rectifold.emitters.integer.observed import integer_outputs
from rectifold.emitters.integer.stored import stored_weights
from rectifold.emitters.integer.tables import bytes_of_constants
from rectifold.emitters.observed.float_layers import float_outputs
from rectifold.emitters.table import FORMATS
from rectifold.exact.conversion import Floats
from rectifold.exact.matrix import Matrix
from rectifold.formats.load import domain_and_notes, load
from rectifold.integers.choose import Certified, certified_integers
from rectifold.integers.network import Integers
from rectifold.integers.words import LONG, MIXED, SHORT, words_of
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate
from rectifold.ir.leaky import LeakyForm
from rectifold.ir.network import Layer, Network
from rectifold.search.witnesses import Witnesses

HOST = shutil.which("gcc") or shutil.which("cc") or shutil.which("clang")
FLAGS = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic"]
ARM = ["-mcpu=arm7tdmi", "-marm", "--specs=rdimon.specs"]  # its system calls are those of qemu-arm
FLOATING = re.compile(
    r"v?(add|sub|mul|div|max|min|cvt\w*)[sp][sd]|f(ld|st|add|mul|div|sub|com)\w*|v(ldr|str|mov|mul|add)"
)
DRIVER = """#include "unit.h"
#include <stdio.h>
static const unit_value X[] = { %s };
static const unit_value Y[] = { %s };
int main(void)
{
    unit_value y[UNIT_OUTPUTS];
    int k, i;
    for (k = 0; k < %d; k++) {
        if (unit_evaluate(X + k * UNIT_INPUTS, y) != UNIT_OK) return 2;
        for (i = 0; i < UNIT_OUTPUTS; i++) if (y[i] != Y[k * UNIT_OUTPUTS + i]) return 1;
    }
    printf("same\\n");
    return 0;
}
"""


def grid(known: Certified, points: Floats) -> Integers:
    """The accepted integers nearest to real points."""
    rounded = np.floor(np.ldexp(points, known.code.input_scale) + 0.5).astype(np.int64)
    return np.clip(rounded, np.array(known.code.lower), np.array(known.code.upper))


def write(network: Network, known: Certified, folder: Path) -> Path:
    """The emitted files, as unit.c and unit.h."""
    origin = Origin(digest(network), network.sizes, known.per_output, integers=known)
    for name, data in FORMATS["c-int32"].emit(network, origin, "unit.c").files.items():
        (folder / name).write_bytes(data)
    return folder / "unit.c"


def told(command: Sequence[str]) -> str:
    """What a command prints. Raises CalledProcessError where it fails."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def runs(source: Path, known: Certified, points: Integers) -> dict[str, bool]:
    """Per machine: does the compiled code give the integers of the reference?"""
    expected = integer_outputs(known.code, points)
    reference = [known.code.evaluate(x) for x in points[:20].tolist()]
    assert expected[:20].tolist() == reference
    tables = (", ".join(map(str, v.ravel().tolist())) for v in (points, expected))
    driver = source.with_name("driver.c")
    driver.write_text(DRIVER % (*tables, len(points)), encoding="ascii")
    machines: dict[str, tuple[list[str], list[str]]] = {"host": ([HOST], [])} if HOST else {}
    if (cross := shutil.which("arm-none-eabi-gcc")) and (qemu := shutil.which("qemu-arm")):
        machines["arm"] = ([cross, *ARM], [qemu])
    answers = {}
    for machine, (compiler, runner) in machines.items():
        program = str(source.with_name(machine))
        told([*compiler, *FLAGS, "-o", program, str(source), str(driver)])
        answers[machine] = told([*runner, program]) == "same\n"
    return answers


def float_instructions(source: Path) -> set[str]:
    """Instructions on floats in the object files, and calls of routines that stand for them."""
    found: set[str] = set()
    for compiler, dump, flags in (
        (HOST, "objdump", []),
        (shutil.which("arm-none-eabi-gcc"), "arm-none-eabi-objdump", ["-mcpu=cortex-m0"]),
    ):
        if compiler is None or shutil.which(dump) is None:
            continue
        target = str(source.with_suffix(".o"))
        told([compiler, *FLAGS, *flags, "-c", "-o", target, str(source)])
        listing = told([dump, "-dr", target])
        found |= {v for v in re.findall(r"\t([a-z]\w+)\s", listing) if FLOATING.fullmatch(v)}
        found |= set(re.findall(r"__aeabi_[df]\w+|__\w*[sd]f3\b", listing))
    return found


# ---- the table ----------------------------------------------------------------------------------


def seen_ranges(network: Network, points: Floats) -> Floats:
    """Per output, largest less smallest value at points and at the ends of climbs from them."""
    assert network.domain is not None
    witnesses = Witnesses(bounded(network, network.domain, {}), 0, [])
    units = np.repeat(np.arange(network.output_size), 20)
    start = points[: len(units)]
    climbs = [witnesses.ascend(network.output, units, s, start, 30) for s in (1.0, -1.0)]
    values = float_outputs(LeakyForm(network, {}), np.vstack([points, *climbs]))
    return np.asarray(values.max(axis=0) - values.min(axis=0))


def sampled(domain: Domain, count: int) -> Floats:
    """Half random points, half corners."""
    random = np.random.default_rng(0)
    low, high = domain.float_box
    parts = random.random((count, domain.size))
    parts[::2] = np.round(parts[::2])
    return np.asarray(np.clip(low + parts * (high - low), low, high))


def row(name: str, share: Fraction, seconds: float) -> str:
    """One line of the table, and whether everything was as it must be."""
    path, _, spec = name.partition("@")
    network = load(path).network
    if spec:
        network = network.with_domain(domain_and_notes(spec, network)[0])
    assert network.domain is not None
    points = sampled(network.domain, 10_000)
    ranges = seen_ranges(network, points)
    wanted = share * Fraction(float(ranges.min()))
    started = time.monotonic()
    known = certified_integers(network, network.domain, words_of(32, smaller=True), wanted, seconds)
    took = time.monotonic() - started
    inputs = grid(known, points)
    got = np.ldexp(integer_outputs(known.code, inputs).astype(float), -known.code.output_scale)
    error = np.abs(got - float_outputs(LeakyForm(network, {}), points)).max(axis=0)
    parts = [
        f"{100 * float((np.array(v) / ranges).max()):.2g} %"
        for v in (known.at_grid, known.rounded, error)
    ]
    with tempfile.TemporaryDirectory() as folder:
        source = write(network, known, Path(folder))
        same = runs(source, known, inputs[:300])
        floats = float_instructions(source)
    stored = bytes_of_constants(known.code, stored_weights(known.code))
    words = known.code.words
    short = f"{words.weight}/{words.value}/{words.sum}"
    fine = "" if all(same.values()) and not floats else f" WRONG {same} {floats}"
    return (
        f"| {Path(path).stem} | {float(wanted):.2g} | {short} | {' | '.join(parts)} | "
        f"{stored:,} | {took:.0f} | {', '.join(same)}{fine} |"
    )


# ---- the campaign -------------------------------------------------------------------------------


def random_network(seed: int) -> Network:
    """1-4 inputs, 1-3 hidden layers of 1-8 units, 1-3 outputs; sometimes a skip edge."""
    random = Random(seed)
    size = 10.0 ** random.uniform(-6, 6)
    inputs = random.randint(1, 4)
    layers: list[Layer] = []
    sizes = {"x": inputs}
    before = "x"
    for k in range(random.randint(1, 3) + 1):
        units = random.randint(1, 8)
        read = {before, *(["x"] if random.random() < 0.3 else [])}
        weights = {u: matrix(random, units, sizes[u], size if u == "x" else 1.0) for u in read}
        kind = "linear" if random.random() < 0.2 else "relu"
        bias = matrix(random, units, 1, size)
        layers.append(Layer(f"h{k}", kind, bias, weights))  # type: ignore[arg-type]
        before, sizes[f"h{k}"] = f"h{k}", units
    spread = 10.0 ** random.uniform(-4, 4)
    low = [Fraction(random.uniform(-1, 1) * spread).limit_denominator(1000) for _ in range(inputs)]
    high = [a + Fraction(random.uniform(0, 1) * spread).limit_denominator(1000) for a in low]
    return Network("x", inputs, layers, before, Domain(tuple(low), tuple(high)), "random")


def matrix(random: Random, rows: int, columns: int, size: float) -> Matrix:
    """Floats and some fractions; some zeros, and sometimes a row of them."""
    table = [
        [
            Fraction(random.gauss(0, 1) * size)
            if random.random() < 0.8
            else Fraction(random.randint(-3, 3), random.randint(1, 9))
            for _ in range(columns)
        ]
        for _ in range(rows)
    ]
    if random.random() < 0.2:
        table[0] = [Fraction(0)] * columns
    return Matrix.from_fractions(table, columns=columns)


@dataclass(frozen=True)
class Found:
    """Of one network in one kind of words: the largest part of the bound that was used, and what
    was wrong.
    """

    used: float
    wrong: str = ""


def compared(seed: int) -> list[Found]:
    """One random network in every kind of words."""
    network = random_network(seed)
    return [_compared(network, seed, k) for k in range(3)]


def _compared(network: Network, seed: int, kind: int) -> Found:
    assert network.domain is not None
    known = certified_integers(network, network.domain, [(SHORT, MIXED, LONG)[kind]])
    random = np.random.default_rng(seed)
    low, high = np.array(known.code.lower), np.array(known.code.upper)
    points = random.integers(low, high + 1, (30, len(low)))
    points[:2] = low, high
    used = 0.0
    for y, x in zip(integer_outputs(known.code, points).tolist(), points.tolist(), strict=True):
        exact = evaluate(network, known.code.real_point(x))
        used = max(used, *_parts(y, exact, known.at_grid, known))
    for share in random.integers(0, 98, (15, len(low))).tolist():
        real = [
            a + Fraction(s, 97) * (b - a)
            for s, a, b in zip(share, network.domain.lower, network.domain.upper, strict=True)
            if a is not None and b is not None
        ]
        got = known.code.evaluate(known.code.rounded(real))
        used = max(used, *_parts(got, evaluate(network, real), known.rounded, known))
    with tempfile.TemporaryDirectory() as folder:
        same = runs(write(network, known, Path(folder)), known, points)
    wrong = [f"{machine} differs" for machine, fine in same.items() if not fine]
    if used > 1:
        wrong.append(f"the bound is exceeded {used:.3g} times")
    return Found(used, ", ".join(wrong) and f"seed {seed}, words {kind}: {', '.join(wrong)}")


def _parts(
    got: Sequence[int], exact: Sequence[Fraction], bound: Sequence[float], known: Certified
) -> Iterator[float]:
    """Per output the part of the bound that is used."""
    unit = Fraction(2) ** -known.code.output_scale
    for y, f, e in zip(got, exact, bound, strict=True):
        off = abs(y * unit - f)
        yield 0.0 if off == 0 else float(off / Fraction(e)) if e else float("inf")


def campaign(count: int, start: int, processes: int) -> int:
    """Status 1 where anything was wrong."""
    with ProcessPoolExecutor(processes) as pool:
        found = [v for one in pool.map(compared, range(start, start + count)) for v in one]
    wrong = [one.wrong for one in found if one.wrong]
    for line in wrong:
        print(line)
    used = max((one.used for one in found), default=0.0)
    print(f"{count} networks in 3 kinds of words: {len(wrong)} wrong; {used:.3f} of a bound used")
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", metavar="NET@DOMAIN")
    parser.add_argument("--count", type=int, default=0, help="random networks")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--share", type=Fraction, default=Fraction(1, 100), help="of the range")
    parser.add_argument("--seconds", type=float, default=60.0, help="of splitting, per words")
    given = parser.parse_args()
    lines = []
    if given.networks:
        print("| network | error asked | words | at grid | rounded | seen | bytes | s | same on |")
        print("|---|---|---|---|---|---|---|---|---|")
    for name in given.networks:
        lines.append(row(name, given.share, given.seconds))
        print(lines[-1], flush=True)
    status = campaign(given.count, given.start, given.processes) if given.count else 0
    return 1 if any("WRONG" in line for line in lines) else status


if __name__ == "__main__":
    sys.exit(main())
