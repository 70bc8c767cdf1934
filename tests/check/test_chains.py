"""Chains of certificates: what holds, and what is refused, by titles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pytest

from certificate_lines import LEAF, box, header, lo, sha
from rectifold_check import Verdict, check
from rectifold_check.changes import changed
from rectifold_check.json import Refusal
from rectifold_check.limits import MOST_LINKS, READING_WORK, WORK_BETWEEN_QUESTIONS
from support import BOX, canonical_chain

WITHIN: list[Any] = ["final", {"0": {"ge": LEAF, "le": LEAF}}]


def shifted(bias: str) -> str:
    """x0 + bias."""
    return canonical_chain(("L", bias, ["0:1"]))


# x0 + 0, x0 + 1/2, x0 + 1, x0 + 3/2
NETWORKS = [shifted(""), shifted("0:1/2"), shifted("0:1"), shifted("0:3/2")]


@dataclass(frozen=True)
class Link:
    """Steps about two networks, and its header as it should be but for `changes`."""

    a: str
    b: str
    eps: str = "1/2"
    steps: tuple[Any, ...] = (WITHIN,)
    changes: Mapping[str, Any] = field(default_factory=dict)

    def rows(self, *, is_last: bool) -> list[Any]:
        result: dict[str, Any] = {"result": None} if is_last else {}
        changes = {"eps": [self.eps]} | result | dict(self.changes)
        return [header(self.a, self.b, **changes), *self.steps]


HALVES = tuple(Link(a, b) for a, b in pairwise(NETWORKS))


@dataclass(frozen=True)
class Written:
    """A chain from x0 to x0 + 3/2, as it should be but for what a case says."""

    links: tuple[Link, ...] = HALVES
    eps: str = "3/2"
    a: str = NETWORKS[0]
    b: str = NETWORKS[3]
    domain: str = BOX
    changes: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[Any, ...] = ()

    def lines(self) -> list[str]:
        form: dict[str, Any] = {"format": "rectifold-chain/1", "links": len(self.links)}
        rows: list[Any] = [header(self.a, self.b, eps=(self.eps,), **(form | dict(self.changes)))]
        for k, link in enumerate(self.links, start=1):
            rows += link.rows(is_last=k == len(self.links))
        return [json.dumps(row) for row in (*rows, *self.after)]

    def verdict(self) -> Verdict:
        return check(self.a, self.domain, self.lines())


def other(number: int, **changes: Any) -> Written:
    """The chain with one of its links (from 1) changed."""
    links = list(HALVES)
    links[number - 1] = replace(links[number - 1], **changes)
    return Written(tuple(links))


def header_of(number: int, **changes: Any) -> Written:
    return other(number, changes=changes)


SAME: list[Any] = ["final", {}]
TWO = Link(NETWORKS[0], NETWORKS[2], "1")

# relu(x0 + 3/2) is x0 + 3/2 on the box
ACTIVE = canonical_chain(("R", "0:3/2", ["0:1"]), ("L", "", ["0:1"]))
SHIFT = NETWORKS[3]
START = NETWORKS[0].index('"bias":"') + len('"bias":"')
LEARNT = (lo([0, 1, 0], "0"), ["alias", [1, 1, 0], [0, 1, 0], "1"])
THERE_AND_BACK = (Link(SHIFT, NETWORKS[1], "1"), Link(NETWORKS[1], SHIFT, "1"))

HOLDS = {
    "three links": Written(),
    "two links": Written((TWO, HALVES[2])),
    "one link": Written((Link(NETWORKS[0], NETWORKS[3], "3/2"),)),
    "an exact link between": Written((HALVES[0], Link(NETWORKS[1], NETWORKS[1], "0", (SAME,)),
                                      *HALVES[1:])),
    "there and back": Written((HALVES[0], Link(NETWORKS[1], NETWORKS[0]), HALVES[0], *HALVES[1:]),
                              "5/2"),
    "an eps above the sum": Written(eps="2"),
    "a network as changes to the one before": header_of(1, result=[START, "0:1/2"]),
    "a network of which nothing is left": header_of(1, result=[-len(NETWORKS[0]), NETWORKS[1]]),
    "what is solved in one link": Written(
        (Link(ACTIVE, SHIFT, "0", (lo([0, 1, 0], "0"), SAME)), *THERE_AND_BACK), "2", ACTIVE, SHIFT
    ),
}  # fmt: skip

FIVE = canonical_chain(("L", "", ["0:1", "0:1"]))
THREE_INPUTS = canonical_chain(("L", "", ["0:1"]), inputs=3)

REFUSED = {
    "a sum above eps": (Written(eps="149/100"), "output 0: the tolerances of the links sum to"),
    "a link that does not hold": (other(2, eps="49/100"), "link 2: a leaf does not hold"),
    "a link without proof": (other(3, steps=(SAME,)), "link 3: output 0: the difference is not 0"),
    "a link without end": (other(2, steps=()), "link 2: a step is a list"),
    "a last link without end": (other(3, steps=()), "link 3: the certificate ends without a final"),
    "a link too few": (Written(HALVES[:2]), "link 2: the certificate is about another network B"),
    "a link missing between": (
        Written((HALVES[0], HALVES[2])),
        "link 2: the certificate is about another network A",
    ),
    "links in another order": (
        Written((HALVES[1], HALVES[0], HALVES[2])),
        "link 1: the certificate is about another network A",
    ),
    "fewer links than said": (Written(changes={"links": 4}), "link 3: it carries no network"),
    "more links than said": (Written(changes={"links": 2}), "link 2: the last link ends at"),
    "lines after the last link": (Written(after=(WITHIN,)), "link 3: steps follow the final"),
    "no links": (Written(changes={"links": 0}), "links: '0' is no whole number"),
    "too many links": (Written(changes={"links": MOST_LINKS + 1}), "is no whole number from 1 to"),
    "true links": (Written(changes={"links": True}), "is no whole number"),
    "a negative eps of a link": (other(2, eps="-1/2"), "link 2: an eps is negative"),
    "a negative eps": (Written(eps="-1"), "an eps is negative"),
    "eps of a link for two outputs": (header_of(2, eps=["1", "1"]), "link 2: eps needs 1 entries"),
    "an eps that is a number": (header_of(2, eps=[1]), "link 2: eps: '1' is not a number"),
    "another key": (Written(changes={"more": 1}), "no certificate header"),
    "another key in a link": (header_of(2, more=1), "link 2: the first line is no"),
    "a chain within a chain": (
        header_of(2, format="rectifold-chain/1", links=1),
        "link 2: a chain within a chain",
    ),
    "a chain by the name of a certificate": (
        Written(changes={"format": "rectifold-certificate/1"}),
        "another format",
    ),
    "a link of another format": (header_of(1, format="rectifold-chain/1"), "link 1: the certif"),
    "a step in the place of a header": (
        Written((replace(HALVES[0], steps=(WITHIN, WITHIN)), *HALVES[1:])),
        "link 2: the first line is no certificate header",
    ),
    "another digest of the middle": (header_of(1, b="0" * 64), "link 1: the certificate is about"),
    "another middle than its digest": (header_of(1, result=NETWORKS[2]), "another network B"),
    "no middle": (header_of(1, result=None), "link 1: it carries no network at its end"),
    "a middle that is no network": (
        header_of(1, result="{}", b=sha("{}")),
        "link 1: the network at its end must be an object",
    ),
    "a middle with two outputs": (
        Written((Link(NETWORKS[0], FIVE), Link(FIVE, NETWORKS[3]))),
        "link 1: the networks differ in their outputs",
    ),
    "a middle with three inputs": (
        Written((Link(NETWORKS[0], THREE_INPUTS), Link(THREE_INPUTS, NETWORKS[3]))),
        "link 1: the networks and the domain differ in their inputs",
    ),
    "a last link with a network": (header_of(3, result=NETWORKS[3]), "link 3: the last link ends"),
    "changes beyond the end": (header_of(1, result=[10**6]), "is no whole number from -"),
    "changes of true": (header_of(1, result=[True]), "is no whole number"),
    "what one link has learnt, in the next one": (
        Written((Link(ACTIVE, ACTIVE, "0", (*LEARNT, SAME)), Link(ACTIVE, SHIFT, "0", (SAME,))),
                "0", ACTIVE, SHIFT),
        "link 2: output 0: the difference is not 0",
    ),
    "a proof on another domain than the user's": (
        Written((Link(ACTIVE, SHIFT, "0", (LEARNT[0], SAME)), *THERE_AND_BACK), "2", ACTIVE, SHIFT,
                box(["-2", "-1"], ["1", "1"])),
        "link 1: a leaf does not hold",
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", HOLDS)
def test_holds(title: str) -> None:
    assert HOLDS[title].verdict().text.startswith("holds: |A - B| is at most")


@pytest.mark.parametrize("title", REFUSED)
def test_refused(title: str) -> None:
    written, reason = REFUSED[title]
    verdict = written.verdict()
    assert verdict.status == "refused"
    assert reason in verdict.reason


def test_trusted_claims_of_all_links_are_counted() -> None:
    trust = ["trusted", [0, 1, 0], "up", "0", "me"]
    steps = {1: (trust, WITHIN), 3: (trust, trust, WITHIN)}
    links = [replace(link, steps=steps.get(k, (WITHIN,))) for k, link in enumerate(HALVES, 1)]
    verdict = Written(tuple(links)).verdict()
    assert (verdict.status, verdict.trusted) == ("holds given trusted claims", 3)


def test_the_claim_is_about_the_ends() -> None:
    verdict = Written().verdict()
    assert verdict.claim is not None
    assert [verdict.claim.a.digest, verdict.claim.b.digest] == [sha(NETWORKS[0]), sha(NETWORKS[3])]
    assert verdict.text.splitlines()[0] == (
        "holds: |A - B| is at most 3/2 for every output, on the whole domain"
    )
    assert verdict.json()["claim"] == verdict.claim.json()


def test_network_b_may_be_given_besides() -> None:
    lines = replace(Written(), changes={"result": None}).lines()
    assert check(NETWORKS[0], BOX, lines, NETWORKS[3]).holds
    assert "another network B" in check(NETWORKS[0], BOX, lines, NETWORKS[2]).reason
    assert "carries no network B" in check(NETWORKS[0], BOX, lines).reason


def test_one_output_of_two_may_not_have_the_eps_of_the_other() -> None:
    both = [canonical_chain(("L", bias, ["0:1", "0:1"])) for bias in ("", "0:1", "0:2")]
    final = ["final", {str(j): {"ge": LEAF, "le": LEAF} for j in range(2)}]

    def lines(*eps: str) -> list[str]:
        rows: list[Any] = [header(both[0], both[2], eps=eps, format="rectifold-chain/1", links=2)]
        for k in range(2):
            result: dict[str, Any] = {"result": None} if k else {}
            rows += [header(both[k], both[k + 1], eps=("1", "0"), **result), final]
        return [json.dumps(row) for row in rows]

    assert check(both[0], BOX, lines("2", "0")).holds
    assert "output 0: the tolerances" in check(both[0], BOX, lines("1", "1")).reason


def test_the_work_of_all_links_is_counted() -> None:
    """Each link reads a network that is long by changes of a few bytes."""
    long = canonical_chain(("L", "", ["0:1/3"] * 5_000), ("L", "", ["0:1"]))
    links = [Link(long, long, "0", (SAME,), {"result": []})] * 7
    written = Written((*links, Link(long, long, "0", (SAME,))), "0", long, long)
    counted = 0

    def stop() -> bool:
        nonlocal counted
        counted += 1
        return False

    check(long, BOX, written.lines(), stop=stop)
    assert counted > 7 * READING_WORK * len(long) // WORK_BETWEEN_QUESTIONS // 2


@pytest.mark.parametrize(
    ("changes", "after"),
    [
        ([], "abcdef"),
        ([2, -3, "xy"], "abxyf"),
        (["xy"], "xyabcdef"),
        ([6, "xy"], "abcdefxy"),
        ([-6], ""),
        ([0, 1, 1, -1, -1, "x"], "abxef"),
    ],
)
def test_changes_of_a_text(changes: list[Any], after: str) -> None:
    assert changed("abcdef", changes, "changes") == after


@pytest.mark.parametrize("changes", [None, {}, "abc", [7], [-7], [3, 4], [3, -4], [1.5], [None]])
def test_changes_that_are_none(changes: Any) -> None:
    with pytest.raises(Refusal):
        changed("abcdef", changes, "changes")
