"""Tables of whole numbers as emitted code holds them: in as few bits as they need.

0 3 2 5      uint8_t t[] = { 0, 3, 2, 5 }
3 3 3 3      the number 3 in the code, and no table
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from rectifold.emitters.storage.kernels import Integers

Numbers: TypeAlias = npt.NDArray[Any]


def smallest(table: Integers) -> npt.NDArray[Any]:
    """The numbers, none negative, as unsigned ones of 8, 16, 32 or 64 bits."""
    return table.astype(np.min_scalar_type(int(table.max(initial=0))))


def varying(tables: Mapping[str, Integers]) -> dict[str, npt.NDArray[Any]]:
    """What is stored of the tables: one whose entries are all the same is a literal of the code."""
    return {key: smallest(table) for key, table in tables.items() if literal(table) is None}


def literal(table: Integers) -> int | None:
    """The one number of which the table consists; 0 for an empty one."""
    if not len(table):
        return 0
    return int(table[0]) if (table == table[0]).all() else None
