"""The checker's rules by substitution (boxes, cases, intervals): accepted and refused steps, and its bounds against exact ones without rounding."""

from __future__ import annotations

import binascii
import json
import struct
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from rectifold.exact.matrix import Matrix
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.evaluate import trace
from rectifold.ir.network import Network
from rectifold_check import Replay
from rectifold_check.agreed import BITS
from rectifold_check.json import Refusal
from rectifold_check.networks import Domain, read_domain, read_network
from rectifold_check.substitution import SLOPE, Case, Hull, Substitution
from support import BOX, canonical_chain, points_of, random_network

# z = relu(x0) + relu(-x0) - 1 ≤ 0 on [-1, 1]: a chord gives 0 on the whole box. z - 1/4 < 0 needs nothing.
TENT = canonical_chain(
    ("R", "", ["0:1", "0:-1"]), ("R", "0:-1 1:-3/4", ["0:1 1:1", "0:1 1:1"]), ("L", "", ["0:1 1:1"])
)
# z = relu(x0) - relu(x0 - 1/2) - 3/5: at most -1/10, and the chords say more than that
SAW = canonical_chain(
    ("R", "1:-1/2", ["0:1", "0:1"]), ("R", "0:-3/5", ["0:1 1:-1"]), ("L", "", ["0:1"])
)

# nothing of the first layer comes through
CUT = canonical_chain(
    ("R", "1:-1/2", ["0:1", "0:1"]), ("R", "0:1", [""]), ("R", "", ["0:2"]), ("L", "", ["0:1"])
)


def step(network: str, *rest: Any, domain: str = BOX) -> bool:
    return Replay(network, network, domain).accepts(["boxes", *rest])


UP0: list[Any] = [0, "up", "0"]
SAW_TREE: list[Any] = [[], 0, "1/2", [[0]], [[0]]]

