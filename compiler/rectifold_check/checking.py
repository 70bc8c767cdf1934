"""A certificate from its header to its verdict.

    header      which networks, which tolerance, perhaps B itself
    step …      each checked by its rule (rules/)
    final       the comparison of the outputs, and nothing after it

A certificate that is not exactly so is refused, and so is one that asks for too much work, memory
or depth. To refuse is always sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from rectifold_check.claim import Claim, described
from rectifold_check.json import Json, Refusal, parse_json, rational
from rectifold_check.networks import read_domain, read_network
from rectifold_check.rules import apply
from rectifold_check.state import State
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
        state = _start(a, domain, rows, b, work)
        a_described, b_described = map(described, state.networks)
        claim = Claim(a_described, b_described, tuple(state.tolerance), state.domain)
        return replace(_replay(state, rows), claim=claim)
    except Stopped as stopped:
        return Verdict("stopped", reason=str(stopped), claim=claim)
    except Refusal as refusal:
        reason = str(refusal)
    except MemoryError:
        reason = "there is not enough memory to check this certificate"
    except RecursionError:
        reason = "the certificate is nested too deeply"
    return Verdict("refused", reason=reason, claim=claim)


def tolerance(eps: Json, outputs: int) -> list[Fraction]:
    """One number ≥ 0 for every output."""
    if not isinstance(eps, list) or len(eps) != outputs:
        raise Refusal(f"eps needs {outputs} entries")
    values = [rational(v, "eps") for v in eps]
    if any(v < 0 for v in values):
        raise Refusal("an eps is negative")
    return values


def _counted(lines: Iterable[str], work: Work) -> Iterator[str]:
    """The lines that are not blank; every one adds to the work that is allowed."""
    for line in lines:
        work.read(len(line))
        if line.strip():
            yield line


def _start(a: str, domain: str, rows: Iterator[str], b: str | None, work: Work) -> State:
    """The two networks and the domain; the header must be about them."""
    header = parse_json(next(rows, "null"), "header")
    if not isinstance(header, dict) or set(header) != {"format", "a", "b", "eps", "result"}:
        raise Refusal("the first line is no certificate header")
    if header["format"] != "rectifold-certificate/1":
        raise Refusal("the certificate has another format")
    network_a = read_network(a, "network A")
    network_b = read_network(_other(header["result"], b), "network B")
    if header["a"] != network_a.digest:
        raise Refusal("the certificate is about another network A (digests differ)")
    if header["b"] != network_b.digest:
        raise Refusal("the certificate is about another network B (digests differ)")
    eps = tolerance(header["eps"], network_a.size(network_a.output))
    return State((network_a, network_b), read_domain(domain), eps, work)


def _other(result: Json, b: str | None) -> str:
    """The text of network B: the one that was given, else the header's."""
    if b is not None:
        return b
    if not isinstance(result, str):
        raise Refusal("the certificate carries no network B, and none was given")
    return result


def _replay(state: State, rows: Iterator[str]) -> Verdict:
    """Every step up to the final comparison. Raises Refusal at the first that does not hold."""
    for row in rows:
        step = parse_json(row, "step")
        if not isinstance(step, list) or not step:
            raise Refusal("a step is a list")
        is_last = step[0] == "final"
        if is_last and any(rows):
            raise Refusal("steps follow the final comparison")
        apply(state, step)
        if is_last:
            status = "holds given trusted claims" if state.trusted else "holds"
            return Verdict(status, state.trusted)
    raise Refusal("the certificate ends without a final comparison")
