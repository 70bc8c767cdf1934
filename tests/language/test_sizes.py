"""Small texts that would unfold to much, and larger ones that are as large as they look."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rectifold.ir.evaluate import evaluate
from rectifold.language.elaborate import parse
from rectifold.language.source import SourceError

UNFOLDS = "this unfolds to far more than is written"


def lines(first: str, step: str, count: int, last: str) -> str:
    """The first line, `count` steps (K: this one's number, J: the one before), the last line."""
    steps = [step.replace("K", str(k)).replace("J", str(k - 1)) for k in range(1, count + 1)]
    return "\n".join([first, *steps, last.replace("K", str(count))])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            lines("input x[1] in [0,1]\na0 = abs(x)", "aK = abs(concat(aJ, aJ))", 20, "output aK"),
            UNFOLDS,
        ),
        (
            lines(
                "input x[2] in [0,1]\na0 = relu(x)", "aK = max(concat(aJ, aJ), 0)", 20, "output aK"
            ),
            UNFOLDS,
        ),
        (
            lines("input x[2] in [0,1]\na0 = relu(x)", "aK = concat(aJ, aJ)", 40, "output aK"),
            UNFOLDS,
        ),
        (
            lines(
                "input x[2]\na0 = relu(x)", "aK = leaky_relu(concat(aJ, -aJ), 1/3)", 20, "output aK"
            ),
            UNFOLDS,
        ),
        (
            lines("input x[2]\na0 = relu(x)", "aK = clip(concat(aJ, -aJ), 0, 1)", 20, "output aK"),
            UNFOLDS,
        ),
        (
            lines(
                "input x[2]\nconst c0 = [1, 2]",
                "const cK = concat(cJ, cJ)",
                40,
                "output cK @ cK * x",
            ),
            UNFOLDS,
        ),
        (
            lines("input x[1]\nconst c0 = 3/7", "const cK = cJ*cJ", 40, "output cK*x[0]"),
            "digits would be computed here",
        ),
        (
            lines("input x[1]\nconst c0 = 1/3", "const cK = cJ*cJ/(2 + cJ)", 40, "output cK*x"),
            "digits would be computed here",
        ),
        (
            lines("input x[1]\nconst c0 = 3", "const cK = cJ + cJ*cJ", 40, "output cK*x"),
            "digits would be computed here",
        ),
        (
            lines(
                "input x[2]\nconst c0 = [[1, 1/3], [1, 1]]",
                "const cK = cJ @ cJ",
                40,
                "output cK @ x",
            ),
            "digits would be",
        ),
        (
            lines("input x[1]\na0 = x/3 + 1/7", "aK = 0*x + aJ[0] + 1e-1000*x/7", 2, "output aK")
            + "\n",
            "a second output",
        ),
        ("input x[10000000] in [0, 1]\noutput x[0]", UNFOLDS),
        ("input x[10000000]\noutput x[0]", UNFOLDS),
        ("input x[20000]\noutput relu(x)", UNFOLDS),
        ("input x[20000]\nassume x <= 1\noutput x[0]", UNFOLDS),
        ("input x[1]\nconst A = ones(9000, 9000)\noutput x", UNFOLDS),
        ("input x[1]\nconst A = eye(9000)\noutput x", UNFOLDS),
        ("input x[1]\nconst A = ones(2000, 2000) @ ones(2000, 2000)\noutput x", UNFOLDS),
        ("input x[1]\nconst A = ones(3000, 3000)/3\noutput x", UNFOLDS),
    ],
)
def test_what_would_unfold_is_refused_with_its_place(text: str, message: str) -> None:
    if message == "a second output":
        text += "output x"
    with pytest.raises(SourceError, match=message) as caught:
        parse(text, "n.relu")
    assert str(caught.value).startswith("n.relu:")
    assert "help: " in str(caught.value)


def test_what_a_file_loads_counts_as_text(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", W=np.ones((1000, 784), dtype=np.float32))
    text = (
        'input x[784]\nconst W = load("w.npz", "W")\nh = relu(W @ ((x - 0.13)/0.31))\noutput h[0]'
    )
    network = parse(text, "n.relu", tmp_path)
    assert network.layers[0].size == 1000


@pytest.mark.parametrize("change", ["W/3", "3*W", "W + 1/3", "-W", "W*2 - W", "W[0:500]"])
def test_a_whole_matrix_may_be_changed(change: str) -> None:
    network = parse(
        f"input x[400]\nconst W = ones(500, 400)\nconst V = {change}\nh = relu(V @ x)\noutput "
        "h[0:2]"
    )
    assert network.layers[0].size == 500


def test_many_terms_of_one_equation_are_read() -> None:
    network = parse(
        "input x[2]\noutput " + " + ".join(f"relu(x[{k % 2}] - {k})" for k in range(2000))
    )
    assert evaluate(network, [3, 2]) == [3 + 1 + 1]
    assert len(network.layers) == 2001


def test_a_broken_row_is_seen_in_one_pass() -> None:
    with pytest.raises(SourceError, match="a vector of expressions needs numbers"):
        parse("input x[1]\noutput [" + "1,    " * 40 + "x]")


def test_signs_of_a_range_are_counted() -> None:
    assert parse("input x[1] in [--1, -(-2)]\noutput x").domain is not None
    with pytest.raises(SourceError, match="an end of a range is a number"):
        parse("input x[1] in [" + "-" * 2000 + "1, 2]\noutput x")


def test_a_long_name_is_shortened() -> None:
    with pytest.raises(SourceError) as caught:
        parse("input x[1]\noutput " + "a" * 100_000)
    assert len(str(caught.value)) < 500


def test_faults_are_reported_up_to_a_number() -> None:
    with pytest.raises(SourceError) as caught:
        parse("input x[1]\n" + "\n".join(f"h{k} = rellu(x)" for k in range(500)))
    assert len(caught.value.diagnostics) == 20
