"""How a command ends, as a shell sees it."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """The exit statuses; docs/reference/cli.md tells them to users."""

    DONE = 0
    """Done, or proved."""
    REFUTED = 1
    """A point shows that it is not so, or the checker refuses the certificate."""
    BAD_INPUT = 2
    """A file, an option or the machine does not allow it."""
    UNDECIDED = 3
    """Neither proved nor refuted, or ended early."""
    TRUSTED = 4
    """Proved, but for claims that were taken on trust."""
    INTERNAL = 70
    """A fault of rectifold."""
    INTERRUPTED = 130
    """Ended by a second Ctrl-C."""
    NO_READER = 141
    """The reader of standard output went away."""

    @staticmethod
    def of_proof(trusted: int, *, allow_trusted: bool) -> Status:
        """Of a proof that rests on so many claims that were taken on trust."""
        return Status.TRUSTED if trusted and not allow_trusted else Status.DONE
