"""The checker's rule of boxes: accepted and refused steps, and its bounds against exact ones without rounding."""

from __future__ import annotations

import json
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from rectifold.exact import Matrix
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.evaluate import trace
from rectifold_check import Replay
from rectifold_check.boxes import SCALE, BoxRule
from rectifold_check.reading import Domain, Refusal, read_domain, read_network
from support import BOX, canonical_chain, points_of, random_network

# z = relu(x0) + relu(-x0) - 1 ≤ 0 on [-1, 1]: a chord gives 0 on the whole box. z - 1/4 < 0 needs nothing.
TENT = canonical_chain(("R", "", ["0:1", "0:-1"]), ("R", "0:-1 1:-3/4", ["0:1 1:1", "0:1 1:1"]), ("L", "", ["0:1 1:1"]))
# z = relu(x0) - relu(x0 - 1/2) - 3/5: at most -1/10, and the chords say more than that
SAW = canonical_chain(("R", "1:-1/2", ["0:1", "0:1"]), ("R", "0:-3/5", ["0:1 1:-1"]), ("L", "", ["0:1"]))


def step(network: str, *rest: Any, domain: str = BOX) -> bool:
    return Replay(network, network, domain).accepts(["boxes", *rest])


UP0: list[Any] = [0, "up", "0"]
SAW_TREE: list[Any] = [[], 0, "1/2", [[0]], [[0]]]

