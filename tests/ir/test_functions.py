"""The table of piecewise linear functions: each is what its reference says, at random points."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from rectifold.errors import NetworkError
from rectifold.ir.builder import Builder
from rectifold.ir.evaluate import evaluate
from rectifold.ir.functions import FUNCTIONS, ParameterValue
from rectifold.ir.names import RESERVED

F = Fraction
GRAMMAR = Path(__file__).resolve().parents[2] / "grammar" / "README.md"

Reference = Callable[..., Fraction]
REFERENCES: list[tuple[str, list[ParameterValue], Reference]] = [
    ("relu", [], lambda a: max(a, F(0))),
    ("abs", [], abs),
    ("max", [], max),
    ("min", [], min),
    ("clip", [F(-1, 2), F(2)], lambda a: min(max(a, F(-1, 2)), F(2))),
    ("clip", [None, F(1, 3)], lambda a: min(a, F(1, 3))),
    ("clip", [F(1, 3), None], lambda a: max(a, F(1, 3))),
    ("clip", [None, None], lambda a: a),
    ("clip", [F(1), F(1)], lambda a: F(1)),
    ("leaky_relu", [F(1, 7)], lambda a: a if a > 0 else a / 7),
    ("leaky_relu", [F(-2)], lambda a: a if a > 0 else -2 * a),
    ("hard_sigmoid", [F(1, 6), F(1, 2)], lambda a: min(max(a / 6 + F(1, 2), F(0)), F(1))),
    ("hard_sigmoid", [F(-2), F(1, 3)], lambda a: min(max(-2 * a + F(1, 3), F(0)), F(1))),
]


@pytest.mark.parametrize(("name", "numbers", "reference"), REFERENCES)
def test_a_function_is_its_reference(
    name: str, numbers: list[ParameterValue], reference: Reference
) -> None:
    arity = FUNCTIONS[name].arity
    builder = Builder("x", arity)
    values = [builder.input.select([k]) for k in range(arity)]
    network = builder.finish(builder.apply(name, values, numbers, "h"), "net")
    random = Random(name)
    for scale in (1, 3, 10):
        for _ in range(20):
            point = [F(random.randint(-60, 60), 60) * scale for _ in range(arity)]
            assert evaluate(network, point) == [reference(*point)]


def test_every_function_has_a_reference_a_document_and_a_reserved_word() -> None:
    assert {name for name, _, _ in REFERENCES} == set(FUNCTIONS)
    text = GRAMMAR.read_text(encoding="utf-8")
    for name, function in FUNCTIONS.items():
        assert f"`{name}(" in text, f"grammar/README.md does not tell of {name}"
        assert function.doc.startswith(f"{name}(")
        assert name in RESERVED


def test_clip_with_crossed_ends_is_refused() -> None:
    builder = Builder("x", 1)
    with pytest.raises(NetworkError, match="clip from 1 to 0: the lower end is above the upper"):
        builder.apply("clip", [builder.input], [F(1), F(0)], "c")
