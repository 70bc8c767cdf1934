"""What the sections of the page share: the page's benches, paragraphs, and cells of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill

from papers_bench import Bench, number
from papers_measures import Compressed
from papers_plan import Plan

from rectifold.errors import InputError


@dataclass(frozen=True)
class Curve:
    """What the picture shows of one row: units that are stable, in percent, and regions."""

    label: str
    stable: float
    regions: float


@dataclass(frozen=True)
class Page:
    """The benches that a page is made from; `curves` are filled while it is written."""

    plan: Plan
    images: Bench
    small: Mapping[str, Bench | InputError]
    command: str
    picture: str
    curves: list[Curve]


def said(text: str) -> list[str]:
    """A paragraph in lines of at most 100 characters, and an empty line."""
    return [*fill(text, 98, break_long_words=False, break_on_hyphens=False).splitlines(), ""]


def units_cells(units: Sequence[Compressed]) -> list[str]:
    """Accuracy, stable units of all, and of which phase."""
    parts = f"{number(u.active for u in units)} + {number(u.inactive for u in units)}"
    stable = f"{number(u.stable for u in units)} of {units[0].units}"
    return [f"{number((u.accuracy for u in units), 2)} %", stable, parts]
