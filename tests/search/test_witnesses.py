"""Points of the domain, and what is certain about signs at them."""

from fractions import Fraction

import numpy as np

from rectifold.bounds.substitution import bounded
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.network import Layer, Network
from rectifold.search.witnesses import Witnesses

F = Fraction


def test_a_point_that_keeps_the_constraints_stays_as_it_is_and_others_are_moved_until_they_do() -> (
    None
):
    row = Layer("y", "linear", Matrix.zeros(1, 1), {"x": Matrix.from_fractions([[1, 1]], 2)})
    network = Network("x", 2, [row], "y", None, "sum")
    domain = Domain((F(0), F(0)), (F(1), F(1)), (Constraint((F(1), F(1)), F(1)),))
    witnesses = Witnesses(bounded(network, domain, {}), 0, [np.array([0.3, 0.1])])
    inside = np.random.default_rng(1).random((200, 2)) * 0.5
    assert np.array_equal(witnesses.admitted(inside), inside)
    moved = witnesses.admitted(np.array([[1.0, 1.0], [0.9, 0.2]]))
    assert len(moved) == 2
    assert all(domain.contains(domain.clamp(point.tolist())) for point in moved)
