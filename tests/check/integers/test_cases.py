"""The rule for cases: trees that are accepted and trees that are refused."""

from __future__ import annotations

import binascii
import struct
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from certificate_steps import Group, Trial, accepted_of, refused_of
from rectifold.exact.matrix import Matrix
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.evaluate import trace
from rectifold.ir.network import Network
from rectifold_check.agreed import BITS, LOWER_SLOPE_BITS
from rectifold_check.integers.hull import Hull
from rectifold_check.integers.substitution import Box, Case, Substitution
from rectifold_check.networks import read_domain, read_network
from support import BOX, canonical_chain, points_of, random_network

# z = relu(x0) - relu(x0 - 1/2) - 3/5: at most -1/10, and the chords say more than that
SAW = canonical_chain(
    ("R", "1:-1/2", ["0:1", "0:1"]), ("R", "0:-3/5", ["0:1 1:-1"]), ("L", "", ["0:1"])
)
# nothing of the first layer comes through
CUT = canonical_chain(
    ("R", "1:-1/2", ["0:1", "0:1"]), ("R", "0:1", [""]), ("R", "", ["0:2"]), ("L", "", ["0:1"])
)
# the first unit is x0 itself
HINGE = canonical_chain(
    ("R", "1:1", ["0:1", "0:1"]), ("R", "0:1", ["0:-1 1:1"]), ("L", "", ["0:1"])
)
# z = relu(x0 + x1) - relu(x0 + 1): at most 0, which the chord of unit 0 is 1 above at (-1, 1)
CORNER = canonical_chain(
    ("R", "1:1", ["0:1 1:1", "0:1"]), ("R", "", ["0:1 1:-1"]), ("L", "", ["0:1"])
)
# the same with a layer between
LATER = canonical_chain(
    ("R", "1:1", ["0:1 1:1", "0:1"]),
    ("R", "1:1", ["0:1", "1:1"]),
    ("R", "", ["0:1 1:-1"]),
    ("L", "", ["0:1"]),
)
UNBOUNDED = BOX.replace('"lower":["-1"', '"lower":[null')
BELOW_THE_DIAGONAL = BOX.replace('"constraints":[]', '"constraints":[["0:1 1:1","-1/2"]]')

UP: list[Any] = [[0, 2, 0], "up"]
FRAME: list[Any] = [[1, [0, 1]]]
FIRST: list[Any] = [[1, [0]]]
NONE: list[Any] = ["", [], []]  # a leaf with default slopes and no multipliers
ONES = "AIAAgA=="  # slopes 1 and 1


def cases(network: str, *rest: Any, domain: str = BOX) -> Trial:
    """One step: unit, side, value, frame, tree."""
    return Trial(network, (["cases", *rest],), domain=domain)


def saw(value: str, frame: Any, tree: Any) -> Trial:
    """z <= value for SAW."""
    return cases(SAW, *UP, value, frame, tree)


def hinge(value: str, *multipliers: str) -> Trial:
    """x0 <= value for HINGE, where x0 + x1 <= -1/2."""
    leaf: list[Any] = ["", [], list(multipliers)]
    return cases(HINGE, [0, 1, 0], "up", value, [], leaf, domain=BELOW_THE_DIAGONAL)


def path(*multipliers: str) -> list[Any]:
    """A leaf with a multiplier per split above it."""
    return ["", list(multipliers), []]


def levels(*values: int) -> str:
    """Levels of units, then of the two inputs for positive weights, then for the others."""
    return binascii.b2a_base64(struct.pack(f"{len(values)}b", *values), newline=False).decode()


def corner(*values: int, slopes: str = "", value: str = "1/1000") -> Trial:
    """z <= value for CORNER with these levels."""
    return cases(CORNER, *UP, value, FIRST, [slopes, [], [], levels(*values)])


SAW_TREE: list[Any] = [0, [1, NONE, path("0", "1")], NONE]
EMPTY_CASE: list[Any] = [0, [1, NONE, path("0", "1")], [1, path("8", "8"), NONE]]
FLOATS: list[Any] = [0, [1, NONE, path("0x0.0p+0", "0x1.0p+0")], NONE]
FLAT: list[Any] = ["", [], [], levels(64, 0, 64, 0, 0)]  # relu(x0 + x1) <= x0 + 1

