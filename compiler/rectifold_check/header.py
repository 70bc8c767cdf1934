"""The first line of a certificate, or of a link of a chain: which networks, and how far apart.

{"format":"rectifold-certificate/1","a":sha256,"b":sha256,"eps":["1/8"],"result":...}
{"format":"rectifold-chain/1","a":sha256,"b":sha256,"eps":["1/8"],"links":3,"result":...}
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rectifold_check.json import Json, Refusal, parse_json, rational, whole
from rectifold_check.limits import MOST_LINKS
from rectifold_check.networks import Network

_KEYS = {"format", "a", "b", "eps", "result"}


@dataclass(frozen=True)
class Header:
    """`result`: how network B is written, or null. `links`: of a chain; None for a single one."""

    a: Json
    b: Json
    eps: Json
    result: Json
    links: int | None

    def text_of_b(self, given: str | None) -> str:
        """The text of network B: the one that was given, else the header's."""
        if given is not None:
            return given
        if not isinstance(self.result, str):
            raise Refusal("the certificate carries no network B, and none was given")
        return self.result

    def require_about(self, networks: tuple[Network, Network]) -> None:
        """Raises Refusal for other networks than the header names."""
        for name, digest, network in zip("AB", (self.a, self.b), networks, strict=True):
            if digest != network.digest:
                raise Refusal(f"the certificate is about another network {name} (digests differ)")


def read_header(line: str) -> Header:
    """Of a certificate, of a link or of a chain. Raises Refusal."""
    form = parse_json(line, "header")
    if not isinstance(form, dict) or set(form) - {"links"} != _KEYS:
        raise Refusal("the first line is no certificate header")
    is_chain = "links" in form
    if form["format"] != ("rectifold-chain/1" if is_chain else "rectifold-certificate/1"):
        raise Refusal("the certificate has another format")
    links = whole(form["links"], 1, MOST_LINKS, "links") if is_chain else None
    return Header(form["a"], form["b"], form["eps"], form["result"], links)


def tolerance(eps: Json, outputs: int) -> list[Fraction]:
    """One number ≥ 0 for every output."""
    if not isinstance(eps, list) or len(eps) != outputs:
        raise Refusal(f"eps needs {outputs} entries")
    values = [rational(v, "eps") for v in eps]
    if any(v < 0 for v in values):
        raise Refusal("an eps is negative")
    return values
