"""The rule `final`: comparisons of outputs that hold, and that are refused."""

from __future__ import annotations

from typing import Any

import pytest

from certificate_lines import (
    FINAL,
    LEAF,
    Table,
    Written,
    assert_refused,
    box,
    certificate,
    holding,
    refusals,
)
from support import canonical_chain

IDENTITY = canonical_chain(("L", "", ["0:1"]))
SHIFTED = canonical_chain(("L", "0:1/10", ["0:1"]))
MIXED = canonical_chain(("L", "", ["0:1 1:3"]))
ONE_MORE = canonical_chain(("L", "0:1", ["0:1"]))
BOTH = {"ge": LEAF, "le": LEAF}


def shifted(eps: str, proofs: Any) -> Written:
    """That they differ by at most eps, which is so from 1/10 on."""
    return certificate(SHIFTED, IDENTITY, ["final", proofs], eps=(eps,))


TABLES = (
    Table(
        "equal outputs",
        holds={
            "of identical networks need no step": certificate(IDENTITY, IDENTITY, FINAL),
            "where a fixed input is its value": certificate(
                MIXED, ONE_MORE, FINAL, domain=box(["-1", "1/3"], ["1", "1/3"])
            ),
        },
        refused={
            "where an input is not fixed": (
                certificate(MIXED, ONE_MORE, FINAL),
                "output 0: the difference is not 0 and no proof is given",
            ),
        },
    ),
    Table(
        "proofs within eps",
        holds={"with nothing to spare": shifted("1/10", {"0": BOTH})},
        refused={
            "with too small an eps": (shifted("1/11", {"0": BOTH}), "does not hold"),
            "of one side only": (shifted("1/10", {"0": {"ge": LEAF}}), "no proof is given"),
            "of another output": (shifted("1/10", {"1": BOTH}), "an output that is not there"),
            "of one output more": (
                shifted("1/10", {"0": BOTH, "1": BOTH}),
                "an output that is not there",
            ),
            "of an output in other digits": (
                shifted("1/10", {"0": BOTH, "00": BOTH}),
                "an output that is not there",
            ),
            "in a list": (shifted("1/10", [BOTH]), "a step 'final' is malformed"),
        },
    ),
)


@pytest.mark.parametrize("written", holding(TABLES))
def test_holds(written: Written) -> None:
    assert written.verdict() == "holds"


@pytest.mark.parametrize(("written", "reason"), refusals(TABLES))
def test_refused(written: Written, reason: str) -> None:
    assert_refused(written, reason)
