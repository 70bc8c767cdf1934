"""No statement larger than its proof: python benchmarks/statements.py [COUNT] [SEED] [--processes
N] [--time-limit S]

Random pairs go through every form of `verify`: equal, within, argmax, margin, tightest, each with
its certificate and its counterexample in .json and .npy and in floats. What is printed and what is
in JSON is read again and compared

    with exact evaluation at many points of the domain (and at every counterexample of any form),
    with the certificate, replayed by `check`: eps, digests, verdict,
    with the exit status.

A table of answers per form; a line per contradiction; status 1 if there is one. Deterministic but
for time limits.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from click.testing import CliRunner, Result

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from rectifold.cli.main import main as rectifold
from rectifold.exact.matrix import Matrix
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.draft import Draft
from rectifold.ir.evaluate import evaluate, evaluate_points
from rectifold.ir.network import Layer, Network
from rectifold.language.printer import print_network
from rectifold.operations.compiling import compile_network
from support import random_network

_POINTS = 40
_EXITS = {"equal": 0, "within": 0, "argmax": 0, "different": 1, "undecided": 3}
Values = list[Fraction]


# ---- pairs -------------------------------------------------------------------------------------


@dataclass
class Pair:
    """Two networks on a domain, and the exact points at which every statement about them is looked
    at.
    """

    a: Network
    b: Network
    domain: Domain
    points: list[Values] = field(default_factory=list)

    def values(self) -> Iterator[tuple[Values, Values]]:
        return zip(
            evaluate_points(self.a, self.points), evaluate_points(self.b, self.points), strict=True
        )

    def differences(self) -> list[Fraction]:
        """Per output the largest difference seen."""
        rows = [[abs(p - q) for p, q in zip(va, vb, strict=True)] for va, vb in self.values()]
        return [max(column) for column in zip(*rows, strict=True)]


def make_pair(seed: int) -> Pair:
    """A random network, sometimes with a flat, thin, cut or half-infinite domain, and a relative of
    it.
    """
    random = Random(f"pair {seed}")
    a = _with_outputs(random_network(seed), random)
    assert a.domain is not None
    domain = _changed_domain(a.domain, random)
    b = _relative(a, domain, random)
    return Pair(a.with_domain(domain), b.with_domain(domain), domain, _points(domain, random))


def _with_outputs(network: Network, random: Random) -> Network:
    """With two or three outputs more often than not, so that there is an argmax."""
    if random.random() < 0.3:
        return network
    rows = [
        [Fraction(random.randint(-2, 2)) for _ in range(network.output_size)]
        for _ in range(random.choice((2, 3)))
    ]
    bias = Matrix.column([Fraction(random.randint(-2, 2), 2) for _ in rows])
    last = Layer("z", "linear", bias, {network.output: Matrix.from_fractions(rows)})
    return Network(
        network.input_name,
        network.input_size,
        (*network.layers, last),
        "z",
        network.domain,
        network.name,
    )


def _changed_domain(domain: Domain, random: Random) -> Domain:
    low, high = list(domain.lower), list(domain.upper)
    k, kind = random.randrange(domain.size), random.random()
    start = low[k]
    assert start is not None
    if kind < 0.06:
        low[k] = high[k] = Fraction(1, 3)
    elif kind < 0.12:
        low[k], high[k] = Fraction(1, 3), Fraction(1, 3) + Fraction(1, 3 ** random.randint(1, 40))
    elif kind < 0.18:
        high[k] = None
    elif kind < 0.24:
        high[k] = start + Fraction(10) ** random.randint(3, 30)
    elif kind < 0.36:
        row = tuple(Fraction(random.randint(-3, 3)) for _ in low)
        middle = sum(
            (
                c * (a + b) / 2
                for c, a, b in zip(row, low, high, strict=True)
                if a is not None and b is not None
            ),
            Fraction(0),
        )
        rows = [Constraint(row, middle)]
        if random.random() < 0.4:
            rows.append(Constraint(tuple(-c for c in row), -middle))
        return Domain(tuple(low), tuple(high), tuple(rows))
    return Domain(tuple(low), tuple(high))


def _relative(a: Network, domain: Domain, random: Random) -> Network:
    kind = random.random()
    if kind < 0.1:
        return a
    if kind < 0.25:
        return compile_network(a, domain, prover="bounds").network
    draft = Draft(a)
    layer = a.layers[random.randrange(len(a.layers))]
    step = random.choice(
        (
            Fraction(1, 2**60),
            Fraction(1, 10**9),
            Fraction(1, 1000),
            Fraction(1, 3),
            Fraction(1),
            -Fraction(1, 7),
        )
    )
    if kind < 0.6:
        bias = Matrix.column([v + step * random.choice((0, 1)) for v in layer.bias.column_values()])
        draft.put(Layer(layer.name, layer.activation, bias, dict(layer.weights)))
    elif kind < 0.9:
        source = random.choice(list(layer.weights))
        rows = [
            [v * (1 + step * random.choice((0, 0, 1))) for v in row]
            for row in layer.weights[source].fractions()
        ]
        weights = dict(layer.weights) | {
            source: Matrix.from_fractions(rows, columns=layer.weights[source].shape[1])
        }
        draft.put(Layer(layer.name, layer.activation, layer.bias, weights))
    else:
        last = a.layer(a.output)
        none = {u: Matrix.zeros(*w.shape) for u, w in last.weights.items()}
        draft.put(Layer(last.name, last.activation, last.bias, none))
    return draft.freeze()


def _points(domain: Domain, random: Random) -> list[Values]:
    points: list[Values] = []
    for _ in range(4 * _POINTS):
        ends = [
            (
                low if low is not None else Fraction(-9),
                high if high is not None else (low or 0) + Fraction(9),
            )
            for low, high in zip(domain.lower, domain.upper, strict=True)
        ]
        share = [
            random.choice((Fraction(0), Fraction(1), Fraction(random.randint(0, 60), 60)))
            for _ in ends
        ]
        point = [low + s * (high - low) for s, (low, high) in zip(share, ends, strict=True)]
        if domain.contains(point) and len(points) < _POINTS:
            points.append(point)
    return points


# ---- one form of verify ------------------------------------------------------------------------


class Checks:
    """Runs `verify` on one pair in the present folder and collects what contradicts."""

    def __init__(self, pair: Pair, seconds: float) -> None:
        self.pair, self.seconds = pair, str(seconds)
        self.wrong: list[str] = []
        self.answers: Counter[tuple[str, str]] = Counter()
        Path("a.relu").write_text(print_network(pair.a))
        Path("b.relu").write_text(print_network(pair.b))

    def run(self, *words: str) -> Result:
        result = CliRunner().invoke(rectifold, list(words))
        if result.exit_code not in (0, 1, 2, 3, 4):
            self.wrong.append(
                f"{' '.join(words)} ends with {result.exit_code}: {result.stderr[-300:]} "
                f"{result.exception!r}"
            )
        return result

    def that(self, holds: bool, what: str) -> None:
        if not holds:
            self.wrong.append(what)

    def form(self, name: str, *words: str) -> tuple[dict[str, Any], str] | None:
        """The JSON and the text of one form; None where it was refused as bad input."""
        for file in ("r.json", "c.cert", "x.json", "x.npy"):
            Path(file).unlink(missing_ok=True)
        result = self.run(
            "verify", "a.relu", "b.relu", "--time-limit", self.seconds, "--json", "r.json", *words
        )
        if result.exit_code == 2:
            self.answers[name, "refused"] += 1
            return None
        if not Path("r.json").exists():
            self.answers[name, "undecided"] += 1
            self.that(
                result.exit_code == 3,
                f"{name}: no JSON, and status {result.exit_code}: {result.stderr[-200:]}",
            )
            return None
        told = json.loads(
            Path("r.json").read_text(),
            parse_constant=lambda word: self.that(False, f"{word} in JSON"),
        )
        self.answers[name, told["verdict"]] += 1
        expected = 4 if told.get("trusted") else _EXITS[told["verdict"]]
        self.that(
            result.exit_code == expected, f"{name}: {told['verdict']} ends with {result.exit_code}"
        )
        self.that(
            told["statement"] in result.stdout,
            f"{name}: the JSON states another thing than the text",
        )
        return told, result.stdout

    def certificate(self, name: str, told: dict[str, Any], eps: Sequence[Fraction]) -> None:
        """The certificate in the file is accepted, and is about no less than what was stated."""
        if not Path("c.cert").exists():
            self.that(
                told["certificate"] in (None, "not replayed"),
                f"{name}: no certificate, but {told['certificate']}",
            )
            return
        checked = self.run("check", "a.relu", "c.cert", "--result", "b.relu", "--json", "-")
        verdict = json.loads(checked.stdout)
        self.that(
            verdict["verdict"].startswith("holds"),
            f"{name}: certificate refused: {verdict['reason']}",
        )
        self.that(
            told["certificate"] in ("not replayed", verdict["verdict"]),
            f"{name}: {told['certificate']} was said",
        )
        claim = verdict["claim"]
        self.that(
            all(Fraction(c) <= e for c, e in zip(claim["eps"], eps, strict=True)),
            f"{name}: eps {claim['eps']}",
        )
        self.that(
            claim["a"]["sha256"] == digest(self.pair.a)
            and claim["b"]["sha256"] == digest(self.pair.b),
            f"{name}: digests",
        )

    def counterexample(self, name: str, told: dict[str, Any]) -> tuple[Values, Values]:
        """Its values are exact and its point is in the domain, from now on one of those looked
        at.
        """
        found = told["counterexample"]
        point = [Fraction(v) for v in found["input"]]
        self.that(self.pair.domain.contains(point), f"{name}: the counterexample is outside")
        va, vb = evaluate(self.pair.a, point), evaluate(self.pair.b, point)
        self.that(
            [str(v) for v in va] == found["a"] and [str(v) for v in vb] == found["b"],
            f"{name}: other values",
        )
        self.pair.points.append(point)
        return va, vb


def looks(checks: Checks) -> None:
    """Every form, one after the other."""
    pair = checks.pair
    random = Random(repr(pair.points))
    seen = max(pair.differences(), default=Fraction(0)) if pair.points else Fraction(0)
    for eps in (Fraction(0), seen, seen * Fraction(999, 1000), seen + Fraction(1, 3)):
        _within(checks, [eps] * pair.a.output_size, one=random.random() < 0.7)
    if pair.a.output_size > 1:
        _argmax(checks, Fraction(0))
        _argmax(checks, random.choice((Fraction(1, 3), Fraction(1, 10**6), Fraction(2))))
    _tightest(checks)


def _within(checks: Checks, eps: list[Fraction], *, one: bool) -> None:
    pair, name = checks.pair, "within" if any(eps) else "equal"
    asked = ["--within", str(eps[0]) if one else ",".join(map(str, eps))] if any(eps) else []
    kind = "float32" if one else "float64"
    files = ["--certificate", "c.cert", "--counterexample", "x.npy", "--dtype", kind, "--float"]
    answer = checks.form(name, *asked, *files)
    if answer is None:
        return
    told, text = answer
    if told["verdict"] in ("equal", "within"):
        bound = [Fraction(0)] * len(eps) if told["verdict"] == "equal" else eps
        checks.that(
            not pair.points or all(d <= e for d, e in zip(pair.differences(), bound, strict=True)),
            f"{name} {eps}: not so",
        )
        for word in re.findall(r"differ by at most (\S+)", text):
            checks.that(
                not pair.points or max(pair.differences()) <= Fraction(word),
                f"{name}: at most {word} is too small",
            )
        for word in re.findall(r"^within (\S+) on the domain", text):
            checks.that(Fraction(word) >= eps[0], f"{name}: within {word} is less than was proved")
        checks.certificate(name, told, bound)
    elif told["verdict"] == "different":
        va, vb = checks.counterexample(name, told)

        def shows(va: Values, vb: Values) -> bool:
            return any(abs(p - q) > e for p, q, e in zip(va, vb, eps, strict=True))

        checks.that(shows(va, vb), f"{name}: the counterexample shows nothing")
        _float_points(checks, name, told, shows)
    else:
        _undecided(checks, name, told, text)


def _undecided(checks: Checks, name: str, told: dict[str, Any], text: str) -> None:
    for word in re.findall(r"largest difference seen: at least ([^\s)]+)", text):
        checks.that(
            Fraction(word) <= Fraction(told["bound"]["lower"]),
            f"{name}: at least {word} is too large",
        )


def _float_points(checks: Checks, name: str, told: dict[str, Any], shows: Any) -> None:
    """The .npy and the points of --float lie inside and show it, in the numbers that they are
    written in.
    """
    written = {"x.npy": np.load("x.npy")} if Path("x.npy").exists() else {}
    checks.that(
        bool(written) == told["counterexample_file"].startswith("wrote"),
        f"{name}: said and written differ",
    )
    for kind, values in told.get("floats", {}).items():
        if values is not None:
            written[kind] = np.array(values["input"], dtype=kind)
    for kind, point in written.items():
        exact = [Fraction(float(v)) for v in point]
        checks.that(checks.pair.domain.contains(exact), f"{name}: the {kind} point is outside")
        checks.that(
            shows(evaluate(checks.pair.a, exact), evaluate(checks.pair.b, exact)),
            f"{name}: {kind} shows nothing",
        )


def _argmax(checks: Checks, margin: Fraction) -> None:
    pair, name = checks.pair, "margin" if margin else "argmax"
    words = [
        "--argmax",
        *(["--margin", str(margin)] if margin else []),
        "--counterexample",
        "x.npy",
        "--float",
    ]
    answer = checks.form(name, *words)
    if answer is None:
        return
    told, _ = answer

    def shows(va: Values, vb: Values) -> bool:
        first, second = sorted(va)[-1], sorted(va)[-2]
        return first - second > margin and vb[va.index(first)] < max(vb)

    if told["verdict"] == "argmax":
        checks.that(not any(shows(va, vb) for va, vb in pair.values()), f"{name}: not so")
        if told["with_ties"]:
            same = all(
                [v == max(va) for v in va] == [v == max(vb) for v in vb] for va, vb in pair.values()
            )
            checks.that(same, f"{name}: ties differ")
        if told["tie"] is not None:
            vb = evaluate(pair.b, [Fraction(v) for v in told["tie"]["input"]])
            checks.that(
                [k for k, v in enumerate(vb) if v == max(vb)] == told["tie"]["tied"],
                f"{name}: no tie",
            )
    elif told["verdict"] == "different":
        checks.that(
            shows(*checks.counterexample(name, told)), f"{name}: the counterexample shows nothing"
        )
        _float_points(checks, name, told, shows)


def _tightest(checks: Checks) -> None:
    pair, name = checks.pair, "tightest"
    answer = checks.form(name, "--tightest", "--certificate", "c.cert")
    if answer is None:
        return
    told, text = answer
    va, vb = checks.counterexample(name, told)
    lower, upper = (Fraction(told["bound"][side]) for side in ("lower", "upper"))
    checks.that(
        lower == max(abs(p - q) for p, q in zip(va, vb, strict=True)),
        f"{name}: lower is not attained",
    )
    attained, proved = re.findall(r"between (\S+) \(attained\) and (\S+) \(proved\)", text)[0]
    checks.that(
        Fraction(attained) <= lower <= upper <= Fraction(proved), f"{name}: {attained} .. {proved}"
    )
    printed = [Fraction(word) for word in re.findall(r"output \d+: at most (\S+)", text)]
    checks.that(
        all(d <= p for d, p in zip(pair.differences(), printed, strict=True)),
        f"{name}: {printed} is too small",
    )
    checks.certificate(name, told, printed)


# ---- all ---------------------------------------------------------------------------------------


def one_pair(task: tuple[int, float]) -> tuple[int, list[str], Counter[tuple[str, str]]]:
    seed, seconds = task
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        checks = Checks(make_pair(seed), seconds)
        looks(checks)
        os.chdir("/")
    return seed, checks.wrong, checks.answers


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("count", type=int, nargs="?", default=5000)
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument(
        "--time-limit", type=float, default=0.5, help="of each question, in seconds"
    )
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="stop after so many seconds"
    )
    asked = parser.parse_args()
    looked_at = 0
    started, answers, wrong = time.monotonic(), Counter[tuple[str, str]](), 0
    tasks = [(seed, asked.time_limit) for seed in range(asked.seed, asked.seed + asked.count)]
    with get_context("spawn").Pool(asked.processes) as pool:
        for seed, lines, own in pool.imap_unordered(one_pair, tasks):
            answers += own
            wrong += len(lines)
            for line in lines:
                print(f"pair {seed}: {line}", flush=True)
            looked_at += 1
            if time.monotonic() - started > asked.seconds:
                break
    _print_table(answers)
    print(
        f"{looked_at} pairs from {asked.seed}, {wrong} contradictions, "
        f"{time.monotonic() - started:.0f} s"
    )
    return 1 if wrong else 0


def _print_table(answers: Counter[tuple[str, str]]) -> None:
    verdicts = sorted({verdict for _, verdict in answers})
    print(f"{'form':10}" + "".join(f"{v:>11}" for v in verdicts))
    for form in sorted({form for form, _ in answers}):
        print(f"{form:10}" + "".join(f"{answers[form, v]:11}" for v in verdicts))


if __name__ == "__main__":
    sys.exit(main())
