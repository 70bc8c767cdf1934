"""The stage of `verify` for few inputs: every common region, its certificate, and what is said when
the time is up.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import count

from rectifold.certificate.accepted import require_accepted
from rectifold.certificate.cells import PairText, compare_on_cells
from rectifold.certificate.within import cells_certificate, certify_by_cells
from rectifold.equivalence.answers import Equal, Unknown
from rectifold.equivalence.decide import compare
from rectifold.equivalence.question import Question
from rectifold.equivalence.region_stage import Apart, Begun, Covered, by_regions
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.network import Network
from rectifold.runtime.run import Limits, Run
from rectifold.two_layers.shallow import shallow_network
from rectifold_check import check
from support import float_network, net

NONE = [Fraction(0)]
ABS = "network a\ninput x[{n}] in [-1, 1]\nh = relu(x[0])\nk = relu(-x[0])\ny = h + k\noutput y"
SAME = "network b\ninput x[{n}] in [-1, 1]\nh = relu(2*x[0])\ny = h - x[0]\noutput y"


def pair(inputs: int) -> tuple[Network, Network, Domain]:
    a, b = net(ABS.format(n=inputs)), net(SAME.format(n=inputs))
    assert a.domain is not None
    return a, b, a.domain


def test_few_inputs_are_covered_by_regions_with_a_certificate() -> None:
    a, b, domain = pair(2)
    found = by_regions(Question.of(a, b, domain, NONE), Run())
    assert isinstance(found, Covered)
    assert found.reason == "they agree on the one cell, compared exactly"
    certificate = certify_by_cells(a, b, domain, NONE)
    assert certificate is not None
    assert found.certificate is not None
    assert found.certificate.lines == certificate.lines


def test_few_directions_are_covered_and_twelve_are_not() -> None:
    a, b, domain = pair(6)
    found = by_regions(Question.of(a, b, domain, NONE), Run())
    assert isinstance(found, Covered)
    assert found.reason == "they agree on the one cell, compared exactly"
    assert found.certificate is not None
    assert isinstance(by_regions(Question.of(*pair(20), NONE), Run()), Covered)
    a, _, domain = pair(20)
    thirds = net(SAME.format(n=20).replace("2*x[0]", "2/3*x[0]").replace("h - x", "3*h - x"))
    assert isinstance(by_regions(Question.of(a, thirds, domain, NONE), Run()), Covered)
    many = net("network m\ninput x[12] in [-1, 1]\nh = relu(x)\noutput h")
    assert many.domain is not None
    none = [Fraction(0)] * 12
    assert by_regions(Question.of(many, many, many.domain, none), Run()) is None


def test_a_flat_domain_is_covered() -> None:
    a, b, domain = pair(2)
    edge = Domain(
        domain.lower, domain.upper, (Constraint((Fraction(1), Fraction(0)), Fraction(-1)),)
    )
    assert isinstance(by_regions(Question.of(a, b, edge, NONE), Run()), Covered)


def test_a_tolerance_per_output_is_covered_to_the_last_bit_and_no_further() -> None:
    a = net("network a\ninput x[1] in [-1, 1]\nh = relu(x)\ny = [h[0], 2*h[0]]\noutput y")
    b = net(
        "network b\ninput x[1] in [-1, 1]\nh = relu(x + 1)\ny = [h[0] - 1/2, 2*h[0] - 1]\noutput y"
    )
    assert a.domain is not None
    enough = by_regions(Question.of(a, b, a.domain, [Fraction(1, 2), Fraction(1)]), Run())
    assert isinstance(enough, Covered)
    assert "differ by at most 1 on each of 2 cells" in enough.reason
    less = by_regions(Question.of(a, b, a.domain, [Fraction(1, 2), Fraction(3, 4)]), Run())
    assert isinstance(less, Apart)
    assert less.point in [(Fraction(-1),), (Fraction(0),), (Fraction(1),)]


def test_a_point_apart_is_handed_on() -> None:
    a, _, domain = pair(1)
    found = by_regions(
        Question.of(a, net(SAME.format(n=1).replace("- x[0]", "- x[0] + 1/100")), domain, NONE),
        Run(),
    )
    assert isinstance(found, Apart)
    assert domain.contains(found.point)


def test_when_the_time_is_up_it_says_how_far_it_came() -> None:
    network = float_network(0, 2, 12, 12, 1)
    assert network.domain is not None
    ticks = count()
    run = Run(Limits(100), clock=lambda: float(next(ticks)))
    found = by_regions(Question.of(network, network, network.domain, NONE), run)
    assert isinstance(found, Begun)
    assert found.reason.startswith("no counterexample was found; ")
    assert " cells, " in found.reason
    assert found.reason.endswith("% of the search, compared when the time was up")
    assert 0 < found.share < 1


def test_a_certificate_for_much_work_says_how_much() -> None:
    network = float_network(0, 2, 6, 6, 1)
    assert network.domain is not None
    pair = PairText.of(network, network, network.domain, NONE)
    found = compare_on_cells(pair, 10**6, None, Run())
    short = cells_certificate(network, network, pair, found)
    assert short is not None
    assert (short.work, short.work_text) == (0, "")
    long = cells_certificate(network, network, pair, replace(found, work=10**12))
    assert long is not None
    assert long.work == 10**12 + 10**11 + 10**6
    assert long.work_text == (
        "to check it takes 306 minutes or so, which must be permitted: "
        "rectifold check NET CERTIFICATE --work 1100001000000"
    )
    assert require_accepted(network, network, network.domain, long).holds
    texts = canonical_text(network), domain_text(network.domain)
    assert "--work 1100001" in check(*texts, long.lines).reason
    assert check(*texts, long.lines, permitted=long.work).holds


def test_counting_cells_ends_with_the_time() -> None:
    network = float_network(0, 2, 6, 6, 1)
    assert network.domain is not None
    ticks = count()
    short = Run(Limits(6), clock=lambda: float(next(ticks)))
    assert certify_by_cells(network, network, network.domain, NONE, run=short) is None
    assert certify_by_cells(network, network, network.domain, NONE) is not None


def test_many_units_are_compared_until_the_limit_and_no_longer_refused_for_their_number() -> None:
    deep = float_network(0, 2, 10, 10, 10, 1)
    assert deep.domain is not None
    small = shallow_network(deep, deep.domain, kind="exact").network
    assert deep.sizes.units + small.sizes.units > 80
    answer = compare(deep, small, deep.domain, limits=Limits(seconds=120))
    assert isinstance(answer, Equal)
    assert " cells" in answer.reason
    nothing = compare(deep, small, deep.domain, limits=Limits(seconds=0))
    assert isinstance(nothing, Unknown)
    assert "too many for Z3" not in nothing.reason
