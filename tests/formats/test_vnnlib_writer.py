"""Properties as VNN-LIB texts: read again they are the same, or ask for a little more."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from rectifold.errors import InputError
from rectifold.formats.vnnlib_property import parse_property
from rectifold.formats.vnnlib_writer import decimal_text, is_stated_exactly, stated, vnnlib_of
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.property import Case, Condition, Property, Terms, Unsafe
from rectifold.ir.property_edits import is_decimal, moved_outward, region_of

F = Fraction


def number(rng: Random, decimals: bool) -> Fraction:
    return F(rng.randint(-99, 99), rng.choice([1, 2, 8, 10, 125] if decimals else [3, 7, 12]))


def terms(rng: Random, size: int, decimals: bool) -> Terms:
    picked = sorted(rng.sample(range(size), rng.randint(1, size)))
    found = ((k, number(rng, decimals)) for k in picked)
    return tuple((k, c) for k, c in found if c)


def random_case(rng: Random, decimals: bool) -> Case:
    """Conditions that all speak of an output, so none belongs to the domain."""
    found = []
    for _ in range(rng.randint(1, 3)):
        outputs = terms(rng, 3, decimals) or ((0, F(1)),)
        inputs = terms(rng, 2, decimals) if rng.random() < 0.3 else ()
        found.append(Condition(inputs, outputs, number(rng, decimals), rng.random() < 0.3))
    return tuple(found)


def random_domain(rng: Random, decimals: bool) -> Domain:
    ends = [sorted(number(rng, decimals) for _ in range(2)) for _ in range(2)]
    row = (F(rng.randint(1, 5), 4), F(rng.randint(-5, -1), 8))
    constraints = (Constraint(row, F(99)),) if rng.random() < 0.3 else ()
    return Domain(tuple(a for a, _ in ends), tuple(b for _, b in ends), constraints)


def random_property(rng: Random, decimals: bool = True) -> Property:
    parts = {random_domain(rng, decimals): None for _ in range(rng.choice([1, 1, 2, 3]))}
    return Property(
        tuple(
            Unsafe(d, tuple(random_case(rng, decimals) for _ in range(rng.randint(1, 3))))
            for d in parts
        )
    )


@pytest.mark.parametrize("decimals", [True, False])
@pytest.mark.parametrize("seed", range(40))
def test_what_is_written_is_read_as_what_is_stated(seed: int, decimals: bool) -> None:
    said = stated(random_property(Random(seed), decimals))
    assert parse_property(vnnlib_of(said, 3, ["a\nname; (exit) é"]), 2, 3).parts == said.parts
    assert stated(said) == said


@pytest.mark.parametrize("decimals", [True, False])
@pytest.mark.parametrize("seed", range(40))
def test_what_is_unsafe_stays_unsafe(seed: int, decimals: bool) -> None:
    rng = Random(seed)
    asked = random_property(rng, decimals)
    said = stated(asked)
    assert is_stated_exactly(asked) == all(
        is_decimal(v) for p in asked.parts for v in p.domain.lower + p.domain.upper if v is not None
    )
    region = region_of(said)
    for part in asked.parts:
        for _ in range(20):
            x = [
                a + (b - a) * rng.choice([F(0), F(1), F(rng.randint(0, 9), 9)])
                for a, b in zip(part.domain.lower, part.domain.upper, strict=True)
                if a is not None and b is not None
            ]
            y = [number(rng, decimals) * 3 for _ in range(3)]
            unsafe = any(p.case_met(x, y) is not None for p in asked.parts)
            again = any(p.case_met(x, y) is not None for p in said.parts)
            assert again == unsafe  # at points of the old domains
            assert region.contains(x) or not part.domain.contains(x)


def test_a_point_near_an_unsafe_one_is_unsafe_where_the_conditions_are_moved() -> None:
    asked = Property(
        (Unsafe(Domain.cube(0, 1, 1), ((Condition((), ((0, F(2)), (1, F(-1))), F(1)),),)),)
    )
    moved = moved_outward(asked, [F(1, 8), F(1, 4)])
    ((condition,),) = moved.parts[0].cases
    assert condition.bound == F(3, 2)
    assert condition.is_met([F(0)], [F(1, 2) + F(1, 8), F(-1, 4)])
    assert not asked.parts[0].cases[0][0].is_met([F(0)], [F(1, 2) + F(1, 8), F(-1, 4)])


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (Condition((), ((0, F(2)),), F(3)), "(assert (<= Y_0 1.5))"),
        (Condition((), ((1, F(-1)),), F(3, 8), strict=True), "(assert (> Y_1 -0.375))"),
        (Condition((), ((0, F(1, 3)), (1, F(-1, 3))), F(0)), "(assert (<= Y_0 Y_1))"),
        (Condition((), ((0, F(-1)), (1, F(1))), F(0)), "(assert (>= Y_0 Y_1))"),
        (Condition((), ((0, F(1)),), F(1, 3)), "(assert (<= (* 3.0 Y_0) 1.0))"),
        (
            Condition(((0, F(1)),), ((0, F(1, 2)),), F(1)),
            "(assert (<= (+ X_0 (* 0.5 Y_0)) 1.0))",
        ),
    ],
)
def test_conditions_are_written_as_people_write_them(condition: Condition, text: str) -> None:
    asked = Property((Unsafe(Domain.cube(0, 1, 1), ((condition,),)),))
    assert text in vnnlib_of(stated(asked), 2).splitlines()


def test_cases_that_are_never_or_always_met() -> None:
    box = Domain.cube(0, 1, 1)
    never, always = Condition((), (), F(-1)), Condition((), (), F(0))
    some = Condition((), ((0, F(1)),), F(0))
    assert stated(Property((Unsafe(box, ((never,), (always, some))),))).parts[0].cases == ((some,),)
    assert stated(Property((Unsafe(box, ((some,), (always,))),))).parts[0].cases == ((),)
    with pytest.raises(InputError, match="holds of every network"):
        stated(Property((Unsafe(box, ((never, some),)),)))


def test_decimals_are_exact() -> None:
    for value in (F(0), F(-7), F(1, 1024), F(10**30 + 1, 5**20), F(0.1), F(2) ** -300):
        assert F(decimal_text(value)) == value
