"""--slice and --at: the part of a domain in which only some inputs vary.

--slice 0,3 --at point.npy         inputs 0 and 3 keep their ranges, the others are the point's
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import click

from rectifold.cli.inputs import point_from
from rectifold.cli.values import as_value
from rectifold.errors import InputError
from rectifold.exact.numerals import counted, readable
from rectifold.ir.domain import Domain


@dataclass(frozen=True)
class Slice:
    """Which inputs vary, and where the others are fixed."""

    slice_spec: str | None
    at_spec: str | None


slice_options = as_value(
    "part",
    Slice,
    click.option(
        "--slice",
        "slice_spec",
        metavar="I,J",
        help="vary only these inputs (numbers from 0), fix the others",
    ),
    click.option(
        "--at",
        "at_spec",
        metavar="POINT",
        help="where a slice fixes the others: numbers or a .npy file (default: the middle)",
    ),
)


def slice_domain(domain: Domain, part: Slice) -> Domain:
    """The part of the domain in which only the inputs of --slice vary. Raises InputError."""
    spec, at = part.slice_spec, part.at_spec
    if spec is None:
        if at is not None:
            raise InputError("--at says where a slice lies; say which inputs vary with --slice")
        return domain
    kept = _inputs_of(spec, domain)
    point = _middle(domain) if at is None else point_from(at)
    _require_fixed(domain, kept, point)
    ends = [
        tuple(end if k in kept else point[k] for k, end in enumerate(side))
        for side in (domain.lower, domain.upper)
    ]
    return Domain(ends[0], ends[1], domain.constraints)


def _inputs_of(spec: str, domain: Domain) -> list[int]:
    try:
        kept = sorted(int(word) for word in spec.split(","))
    except ValueError:
        raise InputError(f"--slice {spec!r} is no list of input numbers, like 0,3") from None
    if not kept or kept[0] < 0 or kept[-1] >= domain.size:
        raise InputError(
            f"--slice {spec!r} names inputs that are not there: "
            f"they are numbered 0 to {domain.size - 1}"
        )
    if len(set(kept)) < len(kept):
        raise InputError(f"--slice {spec!r} names an input twice; name each once")
    return kept


def _middle(domain: Domain) -> list[Fraction]:
    if not domain.is_bounded:
        raise InputError(
            "a slice of an unbounded domain has no middle; say where it lies with --at"
        )
    return [
        (a + b) / 2
        for a, b in zip(domain.lower, domain.upper, strict=True)
        if a is not None and b is not None
    ]


def _require_fixed(domain: Domain, kept: Sequence[int], point: Sequence[Fraction]) -> None:
    """Raises InputError unless the point has the domain's size and fixes inputs in their ranges."""
    if len(point) != domain.size:
        raise InputError(
            f"--at gives {counted(len(point), 'number')}, "
            f"the domain has {counted(domain.size, 'input')}"
        )
    for k, (low, value, high) in enumerate(zip(domain.lower, point, domain.upper, strict=True)):
        is_outside = (low is not None and value < low) or (high is not None and value > high)
        if k not in kept and is_outside:
            raise InputError(f"--at puts input {k} at {readable(value)}, outside its range")
