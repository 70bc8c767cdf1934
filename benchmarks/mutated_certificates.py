"""Mutated certificates: none proves what a point refutes, and no verdict changes by a rewrite.

    python benchmarks/mutated_certificates.py 20 0                       mutations each, seed
    python benchmarks/mutated_certificates.py 20 0 --against REVISION    the verdicts of a revision

Certificates of random networks (compiled, within a tolerance, by cells, with a margin, chains of
these) and mutations of their steps, their networks and their domains, digests set right, so that
the checker reads on. A claim that holds is evaluated exactly at points of its domain. With
--against the checker of a git revision judges the same certificates. A table of verdicts; status 1
after a contradiction. Deterministic by the seed.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from network_pairs import certificate_of, random_chain, shaken
from rectifold.certificate.compiled import certify
from rectifold.certificate.within import certify_by_cells
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.operations.compiling import compile_network
from rectifold_check.changes import changed as changed_text
from rectifold_check.json import Refusal
from rectifold_check.networks import Domain as ReadDomain
from rectifold_check.networks import Network as ReadNetwork
from rectifold_check.networks import read_domain, read_network
from rectifold_check.rules import RULES
from support import float_network, random_network

ROOT = Path(__file__).resolve().parents[1]
_COMPILED = 40  # random networks that are compiled
_CHAINS = 8  # chains of random links
_POINTS = 8  # points per domain at which a claim that holds is evaluated
_JUDGE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from rectifold_check import check
for row in sys.stdin:
    print(json.dumps(check(**json.loads(row)).json()))
"""
_TEXTS = ("0", "1", "-1", "1/2", "1/0", "0x1.0p+0", "x", "h", "hz", "lo", "up", "top", "ch", "dom")

Case = dict[str, Any]  # the arguments of check: a, domain, lines, b


# ---- certificates -------------------------------------------------------------------------------


def certificates() -> Iterator[Case]:
    """Of every kind of step."""
    for seed in range(_COMPILED):
        compiled = compile_network(random_network(seed), prover="bounds")
        lines = certify(compiled).lines
        yield _case(compiled.source, compiled.network, compiled.facts.domain, lines)
    for seed, sizes in enumerate(((2, 6, 6, 1), (3, 8, 8, 2), (2, 10, 2))):
        a = float_network(seed, *sizes)
        b = shaken(a, seed, 1e-3)
        assert a.domain is not None
        yield _case(a, b, a.domain, certificate_of(a, b, Fraction(1, 4)).lines)
        eps = [Fraction(1)] * a.output_size
        found = certify_by_cells(a, b, a.domain, eps)
        if found is not None:
            yield _case(a, b, a.domain, found.lines)
    for seed in range(_CHAINS):
        a, chain = random_chain(seed)
        assert a.domain is not None
        b = json.loads(chain.lines[0])["result"]
        yield {"a": canonical_text(a), "domain": domain_text(a.domain), "b": b,
               "lines": list(chain.lines)}  # fmt: skip


def _case(a: Network, b: Network, domain: Domain, lines: tuple[str, ...]) -> Case:
    texts = {"a": canonical_text(a), "domain": domain_text(domain), "b": canonical_text(b)}
    return {**texts, "lines": list(lines)}


# ---- mutations ----------------------------------------------------------------------------------


def mutated(case: Case, random: Random) -> Case:
    """One to three changes of steps; sometimes of a network or of the domain."""
    changed = {**case, "lines": list(case["lines"])}
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        _change_lines(changed["lines"], random)
    for key in ("a", "b", "domain"):
        if random.random() < 0.1:
            changed[key] = _shaken(changed[key], random)
    head = json.loads(case["lines"][0])
    if random.random() < 0.1:
        head = _wider(head, random)
    digests = {key: _digest(changed[key]) for key in ("a", "b")}
    changed["lines"][0] = json.dumps({**head, **digests, "result": changed["b"]})
    if random.random() < 0.9:
        _set_links_right(changed)
    return changed


def _wider(head: Any, random: Random) -> Any:
    """The header with another claim: a smaller eps or margin, another number of links."""
    key = random.choice([key for key in ("eps", "margin", "links") if key in head])
    if key == "links":
        return {**head, key: head[key] + random.choice((-1, 1))}
    if key == "margin":
        return {**head, key: str(Fraction(head[key]) * random.choice((0, Fraction(1, 2))))}
    eps = list(head[key])
    eps[random.randrange(len(eps))] = "0"
    return {**head, key: eps}


def _set_links_right(case: Case) -> None:
    """The digests of links: each begins where the one before ends, and the last one at B."""
    before, lines = case["a"], case["lines"]
    links = [k for k, line in enumerate(lines) if k and line.startswith("{")]
    for k in links:
        try:
            head = json.loads(lines[k])
            result = case["b"] if k == links[-1] else head["result"]
            after = result if isinstance(result, str) else changed_text(before, result, "")
            lines[k] = json.dumps({**head, "a": _digest(before), "b": _digest(after)})
            before = after
        except (ValueError, KeyError, TypeError, Refusal):  # no header any more
            continue


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _change_lines(lines: list[str], random: Random) -> None:
    """One line left out, repeated elsewhere, cut off or changed inside; never the header."""
    at = random.randrange(1, len(lines)) if len(lines) > 1 else 0
    kind = random.random()
    if not at:
        lines.append('["final",{}]')
    elif kind < 0.12:
        del lines[at]
    elif kind < 0.2:
        lines.insert(at, random.choice(lines[1:]))
    elif kind < 0.24:
        lines[at] = lines[at][: random.randrange(len(lines[at]) + 1)]
    else:
        try:
            lines[at] = _shaken(lines[at], random)
        except ValueError:  # cut off before
            del lines[at]


