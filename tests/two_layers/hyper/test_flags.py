"""Classes by flags: what is 0, what changes its sign, and the maximum of five in two units."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from rectifold.two_layers.form import Unit
from rectifold.two_layers.hyper.cells import Class, add_weights
from rectifold.two_layers.hyper.elimination import class_of_lines, eliminated
from rectifold.two_layers.hyper.flags import Flag, Germ
from rectifold.two_layers.hyper.ledger import flipped
from rectifold.two_layers.hyper.simplices import arguments_of
from rectifold.two_layers.hyper.units import Placed

ORIGIN = (0, 0, 0, 0, 1)
Numbers = dict[Flag, Fraction]


def random_form(random: Random, n: int) -> tuple[int, ...]:
    return tuple(random.randint(-3, 3) for _ in range(n))


def random_unit(seed: int, bends: int, n: int = 4) -> Unit:
    """A unit through 0 with small integers."""
    random = Random(seed)
    hinges = [(*random_form(random, n), 0) for _ in range(bends)]
    base = tuple(Fraction(v) for v in (*random_form(random, n), 0))
    return Unit((Fraction(1),), base, tuple((h, Fraction(random.choice((1, -2)))) for h in hinges))


def class_of(units: list[tuple[Fraction, Unit]]) -> Numbers:
    """Of a weighted sum of units through 0, by the classes ahead of and behind the origin."""
    total: Numbers = {}
    for factor, unit in units:
        placed = Placed(unit, ORIGIN)
        weight = factor * placed.weights[0]
        for direction, (ahead, behind) in placed.rays.items():
            for numbers, sign in ((ahead, 1), (behind, -1)):
                for flag, value in numbers.items():
                    key = direction, *flag
                    total[key] = total.get(key, Fraction(0)) + sign * weight * value
    return {flag: value for flag, value in total.items() if value}


def test_a_unit_of_three_hinges_has_a_class_and_one_of_two_has_none() -> None:
    three = Germ((1, 0, 2, 0), [((1, 1, 0, 0), 2), ((0, 1, -1, 0), 3), ((0, 0, 1, 3), -1)])
    assert len(three.numbers()) == 72  # 6 lines, 4 planes each, 3 hyperplanes each
    assert Germ((1, 0, 2, 0), [((1, 1, 0, 0), 2), ((0, 1, -1, 0), 3)]).numbers() == {}


def test_the_class_of_a_unit_in_the_plane_balances() -> None:
    numbers = Germ((1, 2), [((3, -1), 2)]).numbers()
    assert set(numbers) == {((2, -1),), ((0, 1),), ((1, 3),)}
    total = [Fraction(0), Fraction(0)]
    for ((x, y),), value in numbers.items():
        normal, last = (-y, x), (x if x else y)  # the one along which a jump is measured
        total = [t + Fraction(value * v, abs(last)) for t, v in zip(total, normal, strict=True)]
    assert total == [0, 0]


@pytest.mark.parametrize("seed", range(12))
def test_units_bent_the_other_way_have_the_same_class(seed: int) -> None:
    unit = random_unit(seed, 3 + seed % 3)
    forms = list(flipped(unit, 4))
    assert len(forms) in (2, 8)
    assert forms[0] == unit
    own = class_of([(Fraction(1), unit)])
    assert all(class_of([(Fraction(1), form)]) == own for form in forms)


@pytest.mark.parametrize("seed", range(4))
def test_every_choice_of_apex_and_pairs_has_the_class_of_the_maximum_of_five(seed: int) -> None:
    random = Random(seed)
    simplex = [tuple(map(Fraction, random_form(random, 4))) for _ in range(5)]
    classes = []
    for arguments in arguments_of(simplex):
        units = []
        for base, bends in arguments:
            hinges = tuple(
                ((*(v.numerator for v in side), 0), Fraction(c)) for c, side in bends
            )  # all are integers here
            units.append((Fraction(-1, 2), Unit((Fraction(1),), (*base, Fraction(0)), hinges)))
        classes.append(class_of(units))
    assert len(classes) == 15
    assert all(own == classes[0] for own in classes)


@pytest.mark.parametrize("seed", range(8))
def test_a_class_in_three_dimensions_is_the_sum_of_the_units_found(seed: int) -> None:
    random = Random(seed)
    total: dict[Flag, tuple[Fraction, ...]] = {}
    for _ in range(4):
        bends = [(random_form(random, 3), random.choice((1, -1, 2))) for _ in range(2)]
        germ = Germ(random_form(random, 3), bends)
        for flag, value in germ.numbers().items():
            total[flag] = (total.get(flag, (Fraction(0),))[0] + value,)
    total = {flag: value for flag, value in total.items() if value[0]}
    quads = list(eliminated(total, lambda plane: 1))
    assert total
    for quad in quads:
        for form in quad.forms():
            numbers = Germ(form.base, form.bends).numbers()
            assert len({flag[0] for flag in numbers}) == 4
        for flag, value in Germ(quad.base, quad.bends).numbers().items():
            left = total.get(flag, (Fraction(0),))[0] - quad.weights[0] * value
            total[flag] = (left,)
    assert not any(value[0] for value in total.values())


@pytest.mark.parametrize("seed", range(5))
def test_the_class_of_four_lines_is_that_of_each_unit_on_them(seed: int) -> None:
    random = Random(seed)
    germ = Germ(random_form(random, 3), [(random_form(random, 3), c) for c in (2, -3)])
    total: Class = {flag: (Fraction(value),) for flag, value in germ.numbers().items()}
    (quad,) = eliminated(total, lambda plane: 1)
    numbers = class_of_lines(quad.lines)
    for form in quad.forms():
        own = Germ(form.base, form.bends).numbers()
        assert own.keys() == numbers.keys()
        assert len({Fraction(own[flag], numbers[flag]) for flag in own}) == 1


def test_a_class_whose_lines_have_their_neighbours_in_planes_is_taken_over_new_lines() -> None:
    """A prism: each of six lines is in planes with three others, which are all in one plane."""
    x, z = ((1, 0, -6), (1, -1, -6), (0, 1, 3)), ((1, 0, 0), (1, -1, -3), (0, 1, 0))
    numbers = {
        x[0]: {(1, -3): -1, (1, 3): 1, (0, 1): -6}, x[1]: {(1, 6): 1, (1, 3): -1, (0, 1): -3},
        z[0]: {(1, 0): 1, (1, 6): -1, (0, 1): 6}, z[1]: {(1, 0): -1, (1, -3): 1, (0, 1): 3},
        x[2]: {(1, -3): -1, (1, -6): 1, (0, 1): 3}, z[2]: {(1, 0): 1, (1, -3): -1, (0, 1): -3},
    }  # fmt: skip
    total: Class = {
        (line, way): (Fraction(value),)
        for line, ways in numbers.items()
        for way, value in ways.items()
    }
    quads = list(eliminated(total, lambda plane: 1))
    assert any(line not in numbers for quad in quads for line in quad.lines)
    for quad in quads:
        for flag, value in Germ(quad.base, quad.bends).numbers().items():
            add_weights(total, flag, quad.weights, -value)
    assert not total


@pytest.mark.parametrize(
    "planes",
    [
        [((1, 0, 0), (1, 0))],
        [((1, 0, 0), way) for way in ((1, 0), (0, 1), (1, 1))],
        [(e, way) for e in ((1, 0, 0), (0, 1, 0)) for way in ((1, 0), (0, 1), (1, 1))],
    ],
)
def test_numbers_that_are_no_class_are_not_taken(planes: list[Flag]) -> None:
    wrong: Class = {flag: (Fraction(1),) for flag in planes}
    with pytest.raises(AssertionError, match=r"through \([01], .* are those of no function"):
        list(eliminated(wrong, lambda plane: 1))
