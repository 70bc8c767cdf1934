"""Messages say what to give as Python does, and the command line says its own options."""

from __future__ import annotations

import pytest

from rectifold.errors import as_options, asked

SAID = {
    "a name": ('until="fc2"', "--until fc2"),
    "a path of a node": ('until="/net/fc.1/Gemm"', "--until /net/fc.1/Gemm"),
    "a name with a space": ('until="fc 2"', '--until "fc 2"'),
    "a name with quotes": (asked("until", 'a "b'), '--until "a \\"b"'),
    "several": ('outputs=["y", "z"]', "--outputs y,z"),
    "a flag": ("force=True to overwrite", "--force to overwrite"),
    "a flag that is off": ("crosscheck=False reads", "--no-crosscheck reads"),
    "a box": ('domain="[0,1]" (each', '--domain "[0,1]" (each'),
    "the keyword alone": ("name one with until=", "name one with --until"),
    "two keywords": ("(outputs=), and until= too", "(--outputs), and --until too"),
    "another word": ("activation='tanh', into=1, to=1", "activation='tanh', into=1, to=1"),
    "part of a word": ('my_until="a", x.to="b"', 'my_until="a", x.to="b"'),
}


@pytest.mark.parametrize("title", SAID)
def test_the_command_line_says_its_options(title: str) -> None:
    message, expected = SAID[title]
    assert as_options(message) == expected


def test_a_keyword_is_said_as_python_takes_it() -> None:
    assert asked("until", "fc2") == 'until="fc2"'
    assert asked("outputs", ["y", "z"]) == 'outputs=["y", "z"]'
    assert asked("larger", True) == "larger=True"
