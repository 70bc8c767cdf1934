"""The order of layers: each after what it reads, and else by name."""

from __future__ import annotations

import itertools

import numpy as np

from rectifold.ir.order import ancestors, first_order, readers_of


def test_the_order_is_the_first_by_name() -> None:
    sources = {"x": (), "b": ("x",), "a": ("b",), "c": ("x",), "d": ("a", "c")}
    assert first_order(sources) == ["x", "b", "a", "c", "d"]
    assert readers_of(sources)["x"] == ["b", "c"]
    assert ancestors("d", sources) == {"a", "b", "c", "x"}
    assert ancestors("x", sources) == set()


def test_random_graphs_get_the_least_of_all_their_orders() -> None:
    random = np.random.default_rng(3)
    for _ in range(40):
        names = [str(v) for v in random.permutation(list("abcdef"))]
        sources = {
            name: tuple(n for n in names[:k] if random.random() < 0.4)
            for k, name in enumerate(names)
        }
        possible = [
            list(order)
            for order in itertools.permutations(sorted(names))
            if all(order.index(s) < order.index(n) for n in names for s in sources[n])
        ]
        assert first_order(sources) == min(possible)


def test_what_depends_on_itself_is_left_out() -> None:
    assert first_order({"x": (), "a": ("x", "b"), "b": ("a",), "c": ("x",)}) == ["x", "c"]