ACCEPTED = {
    "one box": step(SAW, 0, 2, [[0, "up", "1"]], [[0]]),
    "two boxes": step(SAW, 0, 2, [UP0], SAW_TREE),
    "the other network": step(SAW, 1, 2, [UP0], SAW_TREE),
    "claims on different boxes": step(SAW, 0, 2, [UP0, [0, "lo", "-8"]], [[1], 0, "1/2", [[0]], [[0]]]),
    "a claim that is proved twice": step(SAW, 0, 2, [UP0], [[], 0, "1/2", [[0]], [[0, 0]]]),
    "no claims": step(SAW, 0, 2, [], [[]]),
    "a split outside the box leaves one half empty": step(SAW, 0, 2, [[0, "up", "1"]], [[], 0, "7", [[0]], [[0]]]),
}
REFUSED = {
    "a bound that one box does not give": step(SAW, 0, 2, [UP0], [[0]]),
    "a false claim": step(SAW, 0, 2, [[0, "up", "-1/5"]], SAW_TREE),
    "a claim missing on one half": step(SAW, 0, 2, [UP0], [[], 0, "1/2", [[0]], [[]]]),
    "halves that do not meet are impossible, but a node without halves is malformed": step(SAW, 0, 2, [UP0], [[], 0, "1/2", [[0]]]),
    "a split of no input": step(SAW, 0, 2, [UP0], [[], 2, "1/2", [[0]], [[0]]]),
    "a split at a float": step(SAW, 0, 2, [UP0], [[], 0, "0.5", [[0]], [[0]]]),
    "a claim that is not in the list": step(SAW, 0, 2, [UP0], [[1]]),
    "a negative number of a claim": step(SAW, 0, 2, [[0, "up", "1"]], [[-1]]),
    "true as a number": step(SAW, 0, 2, [[0, "up", "1"]], [[False]]),
    "an unknown layer": step(SAW, 0, 9, [], [[]]),
    "layer 0": step(SAW, 0, 0, [], [[]]),
    "an unknown network": step(SAW, 2, 2, [UP0], SAW_TREE),
    "an unknown unit": step(SAW, 0, 2, [[1, "up", "0"]], SAW_TREE),
    "an unknown side": step(SAW, 0, 2, [[0, "mid", "0"]], SAW_TREE),
    "a claim of another shape": step(SAW, 0, 2, [[0, "up"]], SAW_TREE),
    "no tree": step(SAW, 0, 2, [UP0], None),
    "an unbounded domain": step(
        SAW, 0, 2, [UP0], SAW_TREE,
        domain='{"format":"rectifold-domain/1","lower":[null,"-1"],"upper":["1","1"],"constraints":[]}',
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", ACCEPTED)
def test_accepted(title: str) -> None:
    assert ACCEPTED[title]


@pytest.mark.parametrize("title", REFUSED)
def test_refused(title: str) -> None:
    assert not REFUSED[title]


def test_a_tree_that_is_too_deep_is_refused() -> None:
    tree: list[Any] = [[0]]
    for _ in range(450):
        tree = [[], 0, "1/2", tree, [[0]]]
    assert not step(SAW, 0, 2, [[0, "up", "1"]], tree)


def test_what_a_step_proves_is_learnt_and_what_it_refuses_is_not() -> None:
    replay = Replay(TENT, TENT, BOX)
    assert not replay.accepts(["boxes", 0, 2, [[0, "up", "-1"]], [[0]]])
    assert not replay.state.upper
    assert replay.accepts(["boxes", 0, 2, [[0, "up", "1/1000"], [1, "up", "1"]], [[0, 1]]])
    assert replay.state.upper == {(0, 2, 0): Fraction(1, 1000), (0, 2, 1): Fraction(1)}


class PlainRule(BoxRule):
    """The same substitution in fractions, without packing or rounding: the reference."""

    def plain(self, layer: int, unit: int, sign: int, low: list[int], high: list[int], ends: Any) -> Fraction:
        unit_of = Fraction(1, 1 << SCALE)
        total = Fraction(0)
        values: dict[int, dict[int, Fraction]] = {}
        at, on_z = layer, {unit: Fraction(sign)}
        while True:
            own = self.network.layers[at - 1]
            for i, c in on_z.items():
                total += c * Fraction(own.bias[i], own.den)
                for row in own.rows[i]:
                    into = values.setdefault(row.source, {})
                    for j, w in row.entries:
                        into[j] = into.get(j, Fraction(0)) + c * Fraction(w, own.den)
            at = max(values, default=0)
            if at == 0:
                given = values.pop(0, {})
                return total + sum(c * (high[j] if c > 0 else low[j]) * unit_of for j, c in given.items())
            on_z = {}
            for j, c in values.pop(at).items():
                if not self.network.layers[at - 1].is_relu:
                    on_z[j] = c
                    continue
                a, b = (Fraction(v) * unit_of for v in ends[at][j])
                if b <= 0 or c == 0:
                    continue
                if a >= 0 or (c < 0 and 1024 * b > -1021 * a):
                    on_z[j] = c
                elif c > 0:
                    slope = Fraction((ends[at][j][1] << 40) // (ends[at][j][1] - ends[at][j][0]), 1 << 40)
                    on_z[j] = c * slope
                    total += c * max(-slope * a, (1 - slope) * b)


@pytest.mark.parametrize("seed", range(120))
def test_the_bound_lies_above_the_exact_substitution_by_rounding_only_and_above_every_value(seed: int) -> None:
    network = random_network(seed)
    assert network.domain is not None
    form = read_network(canonical_text(network), "network")
    rule = PlainRule(form, read_domain(domain_text(network.domain)), {})
    points = Matrix.from_fractions(points_of(network.domain, 20, seed), columns=network.input_size).T
    values = trace(network, points, with_activations=False)
    for number, layer in enumerate(network.layers, start=1):
        exact = values[layer.name].fractions()
        for unit in range(layer.size):
            for sign in (1, -1):
                bound = rule.bound(number, unit, sign, rule.low, rule.high, rule.start)
                plain = rule.plain(number, unit, sign, rule.low, rule.high, rule.start)
                assert plain * (1 << SCALE) <= bound <= plain * (1 << SCALE) + 10**6
                assert max(sign * v for v in exact[unit]) * (1 << SCALE) <= bound


def test_coefficients_too_large_for_packed_rows_take_the_plain_way() -> None:
    large = str(10**40)
    network = read_network(
        canonical_chain(("R", "", ["0:1"]), ("R", "", [f"0:{large}"]), ("R", "", [f"0:-{large}"]), ("L", "", ["0:1"])),
        "n",
    )
    rule = PlainRule(network, read_domain(BOX), {})
    for sign in (1, -1):
        bound = rule.bound(3, 0, sign, rule.low, rule.high, rule.start)
        plain = rule.plain(3, 0, sign, rule.low, rule.high, rule.start)
        assert plain * (1 << SCALE) <= bound


def test_ends_proved_before_tighten_the_start() -> None:
    network, domain = read_network(SAW, "n"), read_domain(BOX)
    known = {(1, 0): (Fraction(0), Fraction(1, 3)), (1, 1): (None, Fraction(0))}
    assert BoxRule(network, domain, known).start[1] == [(0, -((-1 << SCALE) // 3)), (-3 << (SCALE - 1), 0)]


def test_a_domain_without_ends_is_refused() -> None:
    with pytest.raises(Refusal, match="bounded"):
        BoxRule(read_network(SAW, "n"), Domain((None, Fraction(0)), (Fraction(1), Fraction(1)), ()), {})


def test_mutated_trees_never_prove_a_false_claim() -> None:
    random = Random(0)
    replays = 0
    for _ in range(300):
        value = Fraction(random.randint(-30, 10), 40)
        at = str(Fraction(random.randint(-8, 8), 8))
        tree: list[Any] = [[], 0, at, [[0]], [[], 0, str(Fraction(random.randint(-8, 8), 8)), [[0]], [[0]]]]
        accepted = step(SAW, 0, 2, [[0, "up", str(value)]], json.loads(json.dumps(tree)))
        replays += accepted
        assert not accepted or value >= Fraction(-1, 10)
    assert 0 < replays < 300