def _shaken(text: str, random: Random) -> str:
    """JSON with one of its values changed."""
    value = json.loads(text)
    path = random.choice(list(_paths(value)))
    return json.dumps(_put(value, path, random), sort_keys=True, separators=(",", ":"))


def _paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    keys = range(len(value)) if isinstance(value, list) else value
    if isinstance(value, list | dict):
        for key in keys:
            yield from _paths(value[key], (*at, key))


def _put(value: Any, path: tuple[Any, ...], random: Random) -> Any:
    if not path:
        return _changed(value, random)
    value[path[0]] = _put(value[path[0]], path[1:], random)
    return value


def _changed(value: Any, random: Random) -> Any:
    match value:
        case bool() | None | float():
            return random.choice((0, 1.5, [], "x", True))
        case int():
            return random.choice((value + 1, value - 1, 0, 2, True, 1.5, str(value)))
        case "lo" | "up":
            return random.choice(("lo", "up", "mid"))
        case str() if value in RULES:
            return random.choice(list(RULES))
        case str():
            return random.choice((value + "1", "-" + value, value[:-1], *_TEXTS))
        case list():
            return _changed_list(value, random)
        case _:
            kept = [key for key in value if random.random() < 0.8]
            return {key: value[key] for key in kept} | ({"z": 0} if random.random() < 0.3 else {})


def _changed_list(value: list[Any], random: Random) -> Any:
    changed = list(value)
    kind = random.randrange(4)
    if kind == 0 and changed:
        del changed[random.randrange(len(changed))]
    elif kind == 1 and changed:
        changed.insert(random.randrange(len(changed) + 1), random.choice(changed))
    elif kind == 2:
        random.shuffle(changed)
    else:
        return random.choice((None, {}, "x", 0, []))
    return changed


# ---- verdicts -----------------------------------------------------------------------------------


def verdicts(cases: list[Case], folder: Path) -> list[dict[str, Any]]:
    """What the checker in a folder says of each."""
    rows = "".join(json.dumps(case) + "\n" for case in cases)
    command = [sys.executable, "-I", "-c", _JUDGE, str(folder)]
    answer = subprocess.run(command, input=rows, capture_output=True, text=True, check=True)
    return [json.loads(row) for row in answer.stdout.splitlines()]


def verdicts_at(revision: str, cases: list[Case]) -> list[dict[str, Any]]:
    """The same by the checker of a git revision."""
    command = ["git", "-C", str(ROOT), "archive", revision, "compiler/rectifold_check"]
    archive = subprocess.run(command, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder)  # our own sources
        return verdicts(cases, Path(folder) / "compiler")


def is_refuted(case: Case, verdict: dict[str, Any], random: Random) -> bool:
    """Does a claim that holds without trust fail at a point of its domain?"""
    if verdict["verdict"] != "holds":
        return False
    a, b = read_network(case["a"], "A"), read_network(case["b"], "B")
    return any(
        _is_false_at(verdict["claim"], _outputs(a, point), _outputs(b, point))
        for point in _points(read_domain(case["domain"]), random)
    )


def _is_false_at(claim: Any, of_a: list[Fraction], of_b: list[Fraction]) -> bool:
    """Do these outputs at a point refute the claim, or what is shown of their differences?"""
    if claim["margin"] is None:
        pairs = zip(of_a, of_b, claim["eps"], strict=True)
        return any(abs(x - y) > Fraction(most) for x, y, most in pairs)
    moved = [x - y for x, y in zip(of_a, of_b, strict=True)]
    return max(moved) - min(moved) > Fraction(claim["margin"])


def _points(domain: ReadDomain, random: Random) -> Iterator[list[Fraction]]:
    """Random points and corners; a missing end is far away."""
    for _ in range(_POINTS):
        parts = random.choice(((0, 1), range(9)))
        point = []
        for low, high in zip(domain.lower, domain.upper, strict=True):
            first = Fraction(-100) if low is None else low
            last = max(first, Fraction(100)) if high is None else high
            point.append(first + (last - first) * Fraction(random.choice(parts), max(parts)))
        if all(sum(c * point[j] for j, c in row.items()) <= top for row, top in domain.constraints):
            yield point


def _outputs(network: ReadNetwork, point: list[Fraction]) -> list[Fraction]:
    values = [point]
    for layer in network.layers:
        z = []
        for bias, parts in zip(layer.bias, layer.rows, strict=True):
            read = (w * values[part.source][j] for part in parts for j, w in part.entries)
            z.append((bias + sum(read, Fraction(0))) / layer.den)
        values.append([max(v, Fraction(0)) for v in z] if layer.is_relu else z)
    return values[network.output]


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("count", type=int, help="mutations of each certificate")
    parser.add_argument("seed", type=int)
    parser.add_argument("--against", metavar="REVISION")
    asked = parser.parse_args()
    random = Random(asked.seed)
    cases = []
    for case in certificates():
        cases += [case, *(mutated(case, random) for _ in range(asked.count))]
    found = verdicts(cases, ROOT / "compiler")
    for status, count in sorted(Counter(v["verdict"] for v in found).items()):
        print(f"{count:8} {status}")
    wrong = sum(is_refuted(c, v, random) for c, v in zip(cases, found, strict=True))
    print(f"{wrong:8} hold though a point refutes them")
    if asked.against:
        before = verdicts_at(asked.against, cases)
        changed = sum(a["verdict"] != b["verdict"] for a, b in zip(before, found, strict=True))
        print(f"{changed:8} have another verdict than at {asked.against}")
        wrong += changed
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
