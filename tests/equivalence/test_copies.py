"""Copies that are equal are never called different, nor the other way round."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from network_pairs import domain_of, permuted
from rectifold.equivalence.answers import Equal
from rectifold.equivalence.decide import compare
from rectifold.exact.matrix import Matrix
from rectifold.ir.draft import Draft
from rectifold.ir.evaluate import trace
from rectifold.ir.network import Layer
from rectifold.runtime.run import Limits
from support import float_network, points_of


@pytest.mark.parametrize("seed", range(25))
def test_permuted_and_scaled_copies_are_equal_and_one_ulp_is_never_called_equal(seed: int) -> None:
    network = float_network(seed, 3, 6, 5, 2)
    other = permuted(network, Random(seed))
    equal = compare(network, other, domain_of(network))
    assert isinstance(equal, Equal)
    assert equal.certificate is not None
    assert equal.replayed == "holds"
    layer = other.layers[-1]
    (source, weight) = next(iter(layer.weights.items()))
    points = Matrix.from_fractions(points_of(domain_of(network), 30, seed)).T
    active = trace(other, points, with_activations=True)[source].fractions()
    used = next(j for j, row in enumerate(active) if max(row) > 0)
    values = weight.floats.copy()
    values[0, used] = np.nextafter(values[0, used], np.inf)
    changed = Draft(other)
    changed.put(Layer(layer.name, "linear", layer.bias, {source: Matrix.from_floats(values)}))
    result = compare(network, changed.freeze(), domain_of(network), limits=Limits(10))
    assert not isinstance(result, Equal)
