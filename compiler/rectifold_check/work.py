"""How much work a certificate may ask for: so much as its text, and those of the networks, explain.

    work = Work(bytes of the networks and the domain)
    work.read(bytes of the next line)        more is allowed
    work.spend(words to be multiplied)       refused beyond what is allowed

Counted, before they are done, are about the products and sums of 64-bit words in the loops that
take the time. Sound because to stop early refuses.
"""

from __future__ import annotations

from collections.abc import Callable

from rectifold_check.json import Refusal
from rectifold_check.limits import WORK_BASE, WORK_BETWEEN_QUESTIONS, WORK_PER_BYTE


class Stopped(Refusal):
    """Whoever asked for the check ended it; nothing is said about the certificate."""


class Work:
    """What is allowed, and what is done of it.

    `stop` is asked now and then; when it says True the check ends.
    """

    def __init__(self, networks: int | None = None, stop: Callable[[], bool] | None = None) -> None:
        """`networks`: bytes of what does not come from the certificate.

        None: no limit, for programs that write certificates.
        """
        self.stop = stop
        self.allowed = float("inf") if networks is None else WORK_BASE + WORK_PER_BYTE * networks
        self.done = 0
        self.asked = 0

    def read(self, size: int) -> None:
        """So many bytes of the certificate have been read."""
        self.allowed += WORK_PER_BYTE * size

    def spend(self, words: int) -> None:
        """So much work comes next. Raises Refusal."""
        self.done += words
        if self.done > self.allowed:
            raise Refusal(
                "checking this would take more work than "
                "a certificate and networks of this length may ask for"
            )
        if self.stop is not None and self.done - self.asked > WORK_BETWEEN_QUESTIONS:
            self.asked = self.done
            if self.stop():
                raise Stopped("the check was ended before it was done")


def words(number: int) -> int:
    """64-bit words of a number, at least one."""
    return 1 + (number.bit_length() >> 6)
