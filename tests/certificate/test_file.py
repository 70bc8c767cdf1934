"""Certificates as lines: more fractional bits for the checker."""

import pytest

from rectifold.bounds.agreed import BITS, MOST_BITS
from rectifold.certificate.file import Certificate
from rectifold_check.limits import WORK_BASE
from rectifold_check.work import Work

INTERVALS, FINAL = '["intervals",2,1]', '["final",{}]'


@pytest.mark.parametrize(
    ("steps", "more", "expected"),
    [
        ((INTERVALS,), 0, (INTERVALS,)),
        ((INTERVALS,), 64, (f'["precision",{BITS + 64}]', INTERVALS)),
        (('["precision",100]', INTERVALS), 0, ('["precision",100]', INTERVALS)),
        (('["precision",100]', INTERVALS), 64, ('["precision",164]', INTERVALS)),
        (('["precision",4000]',), 256, (f'["precision",{MOST_BITS}]',)),
        ((), 64, (f'["precision",{BITS + 64}]',)),
    ],
    ids=["as it is", "the usual bits", "named, as it is", "named", "at most", "no steps"],
)
def test_more_bits_change_nothing_but_the_precision(
    steps: tuple[str, ...], more: int, expected: tuple[str, ...]
) -> None:
    certificate = Certificate(("{}", *steps, FINAL)).with_more_bits(more)
    assert certificate.lines == ("{}", *expected, FINAL)


def test_work_that_must_be_permitted_has_room_for_the_links_before() -> None:
    work, bends = '["work",70000000]', '["bends",1]'
    assert Certificate(("{}", bends)).work == 0
    assert Certificate(("{}", work, bends)).work == 70_000_000
    chain = Certificate(("{}", INTERVALS, FINAL, work, bends))
    used = Work(len(INTERVALS))  # by the steps before
    used.permitted = chain.work
    used.spend(WORK_BASE)
    used.state(70_000_000)  # is not refused
    used.spend(70_000_000)
