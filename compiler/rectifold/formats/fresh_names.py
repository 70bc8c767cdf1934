"""Names that are not taken yet.

x, taken: x, x_2     →     x_3
"""

from __future__ import annotations


def fresh_name(wanted: str, taken: set[str], first: int = 2) -> str:
    """`wanted`, or `wanted_2`, `wanted_3`, ... if that is taken; it is taken then.

    `first`: the number that the second one gets.
    """
    name, number = wanted, first
    while name in taken:
        name = f"{wanted}_{number}"
        number += 1
    taken.add(name)
    return name
