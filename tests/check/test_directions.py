"""Domains of fewer inputs: they have all values of a network, and certificates of many inputs."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

import rectifold_check
from rectifold.certificate.cells import PairText, compare_on_cells
from rectifold.certificate.within import certify_by_cells
from rectifold.exact.matrix import Matrix
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.draft import Draft
from rectifold.ir.network import Network
from rectifold.runtime.run import Run
from rectifold.two_layers.shallow import shallow_network
from rectifold_check.directions import over_directions
from rectifold_check.networks import read_domain, read_network
from rectifold_check.work import Work
from support import float_network, net, points_of

NINE = """
    network nine
    input x[9] in [[-1, 1], [0, 2], [-1, 1], [1/3, 1/3], [-1, 1], [-1, 0], [-1, 1], [0, 1], [-2, 1]]
    h = relu([x[0] - x[1] + x[3], 2*x[0] - 2*x[1] + x[4] - x[8], x[5] + 3*x[6] - x[7] + x[2]])
    k = relu(h[0] - 3*h[1] + x[0] - x[1] + h[2])
    y = relu(h[0] + k - h[2])
    output y
    """


def domain_of(network: Network) -> Domain:
    assert network.domain is not None
    return network.domain


def replaced(network: Network, most: int) -> tuple[list[int], Domain]:
    """The inputs that vary in the checker's domain, and that as ours."""
    text = read_domain(domain_text(domain_of(network)))
    small = over_directions(read_network(canonical_text(network), "A"), text, most, Work())
    ends = zip(small.lower, small.upper, strict=True)
    return [k for k, (low, high) in enumerate(ends) if low != high], Domain(
        small.lower, small.upper
    )


def test_every_point_has_one_with_the_same_rows_in_the_smaller_domain() -> None:
    network = net(NINE)
    varying, small = replaced(network, 6)
    assert len(varying) == 3
    rows = network.layers[0].weights["x"]
    for x in points_of(domain_of(network), 40, 0):
        fixed = [Fraction(0) if k in varying else small.lower[k] for k in range(9)]
        wanted = rows @ (Matrix.column(x) - Matrix.column(fixed))  # type: ignore[arg-type]
        solved, pivots = Matrix.from_fractions(
            [[*rows.select_columns(varying).row(i), wanted.entry(i, 0)] for i in range(3)]
        ).rref()
        assert pivots == [0, 1, 2]
        for i, k in enumerate(varying):
            low, high = small.lower[k], small.upper[k]
            assert low is not None
            assert high is not None
            assert low <= solved.entry(i, 3) <= high


def test_more_directions_leave_the_domain_as_it_is() -> None:
    network = net(NINE)
    assert len(replaced(network, 2)[0]) == 8
    assert len(replaced(float_network(0, 7, 7, 1), 6)[0]) == 7


@pytest.mark.parametrize("sizes", [(9, 3, 3, 2, 1), (20, 2, 3, 2, 2)])
def test_forms_of_many_inputs_have_certificates_and_wrong_ones_have_none(
    sizes: tuple[int, ...],
) -> None:
    network = float_network(1, *sizes)
    domain = domain_of(network)
    small = shallow_network(network, domain, kind="exact").network
    zero = [Fraction(0)] * network.output_size
    certificate = certify_by_cells(network, small, domain, zero)
    assert certificate is not None
    a, b = canonical_text(network), canonical_text(small)
    assert rectifold_check.check(a, domain_text(domain), certificate.lines, b).holds
    random = Random(0)
    for _ in range(5):
        draft = Draft(small)
        layer = small.layers[random.randrange(len(small.layers))]
        first, *rest = layer.bias.column_values()
        draft.edit(layer.name, bias=Matrix.column([first + Fraction(1, 2**30), *rest]))
        wrong = draft.freeze()
        assert certify_by_cells(network, wrong, domain, zero) is None
        assert not rectifold_check.check(
            a, domain_text(domain), certificate.lines, canonical_text(wrong)
        ).holds


def test_a_difference_outside_the_domain_is_no_counterexample() -> None:
    """a + b is at most 10 in the box, where a is at most 6 and b at most 8, one by one."""
    rows = (1, 1, 1, 0, 2, 1, 0), (0, 1, 2, 1, -2, 1, 1)
    a, b = (" + ".join(f"{c}*x[{k}]" for k, c in enumerate(row)) for row in rows)
    text = f"network n\ninput x[7] in [-1, 1]\na = {a}\nb = {b}\n"
    one = net(text + "output relu(a) + relu(b)")
    two = net(text + "output relu(a) + relu(b) + relu(a + b - 10)")
    pair = PairText.of(one, two, Domain.cube(-1, 1, 7), [Fraction(0)])
    found = compare_on_cells(pair, 100, None, Run())
    assert found.largest > 0
    assert (found.point, found.complete) == (None, False)
