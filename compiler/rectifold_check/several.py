"""The count of cells, shared by several processes when it is long.

    whole domain → cells that wait here ⇄ each process: cells → how many, their work, what is left

A process is given cells, each one once, cuts them depth first for a while, and answers how many it
counted, what that took, and which it left; those wait here again. It says so of all its cells, or
refuses. Sound because a cell that was handed over comes back counted, or as parts that are left,
and the count ends when none waits and no process has any. A process that refuses, or ends by
itself, refuses all. What a cell counts and takes does not depend on who cuts it (cells.py), so the
verdict does not depend on how many processes there are.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import current_process, get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.resource_tracker import ensure_running

from rectifold_check.cells import Cell, Cells
from rectifold_check.integers.corners import Point
from rectifold_check.json import Refusal
from rectifold_check.limits import SECONDS_BETWEEN_QUESTIONS, SECONDS_TO_END
from rectifold_check.networks import Domain, Network

Sent = tuple[tuple[Point, ...], int, int, int]
"""A cell for another process: its vertices, the inequalities that cut it, and what is known."""

Given = tuple[list[Sent], int, float, int]
"""Cells, how many may be counted, the words that are left for them, and for how many to go on."""

Answer = tuple[int, int, list[Sent], str | None]
"""How many cells, the words that it took, the cells that are left, and why it refuses, if so."""

Stop = Callable[[], bool] | None


def count_nonpositive(
    cells: Cells, about: tuple[Network, Domain], most: int, stop: Stop = None
) -> int:
    """How many cells there are, the outputs nonpositive at every vertex.

    `about`: what they are the cells of. Raises Refusal, beyond `most` cells as well.
    """
    waiting = [cells.whole()]
    work = cells.work
    alone = (
        float("inf") if work.jobs < 2 or current_process().daemon else work.done + work.turns.alone
    )
    told = work.done
    for cell in cells.leaves(most, stop, _is_never_done, waiting):
        _require_nonpositive(cells, cell)
        if work.done - told > work.turns.told:
            told = work.done
            work.tell(cells.found, _share_done(cells, (c.cuts for c in waiting)))
            if work.done > alone:
                break
    if not waiting:
        return cells.found
    with _processes(work.jobs, (type(cells), *about)) as others:
        return _Dealer(cells, most, stop, others).count(waiting)


def _is_never_done(cell: Cell) -> bool:
    return False


def _require_nonpositive(cells: Cells, cell: Cell) -> None:
    if any(corner.positive & cells.corners.outputs for corner in cell.corners):
        raise Refusal("the networks differ by more than eps at a vertex")


def _share_done(cells: Cells, cuts_of_waiting: Iterable[int]) -> float:
    """The part of the domain that does not wait, where every cut by a unit counts as a half."""
    relu = cells.corners.relu
    return 1.0 - sum(0.5 ** (cuts & relu).bit_count() for cuts in cuts_of_waiting)


class _Dealer:
    """Who has which cells, and what has been counted."""

    def __init__(
        self, cells: Cells, most: int, stop: Stop, others: Sequence[Connection[Given, Answer]]
    ) -> None:
        self.cells, self.most, self.stop = cells, most, stop
        self.found = cells.found
        self.idle = list(others)
        self.at_work: dict[Connection[Given, Answer], list[Sent]] = {}

    def count(self, waiting: Sequence[Cell]) -> int:
        """All cells. Raises Refusal."""
        left = list(map(sent, waiting))
        while left or self.at_work:
            if left and self.idle:
                self._deal(left)
                left = []
            ready = wait(list(self.at_work), SECONDS_BETWEEN_QUESTIONS)
            self._ask_whether_to_stop()
            for other in list(self.at_work):
                if other in ready:
                    left += self._account(other)
        return self.found

    def _deal(self, left: Sequence[Sent]) -> None:
        """Every cell to one of those that are idle, of which there is one at least."""
        hands = [left[k :: len(self.idle)] for k in range(len(self.idle))]
        for hand in filter(None, hands):
            other = self.idle.pop()
            self.at_work[other] = list(hand)
            try:
                turn = self.cells.work.turns.turn
                other.send((self.at_work[other], self.most - self.found, self._words, turn))
            except OSError:
                raise Refusal(ENDED) from None

    @property
    def _words(self) -> float:
        work = self.cells.work
        return min(work.allowed, work.stated) - work.done

    def _account(self, other: Connection[Given, Answer]) -> list[Sent]:
        """The cells that it left. Raises Refusal where what it did is too much, or it refuses."""
        try:
            count, words, left, refusal = other.recv()
        except (EOFError, OSError):
            raise Refusal(ENDED) from None
        del self.at_work[other]
        self.idle.append(other)
        self.cells.work.spend(words)
        self.found += count
        if self.found > self.most:
            raise Refusal(f"there are more than {self.most} cells")
        if refusal is not None:
            raise Refusal(refusal)
        hands = [left, *self.at_work.values()]
        cuts = (cell[1] for hand in hands for cell in hand)
        self.cells.work.tell(self.found, _share_done(self.cells, cuts))
        return left

    def _ask_whether_to_stop(self) -> None:
        self.cells.work.ask()
        if self.stop is not None and self.stop():
            raise Refusal("the count of the cells was stopped")


ENDED = "a process that checked a part of it ended before it was done"


# ---- the processes ------------------------------------------------------------------------------


@contextmanager
def _processes(
    count: int, about: tuple[type[Cells], Network, Domain]
) -> Iterator[list[Connection[Given, Answer]]]:
    """So many, each at the other end of a connection; in the end none is left."""
    context = get_context("spawn")
    ends, processes = [], []
    try:
        with _signals_wait():
            for _ in range(count):
                here, there = context.Pipe()
                ends.append(here)
                process = context.Process(target=_take_turns, args=(there, *about), daemon=True)
                processes.append(process)
                try:
                    process.start()
                except OSError as error:
                    raise Refusal(f"a process cannot be started ({error})") from None
                finally:
                    there.close()
        yield ends
    finally:
        for here in ends:
            here.close()
        for process in processes:
            if process.pid is not None:
                process.kill()
        for process in processes:
            if process.pid is not None:
                process.join(SECONDS_TO_END)


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Until the block is over, so that no process is left half begun; those begun never see them.

    Ctrl-C reaches all of them; the first one decides.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    ensure_running()  # a process of the library, which lets signals through when it has begun it
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGALRM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _take_turns(
    there: Connection[Answer, Given], kind: type[Cells], network: Network, domain: Domain
) -> None:
    """Until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cells = kind(network, domain)
    try:
        while True:
            there.send(_turn(cells, *there.recv()))
    except (EOFError, OSError):
        return


def _turn(cells: Cells, given: list[Sent], most: int, words: float, turn: int) -> Answer:
    """Cuts and counts depth first, until so many words are spent or no cell is left."""
    work, begun = cells.work, cells.work.done
    refusal: str | None = None
    work.stated = begun + words
    cells.found = 0
    waiting = [received(cells, one) for one in given]
    try:
        for cell in cells.leaves(most, None, _is_never_done, waiting):
            _require_nonpositive(cells, cell)
            if work.done - begun > turn:
                break
    except Refusal as error:
        refusal = str(error)
    except MemoryError:
        refusal = "there is not enough memory to check this certificate"
    return cells.found, work.done - begun, list(map(sent, waiting)), refusal


def sent(cell: Cell) -> Sent:
    """A cell for another process."""
    return tuple(corner.point for corner in cell.corners), cell.cuts, cell.zero, cell.through


def received(cells: Cells, given: Sent) -> Cell:
    """A cell from another process."""
    points, cuts, zero, through = given
    return Cell(tuple(map(cells.corners.at, points)), cuts, zero, through)
