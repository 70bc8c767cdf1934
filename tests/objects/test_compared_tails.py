"""compare of models with tails says in its answer what `verify` says."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import ModelProto

import rectifold
from onnx_models import node
from onnx_tails import made

BOX = ([0, 0], [1, 1])
PLAIN = made([], ["h"])
SOFT = made([node("Softmax", ["h"], "p", axis=1)], ["p"])
UP = made(
    [node("Add", ["h", "one"], "u"), node("Softmax", ["u"], "p", axis=1)],
    ["p"],
    {"one": np.float32(1)},
)
ANOTHER = "; said of the values before the tails ({}), which differ: nothing is claimed behind them"
SAME = "; said of the values before the tail (Softmax), and not of what it makes of them"
ANSWERS = {
    "the same tail": (SOFT, SOFT, 0, "equal", "; before the tail (Softmax), hence equal"),
    "no tail": (PLAIN, PLAIN, 0, "equal", "and the certificate holds"),
    "one tail": (SOFT, PLAIN, 0, "equal", ANOTHER.format("A: Softmax; B: none")),
    "within": (SOFT, SOFT, 1, "within", SAME),
    "different": (SOFT, UP, 0, "different", SAME),
}


@pytest.mark.parametrize("title", ANSWERS)
def test_the_statement_says_what_holds_behind_the_tails(title: str) -> None:
    a, b, within, verdict, words = ANSWERS[title]
    assert isinstance(a, ModelProto)
    assert isinstance(b, ModelProto)
    answer = rectifold.compare(a, b, BOX, within=within)
    assert answer.statement.startswith(verdict)
    assert answer.statement.endswith(words)
    assert words in repr(answer)


def test_a_result_has_the_tail_of_its_source() -> None:
    answer = rectifold.compare(SOFT, rectifold.compile(SOFT, BOX), BOX)
    assert answer.statement.endswith("before the tail (Softmax), hence equal")


def test_a_tolerance_is_any_number() -> None:
    up = rectifold.parse("input x[1]\noutput relu(x) + 0.25\n")
    one = rectifold.parse("input x[1]\noutput relu(x)\n")
    for within in (0.25, 1, np.float32(0.25), [0.25]):
        assert rectifold.compare(one, up, (-1, 1), within=within).verdict == "within"  # type: ignore[arg-type, union-attr]
    with pytest.raises(rectifold.InputError, match="entry 0 of within is nan"):
        rectifold.compare(one, up, (-1, 1), within=float("nan"))
    with pytest.raises(rectifold.InputError, match="within is the str '1/4'"):
        rectifold.compare(one, up, (-1, 1), within="1/4")  # type: ignore[arg-type]
