"""Whole units are edited where that leaves less than weights alone, and it is certified."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from approximate_networks import seen_differences
from rectifold.approximate.approximating import Wish, approximate_network, search_for
from rectifold.approximate.budget import parse_within
from rectifold.approximate.edits import Edit, Entries
from rectifold.approximate.goal import Goal
from rectifold.approximate.known import Known
from rectifold.approximate.unit_edits import Prices, edit_units
from rectifold.approximate.units_first import search_units_first
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer, Network, Sizes
from rectifold.passes.result import Options
from rectifold.runtime.deadline import Deadline


def near_copies(copies: int = 3, jitter: float = 2.0**-12, seed: int = 2) -> Network:
    """2-(3 copies)-2 on [-1, 1]^2: three units, and nearly the same again and again."""
    random = np.random.default_rng(seed)
    base = np.round(random.standard_normal((3, 2)) * 64) / 64
    hidden = np.vstack([base * (k + 1) for k in range(copies)])
    hidden += jitter * np.round(random.standard_normal(hidden.shape) * 4) / 4
    out = np.round(random.standard_normal((2, len(hidden))) * 64) / 64
    layers = [
        Layer("h", "relu", Matrix.zeros(len(hidden), 1), {"x": Matrix.from_floats(hidden)}),
        Layer("y", "linear", Matrix.zeros(2, 1), {"h": Matrix.from_floats(out)}),
    ]
    return Network("x", 2, layers, "y", Domain.cube(-1, 1, 2))


def known_of(network: Network) -> Known:
    assert network.domain is not None
    return Known.of(network, network.domain, np.array([0.1, 0.1]), 4, 0)


def test_near_copies_are_merged_and_the_difference_is_certified() -> None:
    source = near_copies()
    found = approximate_network(source, None, Goal(parse_within("0.05")), Wish(Options()))
    assert found.moves["parallel units"] == 6
    assert found.network.sizes.units == 3
    assert found.certified_compile is not None
    assert all(c <= Fraction(1, 20) for c in found.certified)
    seen = seen_differences(source, found.network)
    assert any(seen)
    assert all(d <= c for d, c in zip(seen, found.certified, strict=True))


def test_what_is_not_better_when_compiled_is_not_answered() -> None:
    source = near_copies()
    tolerance = (Fraction(1, 20), Fraction(1, 20))
    domain = Domain.cube(-1, 1, 2)
    asked: list[int] = []

    def compiled(network: Network) -> Sizes:
        asked.append(network.sizes.weights)
        return network.sizes

    search = search_for(source, domain, tolerance, Wish())
    kept = search_units_first(search, known_of, compiled, lambda one, other: False)
    assert set(kept.moves) <= {"tiny weights"}
    assert len(asked) > 1  # others were looked at
    search = search_for(source, domain, tolerance, Wish())
    taken = search_units_first(search, known_of, compiled, lambda one, other: True)
    assert "parallel units" in taken.moves


def test_a_number_of_units_is_reached_by_edits_of_units() -> None:
    source = near_copies()
    found = approximate_network(source, None, Goal(most_units=3))
    assert found.network.sizes.units == 3
    assert found.moves["parallel units"] == 6
    assert max(found.certified) < Fraction(1, 20)
    assert found.certified_compile is not None
    seen = seen_differences(source, found.network)
    assert all(d <= c for d, c in zip(seen, found.certified, strict=True))


def test_units_stay_where_their_edits_cost_more_than_is_allowed() -> None:
    source = near_copies(jitter=0.25)
    found = approximate_network(source, None, Goal(parse_within("1e-6")), Wish(certify=False))
    assert set(found.moves) <= {"tiny weights"}
    assert found.network.sizes.units == 9


def test_nothing_pays_at_a_price_of_nothing() -> None:
    source = near_copies()
    edited = edit_units(source, known_of, Prices(0.0, np.array([0.5, 0.5])))
    assert edited.edits == ()
    assert edited.network == source


def test_no_unit_is_edited_when_the_time_is_up() -> None:
    prices = Prices(1e-2, np.array([0.5, 0.5]))
    assert edit_units(near_copies(), known_of, prices, Deadline.after(0.0)).edits == ()


def test_a_second_pass_at_the_same_price_edits_no_unit_again() -> None:
    prices = Prices(1e-2, np.array([0.5, 0.5]))
    once = edit_units(near_copies(), known_of, prices)
    assert once.ties
    again = edit_units(once.network, known_of, prices)
    edited = {(tie.layer, tie.unit) for tie in once.ties}
    assert not edited & {(tie.layer, tie.unit) for tie in again.ties}


def test_weights_of_a_unit_that_follows_another_are_left_to_that_one() -> None:
    edited = edit_units(near_copies(), known_of, Prices(1e-2, np.array([0.5, 0.5])))
    tie = edited.ties[0]

    def drop(row: int) -> Edit:
        return Edit("e", 1, (), (Entries("h", "x", np.array([row]), np.array([0])),))

    assert not edited.leaves(drop(tie.unit))
    assert edited.leaves(drop(tie.other))
