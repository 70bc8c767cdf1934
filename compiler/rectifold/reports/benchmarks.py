"""Tables of what emitted code costs where it was measured. Nothing here measures or prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from rectifold.emitters.device import DeviceRow
from rectifold.exact.numerals import counted

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


def _cell(value: object) -> str:
    match value:
        case None:
            return "?"
        case int() | float():
            return f"{value:,.0f}"
        case _:
            return str(value)
