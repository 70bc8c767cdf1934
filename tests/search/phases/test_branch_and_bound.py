"""Branch and bound over phases: optimised slopes are true bounds, and what is proved or refuted
agrees with exact values.
"""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import backward
from rectifold.exact.matrix import Matrix
from rectifold.ir.evaluate import trace
from rectifold.search.phases.branch_and_bound import decide_signs
from rectifold.search.phases.problem import PhaseProblem
from rectifold.search.phases.tightening import optimise_slopes
from rectifold.search.witnesses import Witnesses
from support import points_of, random_network


@pytest.mark.parametrize("with_planes", [False, True])
@pytest.mark.parametrize("seed", range(60))
def test_optimised_slopes_and_trees_never_contradict_exact_values(
    seed: int, with_planes: bool
) -> None:
    network = random_network(seed)
    assert network.domain is not None
    bounds = Bounds(network, network.domain)
    points = Matrix.from_fractions(
        points_of(network.domain, 40, seed), columns=network.input_size
    ).T
    values = trace(network, points, with_activations=False)
    for layer in network.layers:
        bounds.set(layer.name, *bounds.interval(layer.name))
        if not layer.is_relu or set(layer.weights) <= {network.input_name}:
            continue
        exact = values[layer.name].fractions()
        units = np.arange(layer.size)
        for sign in (1, -1):
            problem = PhaseProblem(
                bounds, Witnesses(bounds, seed, []), layer.name, sign, with_planes=with_planes
            )
            upper, leaves = optimise_slopes(problem, units)
            plain = backward(bounds, layer.name, units, float(sign)).upper
            assert len(leaves) == layer.size
            rounding = problem.scale / 16 if with_planes else 0.0  # levels are multiples of 1/64
            assert (upper <= plain + rounding + 1e-9 * (1 + np.abs(plain))).all()
            outcome = decide_signs(problem, units, deadline=inf, node_limit=300)
            for k in units.tolist():
                largest = max(sign * v for v in exact[k])
                assert largest <= upper[k]
                assert largest <= 0 or k not in outcome.trees
                assert not (k in outcome.trees and k in outcome.refuted)
