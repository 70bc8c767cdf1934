"""Every format, precision and compiler: random networks, emitted, run, and compared exactly.

    python benchmarks/targets.py --count 300 [--only c,rust] [--start 0]

Networks are small ones with skip edges and thirds, chains of float32 weights, and some of extreme
magnitudes (benchmarks/code_bounds.py); what a format refuses is counted, and others take its place
until `count` are written. Each is run at ends and inside its domain, and compared with exact
evaluation: an error above the certified bound ends it with status 1. Beside the bound a solver is
allowed its own tolerance (SOLVER). Formats whose tools are missing are left out.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from math import isfinite
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "benchmarks")]

from code_bounds import accepted_points  # noqa: E402
from code_bounds import random_network as extreme_network  # noqa: E402
from target_runners import Runner, runners  # noqa: E402

from rectifold.cli.rounding import certify_rounding  # noqa: E402
from rectifold.emitters.header import Origin  # noqa: E402
from rectifold.emitters.integer.choice import integers_of  # noqa: E402
from rectifold.emitters.table import FORMATS  # noqa: E402
from rectifold.errors import InputError  # noqa: E402
from rectifold.formats.float_range import COMPUTED  # noqa: E402
from rectifold.ir.canonical import digest  # noqa: E402
from rectifold.ir.domain import Domain  # noqa: E402
from rectifold.ir.evaluate import evaluate_points  # noqa: E402
from rectifold.ir.network import Network  # noqa: E402
from support import float_network, random_network  # noqa: E402

POINTS = 6  # of each network
SOLVER = 1e-5  # what HiGHS is allowed, times the largest number of the network's values there
PROGRAMS = ("mps", "lp")


@dataclass
class Tally:
    """Of one target: how many networks, and the largest share of a bound that was used."""

    label: str
    written: int = 0
    refused: int = 0
    points: int = 0
    largest: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def row(self) -> str:
        return (
            f"| {self.label} | {self.written} | {self.refused} | {self.points} "
            f"| {self.largest:.3g} | {len(self.wrong)} |"
        )


@dataclass(frozen=True, eq=False)
class Case:
    """A network that was written, its points, exact outputs there, and the bound per output."""

    path: Path
    points: list[list[float]]
    exact: list[list[Fraction]]
    bound: tuple[float, ...]


def networks(start: int, chosen: str) -> Iterator[tuple[int, Network]]:
    """Without end. None of extreme magnitudes for integers, which have one scale, and where
    another program computes, which may overflow.
    """
    one, seed = FORMATS[chosen], start
    is_scaled = bool(one.words) or not one.computes
    while True:
        yield seed, network_of(seed, 2 if is_scaled else 3)
        seed += 1


def network_of(seed: int, kinds: int) -> Network:
    """The network of a seed, one of so many kinds."""
    random = Random(seed)
    if seed % kinds == 0:
        return random_network(seed)
    if seed % kinds == 1:
        sizes = [random.randint(1, 12) for _ in range(random.randint(2, 5))]
        end = Fraction(random.choice(("1/10", "1", "10")))
        return float_network(seed, *sizes).with_domain(Domain.cube(-end, end, sizes[0]))
    return extreme_network(seed)


def cases(
    chosen: str, precision: str, span: tuple[int, int], folder: Path, tally: Tally
) -> list[Case]:
    """From a seed on so many networks, written; those that are refused are counted."""
    start, count = span
    tries = (
        _case(seed, n, chosen, precision, folder, tally) for seed, n in networks(start, chosen)
    )
    return list(islice((case for case in tries if case is not None), count))


def _case(
    seed: int, network: Network, chosen: str, precision: str, folder: Path, tally: Tally
) -> Case | None:
    domain = network.domain
    assert domain is not None
    name = f"net{seed}{FORMATS[chosen].suffix.replace('.js', '.mjs')}"
    try:
        integers = integers_of(network, domain, chosen, None)
        if integers is None:
            bound = certify_rounding(network, domain, None, chosen, precision)
        else:
            bound = integers.per_output
        assert bound is not None
        origin = Origin(
            digest(network), network.sizes, bound, precision=precision, integers=integers
        )
        files = FORMATS[chosen].emit(network, origin, name).files
    except InputError:
        tally.refused += 1
        return None
    for file, data in files.items():
        (folder / file).write_bytes(data)
    points = accepted_points(domain, COMPUTED[precision], seed)[:POINTS]
    exact = evaluate_points(network, [moved_inside(x, domain) for x in points])
    return Case(folder / name, points, exact, bound)


def moved_inside(point: Sequence[float], domain: Domain) -> list[Fraction]:
    """A point beyond an end is compared with the network at that end."""
    ends = zip(point, domain.lower, domain.upper, strict=True)
    return [min(max(Fraction(v), low or Fraction(0)), high or Fraction(0)) for v, low, high in ends]


def compare(case: Case, outputs: list[list[float]], slack: float, tally: Tally) -> None:
    """Note what the outputs are off by, in shares of what is allowed."""
    for x, got, exact in zip(case.points, outputs, case.exact, strict=True):
        tally.points += 1
        more = Fraction(slack) * max([Fraction(1), *map(abs, exact)])
        for value, want, allowed in zip(got, exact, case.bound, strict=True):
            if not isfinite(value):
                tally.wrong.append(f"{tally.label}, {case.path.name} at {x}: {value}")
            elif isfinite(allowed):
                off, most = abs(Fraction(value) - want), Fraction(allowed) + more
                tally.largest = max(tally.largest, float(off / most) if most else 0.0)
                if off > most:
                    tally.wrong.append(
                        f"{tally.label}, {case.path.name} at {x}: {value}, off by {float(off):.3g} "
                        f"where {float(most):.3g} is allowed"
                    )


def examine(chosen: str, precision: str, count: int, start: int) -> list[Tally]:
    """One format in one precision, with each of its runners."""
    tallies = []
    with tempfile.TemporaryDirectory() as place:
        found: list[tuple[str, Runner]] = list(runners(chosen))
        made: list[Case] = []
        first = Tally("")
        if found:
            made = cases(chosen, precision, (start, count), Path(place), first)
        kind = (precision,) if FORMATS[chosen].precisions else ()
        for label, run in found:
            tally = Tally(" ".join(filter(None, (chosen, *kind, label))), len(made))
            tally.refused = first.refused
            outputs = run([c.path for c in made], [c.points for c in made], precision)
            for case, values in zip(made, outputs, strict=True):
                compare(case, values, SOLVER if chosen in PROGRAMS else 0.0, tally)
            tallies.append(tally)
    return tallies


def precisions_of(chosen: str) -> tuple[str, ...]:
    """Those of a format; integers are given points of float64, and exact formats are not run."""
    one = FORMATS[chosen]
    return one.precisions or (("float64",) if one.words else ())


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--only", help="formats, with commas between")
    given = parser.parse_args()
    wanted = given.only.split(",") if given.only else list(FORMATS)
    print("| target | written | refused | points | largest share of a bound | wrong |")
    print("|---|---|---|---|---|---|")
    wrong: list[str] = []
    for chosen in wanted:
        for precision in precisions_of(chosen):
            for tally in examine(chosen, precision, given.count, given.start):
                print(tally.row, flush=True)
                wrong += tally.wrong
    print("\n".join(wrong[:20]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
