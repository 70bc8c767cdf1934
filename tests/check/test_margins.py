"""Certificates about the largest output: what holds, and what is refused, by titles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest

from certificate_lines import LEAF, sha
from rectifold_check import Verdict, check
from rectifold_check.goal import Margin
from rectifold_check.limits import MOST_PAIRS_OF_OUTPUTS
from rectifold_check.networks import read_network
from support import BOX, canonical_chain


def network(bias: str, *rows: str) -> str:
    return canonical_chain(("L", bias, list(rows)))


def final(*pairs: int) -> list[Any]:
    return ["final", {str(k): {"ge": LEAF, "le": LEAF} for k in pairs}]


# (x0, x1, 0); the same moved by 5 as a whole; its second output moved by 1/4; its third by -1/4
A = network("", "0:1", "1:1", "")
TOGETHER = network("0:5 1:5 2:5", "0:1", "1:1", "")
SECOND = network("1:1/4", "0:1", "1:1", "")
BOTH = network("1:1/4 2:-1/4", "0:1", "1:1", "")
SWAPPED = network("", "1:1", "0:1", "")

# (relu(x0 + 2), x1), and (x0 + 2, x1): the last of their layers is linear
RELU = canonical_chain(("R", "0:2 1:2", ["0:1", "1:1"]), ("L", "1:-2", ["0:1", "1:1"]))
AFFINE = network("0:2", "0:1", "1:1")
# (relu(x0), relu(x1)): outputs of a relu layer, compared after relu
RELU_OUTPUTS = canonical_chain(("R", "", ["0:1", "1:1"]))
NEGATIVE_PART = canonical_chain(("R", "", ["0:1", "1:1"]), ("L", "", ["0:1", "1:1"]))
# outputs that are not the last layer
EARLY = canonical_chain(("L", "", ["0:1", "1:1", ""]), ("L", "", ["0:9"]), output=1)


@dataclass(frozen=True)
class Written:
    """A certificate with a margin, its header as it should be but for `changes`."""

    a: str
    b: str
    margin: str
    steps: tuple[Any, ...] = (final(0, 1, 2),)
    changes: Mapping[str, Any] = field(default_factory=dict)

    def verdict(self) -> Verdict:
        form = {"margin": self.margin} | dict(self.changes)
        rows = [head(self.a, self.b, **form), *self.steps]
        return check(self.a, BOX, [json.dumps(row) for row in rows])


def head(a: str, b: str, **more: Any) -> dict[str, Any]:
    form = {"format": "rectifold-certificate/1", "a": sha(a), "b": sha(b), "result": b}
    return {key: value for key, value in (form | more).items() if value != "left out"}


HOLDS = {
    "equal differences, whatever the outputs": Written(A, TOGETHER, "0", (final(),)),
    "an output that moves by the margin": Written(A, SECOND, "1/4"),
    "outputs that move apart by the margin": Written(A, BOTH, "1/2"),
    "a margin above what is needed": Written(A, SECOND, "100"),
    "units that are solved first": Written(
        RELU,
        AFFINE,
        "0",
        (
            ["intervals", 0, 1],
            ["bound", [0, 1, 0], "lo", "0", LEAF],
            ["bound", [0, 1, 1], "lo", "0", LEAF],
            final(),
        ),
    ),
    "outputs of a relu layer": Written(
        RELU_OUTPUTS,
        NEGATIVE_PART,
        "0",
        (["alias", [1, 1, 0], [0, 1, 0], "1"], ["alias", [1, 1, 1], [0, 1, 1], "1"], final()),
    ),
    "outputs of a layer that is not the last": Written(EARLY, TOGETHER, "0", (final(),)),
}

REFUSED = {
    "a margin below what is needed": (Written(A, SECOND, "24/100"), "a leaf does not hold"),
    "outputs that move apart by more": (Written(A, BOTH, "1/4"), "a leaf does not hold"),
    "outputs that are exchanged": (Written(A, SWAPPED, "1/4"), "a leaf does not hold"),
    "no proof": (Written(A, SECOND, "1/4", (final(),)), "output 0: the difference is not 0"),
    "a proof of one pair too few": (Written(A, BOTH, "1/2", (final(0, 1),)), "output 2: the diff"),
    "a proof of a pair that is not there": (Written(A, A, "0", (final(3),)), "is not there"),
    "a negative margin": (Written(A, TOGETHER, "-1"), "the margin is negative"),
    "a margin that is no number": (Written(A, TOGETHER, "1e3"), "is not a number"),
    "a list of margins": (Written(A, TOGETHER, "", changes={"margin": ["0"]}), "is not a number"),
    "eps beside the margin": (
        Written(A, TOGETHER, "0", changes={"eps": ["0"] * 3}),
        "no certificate header",
    ),
    "neither": (Written(A, TOGETHER, "left out"), "no certificate header"),
    "eps by the name of a margin": (
        Written(A, TOGETHER, "left out", (final(),), {"eps": ["0"] * 3}),
        "output 0: the difference is not 0",
    ),
    "one output": (
        Written(canonical_chain(("L", "", ["0:1"])), canonical_chain(("L", "", ["0:1"])), "0"),
        "a margin is about 1 to",
    ),
    "too many outputs": (
        Written(network("", *[""] * 1000), network("", *[""] * 1000), "0"),
        f"a margin is about 1 to {MOST_PAIRS_OF_OUTPUTS} pairs",
    ),
    "networks of another number of outputs": (Written(A, AFFINE, "9"), "differ in their outputs"),
    "a tie of differences, which are no relu units": (
        Written(A, TOGETHER, "0", (["alias", [1, 2, 0], [0, 2, 0], "1"], final())),
        "only a relu unit may be tied",
    ),
}


@pytest.mark.parametrize("title", HOLDS)
def test_holds(title: str) -> None:
    verdict = HOLDS[title].verdict()
    assert verdict.text.startswith("holds: wherever an output of A leads all others by more than")


@pytest.mark.parametrize("title", REFUSED)
def test_refused(title: str) -> None:
    written, reason = REFUSED[title]
    verdict = written.verdict()
    assert verdict.status == "refused"
    assert reason in verdict.reason


def test_the_claim_says_what_holds_of_the_largest_output() -> None:
    verdict = Written(A, SECOND, "1/4").verdict()
    first, a, b, margin, domain = verdict.text.splitlines()
    assert first == (
        "holds: wherever an output of A leads all others by more than 1/4, it leads in B, "
        "on the whole domain"
    )
    assert margin == ("  margin: 1/4, as |(A_i - A_j) - (B_i - B_j)| is at most that for all i, j")
    assert a.startswith("  A: 2 inputs, 3 outputs, 1 layer, 0 relu units, 2 weights, sha256 ")
    assert domain == "  domain: [-1, 1]^2"
    claim = verdict.json()["claim"]
    assert isinstance(claim, dict)
    assert (claim["eps"], claim["margin"]) == (None, "1/4")
    assert sha(SECOND) in b


def test_the_networks_of_the_differences_have_every_pair_in_order() -> None:
    for text in (A, EARLY, RELU_OUTPUTS):
        source = read_network(text, "A")
        made = Margin(Fraction(0), source.size(source.output)).compared(source)
        last = made.layers[-1]
        pairs = list(combinations(range(source.size(source.output)), 2))
        assert made.output == len(made.layers) == len(source.layers) + 1
        assert [row[0].entries for row in last.rows] == [((i, 1), (j, -1)) for i, j in pairs]
        assert {row[0].source for row in last.rows} == {source.output}
        assert (last.is_relu, last.den, set(last.bias)) == (False, 1, {0})


# ---- chains -------------------------------------------------------------------------------------


def chain(*links: dict[str, Any], **goal: Any) -> Verdict:
    """From A by SECOND to BOTH. A link's goal."""
    networks = (A, SECOND, BOTH)
    rows: list[Any] = [head(A, BOTH, format="rectifold-chain/1", links=2, **goal)]
    for k, link in enumerate(links):
        result: dict[str, Any] = {} if k == 0 else {"result": None}
        rows += [head(networks[k], networks[k + 1], **link, **result), final(0, 1, 2)]
    return check(A, BOX, [json.dumps(row) for row in rows])


