"""A chain: certificates of which each begins at the network where the one before ends.

    A = N_0   |N_0 − N_1| ≤ e_1   N_1   |N_1 − N_2| ≤ e_2   N_2 = B     so |A − B| ≤ e_1 + e_2

Sound by the triangle inequality at every point of the domain, output by output, or difference by
difference (goal.py). The networks between A and B may be any: each is read once, and is what both
links beside it are about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from rectifold_check.changes import changed
from rectifold_check.goal import Goal, Margin, Tolerance
from rectifold_check.header import Header, read_header
from rectifold_check.json import Refusal
from rectifold_check.limits import READING_WORK
from rectifold_check.link import replay_steps
from rectifold_check.networks import Domain, Network, read_network
from rectifold_check.state import State, require_alike
from rectifold_check.work import Stopped, Work


@dataclass(frozen=True)
class Chain:
    """What a chain, or a single certificate, claims. `text`: of network A."""

    text: str
    a: Network
    b: Network
    goal: Goal
    domain: Domain

    @property
    def outputs(self) -> int:
        """Of both networks."""
        return self.a.size(self.a.output)


def state_of(a: Network, b: Network, goal: Goal, domain: Domain, work: Work) -> State:
    """What is known before the first step: nothing."""
    networks = goal.compared(a), goal.compared(b)
    return State(networks, domain, list(goal.per_output), work)


def replay_chain(chain: Chain, links: int, rows: Iterator[str], work: Work) -> int:
    """How many claims are taken on trust by the links together.

    Raises Refusal at the first link that does not hold, and for tolerances that sum to more than
    the chain claims.
    """
    links_of = _Links(chain, rows, work)
    for number in range(1, links + 1):
        try:
            links_of.replay(is_last=number == links)
        except Stopped:
            raise
        except Refusal as refusal:
            raise Refusal(f"link {number}: {refusal}") from None
    most = chain.goal.per_output
    for j, (total, eps) in enumerate(zip(links_of.total, most, strict=True)):
        if total > eps:
            what = "output" if isinstance(chain.goal, Tolerance) else "difference"
            raise Refusal(f"{what} {j}: the tolerances of the links sum to more than is claimed")
    return links_of.trusted


class _Links:
    """The links so far: the network that they have come to, and the sums of their tolerances."""

    def __init__(self, chain: Chain, rows: Iterator[str], work: Work) -> None:
        self.chain, self.rows, self.work = chain, rows, work
        self.text, self.network = chain.text, chain.a
        self.total = [Fraction(0)] * len(chain.goal.per_output)
        self.trusted = 0

    def replay(self, *, is_last: bool) -> None:
        """The next link, from its header to its final comparison."""
        header = read_header(next(self.rows, "null"))
        if header.links is not None:
            raise Refusal("a chain within a chain")
        text, after = self._end(header, is_last=is_last)
        header.require_about((self.network, after))
        require_alike((self.network, after), self.chain.domain)
        goal = header.goal_for(self.chain.outputs)
        self.total = [a + b for a, b in zip(self.total, self._of(goal), strict=True)]
        state = state_of(self.network, after, goal, self.chain.domain, self.work)
        self.trusted += replay_steps(state, self.rows, is_last=is_last)
        self.text, self.network = text, after

    def _of(self, goal: Goal) -> tuple[Fraction, ...]:
        """What a link's goal adds to each tolerance of the chain's."""
        if isinstance(self.chain.goal, Margin):
            return goal.per_pair
        if isinstance(goal, Margin):
            raise Refusal("a margin says nothing about the outputs that the chain is about")
        return goal.eps

    def _end(self, header: Header, *, is_last: bool) -> tuple[str, Network]:
        """The network where the link ends: B for the last one, else the one that it carries."""
        if is_last:
            if header.result is not None:
                raise Refusal("the last link ends at network B, and carries no other")
            return "", self.chain.b
        result = header.result
        if result is None:
            raise Refusal("it carries no network at its end, and is not the last link")
        if not isinstance(result, str):
            result = changed(self.text, result, "the changes to the network before")
        self.work.spend(READING_WORK * len(result))
        return result, read_network(result, "the network at its end")
