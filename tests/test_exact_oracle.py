"""The exact oracle of the campaigns: it agrees with the compiler's own evaluation, and sees what is
wrong.
"""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from exact_oracle import Canonical, points_in, read_text
from rectifold.ir.canonical import canonical_text
from rectifold.ir.evaluate import evaluate_points
from rectifold.language.elaborate import parse
from strange_judge import judge
from strange_networks import strange_network

SMALL = """input x[2] in [[-1, inf], [0, 1/2]]
assume x[0] + 2*x[1] <= 3
f = [x[0] - x[1], 2*x[1]]
h = relu([[1, -1], [0, 2]] @ f + [[1, 0], [0, 1]] @ x + [1, -1/2])
g = max([h[0], h[1]], [h[1], f[0]])
output g[0]/2 - g[1]
"""


def test_the_text_is_read_and_evaluated() -> None:
    text = read_text(SMALL)
    assert text.ranges == ((Fraction(-1), None), (Fraction(0), Fraction(1, 2)))
    assert text.constraints == (((Fraction(1), Fraction(2)), Fraction(3)),)
    assert text.allows((Fraction(2), Fraction(1, 2)))
    assert not text.allows((Fraction(3), Fraction(1, 2)))
    assert not text.allows((Fraction(-2), Fraction(0)))
    assert text.at((Fraction(1), Fraction(0))) == [Fraction(3, 2) - 1]


def test_what_the_oracle_does_not_know_is_an_error() -> None:
    with pytest.raises(ValueError, match="does not know"):
        read_text("input x[1] in [0, 1]\noutput abs(x[0])").at((Fraction(1),))
    with pytest.raises(ValueError, match="no output"):
        read_text("input x[1] in [0, 1]\n")


@pytest.mark.parametrize("batch", range(4))
def test_text_canonical_network_and_engine_agree(batch: int) -> None:
    for seed in range(batch * 25, batch * 25 + 25):
        text = strange_network(seed)
        network, said = parse(text), read_text(text)
        canonical = Canonical(canonical_text(network))
        points = points_in(said, (canonical,), 12, Random(seed))
        assert points
        expected = evaluate_points(network, points)
        assert [said.at(p) for p in points] == expected, text
        assert [canonical.at(p) for p in points] == expected, text


def test_points_lie_on_hinges() -> None:
    said = read_text("input x[2] in [-1, 1]\nh = relu([x[0] + 3*x[1] - 1/7])\noutput h[0]")
    canonical = Canonical(
        canonical_text(parse("input x[2] in [-1, 1]\nh = relu([x[0] + 3*x[1] - 1/7])\noutput h[0]"))
    )
    points = points_in(said, (canonical,), 60, Random(1))
    assert sum(canonical.pre_activations(p)[0][0] == 0 for p in points) >= 5


@pytest.mark.parametrize("batch", range(4))
def test_nothing_is_unsound_and_nothing_refused(batch: int) -> None:
    for seed in range(1000 + batch * 6, 1000 + batch * 6 + 6):
        judged = judge(strange_network(seed), seed, limits=(0.0, 0.1))
        assert judged.faults == [], seed
        assert judged.counts["compiles"] == 2 or judged.counts["empty"] == 1