QUARTERS = {"eps": ["0", "1/4", "1/4"]}

CHAINS: dict[str, tuple[tuple[dict[str, Any], ...], str, bool]] = {
    "margins of two links add up": (({"margin": "1/4"}, {"margin": "1/4"}), "1/2", True),
    "and no less": (({"margin": "1/4"}, {"margin": "1/4"}), "49/100", False),
    "eps of two outputs add up": (({"margin": "1/4"}, {"eps": ["0", "0", "1/4"]}), "1/2", True),
    "the largest pair counts": (({"eps": ["0", "1/4", "1/8"]}, {"eps": ["0", "0", "1/4"]}), "5/8",
                                True),
    "by any little": (({"eps": ["0", "1/4", "1/8"]}, {"eps": ["0", "0", "1/4"]}), "62/100", False),
}  # fmt: skip


@pytest.mark.parametrize("title", CHAINS)
def test_a_chain_with_a_margin(title: str) -> None:
    links, margin, does_hold = CHAINS[title]
    verdict = chain(*links, margin=margin)
    assert verdict.holds == does_hold, verdict.reason
    if not does_hold:
        assert "the tolerances of the links sum to more than is claimed" in verdict.reason


def test_a_margin_says_nothing_in_a_chain_with_eps() -> None:
    verdict = chain({"margin": "1/4"}, {"eps": ["0", "0", "1/4"]}, eps=["9", "9", "9"])
    assert "link 1: a margin says nothing about the outputs" in verdict.reason
