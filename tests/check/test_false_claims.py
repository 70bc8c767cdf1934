"""False ties, signs, bounds and facts by the thousand.

The checker accepts none, and what it holds is true at every point.
"""

from __future__ import annotations

import json
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from rectifold.certificate.compiled import certify
from rectifold.exact.matrix import Matrix
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.evaluate import trace
from rectifold.ir.sampling import sample_points
from rectifold.language.elaborate import parse
from rectifold.operations.compiling import Compiled, compile_network
from rectifold.runtime.run import Limits
from rectifold_check import Replay
from strange_networks import strange_network


class Values:
    """The exact values of A and B at points of the domain, by [network, layer, unit]."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        points = sample_points(compiled.facts.domain, 12, seed=5)
        matrix = Matrix.from_fractions(points, columns=compiled.source.input_size).T
        self.z: dict[tuple[int, int, int], list[Fraction]] = {}
        for net, network in enumerate((compiled.source, compiled.network)):
            values = trace(network, matrix, with_activations=False)
            for number, layer in enumerate(network.layers, start=1):
                rows = values[layer.name].fractions()
                self.z.update({(net, number, k): list(row) for k, row in enumerate(rows)})
        self.relu = {
            (net, number, k)
            for net, network in enumerate((compiled.source, compiled.network))
            for number, layer in enumerate(network.layers, start=1)
            for k in range(layer.size)
            if layer.is_relu
        }

    def h(self, unit: tuple[int, int, int]) -> list[Fraction]:
        return [max(v, Fraction(0)) for v in self.z[unit]] if unit in self.relu else self.z[unit]


def contradictions(replay: Replay, values: Values) -> list[str]:
    """Ends and solved values of the state that are false at a point."""
    state, found = replay.state, []
    for unit, low in state.lower.items():
        found += [f"lo {unit}"] * any(v < low for v in values.z[unit])
    for unit, high in state.upper.items():
        found += [f"up {unit}"] * any(v > high for v in values.z[unit])
    for unit, terms in state.forms.solved.items():
        total = [Fraction(0)] * len(values.z[unit])
        for factor, atom in terms:
            assert isinstance(atom, tuple)
            part = values.z[atom[1]] if atom[0] == "z" else values.h(atom[1])
            total = [a + factor * b for a, b in zip(total, part, strict=True)]
        found += [f"solved {unit}"] * (total != values.h(unit))
    return found


def false_step(values: Values, random: Random) -> list[Any] | None:
    """A tie or an end that is wrong at a point but right at another one, with whatever facts."""
    relu = sorted(values.relu)
    v = random.choice(relu)
    k = random.randrange(len(values.z[v]))
    if random.random() < 0.5:
        w = random.choice(relu)
        if values.z[w][k] == 0 or values.z[v][k] == 0:
            return None
        ratio = values.z[v][k] / values.z[w][k]
        if all(a == ratio * b for a, b in zip(values.z[v], values.z[w], strict=True)):
            return None
        return ["alias" if ratio > 0 else "mirror", list(v), list(w), str(abs(ratio))]
    side = random.choice(("lo", "up"))
    value = values.z[v][k]
    is_false = min(values.z[v]) < value if side == "lo" else max(values.z[v]) > value
    kinds = ("h", "hz", "lo", "up", "top", "ch")
    facts = [
        [random.choice(kinds), list(random.choice(relu)), str(Fraction(random.randint(0, 6), 2))]
        for _ in range(3)
    ]
    return (
        ["bound", list(v), side, str(value), {"l": facts[: random.randint(0, 3)]}]
        if is_false
        else None
    )


def mutated(step: list[Any], random: Random) -> list[Any]:
    """The step with one of its parts changed; it may still be true."""
    changed: list[Any] = json.loads(json.dumps(step))
    if changed[0] in ("alias", "mirror"):
        kind = random.randrange(3)
        if kind == 0:
            changed[0] = "mirror" if changed[0] == "alias" else "alias"
        elif kind == 1:
            changed[3] = str(Fraction(changed[3]) * random.choice((2, Fraction(1, 2), 3)))
        else:
            changed[2][2] = max(0, changed[2][2] + random.choice((-1, 1)))
    elif changed[0] == "bound":
        facts = changed[4].get("l", [])
        if facts and random.random() < 0.6:
            fact = random.choice(facts)
            fact[0] = random.choice(("h", "hz", "lo", "up", "top"))
        elif random.random() < 0.5:
            changed[2] = "lo" if changed[2] == "up" else "up"
        else:
            changed[3] = str(Fraction(changed[3]) + random.choice((-1, 1, Fraction(1, 7))))
    return changed


@pytest.mark.parametrize("batch", range(12))
def test_no_false_tie_sign_or_top_is_ever_accepted(batch: int) -> None:
    """Between the steps of true certificates: false steps and mutated ones.

    What the checker then holds is true at every point.
    """
    tried = accepted = 0
    for seed in range(batch * 8, batch * 8 + 8):
        random = Random(seed)
        compiled = compile_network(parse(strange_network(seed)), limits=Limits(seconds=0))
        values = Values(compiled)
        if not values.relu or not all(values.z.values()):
            continue
        texts = canonical_text(compiled.source), canonical_text(compiled.network)
        replay = Replay(*texts, domain_text(compiled.facts.domain))
        for line in certify(compiled).lines[1:-1]:
            step = json.loads(line)
            for wrong in filter(None, (false_step(values, random) for _ in range(5))):
                tried += 1
                assert not replay.accepts(wrong), (seed, wrong)
            accepted += replay.accepts(mutated(step, random))
            assert contradictions(replay, values) == [], (seed, step)
            assert replay.accepts(step), (seed, step)
        assert contradictions(replay, values) == [], seed
    assert tried > 20
    assert accepted > 0
