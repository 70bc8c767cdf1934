"""The same rules step by step, for programs that write certificates.

    replay = Replay(a, b, domain)
    replay.accepts(["intervals", 0, 1])      True, and its bounds are known from here on
    replay.is_equal()                        False: another step is needed

What a Replay says is no verdict; `check` reads the finished certificate from the start.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from rectifold_check.agreed import BITS
from rectifold_check.goal import tolerance
from rectifold_check.integers.rounding import rounded_down, rounded_up
from rectifold_check.json import Refusal, rational
from rectifold_check.networks import read_domain, read_network
from rectifold_check.property import read_property
from rectifold_check.rules import apply
from rectifold_check.rules.gap import count_cells
from rectifold_check.rules.slopes import FailingCell, SlopeProof
from rectifold_check.state import State
from rectifold_check.steps_apart import StepQuestion
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


class StepReplay:
    """The cells that steps "slopes" count, of one part of a property of a network beside itself."""

    def __init__(self, network: str, asked: str, part: int, margins: list[str]) -> None:
        """Canonical texts; `margins` per case of part number `part`. Raises Refusal."""
        self.network = read_network(network, "the network")
        wanted = read_property(asked, self.network, self.network).parts[part]
        given = [rational(v, "a margin") for v in margins]
        self.asked = StepQuestion(self.network, wanted, given)

    def cells(
        self,
        claims: list[tuple[int, int]],
        box: tuple[list[Fraction], list[Fraction]],
        most: int,
        stop: Callable[[], bool],
    ) -> int | list[list[Fraction]]:
        """The number of cells of a box, or a corner list of one on which a claim is not shown.

        `claims`: (case, condition), all of which are to hold on each. `box`: its lower and upper
        ends. Raises Refusal beyond `most` cells, or once `stop` says so.
        """
        proof = SlopeProof(self.asked, claims, BITS, Work())
        low, high = box
        ends = [rounded_down(v, BITS) for v in low], [rounded_up(v, BITS) for v in high]
        try:
            return proof.count_cells(ends, range(len(claims)), most, stop)
        except FailingCell as failing:
            return [[Fraction(v, p[-1]) for v in p[:-1]] for p in failing.vertices]
