"""A smaller network with the same largest output: where it is claimed, points agree."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

import rectifold_check
from approximate_networks import jittery
from rectifold.approximate.approximated import Approximation
from rectifold.approximate.approximating import Wish
from rectifold.approximate.largest_output import keep_argmax
from rectifold.effort.approximate import ApproximateEffort
from rectifold.effort.effort import Effort
from rectifold.errors import InputError
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from rectifold.ir.sampling import sample_points
from rectifold.passes.result import Options
from rectifold.runtime.deadline import Deadline
from rectifold.runtime.run import Limits, Run
from support import net

WISH = Wish(Options(objective="weights"))
FEW = ApproximateEffort(margins_tried=(Fraction(1, 8),), argmax_seconds=0.5, rounds=1)
FEW_TRIES = replace(WISH, run=Run(Limits(effort=Effort(approximate=FEW))))


def winners_agree(a: Network, b: Network, domain: Domain, margin: Fraction) -> int:
    """At exact points where an output of `a` leads by more: how many there are, all the same."""
    points = sample_points(domain, 80, 4)
    count = 0
    for of_a, of_b in zip(evaluate_points(a, points), evaluate_points(b, points), strict=True):
        first = max(range(len(of_a)), key=lambda k: of_a[k])
        if all(of_a[first] - v > margin for k, v in enumerate(of_a) if k != first):
            assert all(of_b[first] > v for k, v in enumerate(of_b) if k != first)
            count += 1
    return count


def verdict(found: Approximation) -> rectifold_check.Verdict:
    """The checker's, from texts alone."""
    assert found.known is not None
    domain = found.compiled.facts.domain
    lines = found.known.certificate.lines
    return rectifold_check.check(canonical_text(found.source), domain_text(domain), lines)


@pytest.mark.parametrize("sizes", [(20, 12, 8, 3), (2, 6, 5, 3), (14, 5, 2)])
@pytest.mark.parametrize("margin", ["1/100", "1/10"])
def test_the_largest_output_stays_where_it_leads_by_more(
    sizes: tuple[int, ...], margin: str
) -> None:
    source = jittery(*sizes, seed=sum(sizes))
    assert source.domain is not None
    found = keep_argmax(source, None, Fraction(margin), WISH)
    assert found.network.sizes.weights < source.sizes.weights * 0.6
    assert winners_agree(source, found.network, source.domain, Fraction(margin)) > 10
    told = verdict(found)
    assert told.status == "holds"
    claim = told.json()["claim"]
    assert isinstance(claim, dict)
    assert claim["eps"] is None
    certified = Fraction(str(claim["margin"]))
    assert max(found.certified) <= certified <= Fraction(margin)
    assert "it leads in g, certified" in found.guarantee


def test_where_one_output_leads_everywhere_its_lead_is_the_margin() -> None:
    source = jittery(20, 12, 8, 3, seed=43)
    near = Domain((Fraction(3, 10),) * 20, (Fraction(4, 10),) * 20)
    found = keep_argmax(source, near, Fraction(0), WISH)
    assert found.kept is not None
    assert found.kept.lead is not None
    assert 0 < max(found.certified) <= found.kept.margin < found.kept.lead
    assert winners_agree(source, found.network, near, Fraction(0)) == 80
    assert verdict(found).status == "holds"
    assert "is that of g on the whole domain: there one leads by at least 0." in found.guarantee


# y0 leads by 1/20 or so, which bounds of the whole domain do not see
CROOKED = (
    "input x[1] in [-1, 1]\n"
    "h = relu([[1], [2]] @ x - [0, 1])\n"
    "y = [[1, -1], [1/1000, 1/1000]] @ h + [1/20, 0]\n"
    "output y\n"
)


def test_a_lead_that_bounds_do_not_see_is_proved_by_splitting() -> None:
    source = net(CROOKED)
    assert source.domain is not None
    found = keep_argmax(source, None, Fraction(0), WISH)
    assert found.kept is not None
    assert found.kept.by_proof
    assert found.moves
    assert not found.can_be_certified
    assert found.known is None
    assert winners_agree(source, found.network, source.domain, Fraction(0)) > 10
    assert found.guarantee.endswith("it is among the largest of g: proved, no certificate")


def test_nothing_fires_where_outputs_cross() -> None:
    """Two outputs cross within the domain: any change of their difference moves the crossing."""
    source = net(
        "input x[1] in [-1, 1]\nh = relu([[1], [-1]] @ x)\ny = [[1, 1/8], [1/8, 1]] @ h\noutput y\n"
    )
    found = keep_argmax(source, None, Fraction(0), FEW_TRIES)
    assert not found.moves
    assert found.edited == source.with_domain(source.domain)
    assert found.guarantee.startswith("the same function on the domain")
    assert found.can_be_certified
    assert verdict(found).status == "holds"


def test_ties_stay_ties_or_are_free() -> None:
    """Outputs that are equal everywhere: none leads, so nothing is promised, and nothing breaks."""
    source = net("input x[1] in [0, 1]\nh = relu(x + 1)\ny = [[1], [1]] @ h\noutput y\n")
    for margin in ("0", "1/10"):
        found = keep_argmax(source, None, Fraction(margin), WISH)
        assert winners_agree(source, found.network, Domain.cube(0, 1, 1), Fraction(margin)) == 0


def test_a_lead_of_exactly_the_margin_is_not_meant() -> None:
    """y0 leads by 1 everywhere; with a margin of 1 nothing is promised, but what is claimed."""
    source = net("input x[1] in [0, 1]\nh = relu(x + 1/8)\ny = [[1], [1]] @ h + [1, 0]\noutput y\n")
    found = keep_argmax(source, None, Fraction(0), WISH)
    assert found.kept is not None
    assert found.kept.lead is not None
    assert 0.99 < found.kept.lead <= 1
    assert found.kept.margin < 1
    assert winners_agree(source, found.network, Domain.cube(0, 1, 1), Fraction(0)) == 80


def test_without_a_certificate_the_bound_is_told_as_unchecked() -> None:
    source = jittery(14, 5, 2, seed=21)
    wish = Wish(Options(objective="weights"), certify=False)
    found = keep_argmax(source, None, Fraction(1, 100), wish)
    assert found.certified_compile is None
    assert "proved by our own bounds, unchecked:" in found.guarantee


def test_a_deadline_ends_the_search() -> None:
    source = jittery(14, 5, 2, seed=21)
    over = Wish(Options(objective="weights"), deadline=Deadline.after(0.0))
    for margin in (Fraction(0), Fraction(1, 10)):
        assert keep_argmax(source, None, margin, over).edited.layers == source.layers


@pytest.mark.parametrize(
    ("sizes", "domain", "message"),
    [
        ((2, 2, 1), None, "the network has 1; give within="),
        ((2, 2, 2), Domain.everywhere(2), "needs a bounded domain"),
    ],
)
def test_what_is_refused(sizes: tuple[int, ...], domain: Domain | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        keep_argmax(jittery(*sizes), domain)