GROUPS = (
    Group(
        "slopes",
        accepted={
            "the default ones": saw("1", [], NONE),
            "chosen ones": saw("1", FRAME, [ONES, [], []]),
            "for a lower bound": cases(SAW, [0, 2, 0], "lo", "-17/10", [], NONE),
            "in the other network": cases(SAW, [1, 2, 0], "up", "1", [], NONE),
        },
        refused={
            "a bound that the default ones do not give": saw("-1/10", [], NONE),
            "for one unit of two": saw("1", FRAME, ["AEA=", [], []]),
            "that are no base64": saw("1", FRAME, ["A?", [], []]),
            "above 1": saw("1", FRAME, ["AYAAgA==", [], []]),
            "without a frame": saw("1", [], [ONES, [], []]),
        },
    ),
    Group(
        "frames",
        accepted={
            "of an earlier layer that only zero weights lead to": cases(
                CUT, [0, 3, 0], "up", "21/10", FRAME, [0, NONE, NONE]
            ),
        },
        refused={
            "of the layer itself": saw("1", [[2, [0]]], NONE),
            "of the input": saw("1", [[0, [0]]], NONE),
            "of a truth value": saw("1", [[True, [0]]], NONE),
            "with a truth value for a unit": saw("1", [[1, [True]]], NONE),
            "with an unknown unit": saw("1", [[1, [0, 2]]], NONE),
            "out of order": saw("1", [[1, [1, 0]]], NONE),
            "that name a layer twice": saw("1", [[1, [0]], [1, [1]]], NONE),
            "left out": saw("1", None, NONE),
        },
    ),
    Group(
        "splits",
        accepted={"of one unit": saw("9/20", FRAME, [0, NONE, NONE])},
        refused={
            "outside the frame": saw("1", FRAME, [2, NONE, NONE]),
            "by a truth value": saw("1", FRAME, [True, NONE, NONE]),
            "of one unit twice": saw("1", FRAME, [1, [1, NONE, NONE], NONE]),
            "with one case": saw("1", FRAME, [1, NONE]),
            "without a tree": saw("1", FRAME, None),
            "a bound that holds in one case only": saw("-1/5", FRAME, SAW_TREE),
        },
    ),
    Group(
        "multipliers of the path",
        accepted={
            "as rationals": saw("-1/11", FRAME, SAW_TREE),
            "as floats": saw("-1/11", FRAME, FLOATS),
            "that make a case empty": saw("-1/11", FRAME, EMPTY_CASE),
        },
        refused={
            "left out": saw("-1/11", FRAME, [0, [1, NONE, NONE], NONE]),
            "a false bound": saw("-11/100", FRAME, SAW_TREE),
            "negative": saw("1", FRAME, [1, path("-1"), NONE]),
            "one too many": saw("1", FRAME, [1, path("1", "1"), NONE]),
            "outside cases": saw("1", FRAME, path("1")),
        },
    ),
    Group(
        "multipliers of the domain's constraints",
        accepted={"of one row": hinge("51/100", "1")},
        refused={
            "more of a row than it gives": hinge("49/100", "1"),
            "negative": hinge("2", "-1"),
            "of no constraint": saw("1", FRAME, ["", [], ["1"]]),
        },
    ),
    Group(
        "claims",
        refused={
            "about an unknown unit": cases(SAW, [0, 2, 1], "up", "1", [], NONE),
            "about an unknown side": cases(SAW, [0, 2, 0], "mid", "1", [], NONE),
            "with a float": saw("1.0", [], NONE),
            "on a domain without ends": cases(SAW, *UP, "1", [], NONE, domain=UNBOUNDED),
        },
    ),
    Group(
        "planes above the first layer",
        accepted={
            "that are tight": corner(64, 0, 64, 0, 0),
            "with levels that are cut at 0 and at 1": corner(127, -127, 127, 0, 0),
            "whatever the levels of weights that there are not": corner(64, 0, 64, -99, 99),
            "with slopes": corner(64, 0, 64, 0, 0, slopes="AIA="),
            "that are the chord": corner(32, 0, 0, 0, 0, value="1001/1000"),
            "below a unit that is split": cases(CORNER, *UP, "1/1000", [[1, [0]]], [0, FLAT, FLAT]),
        },
        refused={
            "a bound for which the chord is too far off": cases(CORNER, *UP, "1/1000", FIRST, NONE),
            "of other inputs": corner(64, 64, 0, 0, 0),
            "that are too flat": corner(0, 0, 0, 0, 0),
            "a false bound": corner(64, 0, 64, 0, 0, value="-1/1000"),
            "with levels for one input": corner(64, 0, 64, 0, value="2"),
            "with levels too many": corner(64, 0, 64, 0, 0, 0, value="2"),
            "with a level below all": corner(64, -128, 64, 0, 0, value="2"),
            "with levels that are no base64": cases(CORNER, *UP, "2", FIRST, ["", [], [], "A?"]),
            "with levels in a list": cases(
                CORNER, *UP, "2", FIRST, ["", [], [], [64, 0, 64, 0, 0]]
            ),
            "with levels twice": cases(CORNER, *UP, "2", FIRST, [*FLAT, FLAT[3]]),
            "without a frame": cases(CORNER, *UP, "2", [], ["", [], [], levels(0, 64, 0, 0)]),
            "above a later layer": cases(LATER, [0, 3, 0], "up", "9", [[2, [0]]], FLAT),
        },
    ),
)


