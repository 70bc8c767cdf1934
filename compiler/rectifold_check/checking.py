"""A certificate from its header to its verdict.

    header      which networks, which tolerance, perhaps B itself
    step …      the steps about them up to the final comparison (link.py), and nothing after it;
                or the links of a chain, each with its header and its steps (chain.py)

A certificate that is not exactly so is refused, and so is one that asks for too much work, memory
or depth. To refuse is always sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from rectifold_check.chain import Chain, replay_chain, state_of
from rectifold_check.claim import Claim, described
from rectifold_check.header import Header, read_header
from rectifold_check.json import Json, Refusal
from rectifold_check.link import replay_steps
from rectifold_check.networks import read_domain, read_network
from rectifold_check.state import require_alike
from rectifold_check.work import Stopped, Work


@dataclass(frozen=True)
class Verdict:
    """`claim` is what does (or does not) hold.

    `status` is "holds", "holds given trusted claims", "refused", or "stopped" before its end by
    who asked. A refused certificate has no claim where its header or the networks cannot be read.
    """

    status: str
    trusted: int = 0
    reason: str = ""
    claim: Claim | None = None

    @property
    def holds(self) -> bool:
        """Perhaps given trusted claims."""
        return self.status in ("holds", "holds given trusted claims")

    @property
    def text(self) -> str:
        """For people: first what holds, or why it is refused, then the claim in some lines."""
        if self.claim is None:
            return f"{self.status}: {self.reason}"
        first = f"{self.status}: {self.reason}"
        if self.holds:
            first = f"holds{self._given()}: {self.claim.sentence}"
        return "\n".join([first, *(f"  {line}" for line in self.claim.lines)])

    def _given(self) -> str:
        if not self.trusted:
            return ""
        return f", given {self.trusted} claim{'' if self.trusted == 1 else 's'} taken without proof"

    def json(self) -> dict[str, Json]:
        """For scripts."""
        return {
            "verdict": self.status,
            "trusted": self.trusted,
            "reason": self.reason,
            "claim": None if self.claim is None else self.claim.json(),
        }


def check(
    a: str,
    domain: str,
    lines: Iterable[str],
    b: str | None = None,
    *,
    stop: Callable[[], bool] | None = None,
) -> Verdict:
    """Do the certificate's lines prove that the networks agree (within eps) on the domain?

    `a`: canonical network; `domain`: its domain, from the user's file, never from the certificate;
    `b`: the other network, or None to take the one that the certificate carries (the verdict is
    then about that network). `stop` is asked now and then, and ends the check when it says True.
    """
    claim: Claim | None = None
    try:
        work = Work(len(a) + len(domain) + len(b or ""), stop)
        rows = _counted(lines, work)
        header = read_header(next(rows, "null"))
        chain = _claimed(a, domain, header, b)
        claim = Claim(described(chain.a), described(chain.b), chain.goal, chain.domain)
        if header.links is not None:
            return _held(replay_chain(chain, header.links, rows, work), claim)
        state = state_of(chain.a, chain.b, chain.goal, chain.domain, work)
        return _held(replay_steps(state, rows, is_last=True), claim)
    except Stopped as stopped:
        return Verdict("stopped", reason=str(stopped), claim=claim)
    except Refusal as refusal:
        reason = str(refusal)
    except MemoryError:
        reason = "there is not enough memory to check this certificate"
    except RecursionError:
        reason = "the certificate is nested too deeply"
    return Verdict("refused", reason=reason, claim=claim)


def _counted(lines: Iterable[str], work: Work) -> Iterator[str]:
    """The lines that are not blank; every one adds to the work that is allowed."""
    for line in lines:
        work.read(len(line))
        if line.strip():
            yield line


def _claimed(a: str, domain: str, header: Header, b: str | None) -> Chain:
    """The two networks, the goal and the domain; the header must be about them."""
    network_a = read_network(a, "network A")
    network_b = read_network(header.text_of_b(b), "network B")
    header.require_about((network_a, network_b))
    goal = header.goal_for(network_a.size(network_a.output))
    on = read_domain(domain)
    require_alike((network_a, network_b), on)
    return Chain(a, network_a, network_b, goal, on)


def _held(trusted: int, claim: Claim) -> Verdict:
    """Every step holds, so many of them on trust."""
    return Verdict("holds given trusted claims" if trusted else "holds", trusted, claim=claim)
