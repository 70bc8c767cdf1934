"""Cells counted by several processes: the same verdicts, work and reasons as by one, none that is
left over, and no acceptance where a process fails.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction
from multiprocessing import active_children, parent_process

import pytest

import rectifold_check
from rectifold.certificate.file import certificate_of
from rectifold.exact.matrix import Matrix
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.draft import Draft
from rectifold.ir.network import Layer, Network
from rectifold_check.bends import BendingCells
from rectifold_check.cells import Cell, Cells
from rectifold_check.gap import Arrangement, Gap
from rectifold_check.json import Refusal
from rectifold_check.networks import read_domain, read_network
from rectifold_check.several import ENDED, count_nonpositive
from rectifold_check.work import Stopped, Turns, Work
from support import float_network

A = float_network(7, 3, 7, 7, 1)
EPS = Fraction(1, 1 << 20)


def _grown(network: Network) -> Network:
    """The last layer times 1 + 2^-30."""
    draft, last = Draft(network), network.output_layer
    factor = 1 + Fraction(1, 1 << 30)
    weights = {name: _times(matrix, factor) for name, matrix in last.weights.items()}
    draft.put(Layer(last.name, last.activation, _times(last.bias, factor), weights))
    return draft.freeze()


def _times(matrix: Matrix, factor: Fraction) -> Matrix:
    rows, columns = matrix.shape
    table = [[factor * matrix.entry(i, j) for j in range(columns)] for i in range(rows)]
    return Matrix.from_fractions(table, columns=columns)


B = _grown(A)
assert A.domain is not None
DOMAIN = domain_text(A.domain)
ABOUT = (
    Gap(
        (read_network(canonical_text(A), "A"), read_network(canonical_text(B), "B")),
        [EPS],
        Arrangement(),
    ).network,
    read_domain(DOMAIN),
)


QUICK = Turns(alone=0, turn=50_000, told=0)
"""Processes begin at once, and answer often."""


def counted(work: Work, kind: type[Cells] = Cells, most: int = 10**6) -> int:
    return count_nonpositive(kind(*ABOUT, work), ABOUT, most)


def cell_count(kind: type[Cells]) -> int:
    return counted(Work(), kind)


def checked(step: str, jobs: int, eps: Fraction = EPS, work: str = "") -> rectifold_check.Verdict:
    first, last = certificate_of(A, B, [], [eps]).lines
    lines = [first, *filter(None, [work]), step, last]
    return rectifold_check.check(canonical_text(A), DOMAIN, lines, jobs=jobs, turns=QUICK)


REFUSED = {
    "one cell too few": (-1, EPS, "", "there are more than"),
    "one cell too many": (1, EPS, "", "there are "),
    "none": (-(10**6), EPS, "", "there are more than"),
    "a tolerance that is too small": (0, EPS / 2**30, "", "the networks differ by more than eps"),
    "too little work stated": (0, EPS, '["work",300000]', "more work than the certificate states"),
    "too much work stated": (0, EPS, f'["work",{10**15}]', "it asks for 1,000,000"),
}


@pytest.mark.parametrize("rule", ["cells", "bends"])
def test_the_verdict_is_the_same_by_one_process_and_by_several(rule: str) -> None:
    count = cell_count({"cells": Cells, "bends": BendingCells}[rule])
    assert count > 60
    before = set(active_children())
    alone, together = (checked(f'["{rule}",{count}]', jobs) for jobs in (1, 3))
    assert alone.status == "holds"
    assert alone == together
    assert set(active_children()) == before


@pytest.mark.parametrize("title", REFUSED)
def test_refusals_are_the_same_by_one_process_and_by_several(title: str) -> None:
    more, eps, work, reason = REFUSED[title]
    step = f'["bends",{max(0, cell_count(BendingCells) + more)}]'
    alone, together = (checked(step, jobs, eps, work) for jobs in (1, 2))
    assert alone.status == "refused"
    assert reason in alone.reason
    assert alone == together


@pytest.mark.parametrize("kind", [Cells, BendingCells])
def test_count_and_work_are_the_same_to_a_word(kind: type[Cells]) -> None:
    alone = Work()
    count = counted(alone, kind)
    for jobs in (1, 2, 4):
        work = Work(None, turns=QUICK, jobs=jobs)
        work.state(alone.done)
        assert (counted(work, kind, count), work.done) == (count, alone.done)
        work = Work(None, turns=QUICK, jobs=jobs)
        work.state(alone.done - 1)
        with pytest.raises(Refusal, match="more work than the certificate states"):
            counted(work, kind, count)


def test_a_short_count_begins_no_process() -> None:
    told: list[int] = []
    work = Work(None, jobs=2, progress=lambda cells, share: told.append(len(active_children())))
    before = len(active_children())
    assert counted(work) > 60
    assert set(told) <= {before}


@pytest.mark.parametrize("jobs", [1, 2])
def test_progress_goes_on_to_all(jobs: int) -> None:
    told: list[tuple[int, float]] = []
    count = counted(Work(None, turns=QUICK, jobs=jobs, progress=lambda *what: told.append(what)))
    assert len(told) > 5
    assert [cells for cells, _ in told] == sorted(cells for cells, _ in told)
    assert told[-1][0] in (count, count - 1)
    assert told[-1][1] > 0.9
    assert all(0 <= share <= 1 for _, share in told)


# ---- processes that fail ------------------------------------------------------------------------


def is_elsewhere() -> bool:
    return parent_process() is not None


class Faulty(Cells):
    """Raises what is no refusal, in other processes."""

    def parts(self, cell: Cell) -> list[Cell] | None:
        if is_elsewhere():
            raise ValueError("a fault, on purpose")
        return super().parts(cell)


class Leaving(Cells):
    """The process ends, as if all were well."""

    def parts(self, cell: Cell) -> list[Cell] | None:
        if is_elsewhere():
            os._exit(0)
        return super().parts(cell)


class Refusing(Cells):
    """Refuses in other processes, whatever it is given."""

    def parts(self, cell: Cell) -> list[Cell] | None:
        if is_elsewhere():
            raise Refusal("a reason of its own")
        return super().parts(cell)


class Full(Cells):
    """There is no memory in other processes."""

    def parts(self, cell: Cell) -> list[Cell] | None:
        if is_elsewhere():
            raise MemoryError
        return super().parts(cell)


class NeverBegins(Cells):
    """Cannot be made in other processes."""

    def whole(self) -> Cell:
        return super().whole()

    @property
    def free(self) -> list[int]:
        if is_elsewhere():
            raise ValueError("a fault, on purpose")
        return self._free

    @free.setter
    def free(self, free: list[int]) -> None:
        self._free = free


FAILING: dict[type[Cells], str] = {
    Faulty: ENDED,
    Leaving: ENDED,
    NeverBegins: ENDED,
    Refusing: "a reason of its own",
    Full: "there is not enough memory to check this certificate",
}


@pytest.mark.parametrize("kind", FAILING, ids=lambda kind: kind.__name__)
def test_a_process_that_fails_refuses(kind: type[Cells]) -> None:
    before = set(active_children())
    with pytest.raises(Refusal, match=FAILING[kind]):
        counted(Work(None, turns=QUICK, jobs=2), kind)
    assert set(active_children()) == before


def when_there_are_others(do: Callable[[], None]) -> Callable[[int, float], None]:
    """Progress that does something once there are two more processes."""
    before = len(active_children())

    def progress(cells: int, share: float) -> None:
        if len(active_children()) >= before + 2:
            do()

    return progress


def test_processes_that_are_killed_refuse() -> None:
    before = set(active_children())

    def kill() -> None:
        for process in set(active_children()) - before:
            process.kill()

    with pytest.raises(Refusal, match=ENDED):
        counted(Work(None, turns=QUICK, jobs=2, progress=when_there_are_others(kill)))
    assert set(active_children()) == before


def test_an_interrupt_and_the_end_of_time_end_all_processes() -> None:
    before = set(active_children())

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        counted(Work(None, turns=QUICK, jobs=2, progress=when_there_are_others(interrupt)))
    assert set(active_children()) == before
    with pytest.raises(Stopped):
        counted(Work(None, lambda: len(active_children()) >= len(before) + 2, jobs=2, turns=QUICK))
    assert set(active_children()) == before