@pytest.mark.parametrize("trial", accepted_of(GROUPS))
def test_accepted(trial: Trial) -> None:
    assert trial.are_accepted()


@pytest.mark.parametrize("trial", refused_of(GROUPS))
def test_refused(trial: Trial) -> None:
    assert not trial.are_accepted()


Phases = dict[tuple[int, int], int]


@pytest.mark.parametrize("seed", range(120))
def test_any_case_lies_above_every_value_in_it(seed: int) -> None:
    """Whatever slopes, multipliers, phases and levels a certificate names: the bound holds."""
    network, random = random_network(seed), Random(seed)
    assert network.domain is not None
    rule = Substitution(
        read_network(canonical_text(network), "network"), read_domain(domain_text(network.domain))
    )
    points = points_of(network.domain, 30, seed)
    columns = Matrix.from_fractions(points, columns=network.input_size).T
    traced = trace(network, columns, with_activations=False)
    values = [traced[v.name] for v in network.layers]
    for number, layer in enumerate(network.layers, start=1):
        box = rule.box_below(number)
        for unit in range(layer.size):
            phases, case = chosen_case(network, box, random)
            inside = [
                p
                for p in range(len(points))
                if all(s * values[k - 1].entry(j, p) >= 0 for (k, j), s in phases.items())
            ]
            for sign in (1, -1):
                bound = rule.bound([(number, unit, sign)], box, case)
                for p in inside:
                    assert sign * values[number - 1].entry(unit, p) * (1 << BITS) <= bound


def chosen_case(network: Network, box: Box, random: Random) -> tuple[Phases, Case]:
    """Phases of some units and a case that fixes them, everything in it by chance."""
    units = [(k, j) for k, bounds in box.bounds.items() for j in range(len(bounds))]
    slopes: dict[int, dict[int, int]] = {k: {} for k in box.bounds}
    for k, j in units:
        slopes[k][j] = random.randint(0, 1 << LOWER_SLOPE_BITS)
    phases = {unit: random.choice((1, -1)) for unit in units if random.random() < 0.3}
    fixed: dict[int, dict[int, tuple[int, int]]] = {}
    for (k, j), phase in phases.items():
        multiplier = random.choice((0, random.randint(0, 3 << BITS)))
        fixed.setdefault(k, {})[j] = phase, phase * multiplier
    constraints = network.domain.constraints if network.domain else ()
    gammas = [Fraction(random.randint(0, 8), 7) for _ in constraints]
    return phases, Case(slopes, fixed, gammas, chosen_hull(network, box, random))


def chosen_hull(network: Network, box: Box, random: Random) -> Hull | None:
    """Any levels above any units of the first layer, where it reads the inputs alone."""
    first = next(
        (k for k in box.bounds if set(network.layers[k - 1].weights) == {network.input_name}), None
    )
    if first is None or random.random() < 0.2:
        return None
    of_units = [random.randint(-127, 127) for _ in box.bounds[first]]
    plus, minus = ([random.randint(-64, 64) for _ in box.low] for _ in range(2))
    return Hull(first, dict(enumerate(of_units)), plus, minus)
