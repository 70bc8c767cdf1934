"""A verdict: what is said of a certificate, and how it comes about.

    holds: A and B are equal on the whole domain        refused: unknown step 'x'

Whatever goes wrong while a certificate is read or replayed refuses it. To refuse is always sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from rectifold_check.json import Json, Refusal
from rectifold_check.work import Stopped, Work


class Stated(Protocol):
    """What a verdict is about, in words."""

    @property
    def sentence(self) -> str: ...
    @property
    def lines(self) -> list[str]: ...
    def json(self) -> dict[str, Json]: ...


@dataclass(frozen=True)
class Judged:
    """`claim` is what does (or does not) hold.

    `status` is "holds", "holds given trusted claims", "refused", or "stopped" before its end by
    who asked. A refused certificate has no claim where its header or the networks cannot be read.
    """

    status: str
    trusted: int = 0
    reason: str = ""
    claim: Stated | None = None

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


Kind = TypeVar("Kind", bound=Judged)


def judged(kind: type[Kind], replay: Callable[[list[Stated]], int]) -> Kind:
    """The verdict, of this kind, on what `replay` checks.

    It notes the claim in the list that it is given, once it is read, and answers how many claims
    are taken on trust; it raises Refusal or Stopped where something does not hold.
    """
    stated: list[Stated] = []
    try:
        trusted = replay(stated)
    except Stopped as stopped:
        return kind("stopped", reason=str(stopped), claim=_first(stated))
    except Refusal as refusal:
        reason = str(refusal)
    except MemoryError:
        reason = "there is not enough memory to check this certificate"
    except RecursionError:
        reason = "the certificate is nested too deeply"
    else:
        status = "holds given trusted claims" if trusted else "holds"
        return kind(status, trusted, claim=_first(stated))
    return kind("refused", reason=reason, claim=_first(stated))


def _first(stated: list[Stated]) -> Stated | None:
    return stated[0] if stated else None


def counted_lines(lines: Iterable[str], work: Work) -> Iterator[str]:
    """The lines that are not blank; every one adds to the work that is allowed."""
    for line in lines:
        work.read(len(line))
        if line.strip():
            yield line
