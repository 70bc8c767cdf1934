"""Slopes of claims on boxes: what they prove is true and written down, and trees are smaller."""

from __future__ import annotations

from fractions import Fraction
from math import inf

import numpy as np
import pytest

from rectifold.bounds.boxes import SlopedBoxes
from rectifold.bounds.substitution import backward, bounded
from rectifold.effort.search import BoxEffort
from rectifold.facts.entries import BoxTreeSigns
from rectifold.facts.serialise import entry_json, read_entry
from rectifold.facts.side import Side
from rectifold.facts.trees import BoxProof, BoxTree, Leaf
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from rectifold.search.boxes.again import prove_again
from rectifold.search.boxes.bounds_on_boxes import BoundsOnBoxes
from rectifold.search.boxes.lower_slopes import LowerSlopes
from rectifold.search.boxes.signs import BoxOutcome, BoxSearch
from rectifold.search.witnesses import Witnesses
from support import float_network, net, points_of

# y = (x + 1) / 4 - relu(x) / 2 - 3/10 <= -1/20: below relu(x) lies x / 2, and no default slope
ROOF = net(
    """
    network roof
    input x[2] in [-1, 1]
    h = relu([[1, 0], [1, 0], [0, 1]] @ x + [1, 0, 0])
    y = h[0] / 4 - h[1] / 2 - h[2] / 100 - 3/10
    output y
    """
)


def searched(network: Network, *, with_slopes: bool, effort: BoxEffort = BoxEffort()) -> BoxOutcome:
    assert network.domain is not None
    bounds = bounded(network, network.domain, {})
    search = BoxSearch(bounds, Witnesses(bounds, 0, []), network.output, effort)
    queries = [[(unit, 1)] for unit in range(network.output_size)]
    search.begin(queries, limit=2_000, with_slopes=with_slopes)
    search.go_on(inf)
    return search.outcome()


def entry_of(network: Network, found: BoxOutcome) -> BoxTreeSigns:
    claims = tuple((unit, Side.UPPER) for unit, _ in found.proved)
    return BoxTreeSigns(network.output, BoxProof(claims, found.tree))


def test_one_box_is_enough_with_a_slope_of_its_own() -> None:
    plain, sloped = searched(ROOF, with_slopes=False), searched(ROOF, with_slopes=True)
    assert plain.proved == sloped.proved == [(0, 1)]
    assert plain.tree.boxes > 1 == sloped.tree.boxes
    (proof,) = sloped.tree.cases.values()
    assert isinstance(proof.tree, Leaf)
    assert 0.3 < proof.tree.alpha[proof.frame.number("h", 1)] < 0.7


def test_a_log_keeps_slopes_and_they_are_proved_again() -> None:
    assert ROOF.domain is not None
    bounds = bounded(ROOF, ROOF.domain, {})
    entry = read_entry(ROOF, entry_json(entry_of(ROOF, searched(ROOF, with_slopes=True))))
    assert isinstance(entry, BoxTreeSigns)
    assert prove_again(bounds, ROOF.output, entry.proof) == [True]
    without = BoxProof(entry.proof.claims, BoxTree(entry.proof.tree.proved))
    assert prove_again(bounds, ROOF.output, without) == [False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["AEA=", ["0x1p+0"], []], "does not fit"),
        (["AEA=", [], ["0x1p+0"]], "slopes for its claims"),
        ([0, ["AEA=", [], []], ["AEA=", [], []]], "slopes for its claims"),
    ],
)
def test_a_log_with_other_cases_is_not_believed(change: object, message: str) -> None:
    form = entry_json(entry_of(ROOF, searched(ROOF, with_slopes=True)))
    form["tree"] = [[[0, [["h", [1]]], change]]]  # type: ignore[list-item]
    with pytest.raises(ValueError, match=message):
        read_entry(ROOF, form)


@pytest.mark.parametrize("seed", range(12))
def test_bounds_with_any_slopes_are_true_and_the_search_improves_them(seed: int) -> None:
    network = float_network(seed, 3, 6, 6, 2)
    assert network.domain is not None
    on_boxes = BoundsOnBoxes(bounded(network, network.domain, {}), network.output)
    units = np.array([0, 1])
    rows = on_boxes.tightened([on_boxes.domain_box()]).of(np.zeros(2, dtype=np.int64))
    exact = evaluate_points(network, points_of(network.domain, 20, seed))
    plain = backward(on_boxes.bounds, network.output, units, 1.0, cases=rows).upper
    for steps in (1, 16):
        effort = BoxEffort(slope_steps=steps)
        slopes = LowerSlopes(on_boxes, network.output, rows, units, 1).run(effort)
        own = SlopedBoxes.on(rows, slopes)
        upper = backward(on_boxes.bounds, network.output, units, 1.0, cases=own).upper
        assert all(Fraction(float(upper[k])) >= y[k] for y in exact for k in units)
        assert (upper <= plain + 1e-6 * np.abs(plain)).all()
