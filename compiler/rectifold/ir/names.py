"""Names of networks, inputs and layers: what the language can read back.

safe_name("fc1.weight", "layer")  =  "fc1_weight"        safe_name("relu", "layer")  =  "layer"
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rectifold.errors import NetworkError
from rectifold.ir.functions import FUNCTIONS

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")

STATEMENTS = ("network", "input", "assume", "ensure", "const", "output", "in", "inf")
CONSTRUCTIONS = ("apply", "concat", "load", "zeros", "ones", "eye")  # no functions of the table
CALLS = (*FUNCTIONS, *CONSTRUCTIONS)
RESERVED = frozenset((*STATEMENTS, *CALLS))


def require_name(name: str) -> str:
    """`name`, if it is a name of the language (a letter or _, then letters, digits, _; no
    keyword).
    """
    if not _NAME.fullmatch(name) or name in RESERVED:
        raise NetworkError(
            f"{name[:60]!r} cannot be a name (letters, digits and _ are allowed, and no word of "
            "the language)"
        )
    return name


def safe_name(text: str, default: str) -> str:
    """A legal name as close to `text` as possible (for names from files)."""
    cleaned = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_")[:60]
    if cleaned and cleaned[0].isdigit():
        cleaned = f"{default}_{cleaned}"
    return cleaned if _NAME.fullmatch(cleaned) and cleaned not in RESERVED else default


def fresh_name(wanted: str, taken: Iterable[str]) -> str:
    """`wanted`, or `wanted_2`, `wanted_3`, … if that is taken."""
    used = set(taken)
    if wanted not in used:
        return wanted
    return next(f"{wanted}_{k}" for k in range(2, len(used) + 3) if f"{wanted}_{k}" not in used)
