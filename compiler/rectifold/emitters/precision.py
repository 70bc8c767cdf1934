"""In which floats code is written: those that are asked for, or those in which nothing is lost.

    float32     weights, inputs, sums and outputs of 32 bits
    mixed       weights of 32 bits; inputs, sums and outputs of 64
    float64     everything of 64 bits

Weights that are float32 numbers lose nothing in `mixed`, which is half as large as float64 and
rounds as little: it is what a format that can is given then. Sound because the bound on rounding
(bounds/code_error) is that of the precision chosen here.
"""

from __future__ import annotations

from typing import Literal

from rectifold.emitters.table import FORMATS
from rectifold.errors import InputError, asked
from rectifold.formats.float_range import rounded_parameters
from rectifold.ir.network import Network

PRECISIONS = ("float32", "mixed", "float64")


def chosen_precision(chosen: str, network: Network, wanted: str | None) -> str | None:
    """The precision in which `network` is written in the format `chosen`; None where it is exact.

    What is wanted; else mixed where the format can and every parameter is a float32 number, and
    otherwise the first of the format's row. Raises InputError as `require_precision` does.
    """
    require_precision(chosen, wanted)
    able = FORMATS[chosen].precisions
    if not able or wanted is not None:
        return wanted
    if "mixed" in able and not rounded_parameters(network, "mixed"):
        return "mixed"
    return able[0]


def require_precision(chosen: str, wanted: str | None) -> None:
    """Raises InputError for an unknown precision, and for one that the format cannot have."""
    if wanted is None:
        return
    if wanted not in PRECISIONS:
        raise InputError(f"unknown precision {wanted!r}; known are {', '.join(PRECISIONS)}")
    able = FORMATS[chosen].precisions
    if not able:
        raise InputError(
            f"the format {chosen} takes no precision, as it writes no floats; "
            f"leave out {asked('precision', wanted)}"
        )
    if wanted not in able:
        known = ", ".join(one for one in PRECISIONS if one in able)
        other = ", ".join(one.name for one in FORMATS.values() if wanted in one.precisions)
        raise InputError(
            f"the format {chosen} cannot be written in {asked('precision', wanted)}; it can in "
            f"{known} (formats that can be written in {wanted}: {other})"
        )


def float_kind(precision: str | None) -> Literal["float32", "float64"] | None:
    """The coarser of the floats that a precision uses, for estimates; None where nothing rounds."""
    if precision is None:
        return None
    return "float64" if precision == "float64" else "float32"


def usual_precision(chosen: str) -> str | None:
    """What the format is written in where no network is known yet; None where it is exact."""
    able = FORMATS[chosen].precisions
    return able[0] if able else None
