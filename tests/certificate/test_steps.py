"""The typed steps are written as FORMAT.md says, and there is a type for each of its steps."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, get_args

import numpy as np
import pytest

import rectifold_check
from rectifold.certificate.file import written_step
from rectifold.certificate.steps import (
    AliasStep,
    BendsStep,
    BoundStep,
    BoxesStep,
    CasesStep,
    CellsStep,
    CertificateStep,
    DomainFact,
    FinalStep,
    IntervalsStep,
    LeafProof,
    MirrorStep,
    Numbering,
    PairsStep,
    PrecisionStep,
    SlopesStep,
    SplitProof,
    TrustedStep,
    UnitFact,
    UnitRef,
    WorkStep,
    tie_of,
)
from rectifold.facts.side import Side
from rectifold.facts.trees import BoxProof, BoxSplit, BoxTree, CaseProof, Leaf, SlopeUnits
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.unit_pairing import Pair
from rectifold_check.rules import RULES
from support import net

NETWORK = net(
    """
    input x[1] in [-1, 1]
    h = relu([[1], [-1]] @ x)
    k = relu([[1, 1]] @ h)
    y = [[1]] @ k
    output y
    """
)
FIRST, SECOND = UnitRef(0, 1, 0), UnitRef(1, 2, 3)
HALF = Fraction(1, 2)
TREE = BoxTree((), BoxSplit(0, 0.5, BoxTree((0,)), BoxTree((0,))))
WRITTEN: list[tuple[CertificateStep, str]] = [
    (BoundStep(FIRST, Side.LOWER, HALF), '["bound",[0,1,0],"lo","1/2",{"l":[]}]'),
    (
        BoundStep(
            FIRST,
            Side.UPPER,
            Fraction(0),
            SplitProof(
                SECOND,
                LeafProof((UnitFact("hz", FIRST, HALF), DomainFact(4, Fraction(3)))),
                LeafProof((UnitFact("ch", SECOND, 0.5),)),
            ),
        ),
        '["bound",[0,1,0],"up","0",{"s":[1,2,3],"p":{"l":[["hz",[0,1,0],"1/2"],["dom",4,"3"]]},'
        '"n":{"l":[["ch",[1,2,3],"0x1.0000000000000p-1"]]}}]',
    ),
    (CasesStep(SECOND, Side.UPPER, HALF), '["cases",[1,2,3],"up","1/2",[],["",[],[]]]'),
    (
        CasesStep(
            SECOND,
            Side.UPPER,
            HALF,
            CaseProof(SlopeUnits({"h": np.array([1])}), Leaf(np.array([0.5]), (), ())),
            Numbering(NETWORK, 1),
        ),
        '["cases",[1,2,3],"up","1/2",[[1,[1]]],["AEA=",[],[]]]',
    ),
    (TrustedStep(FIRST, Side.LOWER, HALF, "z3"), '["trusted",[0,1,0],"lo","1/2","z3"]'),
    (IntervalsStep(2, 7), '["intervals",2,7]'),
    (
        BoxesStep(Numbering(NETWORK, 0), 2, BoxProof(((0, Side.UPPER),), TREE)),
        '["boxes",0,2,[[0,"up","0"]],[[],0,"1/2",[[0]],[[0]]]]',
    ),
    (AliasStep(SECOND, FIRST, HALF), '["alias",[1,2,3],[0,1,0],"1/2"]'),
    (MirrorStep(SECOND, FIRST, HALF), '["mirror",[1,2,3],[0,1,0],"1/2"]'),
    (
        PairsStep((Pair(0, 1), Pair(1, 2, (0, -1), (1, 0)))),
        '["pairs",[[1,2],[2,3,[0,-1],[1,0]]]]',
    ),
    (WorkStep(10**10), '["work",10000000000]'),
    (CellsStep(12), '["cells",12]'),
    (BendsStep(12), '["bends",12]'),
    (PrecisionStep(80), '["precision",80]'),
    (
        SlopesStep(((0, 1),), BoxTree((), BoxSplit(1, 0.5, BoxTree((0,)), BoxTree((), None, 12)))),
        '["slopes",[[0,1]],[[],1,"1/2",[[0]],[[],12]]]',
    ),
    (FinalStep(), '["final",{}]'),
    (
        FinalStep({0: (LeafProof(), LeafProof((DomainFact(0, HALF),)))}),
        '["final",{"0":{"ge":{"l":[]},"le":{"l":[["dom",0,"1/2"]]}}}]',
    ),
]


@pytest.mark.parametrize(("step", "line"), WRITTEN, ids=lambda v: type(v).__name__)
def test_a_step_is_written_as_the_format_says(step: CertificateStep, line: str) -> None:
    assert written_step(step) == line


def test_every_rule_of_the_checker_has_a_type_and_no_type_is_without_a_rule() -> None:
    assert {step.json()[0] for step, _ in WRITTEN} == set(RULES)
    assert {type(step) for step, _ in WRITTEN} == set(get_args(CertificateStep))


def test_a_negative_ratio_is_a_mirror_image() -> None:
    assert tie_of(SECOND, FIRST, Fraction(-3)) == MirrorStep(SECOND, FIRST, Fraction(3))
    assert tie_of(SECOND, FIRST, HALF) == AliasStep(SECOND, FIRST, HALF)


@pytest.mark.parametrize(
    ("step", "holds"),
    [
        (BoundStep(UnitRef(0, 2, 0), Side.LOWER, Fraction(0)), True),
        (BoundStep(UnitRef(0, 2, 0), Side.LOWER, HALF), False),
        (AliasStep(UnitRef(1, 1, 0), UnitRef(0, 1, 0), Fraction(1)), True),
        (AliasStep(UnitRef(1, 1, 0), UnitRef(0, 1, 1), Fraction(1)), False),
        (MirrorStep(UnitRef(0, 1, 1), UnitRef(0, 1, 0), Fraction(1)), True),
        (IntervalsStep(0, 1), True),
        (CellsStep(1), False),
    ],
)
def test_the_checker_reads_what_is_written(step: CertificateStep, holds: bool) -> None:

    assert NETWORK.domain is not None
    text = canonical_text(NETWORK)
    replay = rectifold_check.Replay(text, text, domain_text(NETWORK.domain))
    form: list[Any] = step.json()
    assert replay.accepts(form) == holds
