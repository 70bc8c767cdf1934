"""Networks of a plan and what is measured of them, each once; what cannot be is said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import mean
from typing import TypeVar

from papers_measures import Compressed, Counted, compressed, counted, triangles
from papers_plan import Row
from papers_training import Data, Say, Training, trained

from rectifold.errors import InputError, Unfinished
from rectifold.ir.network import Network

T = TypeVar("T")


class Bench:
    """Trains into a folder, and measures on one set of data."""

    def __init__(self, data: Data, folder: Path, say: Say) -> None:
        self.data, self.folder, self.say = data, folder, say
        self._found: dict[str, Compressed] = {}

    def network(self, training: Training) -> Network:
        return trained(training, self.data, self.folder, self.say)

    def compressed(self, row: Row) -> list[Compressed]:
        """Of each seed."""
        return [self._compressed(training) for training in row.trainings]

    def _compressed(self, training: Training) -> Compressed:
        if training.file not in self._found:
            self._found[training.file] = compressed(self.network(training), self.data)
        return self._found[training.file]

    def known(self) -> list[Compressed]:
        """All that were compressed so far."""
        return list(self._found.values())

    def regions(self, row: Row) -> list[Counted]:
        """On the whole domain, of each seed."""
        return [counted(self.network(one), self.data.domain) for one in row.trainings]

    def regions_on_triangles(self, row: Row, count: int) -> list[Counted]:
        """On so many triangles of test samples, of each seed."""
        return [
            counted(part, part.domain)
            for one in row.trainings
            for part in triangles(self.network(one), self.data, count)
            if part.domain is not None
        ]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def attempted(label: str, columns: int, make: Callable[[], Sequence[str]]) -> list[str]:
    """The cells of a row, or the reason why they are not there."""
    try:
        return [label, *make()]
    except (InputError, Unfinished) as error:
        reason = str(error).replace("|", "/").replace("\n", " ")
        return [label, f"not measured: {reason}", *[""] * (columns - 2)]


def number(values: Iterable[float], digits: int = 1) -> str:
    """The average."""
    return f"{mean(values):.{digits}f}"


def spread(values: Sequence[int]) -> str:
    """The average, and from where to where; one number where there is one."""
    if min(values) == max(values):
        return f"{values[0]:,}"
    return f"{mean(values):,.1f} ({min(values):,}–{max(values):,})"


def counts(found: Sequence[Counted]) -> str:
    """How many regions; "≥" where the time ended before all were found."""
    more = "" if all(one.complete for one in found) else "≥ "
    return more + spread([one.regions for one in found])


def by_place(rows: Sequence[tuple[int, ...]]) -> str:
    """The averages of the first entries, of the second ones, and so on: 5.7 + 5.1."""
    return " + ".join(f"{mean(column):.1f}" for column in zip(*rows, strict=True))
