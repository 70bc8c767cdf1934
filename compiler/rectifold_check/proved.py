"""A certificate that a property holds, from its header to its verdict.

header      which network, or two side by side, which property, a margin per case
step …      about the network of the first part's cases (property.py), each by its rule
final       every output of that network is known to be ≤ 0; then the next part
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Unpack

from rectifold_check.claim import Described, described, domain_json, domain_words
from rectifold_check.json import Json, Refusal, list_of, object_of, parse_json, rational
from rectifold_check.limits import SHOWN_ENTRIES
from rectifold_check.networks import Network, read_network
from rectifold_check.property import Property, Unsafe, property_network, read_property
from rectifold_check.rules import apply
from rectifold_check.state import State
from rectifold_check.steps_apart import StepQuestion
from rectifold_check.terms import ZERO
from rectifold_check.verdict import Judged, Stated, counted_lines, judged
from rectifold_check.work import Means, Work

FORMAT = "rectifold-property-certificate/1"


@dataclass(frozen=True)
class PropertyClaim:
    """No point of any part's domain meets all conditions of one of its cases."""

    network: Described
    digest: str
    parts: tuple[Unsafe, ...]
    beside: Described | None = None

    @property
    def sentence(self) -> str:
        """The claim in one line, without network and domains."""
        pair = "" if self.beside is None else " of the two networks side by side"
        return f"the property is true{pair}: no point of its domains meets one of its unsafe cases"

    @property
    def lines(self) -> list[str]:
        """The claim for people, one thing a line."""
        cases = [
            f"part {k}: {len(part.cases)} unsafe case{'' if len(part.cases) == 1 else 's'} on "
            f"{domain_words(part.domain)}"
            for k, part in enumerate(self.parts[:SHOWN_ENTRIES], start=1)
        ]
        more = len(self.parts) - len(cases)
        rest = [f"... and {more} more parts"] if more else []
        second = [] if self.beside is None else [f"beside it: {self.beside}"]
        return [
            f"network: {self.network}",
            *second,
            f"property: sha256 {self.digest}",
            *cases,
            *rest,
        ]

    def json(self) -> dict[str, Json]:
        """The same for scripts; numbers exact."""
        second = {} if self.beside is None else {"beside": self.beside.json()}
        return {
            "network": self.network.json(),
            **second,
            "property": self.digest,
            "parts": [
                {"cases": len(part.cases), "domain": domain_json(part.domain)}
                for part in self.parts
            ],
        }


@dataclass(frozen=True)
class PropertyVerdict(Judged):
    """About a network and a property."""

    claim: PropertyClaim | None = None


def check_property(
    network: str,
    asked: str,
    lines: Iterable[str],
    *,
    beside: str | None = None,
    **means: Unpack[Means],
) -> PropertyVerdict:
    """Do the certificate's lines prove the property of the network?

    `network`, `asked`, `beside`: canonical texts, from the user's files. With `beside` the property
    is about the two networks side by side. `stop`, `permitted`, `jobs`, `progress`: as in Means
    (work.py).
    """

    def replay(stated: list[Stated]) -> int:
        work = Work(len(network) + len(asked) + len(beside or ""), **means)
        rows = counted_lines(lines, work)
        read = read_network(network, "the network")
        second = None if beside is None else read_network(beside, "the network beside it")
        wanted = read_property(asked, read, second, work)
        other = None if second is None else described(second)
        stated.append(PropertyClaim(described(read), wanted.digest, wanted.parts, other))
        margins = _margins(next(rows, "null"), (read, second), wanted)
        is_alone = second is not None and second.digest == read.digest and wanted.is_by_steps
        networks = wanted.about, read if is_alone else None
        each = zip(wanted.parts, margins, strict=True)
        trusted = sum(_part(networks, part, own, rows, work) for part, own in each)
        if any(rows):
            raise Refusal("steps follow the final comparison of the last part")
        return trusted

    return judged(PropertyVerdict, replay)


def _margins(
    line: str, networks: tuple[Network, Network | None], asked: Property
) -> list[list[Fraction]]:
    """The header must be about these networks and this property; the margins of every part."""
    network, beside = networks
    header = _header(line)
    if header["network"] != network.digest:
        raise Refusal("the certificate is about another network (digests differ)")
    if header["property"] != asked.digest:
        raise Refusal("the certificate is about another property (digests differ)")
    if header.get("beside") != (None if beside is None else beside.digest):
        raise Refusal("the certificate is about another network beside it, or one of the two alone")
    given = list_of(header["margins"], "margins")
    if len(given) != len(asked.parts):
        raise Refusal("there are not as many lists of margins as parts")
    return [_of_part(own, part) for own, part in zip(given, asked.parts, strict=True)]


def _header(line: str) -> dict[str, Json]:
    value = parse_json(line, "header")
    keys = {"format", "network", "property", "margins"}
    if isinstance(value, dict) and "beside" in value:
        keys.add("beside")
    header = object_of(value, keys, "the header")
    if header["format"] != FORMAT:
        raise Refusal("the certificate has another format")
    if not isinstance(header.get("beside", ""), str):
        raise Refusal("the header: beside is the digest of a network")
    return header


def _of_part(given: Json, part: Unsafe) -> list[Fraction]:
    """One margin per case: > 0, or 0 where all conditions of a case are strict."""
    margins = [rational(v, "a margin") for v in list_of(given, "margins of a part")]
    if len(margins) != len(part.cases):
        raise Refusal("a part does not have one margin for every case")
    for margin, case in zip(margins, part.cases, strict=True):
        is_strict = bool(case) and all(c.strict for c in case)
        if margin < 0 or (margin == 0 and not is_strict):
            raise Refusal("a margin is not above 0, and a condition of its case is not strict")
    return margins


def _part(
    networks: tuple[Network, Network | None],
    part: Unsafe,
    margins: list[Fraction],
    rows: Iterator[str],
    work: Work,
) -> int:
    """Replays the steps of one part. Its claims that were taken without proof.

    `networks`: what the part is about, and the network that is asked at x and x + s there, if it is
    one.
    """
    network, alone = networks
    rowed = property_network(network, part.cases, margins)
    work.spend(sum(len(r.entries) for v in rowed.layers for unit in v.rows for r in unit))
    zeros = [ZERO] * len(margins)
    state = State((rowed, rowed), part.domain, zeros, work)
    if alone is not None:
        state.steps_apart = StepQuestion(alone, part, margins)
    for row in rows:
        step = parse_json(row, "step")
        if not isinstance(step, list) or not step:
            raise Refusal("a step is a list")
        if step == ["final", {}]:
            _require_nonpositive(state, len(rowed.layers), len(margins))
            return state.trusted
        if step[0] == "final":
            raise Refusal('the final comparison of a property is ["final", {}]')
        apply(state, step)
    raise Refusal("the certificate ends without the final comparison of every part")


def _require_nonpositive(state: State, layer: int, cases: int) -> None:
    for case in range(cases):
        if not state.knows((0, layer, case), "up", ZERO):
            raise Refusal(f"case {case} is not proved to be met nowhere")
