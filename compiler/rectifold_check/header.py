"""The first line of a certificate, or of a link of a chain: which networks, and how far apart.

{"format":"rectifold-certificate/1","a":sha256,"b":sha256,"eps":["1/8"],"result":...}
{"format":"rectifold-certificate/1","a":sha256,"b":sha256,"margin":"1/8","result":...}
{"format":"rectifold-chain/1","a":sha256,"b":sha256,"eps":["1/8"],"links":3,"result":...}
"""

from __future__ import annotations

from dataclasses import dataclass

from rectifold_check.goal import Goal, Margin, Tolerance, tolerance
from rectifold_check.json import Json, Refusal, parse_json, rational, whole
from rectifold_check.limits import MOST_LINKS
from rectifold_check.networks import Network

_KEYS = {"format", "a", "b", "result"}
_GOALS = ({"eps"}, {"margin"})


@dataclass(frozen=True)
class Header:
    """`goal`: eps or margin, as it is written. `result`: how network B is written, or null.

    `links`: of a chain; None for a single certificate.
    """

    a: Json
    b: Json
    goal: dict[str, Json]
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

    def goal_for(self, outputs: int) -> Goal:
        """How far networks with so many outputs may be apart."""
        if "eps" in self.goal:
            return Tolerance(tolerance(self.goal["eps"], outputs))
        margin = rational(self.goal["margin"], "margin")
        if margin < 0:
            raise Refusal("the margin is negative")
        return Margin(margin, outputs)


def read_header(line: str) -> Header:
    """Of a certificate, of a link or of a chain. Raises Refusal."""
    form = parse_json(line, "header")
    if not isinstance(form, dict):
        raise Refusal("the first line is no certificate header")
    is_chain = "links" in form
    if set(form) - _KEYS - {"links"} not in _GOALS or not set(form) >= _KEYS:
        raise Refusal("the first line is no certificate header")
    if form["format"] != ("rectifold-chain/1" if is_chain else "rectifold-certificate/1"):
        raise Refusal("the certificate has another format")
    links = whole(form["links"], 1, MOST_LINKS, "links") if is_chain else None
    goal = {key: value for key, value in form.items() if key in ("eps", "margin")}
    return Header(form["a"], form["b"], goal, form["result"], links)
