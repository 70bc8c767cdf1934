"""How much work a certificate may ask for: so much as its text, and those of the networks, explain.

    work = Work(bytes of the networks and the domain)
    work.read(bytes of the next line)        more is allowed
    work.state(words)                        refused if it is more than is allowed
    work.spend(words to be multiplied)       refused beyond what is allowed, or was stated

Counted, before they are done, are about the products and sums of 64-bit words in the loops that
take the time. Who asks for a check may permit more. Sound because to stop early refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypedDict

from rectifold_check.json import Refusal
from rectifold_check.limits import (
    ALONE_WORK,
    TURN_WORK,
    WORDS_PER_SECOND,
    WORK_BASE,
    WORK_BETWEEN_QUESTIONS,
    WORK_PER_BYTE,
)

Progress = Callable[[int, float], None]
"""Is told how many cells a rule has counted so far, and about what part of the domain they are."""


class Turns(NamedTuple):
    """Words of work on cells before other processes begin, between two answers of such a process,
    and before progress is told again.
    """

    alone: int = ALONE_WORK
    turn: int = TURN_WORK
    told: int = WORK_BETWEEN_QUESTIONS


class Means(TypedDict, total=False):
    """How somebody wants a check to be run; none of it decides what holds.

    `stop` is asked now and then, and ends the check when it says True. `permitted`: words of work
    that are allowed even where the length of the texts allows less. `jobs`: processes that share
    the count of many cells, in `turns`. `progress` is told of it.
    """

    stop: Callable[[], bool] | None
    permitted: int
    jobs: int
    progress: Progress | None
    turns: Turns


class Stopped(Refusal):
    """Whoever asked for the check ended it; nothing is said about the certificate."""


class Work:
    """What is allowed, and what is done of it."""

    def __init__(
        self,
        networks: int | None = None,
        stop: Callable[[], bool] | None = None,
        permitted: int = 0,
        jobs: int = 1,
        progress: Progress | None = None,
        turns: Turns = Turns(),  # noqa: B008 - it is never changed
    ) -> None:
        """`networks`: bytes of what does not come from the certificate.

        None: no limit, for programs that write certificates. The others: as in Means.
        """
        self.stop = stop
        self.jobs = jobs
        self.turns = turns
        self.progress = progress
        self.permitted = permitted
        self.by_length = float("inf") if networks is None else WORK_BASE + WORK_PER_BYTE * networks
        self._unseen = 0.0  # so much may be done without a look
        self.stated = float("inf")
        self.done = 0
        self.asked = 0

    @property
    def stated(self) -> float:
        """Words in all that the certificate says are enough."""
        return self._stated

    @stated.setter
    def stated(self, words: float) -> None:
        self._stated, self._unseen = words, 0.0

    @property
    def allowed(self) -> float:
        """Words in all."""
        return max(self.by_length, self.permitted)

    def read(self, size: int) -> None:
        """So many bytes of the certificate have been read."""
        self.by_length += WORK_PER_BYTE * size

    def state(self, words: int) -> None:
        """The certificate says that so much work comes from here on, at most. Raises Refusal."""
        self.stated = self.done + words
        if self.stated > self.allowed:
            raise Refusal(
                f"it asks for {self.stated:,} words of work, and without more ado "
                f"{int(self.allowed):,} are allowed for its length; permit them with "
                f"--work {self.stated}, which takes {_shown(words / WORDS_PER_SECOND)} or so"
            )

    def spend(self, words: int) -> None:
        """So much work comes next. Raises Refusal."""
        self.done += words
        if self.done > self._unseen:
            self._look()

    def _look(self) -> None:
        """Is it too much, or time to ask? Says how much may be done until the next look."""
        if self.done > self.stated:
            raise Refusal("checking this would take more work than the certificate states")
        if self.done > self.allowed:
            raise Refusal(
                "checking this would take more work than a certificate and networks of this length "
                f"may ask for, which is {int(self.allowed):,} words; --work N permits N"
            )
        if self.stop is not None and self.done - self.asked > WORK_BETWEEN_QUESTIONS:
            self.asked = self.done
            self.ask()
        next_question = float("inf") if self.stop is None else self.asked + WORK_BETWEEN_QUESTIONS
        self._unseen = min(self.allowed, self.stated, next_question)

    def ask(self) -> None:
        """Raises Stopped where whoever asked for the check ends it."""
        if self.stop is not None and self.stop():
            raise Stopped("the check was ended before it was done")

    def tell(self, cells: int, share: float) -> None:
        """So many cells are counted, about this part of the domain."""
        if self.progress is not None:
            self.progress(cells, share)


def _shown(seconds: float) -> str:
    """Seconds, in words."""
    return f"{max(1, round(seconds))} s" if seconds < 120 else f"{round(seconds / 60)} minutes"


def words(number: int) -> int:
    """64-bit words of a number, at least one."""
    return 1 + (number.bit_length() >> 6)
