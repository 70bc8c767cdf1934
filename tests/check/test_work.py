"""Short texts that ask for long work are refused.

Honest ones, and checks that somebody stops, are not mistaken for them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

import rectifold_check
from rectifold.certificate.compiled import certify
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.operations.compiling import compile_network
from rectifold.runtime.run import Limits
from rectifold_check.json import Refusal
from rectifold_check.limits import WORK_BASE, WORK_BETWEEN_QUESTIONS, WORK_PER_BYTE
from rectifold_check.work import Stopped, Work
from support import float_network

LENGTH = "more work than a certificate and networks of this length may ask for"


def network(*layers: tuple[str, int, list[Any]], inputs: int = 1) -> str:
    form = {
        "format": "rectifold-network/1",
        "inputs": inputs,
        "layers": [
            {"activation": act, "bias": "", "units": units, "weights": w}
            for act, units, w in layers
        ],
        "output": len(layers),
    }
    return json.dumps(form, separators=(",", ":"), sort_keys=True)


def domain(inputs: int = 1) -> str:
    form = {
        "constraints": [],
        "format": "rectifold-domain/1",
        "lower": ["-1"] * inputs,
        "upper": ["1"] * inputs,
    }
    return json.dumps(form, separators=(",", ":"), sort_keys=True)


def checked(
    b: str,
    *steps: Any,
    inputs: int = 1,
    eps: str = "0",
    stop: Callable[[], bool] | None = None,
    permitted: int = 0,
) -> rectifold_check.Verdict:
    """The verdict that network b is 0, up to eps."""
    zero = network(("L", 1, []), inputs=inputs)
    header = {
        "format": "rectifold-certificate/1",
        "a": hashlib.sha256(zero.encode()).hexdigest(),
        "b": hashlib.sha256(b.encode()).hexdigest(),
        "eps": [eps],
        "result": b,
    }
    lines = [json.dumps(v, separators=(",", ":")) for v in (header, *steps, ["final", {}])]
    return rectifold_check.check(zero, domain(inputs), lines, stop=stop, permitted=permitted)


def test_layers_that_no_text_describes_are_refused() -> None:
    verdict = checked(network(("R", 10_000_000, []), ("L", 1, [])))
    assert "'10000000' is no whole number from 0 to 1001" in verdict.reason
    verdict = checked(network(*[("R", 60_000, [])] * 4, ("L", 1, [])))
    assert "has 120000 units, more than a text of" in verdict.reason
    assert checked(network(("R", 50_000, []), ("L", 1, [])), ["intervals", 1, 1]).holds


def test_wide_layers_of_few_weights_take_no_more_memory_than_their_text() -> None:
    """Rows as long integers would have 30,000 places each, 1,000 times."""
    rows = [f"{17 * k}:1" for k in range(1000)]
    b = network(("R", 30_000, []), ("R", 1000, [[1, rows]]), ("L", 1, [[2, ["0:1"]]]))
    assert checked(
        b,
        ["intervals", 1, 1],
        ["cases", [1, 2, 3], "up", "1", [], ["", [], []]],
        ["intervals", 1, 2],
    ).holds


def test_denominators_whose_common_multiple_is_long_are_refused() -> None:
    rows = ["0:1/" + "9" * 600 + str(10**6 + 2 * k + 1) for k in range(2500)]
    verdict = checked(network(("R", 2500, [[0, rows]]), ("L", 1, [[1, ["0:1"]]])))
    assert "the common denominator of the weights is too long for a network of" in verdict.reason


def many_cells() -> str:
    """Twelve and twelve units on six inputs."""

    def row(i: int, length: int) -> str:
        return " ".join(
            f"{j}:{(7 * i + 5 * j) % 11 - 5 or 1}/{1 + (i + j) % 3}" for j in range(length)
        )

    layers = [
        ("R", 12, [[0, [row(i, 6) for i in range(12)]]]),
        ("R", 12, [[1, [row(i, 12) for i in range(12)]]]),
    ]
    return network(*layers, ("L", 1, [[2, ["0:1"]]]), inputs=6)


def test_a_step_of_twenty_bytes_may_not_ask_for_a_billion_cells() -> None:
    verdict = checked(many_cells(), ["cells", 10**9], inputs=6, eps=str(10**9))
    assert (verdict.status, LENGTH in verdict.reason) == ("refused", True)


def test_who_checks_may_permit_more_work() -> None:
    work = Work(0, permitted=2 * WORK_BASE)
    work.spend(2 * WORK_BASE)
    with pytest.raises(Refusal, match="which is 100,000,000 words; --work N permits N"):
        work.spend(1)
    assert Work(1, permitted=7).allowed == WORK_BASE + WORK_PER_BYTE


def test_work_that_is_stated_is_held_to_and_must_be_allowed() -> None:
    asked = WORK_BASE + 10
    work = Work(0)
    work.spend(10)
    with pytest.raises(Refusal) as refused:
        work.state(WORK_BASE)
    assert str(refused.value) == (
        f"it asks for {asked:,} words of work, and without more ado 50,000,000 are allowed for its "
        f"length; permit them with --work {asked}, which takes 1 s or so"
    )
    work = Work(0, permitted=2 * asked)
    work.spend(10)
    work.state(WORK_BASE)
    work.spend(WORK_BASE)
    with pytest.raises(Refusal, match="more work than the certificate states"):
        work.spend(1)


ABS = network(("R", 2, [[0, ["0:1", "0:-1"]]]), ("L", 1, [[1, ["0:1 1:1"]]]))
WORDS = {
    "enough": (10**6, 0, "holds"),
    "too few": (5, 0, "checking this would take more work than the certificate states"),
    "more than the length allows": (10**12, 0, "permit them with --work 1000000"),
    "more than is permitted": (10**12, 10**12 - 1, "it asks for 1,000,000"),
    "as much as is permitted": (10**12, 2 * 10**12, "holds"),
    "centuries": (10**18, 0, "it asks for 1,000,000"),
    "more than there is time for": (10**400, 0, "is no whole number from 1 to 1000000"),
    "none": (0, 0, "malformed"),
    "fewer than none": (-5, 0, "malformed"),
    "a truth value": (True, 0, "malformed"),
    "a text": ("1000000", 0, "malformed"),
}


@pytest.mark.parametrize("title", WORDS)
def test_a_certificate_states_its_work(title: str) -> None:
    words, permitted, told = WORDS[title]
    verdict = checked(ABS, ["work", words], ["cells", 2], eps="1", permitted=permitted)
    assert verdict.holds == (told == "holds")
    assert told in verdict.text


def test_permission_lets_a_long_check_come_to_its_end() -> None:
    """Of as many cells as are named, which is seen after more work than the length allows."""
    steps: list[Any] = [["cells", 100]]
    refused = checked(many_cells(), *steps, inputs=6, eps=str(10**9))
    assert "there are more than 100 cells" in refused.reason
    steps = [["work", 10**4], *steps]
    refused = checked(many_cells(), *steps, inputs=6, eps=str(10**9))
    assert "more work than the certificate states" in refused.reason


def test_a_check_that_is_stopped_is_neither_accepted_nor_refused() -> None:
    verdict = checked(many_cells(), ["cells", 10**9], inputs=6, eps=str(10**9), stop=lambda: True)
    assert (verdict.status, verdict.holds) == ("stopped", False)
    assert verdict.reason == "the check was ended before it was done"
    assert verdict.text.startswith("stopped: ")


def test_work_is_allowed_by_the_byte_and_asks_whether_to_stop_now_and_then() -> None:
    asked: list[int] = []

    def stop() -> bool:
        asked.append(work.done)
        return False

    work = Work(0, stop)
    work.spend(WORK_BASE)
    with pytest.raises(Refusal, match=LENGTH):
        work.spend(1)
    work.read(2)
    work.spend(2 * WORK_PER_BYTE - 1)
    with pytest.raises(Refusal, match=LENGTH):
        work.spend(1)
    assert asked == [WORK_BASE]
    Work().spend(10**30)
    with pytest.raises(Stopped):
        Work(0, lambda: True).spend(WORK_BETWEEN_QUESTIONS + 1)


@pytest.mark.parametrize("sizes", [(2, 8, 8, 1), (14, 20, 20, 3)])
def test_honest_certificates_need_a_hundredth_of_what_is_allowed(sizes: tuple[int, ...]) -> None:
    source = float_network(3, *sizes)
    compiled = compile_network(source, prover="bounds", limits=Limits(2))
    assert source.domain is not None
    texts = canonical_text(source), domain_text(source.domain)
    lines = certify(compiled).lines
    assert rectifold_check.check(*texts, lines).holds
    bytes_read = sum(map(len, lines)) + sum(map(len, texts))
    counted = 0

    def stop() -> bool:
        nonlocal counted
        counted += 1
        return counted * WORK_BETWEEN_QUESTIONS > (WORK_BASE + WORK_PER_BYTE * bytes_read) / 100

    assert rectifold_check.check(*texts, lines, stop=stop).holds
