"""The same rules step by step, for programs that write certificates.

    replay = Replay(a, b, domain)
    replay.accepts(["intervals", 0, 1])      True, and its bounds are known from here on
    replay.is_equal()                        False: another step is needed

What a Replay says is no verdict; `check` reads the finished certificate from the start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rectifold_check.goal import tolerance
from rectifold_check.json import Refusal
from rectifold_check.networks import read_domain, read_network
from rectifold_check.rules import apply
from rectifold_check.rules.gap import count_cells
from rectifold_check.state import State
from rectifold_check.work import Work


class Replay:
    """What is proved by the steps so far; a step that does not hold leaves no trace."""

    def __init__(self, a: str, b: str, domain: str, eps: list[str] | None = None) -> None:
        """Canonical texts of the networks and the domain; `eps` per output, 0 by default."""
        networks = read_network(a, "network A"), read_network(b, "network B")
        outputs = networks[0].size(networks[0].output)
        given = tolerance([*(eps or ["0"] * outputs)], outputs)
        self.state = State(networks, read_domain(domain), list(given), Work())

    def accepts(self, step: list[Any]) -> bool:
        """Apply one step (not the final comparison) if it holds. `step`: as it is in JSON."""
        if step[:1] == ["final"]:
            return False
        return self._holds(step)

    def is_equal(self) -> bool:
        """Is every output's difference the form 0 by now?"""
        return self._holds(["final", {}])

    def is_allowed(self, size: int) -> bool:
        """May a certificate ask for the work done so far?

        `size`: its bytes, with those of the networks and of the domain.
        """
        return self.state.work.done <= Work(size).allowed

    def count_cells(self, most: int, stop: Callable[[], bool] | None = None) -> int | None:
        """The number that the step "cells" needs.

        None where it would not hold, beyond `most` cells, or once `stop` says so.
        """
        try:
            return count_cells(self.state, most, stop)
        except Refusal:
            return None

    def _holds(self, step: list[Any]) -> bool:
        """Apply one step if it holds.

        A finished certificate lacks the refused steps, so substitution must not have begun for one.
        """
        begun = self.state.begun()
        try:
            apply(self.state, step)
        except Refusal:
            self.state.keep_begun(begun)
            return False
        return True
