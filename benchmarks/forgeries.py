"""Forged steps: whatever the rules of the checker store is true, after steps in any order.

    python benchmarks/forgeries.py --count 200 --seed 0 --processes 2

Random pairs of small networks, half of them one network with its units rearranged, and random
properties of a network beside itself. Steps of every rule follow each other, with random parts
(forged_steps.py). After each one that is accepted, all that the state holds is evaluated, exactly,
at the vertices of pieces on which both networks are affine (forged_networks.py): bounds of A, of B
and of the gap network, and the forms of solved units; and so is what the final comparison claims.
Where pairs are arranged, so are all bounds on boxes inside the domain (forged_boxes.py), counted as
`inside`: those seen, and those that are close. A table of rules; status 1 after anything false,
which is printed with its seed. Deterministic by the seed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random

from forged_boxes import Inside
from forged_networks import (
    Point,
    Values,
    passed_on,
    random_domain,
    random_pair,
    values_at,
    vector,
    vertices,
)
from forged_steps import Step, Steps

from rectifold_check.chain import state_of
from rectifold_check.gap import GAP
from rectifold_check.goal import Goal, Margin, Tolerance
from rectifold_check.json import Refusal
from rectifold_check.networks import Network, read_domain, read_network
from rectifold_check.property import Condition, Unsafe, property_network, read_property
from rectifold_check.rules import RULES, apply
from rectifold_check.state import State
from rectifold_check.steps_apart import StepQuestion
from rectifold_check.terms import ONE, ZERO
from rectifold_check.work import Work

_STEPS = 40  # that are tried on one state
_CELLS = 300  # at most


@dataclass
class Trial:
    """A state, the vertices of its pieces, and what was tried and accepted."""

    seed: int
    state: State
    points: list[Point]
    log: list[Step] = field(default_factory=list)
    tried: Counter[str] = field(default_factory=Counter)
    bounds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    found: dict[int, tuple[Network, list[Values]]] = field(default_factory=dict)

    def values(self, net: int) -> list[Values]:
        """Of every layer at every vertex."""
        network = self.state.network(net)
        if net not in self.found or self.found[net][0] is not network:
            self.found[net] = network, [values_at(network, point) for point in self.points]
        return self.found[net][1]


# ---- states -------------------------------------------------------------------------------------


def trial_of(seed: int) -> Trial | None:
    """None where the domain is empty: all is true there."""
    random = Random(seed)
    state = _state_of_steps(random) if random.random() < 0.3 else _state_of_pair(random)
    networks = state.networks[:1] if state.steps_apart else state.networks
    points = vertices(networks, state.domain)
    return Trial(seed, state, points) if points else None


def _state_of_pair(random: Random) -> State:
    inputs, outputs = random.randint(1, 2), random.randint(1, 2)
    a, b = (read_network(text, "a network") for text in random_pair(random, inputs, outputs))
    domain = read_domain(random_domain(random, inputs))
    goal = _goal(random, (a, b), vertices((a, b), domain))
    return state_of(a, b, goal, domain, Work())


def _goal(random: Random, networks: tuple[Network, Network], points: list[Point]) -> Goal:
    """What is just true, or just false."""
    apart = [_apart(networks, point) for point in points]
    short = random.choice((1, 1, Fraction((1 << 70) - 1, 1 << 70), Fraction(7, 8)))
    outputs = networks[0].size(networks[0].output)
    if outputs > 1 and random.random() < 0.3:
        return Margin(max((max(d) - min(d) for d in apart), default=ZERO) * short, outputs)
    largest = [max((abs(d[j]) for d in apart), default=ZERO) for j in range(outputs)]
    return Tolerance(tuple(v * short for v in largest))


def _apart(networks: Sequence[Network], point: Point) -> list[Fraction]:
    """The differences of the outputs at a point."""
    a, b = (passed_on(network, network.output, values_at(network, point)) for network in networks)
    return [x - y for x, y in zip(a, b, strict=True)]


def _state_of_steps(random: Random) -> State:
    """Of a property of one network at x and x + s."""
    network = read_network(random_pair(random, 1, random.randint(1, 2))[0], "a network")
    domain = json.loads(random_domain(random, 2))
    cases = [[_condition(random, network)] * random.randint(1, 2) for _ in range(2)]
    asked = {"format": "rectifold-property/1", "parts": [{"domain": domain, "cases": cases}]}
    about = read_property(json.dumps(asked), network, network)
    part = about.parts[0]
    ends = _left_sides(about.about, part)
    for case, low in zip(cases, ends, strict=True):
        off = random.choice((0, 0, Fraction(1, 1 << 60), Fraction(-1, 8), -1, -1))
        case[0] = {**case[0], "bound": str(low + off)}
    part = read_property(json.dumps(asked), network, network).parts[0]
    margins = [ZERO if all(c.strict for c in case) else Fraction(1, 64) for case in part.cases]
    rowed = property_network(about.about, part.cases, margins)
    state = State((rowed, rowed), part.domain, [ZERO] * len(margins), Work())
    state.steps_apart = StepQuestion(network, part, margins)
    return state


def _condition(random: Random, network: Network) -> dict[str, object]:
    """On the step and the differences of outputs; at times on one more."""
    outputs = [Fraction(random.randint(-1, 1)) for _ in range(network.size(network.output))]
    sides = [-c for c in outputs] + outputs
    sides[0] += random.random() < 0.05
    x = [Fraction(random.random() < 0.05), Fraction(random.randint(-2, 2))]
    return {"x": vector(x), "y": vector(sides), "bound": "0", "strict": random.random() < 0.8}


def _left_sides(about: Network, part: Unsafe) -> list[Fraction]:
    """The least left side of the first condition of each case."""
    points = vertices([about], part.domain)
    lows = []
    for case in part.cases:
        lows.append(min((_excess(case[0], about, point) for point in points), default=ZERO))
    return lows


def _excess(condition: Condition, about: Network, point: Point) -> Fraction:
    outputs = passed_on(about, about.output, values_at(about, point))
    on_inputs = sum((c * point[k] for k, c in condition.inputs), ZERO)
    return on_inputs + sum((c * outputs[k] for k, c in condition.outputs), -condition.bound)


# ---- steps --------------------------------------------------------------------------------------


def tried(seed: int) -> Trial | None:
    """A state and the steps that were tried on it."""
    trial = trial_of(seed)
    if trial is None:
        return None
    random = Random(f"steps {seed}")
    steps = Steps(random, trial.state, trial.points)
    names = [name for name in steps.rules if name in RULES]
    names += ["pairs", "boxes", "cells"]
    if trial.state.steps_apart is None:
        names.remove("slopes")
    for _ in range(_STEPS):
        steps.values = {net: trial.values(net) for net in (0, 1, GAP)}
        step = steps.step(random.choice(names))
        if step[0] in ("cells", "bends") and random.random() < 0.8:
            step[1] = _count(trial.state, step[0])
        _judge(trial, step)
        if step[0] == "pairs":
            _look_inside(trial, random)
    proofs = {str(j): {"ge": steps.proof(), "le": steps.proof()} for j in range(2)}
    for final in ({}, {"0": proofs["0"]}, proofs):
        _judge(trial, ["final", final])
    return trial


def _look_inside(trial: Trial, random: Random) -> None:
    """At boxes of the gap network as it is arranged."""
    inside = Inside(random, trial.state, GAP)
    inside.look()
    trial.bounds += inside.seen
    trial.wrong += [f"seed {trial.seed}, on a box: {wrong}" for wrong in inside.wrong[:1]]


def _count(state: State, rule: str) -> int:
    """Of cells, as the refusal of another number says."""
    try:
        apply(state, [rule, _CELLS])
    except Refusal as refusal:
        said = re.search(r"there are (\d+) cells, not", str(refusal))
        return int(said[1]) if said else _CELLS
    return _CELLS


def _judge(trial: Trial, step: Step) -> None:
    """Apply the step; what holds then must be true."""
    trial.tried[step[0]] += 1
    begun = trial.state.begun()
    try:
        apply(trial.state, step)
    except Refusal as refusal:
        trial.state.keep_begun(begun)
        if "at a vertex" in str(refusal) and false_claim(trial) is None:
            trial.wrong.append(f"seed {trial.seed}: {refusal}, and they do not")
        return
    trial.log.append(step)
    wrong = false_claim(trial) if step[0] == "final" else next(falsehoods(trial), None)
    if wrong is not None:
        trial.wrong.append(f"seed {trial.seed}, after {json.dumps(step)[:300]}: {wrong}")


def false_claim(trial: Trial) -> str | None:
    """The final comparison, by the outputs at all vertices."""
    for point in trial.points:
        for j, off in enumerate(_apart(trial.state.networks, point)):
            if abs(off) > trial.state.tolerance[j]:
                return f"outputs {j} are {off} apart at {point}"
    return None


def falsehoods(trial: Trial) -> Iterator[str]:
    """What the state holds and is not true."""
    state = trial.state
    for net in (0, 1):
        for at, values in enumerate(trial.values(net)):
            yield from _false_bounds(state, net, values)
            yield from _false_forms(state, net, at, trial)
    for net in state.begun():
        for values in trial.values(net):
            yield from _false_known(state, net, values)
    yield from _false_gap(trial)


def _false_bounds(state: State, net: int, values: Values) -> Iterator[str]:
    for sign, bounds in ((1, state.lower), (-1, state.upper)):
        for unit, bound in bounds.items():
            if unit[0] == net and sign * values[unit[1]][unit[2]] < sign * bound:
                yield f"{'lower' if sign > 0 else 'upper'} bound {bound} of {unit}"


def _false_known(state: State, net: int, values: Values) -> Iterator[str]:
    known, one = state.substitution(net).known, 1 << state.bits
    for k, layer in enumerate(state.network(net).layers, start=1):
        bounds = known.of_relu_layers_before(k + 1).get(k)
        for j, z in enumerate(values[k]):
            if bounds is not None and not bounds[j][0] <= z * one <= bounds[j][1]:
                yield f"bounds {bounds[j]} of unit {j} of layer {k} of network {net}"
            if not layer.is_relu and known.is_nonpositive(k, j) and z > 0:
                yield f"unit {j} of layer {k} of network {net} is not at most 0"


def _false_forms(state: State, net: int, at: int, trial: Trial) -> Iterator[str]:
    """Solved values at one vertex."""
    point, both = trial.points[at], [trial.values(0)[at], trial.values(1)[at]]

    def value(v: int) -> Fraction:
        if v < len(point):
            return point[v]
        unit_net, layer, index = state.forms.units[v - len(point)]
        return max(both[unit_net][layer][index], ZERO)

    for unit in (u for u in state.forms.solved if u[0] == net):
        form = state.forms.normal([(ONE, ("h", unit))])
        total = form.constant + sum(c * value(v) for v, c in form.coefficients.items())
        if total != form.den * max(both[net][unit[1]][unit[2]], ZERO):
            yield f"the form of {unit} at {point}"


def _false_gap(trial: Trial) -> Iterator[str]:
    """The outputs of the gap network, wherever its units stand."""
    state = trial.state
    for point, values in zip(trial.points, trial.values(GAP), strict=True):
        apart = _apart(state.networks, point)
        eps = state.tolerance
        wanted = [sign * d - e for sign in (1, -1) for d, e in zip(apart, eps, strict=True)]
        if values[-1] != wanted:
            yield f"the gap network at {point}"


# ---- the campaign -------------------------------------------------------------------------------


def campaign(seeds: Sequence[int], processes: int) -> tuple[Counter[str], Counter[str], list[str]]:
    """Steps tried and accepted by their rules, and what was false."""
    attempts, accepted, wrong = Counter[str](), Counter[str](), list[str]()
    with ProcessPoolExecutor(processes) as pool:
        for trial in pool.map(_report, seeds, chunksize=4):
            attempts += trial[0]
            accepted += trial[1]
            wrong += trial[2]
    return attempts, accepted, wrong


def _report(seed: int) -> tuple[Counter[str], Counter[str], list[str]]:
    trial = tried(seed)
    if trial is None:
        return Counter(), Counter(), []
    accepted = Counter(step[0] for step in trial.log)
    tried_of = trial.tried + Counter({"inside": trial.bounds["tried"]})
    return tried_of, accepted + Counter({"inside": trial.bounds["close"]}), trial.wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="pairs of networks")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    seeds = range(asked.seed, asked.seed + asked.count)
    attempts, accepted, wrong = campaign(seeds, asked.processes)
    print(f"{'rule':12} {'tried':>8} {'accepted':>8}")
    for name in sorted(attempts):
        print(f"{name:12} {attempts[name]:8} {accepted[name]:8}")
    print(f"{len(wrong)} false")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
