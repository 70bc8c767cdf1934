"""Certificates as lines: more fractional bits for the checker."""

import pytest

from rectifold.bounds.agreed import BITS, MOST_BITS
from rectifold.certificate.file import Certificate

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
