"""How many linear regions there are, without keeping them; and bounds of the literature.

    domain → cells (dealt out among processes) → a number

Sound as the list of regions is: cells are split exactly, and each that is done is one region. When
the time is up, the number is a lower bound. Memory is for the cells that wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.exact.numerals import counted
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.count_log import CountLog, part_name
from rectifold.linear_regions.enumerations import AnyEnumeration, enumeration_of
from rectifold.linear_regions.plane.counting import PlaneCount
from rectifold.linear_regions.restriction import Restriction
from rectifold.runtime.run import Run
from rectifold.runtime.workers import Workers

_Counting = AnyEnumeration | PlaneCount
_EARLY = "the count ended early"


@dataclass(frozen=True)
class Count:
    """`count` regions, all of them if `complete`; a log had `from_log` of them.

    of `undecided` cells something was not proved: they may be more than was counted.
    """

    count: int
    complete: bool
    undecided: int = 0
    from_log: int = 0

    @property
    def text(self) -> str:
        """One line for people."""
        what = f"{self.count:,} linear region{'' if self.count == 1 else 's'}"
        known = f", {self.from_log:,} of them from the log" if self.from_log else ""
        if self.complete:
            return f"{what}{known}"
        why = f"{counted(self.undecided, 'cell')} not decided" if self.undecided else _EARLY
        return f"at least {what}{known}: {why}"


def count_regions(network: Network, domain: Domain, *, run: Run = Run()) -> Count:
    """The exact number of linear regions on a bounded domain.

    A lower bound where the time is over, or Ctrl-C ends it. With a log it goes on where runs before
    have ended. Raises InputError as `linear_regions` does, and for a log of something else.
    """
    counting = _counting_of(network, domain)
    counting.clock = run.clock
    log = None if run.limits.log is None else CountLog(run.limits.log, network, domain)
    counts = _Counts(run, log)
    try:
        with run.workers() as workers:
            _count_in_parts(counting, counts, workers)
    except KeyboardInterrupt:
        counts.is_whole = False
    is_whole = counts.is_whole and counts.done == counts.parts
    return Count(counts.total, is_whole, counts.undecided, counts.from_log)


class _Counts:
    """What the parts of one count have, added up; each is written to the log."""

    def __init__(self, run: Run, log: CountLog | None) -> None:
        self.run, self.log = run, log
        self.known = {} if log is None else log.counts()
        self.seconds = run.limits.seconds
        self.deadline = None if self.seconds is None else run.clock() + self.seconds
        self.total = self.undecided = self.from_log = self.done = self.parts = 0
        self.is_whole = False
        self.begun: _Counting | None = None  # the part that this process may be at

    def deal(self, counting: _Counting, workers: int) -> list[_CountTask]:
        """The parts that the log does not have, without their time."""
        effort = REGION_EFFORT
        cells, hands = effort.cells_per_worker * workers, effort.parts_per_worker * workers
        if self.log is not None:
            cells = hands = effort.logged_parts
        dealt: Sequence[_Counting] = counting.deal(cells, hands)
        self.undecided = counting.tally.undecided
        self.parts, self.is_whole = len(dealt), not self.undecided
        tasks = []
        for part in dealt:
            name = "" if self.log is None else part_name(part.texts)
            if name in self.known:
                self.from_log += self.known[name]
                self.done += 1
            else:
                tasks.append(_CountTask(part, name))
        self.total = self.from_log
        return tasks

    def timed(self, tasks: Sequence[_CountTask]) -> Iterator[_CountTask]:
        """The tasks, each with the time that is left when it is asked for."""
        for task in tasks:
            self.begun = task.counting
            yield replace(task, seconds=None if self.deadline is None else max(0.0, self.left()))

    def left(self) -> float:
        """Seconds until the deadline."""
        return inf if self.deadline is None else self.deadline - self.run.clock()

    def patience(self) -> float:
        """Seconds for which parts of other processes are waited for."""
        return self.left() + REGION_EFFORT.late_seconds

    def add(self, found: _Counted) -> None:
        """What a part has."""
        self.begun = None
        self.total += found.count
        self.undecided += found.undecided
        self.is_whole = self.is_whole and found.complete
        self.done += 1
        if self.log is not None and found.complete:
            self.log.append(found.name, found.count)
        self.tell()

    def tell(self) -> None:
        """How far it is."""
        self.run.tell(
            f"{counted(self.total, 'linear region')} counted, parts", self.done, self.parts
        )


def _count_in_parts(counting: _Counting, counts: _Counts, workers: Workers) -> None:
    """Deal out the domain and count each part that is not known yet."""
    tasks = counts.deal(counting, workers.count)
    counts.tell()
    try:
        patience = None if counts.deadline is None else counts.patience
        for found in workers.in_turn(_count_part, counts.timed(tasks), patience):
            counts.add(found)
    except KeyboardInterrupt:
        if workers.executor is None and counts.begun is not None:
            counts.total += counts.begun.tally.count
        raise


@dataclass(frozen=True, eq=False)
class _CountTask:
    """A part for one process, for so many seconds."""

    counting: _Counting
    name: str
    seconds: float | None = None


@dataclass(frozen=True)
class _Counted:
    """What a part has; `name` says which it is in a log."""

    name: str
    count: int
    complete: bool
    undecided: int


def _count_part(task: _CountTask) -> _Counted:
    count, tally = task.counting.count(seconds=task.seconds), task.counting.tally
    return _Counted(task.name, count, tally.complete, tally.undecided)


def _counting_of(network: Network, domain: Domain) -> _Counting:
    """By polygons for two free inputs, by vertex lists for a few more, else as they are listed."""
    free = domain.size - len(domain.fixed)
    if free == 2:
        return PlaneCount(Restriction(network, domain))
    if free <= REGION_EFFORT.counted_inputs:
        return vertex_enumeration(network, domain)
    return enumeration_of(network, domain)
