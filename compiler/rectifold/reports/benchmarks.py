"""Tables of what emitted code costs where it was measured. Nothing here measures or prints."""

from __future__ import annotations

from collections.abc import Sequence
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


_DEVICE = (
    ("build", "build"),
    ("flash", "flash"),
    ("library", "+ library"),
    ("ram", "RAM"),
    ("stack", "of it stack"),
    ("instructions", "instructions"),
    ("most_instructions", "the most"),
)


def device_table(device: str, rows: Sequence[DeviceRow], points: int) -> Table:
    """One row for each build: bytes, and instructions of one evaluation."""
    title = f"{device}: bytes; instructions at {{}}"
    table = Table(
        title=Text(title.format(counted(points, "point")), style="table.title"),
        title_justify="left",
    )
    for field, heading in _DEVICE:
        table.add_column(heading, justify="left" if field == "build" else "right")
    for row in rows:
        table.add_row(*(_cell(getattr(row, field)) for field, _ in _DEVICE))
    return table


def host_table(rows: Sequence[Timed], points: int) -> Table:
    """One row for each program: the least time of a sample, and what its code is off by."""
    title = "a sample on this machine, one thread (least of windows over {})"
    table = Table(
        title=Text(title.format(counted(points, "point")), style="table.title"),
        title_justify="left",
    )
    for heading in ("code", "floats", "microseconds", "times as fast", "error at most", "seen"):
        table.add_column(heading, justify="left" if heading in ("code", "floats") else "right")
    for row in rows:
        ratio = "" if row.ratio is None else _about(row.ratio)
        errors = ("" if v is None else at_most(v, 3) for v in (row.error_bound, row.observed_error))
        code = f"{row.format}: {row.build}"
        table.add_row(code, row.precision or "", _about(row.microseconds), ratio, *errors)
    return table


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
