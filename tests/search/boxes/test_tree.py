"""Trees of splits: cuts cover what they cut, and work done elsewhere is put where it belongs."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from rectifold.facts.facts import Mask
from rectifold.facts.trees import BoxSplit, BoxTree, UnitSplit
from rectifold.search.boxes.tree import Box, InputCut, OpenBox, SplitTree, UnitCut, midpoint

LEFT, RIGHT = InputCut(0, 0.5), UnitCut("h", 2)


def holds(*claims: bool) -> Mask:
    """What is known at a node of these tests: which claims hold there."""
    return np.array(claims)


def unit_box() -> Box:
    return Box(np.zeros(2), np.ones(2), {})


def lines(tree: BoxTree) -> list[object]:
    match tree.split:
        case BoxSplit(number, at, low, high):
            return [list(tree.proved), number, at, lines(low), lines(high)]
        case UnitSplit(layer, unit, active, inactive):
            return [list(tree.proved), layer, unit, lines(active), lines(inactive)]
        case _:
            return [list(tree.proved)]


def same(known: Mask) -> Mask:
    return known


def test_a_midpoint_lies_inside_and_has_few_digits() -> None:
    random = np.random.default_rng(0)
    for low, width in random.random((200, 2)):
        at = midpoint(low, low + width)
        assert low < at < low + width
        assert Fraction(at).denominator <= 2**20 / width + 2**6
    assert midpoint(1.0, np.nextafter(1.0, 2.0)) in (1.0, np.nextafter(1.0, 2.0))


def test_halves_cover_the_box_and_meet_at_the_cut() -> None:
    cut = unit_box().cut(1)
    assert cut == InputCut(1, 0.5)
    low, high = unit_box().halves(cut, {})
    assert (low.low.tolist(), low.high.tolist()) == ([0.0, 0.0], [1.0, 0.5])
    assert (high.low.tolist(), high.high.tolist()) == ([0.0, 0.5], [1.0, 1.0])


def test_a_cut_beside_the_box_leaves_one_half_whole_and_the_other_empty_or_flat() -> None:
    low, high = unit_box().halves(InputCut(0, 7.0), {})
    assert (low.low.tolist(), low.high.tolist()) == ([0.0, 0.0], [1.0, 1.0])
    assert high.low[0] == 7.0
    assert high.high[0] == 1.0


def test_an_input_without_a_float_between_its_ends_is_not_cut() -> None:
    thin = Box(np.array([1.0]), np.array([np.nextafter(1.0, 2.0)]), {})
    assert thin.cut(0) is None


def test_a_claim_stands_where_it_first_holds_and_cuts_nobody_needs_are_left_out() -> None:
    tree = SplitTree([holds(True, False)])
    one, other = tree.split(0, LEFT, holds(False, True), holds(False, True))
    tree.split(one, RIGHT, holds(True, True), holds(True, True))
    assert tree.nodes[other].cut is None
    assert lines(tree.proof(2, same)) == [[0], 0, 0.5, [[1]], [[1]]]


def test_what_grew_elsewhere_is_grafted_where_its_boxes_were() -> None:
    tree = SplitTree([holds(False)])
    places = tree.split(0, LEFT, holds(False), holds(False))
    boxes = [OpenBox(place, unit_box()) for place in places]
    first, second = tree.deal(boxes, 2)
    for work, result in ((second, True), (first, False)):  # in the order in which they come back
        grown, waiting = SplitTree.resume(work)
        assert [v.place for v in waiting] == [0]
        parts = grown.split(0, RIGHT, holds(True), holds(result))
        left = [OpenBox(part, unit_box()) for part in parts if not grown.nodes[part].known.all()]
        back = tree.graft(work, grown, left)
        assert [tree.nodes[v.place].known.tolist() for v in back] == [[False]] * len(left)
    split = ["h", 2]
    assert lines(tree.proof(1, same)) == [
        [], 0, 0.5, [[], *split, [[0]], [[]]], [[], *split, [[0]], [[0]]]
    ]  # fmt: skip


def test_boxes_are_dealt_like_cards_and_no_hand_is_empty() -> None:
    tree = SplitTree([holds(True), holds(False), holds(True)])
    boxes = [OpenBox(place, unit_box()) for place in range(3)]
    assert [[v.place for v in hand.boxes] for hand in tree.deal(boxes, 2)] == [[0, 2], [1]]
    assert [[bool(k.all()) for k in hand.known] for hand in tree.deal(boxes, 2)] == [
        [True, True],
        [False],
    ]
    assert len(tree.deal(boxes, 5)) == 3
    assert tree.deal([], 5) == []
