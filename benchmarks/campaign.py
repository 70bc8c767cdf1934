"""A long run of the random-network test: python benchmarks/campaign.py [COUNT] (default 10,000
networks).

Each network is compiled in check mode and certified; the exact values agree at random points and
corners; every verdict is compared with Z3, which is told nothing that was proved before.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from rectifold.bounds.state import Bounds
from rectifold.certificate.compiled import certify, check_certificate
from rectifold.ir.evaluate import evaluate_points
from rectifold.operations.compiling import compile_network
from rectifold.smt.process import Sat, Solver, Unsat
from rectifold.smt.stability import ask_sign
from support import points_of, random_network


def contradictions(seed: int, solver: Solver) -> int:
    network = random_network(seed)
    compiled = compile_network(network, check=True)
    points = points_of(compiled.facts.domain, 20, seed)
    found = int(evaluate_points(network, points) != evaluate_points(compiled.network, points))
    found += int(not check_certificate(compiled, certify(compiled)).holds)
    plain = Bounds(network, compiled.facts.domain)
    for layer in network.relu_layers:
        facts = compiled.facts.layers[layer.name]
        for unit in range(layer.size):
            up = ask_sign(solver, plain, layer.name, unit, 1, 10)
            down = ask_sign(solver, plain, layer.name, unit, -1, 10)
            found += bool(facts.inactive[unit] and isinstance(up, Sat)) + bool(
                facts.active[unit] and isinstance(down, Sat)
            )
            found += bool(facts.seen_positive[unit] and isinstance(up, Unsat))
            found += bool(facts.seen_negative[unit] and isinstance(down, Unsat))
    return found


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    started, bad = time.monotonic(), 0
    with Solver() as solver:
        for seed in range(100_000, 100_000 + count):
            wrong = contradictions(seed, solver)
            if wrong:
                print(f"seed {seed}: {wrong} contradictions", flush=True)
            bad += wrong
    print(f"{count} networks, {bad} contradictions, {time.monotonic() - started:.0f} s")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
