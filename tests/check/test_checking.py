"""A certificate's header and order: what is refused before a rule is asked, and between steps."""

from __future__ import annotations

from typing import Any

import pytest

from certificate_lines import (
    FINAL,
    Table,
    Written,
    assert_refused,
    box,
    certificate,
    lo,
    refusals,
    up,
)
from support import canonical_chain

# relu(x0 + 2) + relu(x1 - 3) is x0 + 2
SUM = canonical_chain(("R", "0:2 1:-3", ["0:1", "1:1"]), ("L", "", ["0:1 1:1"]))
SHIFT = canonical_chain(("L", "0:2", ["0:1"]))
STEPS: list[Any] = [lo([0, 1, 0], "0"), up([0, 1, 1], "0")]


def changed(**changes: Any) -> Written:
    """A certificate that holds but for these changes to its header, or its domain."""
    return certificate(SUM, SHIFT, *STEPS, FINAL, **changes)


def compared(b: str) -> Written:
    return certificate(SUM, b, *STEPS, FINAL)


TABLES = (
    Table(
        "headers",
        refused={
            "with another digest of A": (changed(a="0" * 64), "another network A"),
            "with another digest of B": (changed(b="0" * 64), "another network B"),
            "of another format": (changed(format="rectifold-certificate/9"), "another format"),
            "without network B": (changed(result=None), "carries no network B"),
            "with another key": (changed(more=1), "no certificate header"),
        },
    ),
    Table(
        "eps",
        refused={
            "below 0": (changed(eps=("-1",)), "an eps is negative"),
            "for too many outputs": (changed(eps=("0", "0")), "eps needs 1 entries"),
        },
    ),
    Table(
        "networks and domains",
        refused={
            "with another number of inputs": (
                compared(canonical_chain(("L", "", ["0:1"]), inputs=3)),
                "differ in their inputs",
            ),
            "with another number of outputs": (
                compared(canonical_chain(("L", "", ["0:1", "0:1"]))),
                "differ in their outputs",
            ),
            "that are empty": (
                changed(domain=box(["2", "-1"], ["1", "1"])),
                "an empty range",
            ),
        },
    ),
    Table(
        "the order",
        refused={
            "no final comparison": (
                certificate(SUM, SHIFT, *STEPS),
                "without a final comparison",
            ),
            "steps after the end": (
                certificate(SUM, SHIFT, *STEPS, FINAL, STEPS[0]),
                "steps follow",
            ),
            "a step that is no list": (
                certificate(SUM, SHIFT, {"bound": 1}, FINAL),
                "a step is a list",
            ),
            "a step that is empty": (certificate(SUM, SHIFT, [], FINAL), "a step is a list"),
        },
    ),
)


@pytest.mark.parametrize(("written", "reason"), refusals(TABLES))
def test_refused(written: Written, reason: str) -> None:
    assert_refused(written, reason)


def test_holds_without_a_change() -> None:
    assert changed().verdict() == "holds"
