"""The one network in which a question is asked, and questions that make no sense."""

from __future__ import annotations

import pytest

from network_pairs import F, domain_of
from rectifold.bounds.state import Bounds
from rectifold.equivalence.decide import closest, compare_argmax
from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate
from rectifold.ir.joint import (
    LAST,
    difference,
    gap,
    join,
)
from support import float_network, net, points_of, random_network


@pytest.mark.parametrize("seed", range(30))
def test_gap_and_difference_are_what_they_say(seed: int) -> None:
    a, b = random_network(seed), random_network(seed + 1)
    if (a.input_size, a.output_size) != (b.input_size, b.output_size):
        b = a
    eps = [F(1, 3 + j) for j in range(a.output_size)]
    for point in points_of(domain_of(a), 5, seed):
        va, vb = evaluate(a, point), evaluate(b, point)
        assert evaluate(difference(a, b), point) == [p - q for p, q in zip(va, vb, strict=True)]
        expected = [p - q - e for p, q, e in zip(va, vb, eps, strict=True)]
        expected += [q - p - e for p, q, e in zip(va, vb, eps, strict=True)]
        assert evaluate(gap(a, b, eps), point) == expected


def test_layers_of_a_come_before_those_of_b_in_any_number() -> None:
    deep = float_network(0, 1, *([2] * 12), 1)
    names = [v.name for v in gap(deep, deep, [F(0)]).layers]
    assert names == [f"a{k:03d}" for k in range(13)] + [f"b{k:03d}" for k in range(13)] + [LAST]


def test_questions_that_make_no_sense_are_refused() -> None:
    one = net("input x[1] in [-1, 1]\noutput relu(x)")
    two = net("input x[1]\noutput [[1], [2]] @ relu(x)")
    with pytest.raises(InputError, match="these networks have only one"):
        compare_argmax(one, one, domain_of(one))
    with pytest.raises(InputError, match="the margin -1 is negative"):
        compare_argmax(two, two, Domain.cube(0, 1, 1), margin=F(-1))
    with pytest.raises(InputError, match="--argmax needs a bounded domain"):
        compare_argmax(two, two, Domain.everywhere(1))
    with pytest.raises(InputError, match="--tightest needs a bounded domain"):
        closest(two, two, Domain.everywhere(1))


def test_joined_networks_need_rows_that_fit() -> None:
    a = float_network(0, 2, 3, 1)
    network = join(
        a, a, Matrix.from_floats([[2.0]]), Matrix.from_floats([[-1.0]]), Matrix.column([F(3)])
    )
    point = [F(0), F(1)]
    assert evaluate(network, point) == [evaluate(a, point)[0] + 3]
    assert isinstance(Bounds(network, domain_of(a)), Bounds)
