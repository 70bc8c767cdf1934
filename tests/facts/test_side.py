"""Sides of bounds, their signs and words."""

import pytest

from rectifold.facts.side import Side


@pytest.mark.parametrize(
    ("side", "sign", "written"), [(Side.UPPER, 1, "up"), (Side.LOWER, -1, "lo")], ids=str
)
def test_a_side_has_one_sign_and_one_word(side: Side, sign: int, written: str) -> None:
    assert (side.sign, side.written) == (sign, written)
    assert Side.of_sign(side.sign) is side
    assert side.other.sign == -sign
