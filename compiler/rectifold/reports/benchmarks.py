"""Tables of what emitted code costs where it was measured. Nothing here measures or prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rich.table import Table
from rich.text import Text

from rectifold.emitters.measured.device import DeviceRow
from rectifold.exact.numerals import at_most, counted


class Timed(Protocol):
    """A program that was timed on this machine."""

    @property
    def format(self) -> str: ...
    @property
    def build(self) -> str: ...
    @property
    def precision(self) -> str | None: ...
    @property
    def microseconds(self) -> float: ...
    @property
    def ratio(self) -> float | None: ...
    @property
    def error_bound(self) -> float | None: ...
    @property
    def observed_error(self) -> float | None: ...


_WORDS = ("build", "code", "floats")
_DEVICE = (
    ("build", "build"),
    ("flash", "flash"),
    ("library", "+ library"),
    ("ram", "RAM"),
    ("stack", "of it stack"),
    ("instructions", "instructions"),
    ("most_instructions", "the most"),
)


@dataclass(frozen=True)
class CostTable:
    """A table as texts, for the screen and for a page."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def on_screen(self) -> Table:
        """Numbers to the right."""
        title = Text(self.title, style="table.title")
        table = Table(title=title, title_justify="left")
        for heading in self.headings:
            table.add_column(heading, justify="left" if heading in _WORDS else "right")
        for row in self.rows:
            table.add_row(*row)
        return table


def device_table(device: str, rows: Sequence[DeviceRow], points: int) -> CostTable:
    """One row for each build: bytes, and instructions of one evaluation."""
    return CostTable(
        f"{device}: bytes; instructions at {counted(points, 'point')}",
        tuple(heading for _, heading in _DEVICE),
        tuple(tuple(_cell(getattr(row, field)) for field, _ in _DEVICE) for row in rows),
    )


def host_table(rows: Sequence[Timed], points: int) -> CostTable:
    """One row for each program: the least time of a sample, and what its code is off by."""
    return CostTable(
        f"a sample on this machine, one thread (least of windows over {counted(points, 'point')})",
        ("code", "floats", "microseconds", "times as fast", "error at most", "seen"),
        tuple(map(_host_row, rows)),
    )


def _host_row(row: Timed) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else _about(row.ratio)
    errors = ("" if v is None else at_most(v, 3) for v in (row.error_bound, row.observed_error))
    code = f"{row.format}: {row.build}"
    return (code, row.precision or "", _about(row.microseconds), ratio, *errors)


def _about(value: float) -> str:
    """Four digits, or all of a larger number."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def _cell(value: object) -> str:
    match value:
        case None:
            return "?"
        case int() | float():
            return f"{value:,.0f}"
        case _:
            return str(value)
