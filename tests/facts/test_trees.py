"""Trees of evidence, counted."""

from __future__ import annotations

from rectifold.facts.trees import BoxSplit, BoxTree, UnitSplit


def test_the_boxes_of_a_tree_are_its_nodes() -> None:
    leaf = BoxTree((0,))
    assert leaf.boxes == 1
    halves = BoxTree((), BoxSplit(0, 0.5, leaf, BoxTree((), UnitSplit("h", 1, leaf, leaf))))
    assert halves.boxes == 5


def test_a_deep_tree_is_counted_without_recursion() -> None:
    tree = BoxTree((0,))
    for _ in range(3000):
        tree = BoxTree((), BoxSplit(0, 0.0, tree, BoxTree((0,))))
    assert tree.boxes == 6001
