"""Programs that are timed side by side: each does a window of work when it is asked to.

    to it     20          p
    from it   0.00131     0x1.8p+1 0x1.2p-3       seconds of 20 evaluations; outputs

Windows of all programs take turns, and the least time of each counts: what else the machine does
makes a window longer, never shorter.
"""

from __future__ import annotations

import os
import selectors
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from rectifold.effort.running import RacingEffort
from rectifold.runtime.compilers import ToolFailed, end_tool, started_tool
from rectifold.runtime.run import Progress

_POOLS = ("OMP", "OPENBLAS", "MKL", "BLIS")
ONE_THREAD: Mapping[str, str] = {f"{pool}_NUM_THREADS": "1" for pool in _POOLS}


class Racer:
    """A program that has begun and is ready. A context manager, which ends it.

    Raises ToolFailed where it does not begin, in every method where it ends or takes too long.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        answer_seconds: float = RacingEffort.answer_seconds,
    ) -> None:
        self.name = name
        self._seconds = answer_seconds
        alone = os.environ | ONE_THREAD
        self._process = started_tool(
            name, command, folder, stdin=subprocess.PIPE, environment=alone
        )
        try:
            self._read()
        except ToolFailed:
            self.close()
            raise

    def __enter__(self) -> Racer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the program."""
        end_tool(self._process)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            with suppress(OSError):  # what was still to be written has no reader
                if stream is not None:
                    stream.close()

    def window(self, count: int) -> float:
        """Seconds of `count` evaluations."""
        return float(self._ask(str(count)))

    def outputs(self) -> list[float]:
        """The outputs at the first points, one after the other."""
        words = self._ask("p").split()
        return [float.fromhex(v) if "0x" in v else float(v) for v in words]

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except OSError:
            raise ToolFailed(self._why()) from None
        return self._read()

    def _read(self) -> str:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(self._seconds):
                raise ToolFailed(f"{self.name} took more than {self._seconds:g} s and was ended")
        line = self._process.stdout.readline()
        if not line:
            raise ToolFailed(self._why())
        return line

    def _why(self) -> str:
        """The last line that a program that ended said of it."""
        self._process.wait(self._seconds)
        assert self._process.stderr is not None
        lines = [line.strip() for line in self._process.stderr.read().splitlines()]
        said = [line for line in lines if line]
        return f"{self.name} ended: {said[-1] if said else 'it said nothing'}"


def least_seconds(
    racers: Sequence[Racer],
    effort: RacingEffort = RacingEffort(),
    progress: Progress | None = None,
) -> list[float]:
    """Per racer the least seconds of one evaluation, over windows that take turns."""
    counts = [_count(racer, effort) for racer in racers]
    least = [float("inf")] * len(racers)
    for k in range(effort.rounds):
        for i, (racer, count) in enumerate(zip(racers, counts, strict=True)):
            if progress is not None:
                progress(f"measuring {racer.name}", k, effort.rounds)
            least[i] = min(least[i], racer.window(count) / count)
    return least


def _count(racer: Racer, effort: RacingEffort) -> int:
    """Evaluations of a window, of which it takes about as long as a window should."""
    count = 1
    while True:
        seconds = racer.window(count)
        if seconds >= effort.window_seconds / 2 or count >= effort.most_evaluations:
            wanted = count * effort.window_seconds / max(seconds, 1e-9)
            return min(effort.most_evaluations, max(1, round(wanted)))
        count *= 2
