"""What rises where our own checker refuses our own certificate; light, for the door of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import rectifold_check


class ClaimRefused(Exception):
    """Our own checker refuses our own certificate: a fault of ours.

    Nothing may be stated or written.
    """

    def __init__(self, verdict: rectifold_check.Judged) -> None:
        self.verdict = verdict
        super().__init__(
            f"the checker refuses the certificate ({verdict.reason}); "
            "this is a fault of rectifold, please report it"
        )
