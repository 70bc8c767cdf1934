"""A certificate from its header to its verdict.

    header      which networks, which tolerance, perhaps B itself
    step …      the steps about them up to the final comparison (link.py), and nothing after it;
                or the links of a chain, each with its header and its steps (chain.py)

A certificate that is not exactly so is refused, and so is one that asks for too much work, memory
or depth. To refuse is always sound.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Unpack

from rectifold_check.chain import Chain, replay_chain, state_of
from rectifold_check.claim import Claim, described
from rectifold_check.header import Header, read_header
from rectifold_check.link import replay_steps
from rectifold_check.networks import read_domain, read_network
from rectifold_check.state import require_alike
from rectifold_check.verdict import Judged, Stated, counted_lines, judged
from rectifold_check.work import Means, Work


@dataclass(frozen=True)
class Verdict(Judged):
    """About two networks."""

    claim: Claim | None = None


def check(
    a: str,
    domain: str,
    lines: Iterable[str],
    b: str | None = None,
    **means: Unpack[Means],
) -> Verdict:
    """Do the certificate's lines prove that the networks agree (within eps) on the domain?

    `a`: canonical network; `domain`: its domain, from the user's file, never from the certificate;
    `b`: the other network, or None to take the one that the certificate carries (the verdict is
    then about that network). `stop`, `permitted`, `jobs`, `progress`: as in Means (work.py).
    """

    def replay(stated: list[Stated]) -> int:
        work = Work(len(a) + len(domain) + len(b or ""), **means)
        rows = counted_lines(lines, work)
        header = read_header(next(rows, "null"))
        chain = _claimed(a, domain, header, b)
        stated.append(Claim(described(chain.a), described(chain.b), chain.goal, chain.domain))
        if header.links is not None:
            return replay_chain(chain, header.links, rows, work)
        state = state_of(chain.a, chain.b, chain.goal, chain.domain, work)
        return replay_steps(state, rows, is_last=True)

    return judged(Verdict, replay)


def _claimed(a: str, domain: str, header: Header, b: str | None) -> Chain:
    """The two networks, the goal and the domain; the header must be about them."""
    network_a = read_network(a, "network A")
    network_b = read_network(header.text_of_b(b), "network B")
    header.require_about((network_a, network_b))
    goal = header.goal_for(network_a.size(network_a.output))
    on = read_domain(domain)
    require_alike((network_a, network_b), on)
    return Chain(a, network_a, network_b, goal, on)
