"""What stands on a page: a head with the guarantee, and sections, each of one kind.

    Page
      Head      title, domain, guarantee, state
      Figures   units 64 → 14, weights 141 → 65
      Strips    a cell for each unit, layer by layer
      Drawing   the network before and after
      Table, Picture, Lines, Commands

Values alone: nothing here knows HTML.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from rectifold.reports.diagram import Diagram

REPORT = b"<!doctype html>\n<!-- rectifold report -->"  # how a page begins: ours may be replaced
State = Literal["holds", "refuted", "undecided", "plain"]


@dataclass(frozen=True)
class Figure:
    """One number that a reader looks for first, before and after ("" where there is no before)."""

    label: str
    before: str
    after: str
    note: str = ""


@dataclass(frozen=True)
class Cell:
    """A unit: `phase` and `fate` choose its look, `text` says everything about it."""

    phase: str
    fate: str
    text: str

    @property
    def is_gone(self) -> bool:
        return self.fate not in ("", "kept")


@dataclass(frozen=True)
class Strip:
    """The units of one layer, in order."""

    layer: str
    summary: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Figures:
    kind: ClassVar[str] = "figures"
    heading: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Strips:
    """`left_out`: layers that have more units than are drawn, in a sentence each."""

    kind: ClassVar[str] = "strips"
    heading: str
    strips: tuple[Strip, ...]
    left_out: tuple[str, ...] = ()

    @property
    def tells_fates(self) -> bool:
        """Is any unit gone?"""
        return any(cell.is_gone for strip in self.strips for cell in strip.cells)


@dataclass(frozen=True)
class Drawing:
    """Diagrams one above the other."""

    kind: ClassVar[str] = "drawing"
    heading: str
    diagrams: tuple[Diagram, ...]
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """Rows of texts under headings; the first column names the row."""

    kind: ClassVar[str] = "table"
    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """An image: `data` is the address of one that holds its own bytes, `text` says what it shows.

    `pixels`: of an input that is an image, shown enlarged.
    """

    kind: ClassVar[str] = "picture"
    heading: str
    text: str
    data: str
    pixels: bool = False


@dataclass(frozen=True)
class Lines:
    """Sentences, each a paragraph."""

    kind: ClassVar[str] = "lines"
    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Commands:
    """Commands that can be copied, each with what it is for."""

    kind: ClassVar[str] = "commands"
    heading: str
    commands: tuple[tuple[str, str], ...]


Section = Figures | Strips | Drawing | Table | Picture | Lines | Commands


@dataclass(frozen=True)
class Page:
    """A page. `guarantee`: one sentence; `state`: how it stands."""

    title: str
    domain: str
    guarantee: str
    state: State
    sections: tuple[Section, ...]
    made_by: str = ""
