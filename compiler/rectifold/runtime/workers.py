"""Where batches of work run: in this process, in processes of this machine, or on a Dask cluster.

A unit of work is a pure function and a picklable task with its own time limit, so it does not
matter where it runs. Results come back as they are finished; an interrupt leaves those that were
not.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    ProcessPoolExecutor,
    as_completed,
    wait,
)
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from typing import TypeVar

from rectifold.effort.running import RunningEffort
from rectifold.errors import InputError

Task = TypeVar("Task")
Result = TypeVar("Result")

_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Workers:
    """`count` tasks at a time; without an executor they run here, one after the other."""

    count: int = 1
    executor: Executor | None = None

    def each(self, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        """The results in the order in which they are finished."""
        if self.executor is None or len(tasks) == 1:
            yield from map(function, tasks)
            return
        waiting = [self.executor.submit(function, task) for task in tasks]
        for done in as_completed(waiting):
            yield done.result()

    def in_turn(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        left: Callable[[], float] | None = None,
    ) -> Iterator[Result]:
        """The same, but a task is taken only when a worker is about to be free for it.

        So tasks may say how much time is left. Nobody waits for longer than the seconds that `left`
        says then: what is not done is left out.
        """
        if self.executor is None:
            yield from map(function, tasks)
            return
        stream = iter(tasks)
        waiting = {self.executor.submit(function, task) for task in islice(stream, self.count + 1)}
        while waiting:
            seconds = None if left is None else max(0.0, left())
            done, waiting = wait(waiting, seconds, FIRST_COMPLETED)
            if not done:
                return
            for task in islice(stream, len(done)):
                waiting.add(self.executor.submit(function, task))
            for one in done:
                yield one.result()


@contextmanager
def open_workers(
    jobs: int = 1, scheduler: str | None = None, effort: RunningEffort = RunningEffort()
) -> Iterator[Workers]:
    """`jobs` processes here, or the workers of the Dask scheduler at an address.

    Raises InputError when there are no such workers.
    """
    if jobs < 1:
        raise InputError(f"{jobs} jobs are no jobs: give a number from 1 on")
    if scheduler is not None:
        with _dask_workers(scheduler, effort.scheduler_seconds) as workers:
            yield workers
    elif jobs == 1:
        yield Workers()
    else:
        with _processes(jobs) as workers:
            yield workers


@contextmanager
def _processes(jobs: int) -> Iterator[Workers]:
    threads = str(max(1, (os.cpu_count() or 1) // jobs))
    saved = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, threads))  # the processes inherit it
    executor = ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=_ignore_interrupts
    )
    try:
        yield Workers(jobs, executor)
    finally:
        for name, value in saved.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        processes = list((getattr(executor, "_processes", None) or {}).values())
        executor.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()  # idle, or at work on what nobody waits for


def _ignore_interrupts() -> None:
    """Ctrl-C reaches the whole group; the parent decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _dask_workers(address: str, seconds: float) -> Iterator[Workers]:
    try:
        from distributed import Client
    except ImportError:
        raise InputError('--scheduler needs Dask: pip install "rectifold[dask]"') from None
    try:
        client = Client(address, timeout=seconds)
    except (OSError, ValueError) as error:
        raise InputError(
            f"no Dask scheduler answers at {address} ({error or type(error).__name__})"
        ) from None
    try:
        count = len(client.scheduler_info(n_workers=-1)["workers"])
        if not count:
            raise InputError(f"the Dask scheduler at {address} has no workers")
        with client.get_executor(pure=False) as executor:
            yield Workers(count, executor)
    finally:
        client.close()
