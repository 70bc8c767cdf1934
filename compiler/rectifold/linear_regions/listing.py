"""The regions of one enumeration: in this process one after the other, or part by part.

    cells → parts (dealt out among processes, each written to the log when it is done) → regions

With a log the parts are the same in every run, and each is searched from nothing, so a list that
was ended and gone on with is the list of one run, to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.exact.numerals import counted
from rectifold.linear_regions.count_log import part_name
from rectifold.linear_regions.enumerations import AnyEnumeration, in_order
from rectifold.linear_regions.list_log import ListLog
from rectifold.linear_regions.region import AnyRegion
from rectifold.runtime.run import Run
from rectifold.runtime.workers import Workers


class Listing:
    """The list of an enumeration's regions, as far as it is; `from_log` counts those of the log."""

    def __init__(
        self, enumeration: AnyEnumeration, run: Run, limit: int | None, log: ListLog | None
    ) -> None:
        self.enumeration, self.run, self.limit, self.log = enumeration, run, limit, log
        seconds = run.limits.seconds
        self.deadline = inf if seconds is None else run.clock() + seconds
        self.next_told = run.clock() + REGION_EFFORT.report_seconds
        self.found: list[AnyRegion] = []
        self.complete = False
        self.undecided = self.from_log = self.done = self.parts = 0

    def fill(self, workers: Workers) -> None:
        """Find them. What Ctrl-C leaves is a part of the list, in order."""
        try:
            if workers.executor is None and self.log is None:
                self._fill_here()
            else:
                self._fill_by_parts(workers)
        finally:
            self.found = in_order(self.enumeration, self.found[: self.limit])

    def _fill_here(self) -> None:
        """In this process, one region after the other."""
        for region in self.enumeration.regions(limit=self.limit, seconds=self.run.limits.seconds):
            self.found.append(region)
            self._tell_sometimes()
        self.complete = self.enumeration.tally.complete
        self.undecided = self.enumeration.tally.undecided

    def _fill_by_parts(self, workers: Workers) -> None:
        """From the log what it has; each other part by one process after the other."""
        tasks = self._deal(workers)
        if self._is_enough():
            tasks = []
        self.undecided = self.enumeration.tally.undecided
        is_whole = True
        patience = None if self.deadline == inf else self._patience
        for one in workers.in_turn(_list_part, self._timed(tasks), patience):
            self._add(one)
            is_whole = is_whole and one.complete
            if one.is_interrupted:
                raise KeyboardInterrupt
            if self._is_enough():
                break
        is_whole = is_whole and self.done == self.parts and not self.undecided
        self.complete = is_whole and (self.limit is None or len(self.found) <= self.limit)

    def _deal(self, workers: Workers) -> list[_Part]:
        """The parts that the log does not have, without their time."""
        effort, count = REGION_EFFORT, workers.count
        cells, hands = effort.cells_per_worker * count, effort.parts_per_worker * count
        known: dict[str, list[AnyRegion]] = {}
        if self.log is not None:
            cells = hands = effort.logged_parts
            known = self.log.parts()
        dealt: Sequence[AnyEnumeration] = self.enumeration.deal(cells, hands)
        self.parts = len(dealt)
        tasks = []
        for cells_of_one in dealt:
            name = "" if self.log is None else part_name(cells_of_one.texts)
            if name in known:
                self.found += known[name]
                self.done += 1
            else:
                tasks.append(_Part(cells_of_one, name, self.limit))
        self.from_log = len(self.found[: self.limit])
        return tasks

    def _is_enough(self) -> bool:
        return self.limit is not None and len(self.found) >= self.limit

    def _timed(self, parts: Sequence[_Part]) -> Iterator[_Part]:
        """The parts, each with the time that is left when it is asked for."""
        for part in parts:
            left = None if self.deadline == inf else max(0.0, self._left())
            yield replace(part, seconds=left)

    def _left(self) -> float:
        return self.deadline - self.run.clock()

    def _patience(self) -> float:
        """Seconds for which parts of other processes are waited for."""
        return self._left() + REGION_EFFORT.late_seconds

    def _add(self, one: _Listed) -> None:
        """What a part has; if that is all of it, the log has it too."""
        self.found += one.regions
        self.undecided += one.undecided
        self.done += 1
        if self.log is not None and one.complete:
            self.log.append(one.name, one.regions)
        what = f"{counted(len(self.found), 'linear region')} listed, parts"
        self.run.tell(what, self.done, self.parts)

    def _tell_sometimes(self) -> None:
        now = self.run.clock()
        if self.run.progress is not None and now >= self.next_told:
            self.run.progress(f"{counted(len(self.found), 'linear region')} so far", 0, 0)
            self.next_told = now + REGION_EFFORT.report_seconds


@dataclass(frozen=True, eq=False)
class _Part:
    """Cells for one process, in which so many regions or seconds end the search.

    `name` says which they are in a log.
    """

    enumeration: AnyEnumeration
    name: str
    limit: int | None
    seconds: float | None = None


@dataclass(frozen=True, eq=False)
class _Listed:
    """The regions of one part."""

    name: str
    regions: Sequence[AnyRegion]
    complete: bool
    undecided: int
    is_interrupted: bool


def _list_part(part: _Part) -> _Listed:
    """The regions of a part. Ctrl-C leaves those that were found."""
    enumeration = part.enumeration.afresh()
    regions: list[AnyRegion] = []
    is_interrupted = False
    try:
        regions.extend(enumeration.regions(limit=part.limit, seconds=part.seconds))
    except KeyboardInterrupt:
        is_interrupted = True
    tally = enumeration.tally
    complete = tally.complete and not is_interrupted
    return _Listed(part.name, regions, complete, tally.undecided, is_interrupted)