ACCEPTED = {
    "one box": step(SAW, 0, 2, [[0, "up", "1"]], [[0]]),
    "two boxes": step(SAW, 0, 2, [UP0], SAW_TREE),
    "the other network": step(SAW, 1, 2, [UP0], SAW_TREE),
    "claims on different boxes": step(
        SAW, 0, 2, [UP0, [0, "lo", "-8"]], [[1], 0, "1/2", [[0]], [[0]]]
    ),
    "a claim that is proved twice": step(SAW, 0, 2, [UP0], [[], 0, "1/2", [[0]], [[0, 0]]]),
    "no claims": step(SAW, 0, 2, [], [[]]),
    "a split outside the box leaves one half empty": step(
        SAW, 0, 2, [[0, "up", "1"]], [[], 0, "7", [[0]], [[0]]]
    ),
}
PHASES: list[Any] = [[], [1, 0], [[0]], [[0]]]
ACCEPTED |= {
    "a part where a unit is active and one where it is not": step(SAW, 0, 2, [[0, "up", "9/20"]], PHASES),
    "parts and boxes in turn": step(SAW, 0, 2, [UP0], [[], 0, "1/2", [[], [1, 0], [[0]], [[0]]], [[], [1, 0], [[0]], [[0]]]]),
    "a unit of the other network": step(SAW, 1, 2, [[0, "up", "9/20"]], PHASES),
    "a part that is empty": step(SAW, 0, 2, [UP0], [[], 0, "1/2", [[0]], [[], [1, 0], [[0]], [[0]]]]),
    "claims above a split of phases": step(SAW, 0, 2, [[0, "up", "1"]], [[0], [1, 0], [[]], [[]]]),
}  # fmt: skip
REFUSED = {
    "a bound that one box does not give": step(SAW, 0, 2, [UP0], [[0]]),
    "a false claim": step(SAW, 0, 2, [[0, "up", "-1/5"]], SAW_TREE),
    "a claim missing on one half": step(SAW, 0, 2, [UP0], [[], 0, "1/2", [[0]], [[]]]),
    "halves that do not meet are impossible, but a node without halves is malformed": step(SAW, 0, 2, [UP0], [[], 0, "1/2", [[0]]]),
    "a bound that the parts do not give": step(SAW, 0, 2, [UP0], PHASES),
    "a false claim about parts": step(SAW, 0, 2, [[0, "up", "-1/5"]], PHASES),
    "a claim missing on one part": step(SAW, 0, 2, [[0, "up", "9/20"]], [[], [1, 0], [[0]], [[]]]),
    "one part only": step(SAW, 0, 2, [[0, "up", "9/20"]], [[], [1, 0], [[0]]]),
    "parts by a unit of the layer itself": step(SAW, 0, 2, [[0, "up", "9/20"]], [[], [2, 0], [[0]], [[0]]]),
    "parts by a linear unit": step(SAW, 0, 2, [[0, "up", "9/20"]], [[], [3, 0], [[0]], [[0]]]),
    "parts by an unknown unit": step(SAW, 0, 2, [[0, "up", "9/20"]], [[], [1, 2], [[0]], [[0]]]),
    "parts by a negative unit": step(SAW, 0, 2, [[0, "up", "9/20"]], [[], [1, -1], [[0]], [[0]]]),
    "parts by true": step(SAW, 0, 2, [[0, "up", "9/20"]], [[], [True, 0], [[0]], [[0]]]),
    "parts by an input": step(SAW, 0, 2, [[0, "up", "9/20"]], [[], 0, [[0]], [[0]]]),
    "parts by three numbers": step(SAW, 0, 2, [[0, "up", "9/20"]], [[], [0, 1, 0], [[0]], [[0]]]),
    "a split of no input": step(SAW, 0, 2, [UP0], [[], 2, "1/2", [[0]], [[0]]]),
    "a split at a float": step(SAW, 0, 2, [UP0], [[], 0, "0.5", [[0]], [[0]]]),
    "a claim that is not in the list": step(SAW, 0, 2, [UP0], [[1]]),
    "a negative number of a claim": step(SAW, 0, 2, [[0, "up", "1"]], [[-1]]),
    "true as a number": step(SAW, 0, 2, [[0, "up", "1"]], [[False]]),
    "an unknown layer": step(SAW, 0, 9, [], [[]]),
    "layer 0": step(SAW, 0, 0, [], [[]]),
    "an unknown network": step(SAW, 3, 2, [UP0], SAW_TREE),
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


class PlainRule(Substitution):
    """The same substitution in fractions, without packing or rounding: the reference."""

    def plain(
        self, layer: int, unit: int, sign: int, low: list[int], high: list[int], ends: Any
    ) -> Fraction:
        unit_of = Fraction(1, 1 << BITS)
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
                return total + sum(
                    c * (high[j] if c > 0 else low[j]) * unit_of for j, c in given.items()
                )
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
                    slope = Fraction(
                        (ends[at][j][1] << SLOPE) // (ends[at][j][1] - ends[at][j][0]), 1 << SLOPE
                    )
                    on_z[j] = c * slope
                    total += c * max(-slope * a, (1 - slope) * b)


@pytest.mark.parametrize("seed", range(120))
def test_the_bound_lies_above_the_exact_substitution_by_rounding_only_and_above_every_value(
    seed: int,
) -> None:
    network = random_network(seed)
    assert network.domain is not None
    form = read_network(canonical_text(network), "network")
    rule = PlainRule(form, read_domain(domain_text(network.domain)))
    points = Matrix.from_fractions(
        points_of(network.domain, 20, seed), columns=network.input_size
    ).T
    values = trace(network, points, with_activations=False)
    for number, layer in enumerate(network.layers, start=1):
        exact = values[layer.name].fractions()
        for unit in range(layer.size):
            for sign in (1, -1):
                bound = rule.bound(number, unit, sign, rule.low, rule.high, rule.ends_below(number))
                plain = rule.plain(number, unit, sign, rule.low, rule.high, rule.ends_below(number))
                assert plain * (1 << BITS) <= bound <= plain * (1 << BITS) + 10**6
                assert max(sign * v for v in exact[unit]) * (1 << BITS) <= bound


def test_coefficients_too_large_for_packed_rows_take_the_plain_way() -> None:
    large = str(10**40)
    network = read_network(
        canonical_chain(
            ("R", "", ["0:1"]),
            ("R", "", [f"0:{large}"]),
            ("R", "", [f"0:-{large}"]),
            ("L", "", ["0:1"]),
        ),
        "n",
    )
    rule = PlainRule(network, read_domain(BOX))
    for sign in (1, -1):
        bound = rule.bound(3, 0, sign, rule.low, rule.high, rule.ends_below(3))
        plain = rule.plain(3, 0, sign, rule.low, rule.high, rule.ends_below(3))
        assert plain * (1 << BITS) <= bound


def test_ends_proved_before_tighten_the_start() -> None:
    network, domain = read_network(SAW, "n"), read_domain(BOX)
    rule = Substitution(network, domain)
    for unit, side, value in (
        (0, "lo", Fraction(0)),
        (0, "up", Fraction(1, 3)),
        (1, "up", Fraction(0)),
    ):
        rule.know(1, unit, side, value)
    assert rule.ends_below(2)[1] == [(0, -((-1 << BITS) // 3)), (-3 << (BITS - 1), 0)]


def test_a_domain_without_ends_is_refused() -> None:
    with pytest.raises(Refusal, match="bounded"):
        Substitution(
            read_network(SAW, "n"), Domain((None, Fraction(0)), (Fraction(1), Fraction(1)), ())
        )


def test_mutated_trees_never_prove_a_false_claim() -> None:
    random = Random(0)
    replays = 0
    for _ in range(300):
        value = Fraction(random.randint(-30, 10), 40)
        at = str(Fraction(random.randint(-8, 8), 8))
        tree: list[Any] = [
            [],
            0,
            at,
            [[0]],
            [[], 0, str(Fraction(random.randint(-8, 8), 8)), [[0]], [[0]]],
        ]
        accepted = step(SAW, 0, 2, [[0, "up", str(value)]], json.loads(json.dumps(tree)))
        replays += accepted
        assert not accepted or value >= Fraction(-1, 10)
    assert 0 < replays < 300


# ---- cases, intervals, precision --------------------------------------------------------------------

# the first unit is x0 itself
HINGE = canonical_chain(
    ("R", "1:1", ["0:1", "0:1"]), ("R", "0:1", ["0:-1 1:1"]), ("L", "", ["0:1"])
)
FRAME: list[Any] = [[1, [0, 1]]]
ONE = "AIAAgA=="  # 1, 1
DOMAIN_ROW = '{"format":"rectifold-domain/1","lower":["-1","-1"],"upper":["1","1"],"constraints":[["0:1 1:1","-1/2"]]}'


def cases(network: str, *rest: Any, domain: str = BOX) -> bool:
    return Replay(network, network, domain).accepts(["cases", *rest])


UP: list[Any] = [[0, 2, 0], "up"]
NONE: list[Any] = ["", [], []]
SAW_CASES: list[Any] = [0, [1, NONE, ["", ["0", "1"], []]], NONE]
CASES_ACCEPTED = {
    "default slopes": cases(SAW, *UP, "1", [], NONE),
    "the slopes chosen": cases(SAW, *UP, "1", FRAME, [ONE, [], []]),
    "a lower end": cases(SAW, [0, 2, 0], "lo", "-17/10", [], NONE),
    "a split": cases(SAW, *UP, "9/20", FRAME, [0, NONE, NONE]),
    "multipliers of the path": cases(SAW, *UP, "-1/11", FRAME, SAW_CASES),
    "multipliers as floats": cases(SAW, *UP, "-1/11", FRAME, [0, [1, NONE, ["", ["0x0.0p+0", "0x1.0p+0"], []]], NONE]),
    "multipliers make a case empty": cases(
        SAW, *UP, "-1/11", FRAME, [0, [1, NONE, ["", ["0", "1"], []]], [1, ["", ["8", "8"], []], NONE]]
    ),
    "a row of the domain": cases(HINGE, [0, 1, 0], "up", "51/100", [], ["", [], ["1"]], domain=DOMAIN_ROW),
    "the other network": cases(SAW, [1, 2, 0], "up", "1", [], NONE),
    "a frame of an earlier layer that only zero weights lead to": cases(CUT, [0, 3, 0], "up", "21/10", FRAME, [0, NONE, NONE]),
}  # fmt: skip
CASES_REFUSED = {
    "multipliers left out": cases(SAW, *UP, "-1/11", FRAME, [0, [1, NONE, NONE], NONE]),
    "a bound that the default slopes do not give": cases(SAW, *UP, "-1/10", [], NONE),
    "a false bound": cases(SAW, *UP, "-11/100", FRAME, SAW_CASES),
    "a bound that holds in one case only": cases(SAW, *UP, "-1/5", FRAME, SAW_CASES),
    "a negative multiplier": cases(SAW, *UP, "1", FRAME, [1, ["", ["-1"], []], NONE]),
    "a multiplier too many": cases(SAW, *UP, "1", FRAME, [1, ["", ["1", "1"], []], NONE]),
    "a multiplier outside cases": cases(SAW, *UP, "1", FRAME, ["", ["1"], []]),
    "a multiplier of no constraint": cases(SAW, *UP, "1", FRAME, ["", [], ["1"]]),
    "a negative multiplier of a constraint": cases(HINGE, [0, 1, 0], "up", "2", [], ["", [], ["-1"]], domain=DOMAIN_ROW),
    "more of a row than it gives": cases(HINGE, [0, 1, 0], "up", "49/100", [], ["", [], ["1"]], domain=DOMAIN_ROW),
    "slopes for one unit of two": cases(SAW, *UP, "1", FRAME, ["AEA=", [], []]),
    "slopes that are no base64": cases(SAW, *UP, "1", FRAME, ["A?", [], []]),
    "a slope above 1": cases(SAW, *UP, "1", FRAME, ["AYAAgA==", [], []]),
    "slopes without a frame": cases(SAW, *UP, "1", [], [ONE, [], []]),
    "a frame of the layer itself": cases(SAW, *UP, "1", [[2, [0]]], NONE),
    "a frame of the input": cases(SAW, *UP, "1", [[0, [0]]], NONE),
    "a frame with an unknown unit": cases(SAW, *UP, "1", [[1, [0, 2]]], NONE),
    "a frame out of order": cases(SAW, *UP, "1", [[1, [1, 0]]], NONE),
    "a frame that names a layer twice": cases(SAW, *UP, "1", [[1, [0]], [1, [1]]], NONE),
    "no frame": cases(SAW, *UP, "1", None, NONE),
    "a split outside the frame": cases(SAW, *UP, "1", FRAME, [2, NONE, NONE]),
    "a split by true": cases(SAW, *UP, "1", FRAME, [True, NONE, NONE]),
    "a unit split twice": cases(SAW, *UP, "1", FRAME, [1, [1, NONE, NONE], NONE]),
    "a split with one case": cases(SAW, *UP, "1", FRAME, [1, NONE]),
    "no tree": cases(SAW, *UP, "1", FRAME, None),
    "an unknown unit": cases(SAW, [0, 2, 1], "up", "1", [], NONE),
    "an unknown side": cases(SAW, [0, 2, 0], "mid", "1", [], NONE),
    "a float": cases(SAW, *UP, "1.0", [], NONE),
    "a domain without ends": cases(
        SAW, *UP, "1", [], NONE,
        domain='{"format":"rectifold-domain/1","lower":[null,"-1"],"upper":["1","1"],"constraints":[]}',
    ),
}  # fmt: skip


# z = relu(x0 + x1) - relu(x0 + 1): at most 0, which the chord of the first unit is 1 above at (-1, 1)
CORNER = canonical_chain(
    ("R", "1:1", ["0:1 1:1", "0:1"]), ("R", "", ["0:1 1:-1"]), ("L", "", ["0:1"])
)
LATER = canonical_chain(
    ("R", "1:1", ["0:1 1:1", "0:1"]),
    ("R", "1:1", ["0:1", "1:1"]),
    ("R", "", ["0:1 1:-1"]),
    ("L", "", ["0:1"]),
)


def levels(*values: int) -> str:
    """Levels of units, then of the two inputs for positive weights, then for the others."""
    return binascii.b2a_base64(struct.pack(f"{len(values)}b", *values), newline=False).decode()


FIRST: list[Any] = [[1, [0]]]
FLAT = ["", [], [], levels(64, 0, 64, 0, 0)]  # relu(x0 + x1) ≤ x0 + 1
CASES_ACCEPTED |= {
    "a hull": cases(CORNER, *UP, "1/1000", FIRST, FLAT),
    "levels that stay below 0 or above 1 are cut": cases(CORNER, *UP, "1/1000", FIRST, ["", [], [], levels(127, -127, 127, 0, 0)]),
    "levels of the other inputs do not matter": cases(CORNER, *UP, "1/1000", FIRST, ["", [], [], levels(64, 0, 64, -99, 99)]),
    "a hull below a unit that is split": cases(CORNER, *UP, "1/1000", [[1, [0]]], [0, FLAT, FLAT]),
    "a hull with slopes": cases(CORNER, *UP, "1/1000", FIRST, ["AIA=", [], [], FLAT[3]]),
    "a hull that is the chord": cases(CORNER, *UP, "1001/1000", FIRST, ["", [], [], levels(32, 0, 0, 0, 0)]),
}  # fmt: skip
CASES_REFUSED |= {
    "a bound for which the chord is too far off": cases(CORNER, *UP, "1/1000", FIRST, NONE),
    "a hull of other inputs": cases(CORNER, *UP, "1/1000", FIRST, ["", [], [], levels(64, 64, 0, 0, 0)]),
    "a hull that is too flat": cases(CORNER, *UP, "1/1000", FIRST, ["", [], [], levels(0, 0, 0, 0, 0)]),
    "a false bound by a hull": cases(CORNER, *UP, "-1/1000", FIRST, FLAT),
    "levels for one input": cases(CORNER, *UP, "2", FIRST, ["", [], [], levels(64, 0, 64, 0)]),
    "levels too many": cases(CORNER, *UP, "2", FIRST, ["", [], [], levels(64, 0, 64, 0, 0, 0)]),
    "a level below all": cases(CORNER, *UP, "2", FIRST, ["", [], [], levels(64, -128, 64, 0, 0)]),
    "levels that are no base64": cases(CORNER, *UP, "2", FIRST, ["", [], [], "A?"]),
    "levels in a list": cases(CORNER, *UP, "2", FIRST, ["", [], [], [64, 0, 64, 0, 0]]),
    "two hulls": cases(CORNER, *UP, "2", FIRST, [*FLAT, FLAT[3]]),
    "a hull without a frame": cases(CORNER, *UP, "2", [], ["", [], [], levels(0, 64, 0, 0)]),
    "a hull of a later layer": cases(LATER, [0, 3, 0], "up", "9", [[2, [0]]], FLAT),
}  # fmt: skip


@pytest.mark.parametrize("title", CASES_ACCEPTED)
def test_cases_accepted(title: str) -> None:
    assert CASES_ACCEPTED[title]


@pytest.mark.parametrize("title", CASES_REFUSED)
def test_cases_refused(title: str) -> None:
    assert not CASES_REFUSED[title]


def test_intervals_are_learnt_and_rest_on_what_was_known() -> None:
    replay = Replay(SAW, SAW, BOX)
    assert replay.accepts(["intervals", 0, 1])
    assert replay.state.upper[0, 1, 0] == 1
    assert replay.state.lower[0, 1, 1] == Fraction(-3, 2)
    assert replay.accepts(["bound", [0, 1, 0], "up", "1", {"l": []}])
    assert replay.accepts(["intervals", 0, 2])
    assert 0 <= replay.state.upper[0, 2, 0] - Fraction(2, 5) < Fraction(1, 1 << 60)
    for bad in (
        ["intervals", 0, 4],
        ["intervals", 3, 1],
        ["intervals", 0, 0],
        ["intervals", 0, True],
        ["intervals", 0],
    ):
        assert not replay.accepts(bad)


def test_intervals_decide_phases() -> None:
    network = canonical_chain(("R", "0:2 1:-3", ["0:1", "1:1"]), ("L", "", ["0:1 1:1"]))
    replay = Replay(network, canonical_chain(("L", "0:2", ["0:1"])), BOX)
    assert not replay.is_equal()
    assert replay.accepts(["intervals", 0, 1])
    assert replay.is_equal()


def test_more_precision_sees_small_numbers() -> None:
    tiny = canonical_chain(
        ("R", "", [f"0:1/{10**30}"]), ("R", f"0:-1/{10**31}", ["0:1"]), ("L", "", ["0:1"])
    )
    claim = ["cases", [0, 2, 0], "up", f"91/{10**32}", [], NONE]
    coarse, fine = Replay(tiny, tiny, BOX), Replay(tiny, tiny, BOX)
    assert not coarse.accepts(claim)
    assert fine.accepts(["precision", 180])
    assert fine.accepts(claim)
    assert not fine.accepts(["cases", [0, 2, 0], "up", f"89/{10**32}", [], NONE])
    for bits in (71, 5000, -1, True, "80"):
        assert not fine.accepts(["precision", bits])


def random_hull(network: Network, ends: Any, random: Random) -> Hull | None:
    """Any levels above any units of the first layer, where it reads the inputs alone."""
    first = next(
        (k for k in ends if set(network.layers[k - 1].weights) == {network.input_name}), None
    )
    if first is None or random.random() < 0.2:
        return None
    some = [random.randint(-127, 127) for _ in range(len(ends[first]))]
    of_inputs = [[random.randint(-64, 64) for _ in range(network.input_size)] for _ in range(2)]
    return Hull(first, dict(enumerate(some)), *of_inputs)


@pytest.mark.parametrize("seed", range(120))
def test_any_case_lies_above_every_value_in_it(seed: int) -> None:
    """Whatever slopes, multipliers, phases and levels a certificate names, the bound holds where the phases do."""
    network, random = random_network(seed), Random(seed)
    assert network.domain is not None
    rule = Substitution(
        read_network(canonical_text(network), "network"), read_domain(domain_text(network.domain))
    )
    points = Matrix.from_fractions(
        points_of(network.domain, 30, seed), columns=network.input_size
    ).T
    values = trace(network, points, with_activations=False)
    names = {k: v.name for k, v in enumerate(network.layers, start=1)}
    for number, layer in enumerate(network.layers, start=1):
        ends = rule.ends_below(number)
        for unit in range(layer.size):
            slopes = {
                k: {j: random.randint(0, 1 << 15) for j in range(len(e))} for k, e in ends.items()
            }
            phases = {
                (k, j): random.choice((1, -1))
                for k, e in ends.items()
                for j in range(len(e))
                if random.random() < 0.3
            }
            fixed: dict[int, dict[int, tuple[int, int]]] = {}
            for (k, j), phase in phases.items():
                fixed.setdefault(k, {})[j] = (
                    phase,
                    phase * random.choice((0, random.randint(0, 3 << BITS))),
                )
            gammas = [Fraction(random.randint(0, 8), 7) for _ in network.domain.constraints]
            hull = random_hull(network, ends, random)
            for sign in (1, -1):
                bound = rule.bound(
                    number, unit, sign, rule.low, rule.high, ends, Case(slopes, fixed, gammas, hull)
                )
                for p in range(points.shape[1]):
                    if all(s * values[names[k]].entry(j, p) >= 0 for (k, j), s in phases.items()):
                        assert sign * values[layer.name].entry(unit, p) * (1 << BITS) <= bound


# ---- the gap network --------------------------------------------------------------------------------

# On [-1, 1]^2: A = relu(x0 + 1/8) - relu(x1), B = relu(x0) - relu(x1): they differ by at most 1/8
NEAR_A = canonical_chain(("R", "0:1/8", ["0:1", "1:1"]), ("L", "", ["0:1 1:-1"]))
NEAR_B = canonical_chain(("R", "", ["0:1", "1:1"]), ("L", "", ["0:1 1:-1"]))
CLAIMS: list[Any] = [[0, "up", "0"], [1, "up", "0"]]
PAIRS: list[Any] = ["pairs", [[1, 1]]]


def gap_is_closed(
    eps: str, *steps: Any, a: str = NEAR_A, b: str = NEAR_B, domain: str = BOX
) -> bool:
    replay = Replay(a, b, domain, [eps])
    return all(replay.accepts(step) for step in steps) and replay.is_equal()


WHOLE: list[Any] = ["boxes", 2, 5, CLAIMS, [[0, 1]]]
GAP_ACCEPTED = {
    "one box with pairs": gap_is_closed("1/7", PAIRS, WHOLE),
    "pairs in another order": gap_is_closed("1/7", ["pairs", [[1, 1, [1, 0], [1, 0]]]], WHOLE),
    "pairs of other units, with room": gap_is_closed(
        "5", ["pairs", [[1, 1, [0, 1], [1, 0]]]], WHOLE
    ),
    "places without a unit": gap_is_closed(
        "1/7", ["pairs", [[1, 1, [-1, 0, 1], [-1, 0, 1]]]], WHOLE
    ),
    "what is known about a rearranged unit": gap_is_closed(
        "5",
        ["pairs", [[1, 1, [1, 0], [0, 1]]]],
        ["bound", [0, 1, 0], "up", "9/8", {"l": []}],
        ["intervals", 2, 5],
    ),
    "a tolerance so large that no pair is needed": gap_is_closed("5", WHOLE),
    "cases of phases": gap_is_closed(
        "5", ["cases", [2, 5, 0], "up", "0", [], NONE], ["cases", [2, 5, 1], "up", "0", [], NONE]
    ),
    "intervals": gap_is_closed("5", ["intervals", 2, 1], ["intervals", 2, 3], ["intervals", 2, 5]),
    "what is known about A and B counts": gap_is_closed(
        "5", ["bound", [0, 1, 0], "up", "9/8", {"l": []}], ["intervals", 2, 5]
    ),
}
GAP_REFUSED = {
    "a tolerance that is too small": gap_is_closed("1/9", PAIRS, WHOLE),
    "the same without pairs": gap_is_closed("1/7", WHOLE),
    "one side of the gap only": gap_is_closed("1/7", PAIRS, ["boxes", 2, 5, CLAIMS[:1], [[0]]]),
    "no step at all": gap_is_closed("1/7", PAIRS),
    "other networks": gap_is_closed("1/7", PAIRS, WHOLE, b=canonical_chain(("R", "", ["0:1", "1:1"]), ("L", "", ["0:1"]))),
    "pairs of layers of other sizes": gap_is_closed("5", ["pairs", [[1, 2]]], WHOLE),
    "pairs of linear layers": gap_is_closed("5", ["pairs", [[2, 2]]], WHOLE),
    "an arrangement that makes other pairs": gap_is_closed("1/7", ["pairs", [[1, 1, [0, 1], [1, 0]]]], WHOLE),
    "an arrangement that forgets a unit": gap_is_closed("5", ["pairs", [[1, 1, [0, -1], [0, 1]]]], WHOLE),
    "an arrangement that names one twice": gap_is_closed("5", ["pairs", [[1, 1, [0, 0], [0, 1]]]], WHOLE),
    "an arrangement of other units": gap_is_closed("5", ["pairs", [[1, 1, [0, 2], [0, 1]]]], WHOLE),
    "arrangements of two lengths": gap_is_closed("5", ["pairs", [[1, 1, [0, 1, -1], [0, 1]]]], WHOLE),
    "one arrangement only": gap_is_closed("5", ["pairs", [[1, 1, [0, 1]]]], WHOLE),
    "an arrangement that is no list": gap_is_closed("5", ["pairs", [[1, 1, "01", [0, 1]]]], WHOLE),
    "a layer in two pairs": gap_is_closed("5", ["pairs", [[1, 1], [1, 1]]], WHOLE),
    "a pair of one": gap_is_closed("5", ["pairs", [[1]]], WHOLE),
    "a pair that is no list": gap_is_closed("5", ["pairs", [1]], WHOLE),
    "a layer that the gap network has not": gap_is_closed("5", ["boxes", 2, 6, CLAIMS, [[0, 1]]]),
    "a unit that it has not": gap_is_closed("5", ["boxes", 2, 5, [*CLAIMS, [2, "up", "0"]], [[0, 1, 2]]]),
    "a bound by facts, which is for A and B": gap_is_closed("5", ["bound", [2, 5, 0], "up", "0", {"l": []}]),
    "a tie": gap_is_closed("5", ["alias", [2, 3, 0], [2, 1, 0], "1"], WHOLE),
    "a trusted claim": gap_is_closed("5", ["trusted", [2, 5, 0], "up", "0", "z3"], WHOLE),
}  # fmt: skip


@pytest.mark.parametrize("title", GAP_ACCEPTED)
def test_gap_accepted(title: str) -> None:
    assert GAP_ACCEPTED[title]


@pytest.mark.parametrize("title", GAP_REFUSED)
def test_gap_refused(title: str) -> None:
    assert not GAP_REFUSED[title]


def test_pairs_that_cross_are_refused() -> None:
    deep = canonical_chain(("R", "", ["0:1"]), ("R", "", ["0:1"]), ("L", "", ["0:1"]))
    replay = Replay(deep, deep, BOX, ["1"])
    assert replay.accepts(["pairs", [[1, 1], [2, 2]]])
    assert not replay.accepts(["pairs", [[1, 2], [2, 1]]])


@pytest.mark.parametrize("seed", range(40))
def test_pairs_on_boxes_never_prove_what_a_point_refutes(seed: int) -> None:
    """Two small networks whose layers are declared pairs though they have nothing to do with each other: every accepted gap is true."""
    random = Random(seed)

    def chain() -> str:
        rows = [
            [f"0:{random.randint(-3, 3)} 1:{random.randint(1, 3)}" for _ in range(2)]
            for _ in range(2)
        ]
        bias = [f"0:{random.randint(-2, 2)} 1:{random.randint(1, 2)}/2" for _ in range(2)]
        first = [" ".join(w for w in row.split() if not w.endswith(":0")) for row in rows[0]]
        second = [" ".join(w for w in row.split() if not w.endswith(":0")) for row in rows[1]]
        parts = [" ".join(w for w in b.split() if not w.endswith(":0")) for b in bias]
        return canonical_chain(
            ("R", parts[0], first), ("R", parts[1], second), ("L", "", ["0:1 1:-1"])
        )

    a, b = chain(), chain()
    points = [[Fraction(i, 4), Fraction(j, 4)] for i in range(-4, 5) for j in range(-4, 5)]
    values = [[_value(read_network(n, "n"), point) for point in points] for n in (a, b)]
    worst = max(abs(p - q) for p, q in zip(*values, strict=True))
    tree: list[Any] = [[0, 1]]
    for _ in range(2):
        tree = [[], 0, "0", [[], 1, "0", tree, tree], [[], 1, "0", tree, tree]]
    for factor in (Fraction(1, 2), Fraction(99, 100), Fraction(3, 2), Fraction(4), Fraction(30)):
        eps = worst * factor + Fraction(1, 100) * (factor > 1)
        closed = gap_is_closed(
            str(eps), ["pairs", [[1, 1], [2, 2]]], ["boxes", 2, 7, CLAIMS, tree], a=a, b=b
        )
        assert not closed or eps >= worst
        assert closed or factor < 30


def _value(network: Any, point: list[Fraction]) -> Fraction:
    values: list[list[Fraction]] = [point]
    for layer in network.layers:
        z = [
            Fraction(layer.bias[i], layer.den)
            + sum(
                (
                    Fraction(w, layer.den) * values[row.source][j]
                    for row in layer.rows[i]
                    for j, w in row.entries
                ),
                Fraction(0),
            )
            for i in range(layer.size)
        ]
        values.append([max(v, Fraction(0)) for v in z] if layer.is_relu else z)
    return Fraction(values[network.output][0])
