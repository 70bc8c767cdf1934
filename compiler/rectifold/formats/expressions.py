"""Parenthesised text (SMT-LIB) as trees that remember their lines.

    (assert (<= X_0 1))      List(line 1, [Word assert, List [<=, X_0, 1]])

Comments run from ; to the end of the line. Strings "..." and |quoted names| are one word each, and
so is a word with brackets behind it: X[0,1], X [0, 1].
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from rectifold.errors import InputError
from rectifold.runtime.caps import CAPS

_TOKEN = re.compile(
    r';[^\n]*|"[^"]*"|\|[^|]*\||[()]'
    r'|[^\s();"|\[\]]++\s*+\[[^\[\]();"|]*+\]|[^\s();"|]+|\s+|["|]'
)


@dataclass(frozen=True)
class Word:
    """A name, a number, a string.

    `written`: what stands in the file, where `text` is what it means.
    """

    line: int
    text: str
    written: str = ""


@dataclass(frozen=True)
class Parentheses:
    """(part part ...)."""

    line: int
    parts: list[Word | Parentheses] = field(default_factory=list)

    @property
    def head(self) -> str:
        """The first word, or "" where there is none."""
        first = self.parts[0] if self.parts else None
        return first.text if isinstance(first, Word) else ""


Expression = Word | Parentheses


def read_trees(text: str, name: str) -> list[Expression]:
    """The trees of a text. Raises InputError with the line of a parenthesis that does not fit."""
    stack = [Parentheses(1)]
    for line, token in _tokens(text, name):
        if token == "(":
            if len(stack) > CAPS.vnnlib_parentheses:
                raise InputError(
                    f"{name}:{line}: parentheses are nested more than "
                    f"{CAPS.vnnlib_parentheses} deep"
                )
            stack.append(Parentheses(line))
        elif token == ")":
            if len(stack) == 1:
                raise InputError(f"{name}:{line}: this ')' closes nothing; remove it")
            closed = stack.pop()
            stack[-1].parts.append(closed)
        else:
            stack[-1].parts.append(Word(line, token))
    if len(stack) > 1:
        raise InputError(f"{name}:{stack[-1].line}: this '(' is never closed; add ')'")
    return stack[0].parts


def short_text(tree: Expression) -> str:
    """The tree as text, shortened."""
    text = (
        tree.written or tree.text
        if isinstance(tree, Word)
        else "(" + " ".join(map(short_text, tree.parts[:4])) + ")"
    )
    return text if len(text) <= 60 else text[:57] + "..."


def _tokens(text: str, name: str) -> Iterator[tuple[int, str]]:
    """(line, token), without comments and blanks."""
    line = 1
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in ('"', "|"):
            raise InputError(f"{name}:{line}: this {token} is never closed")
        if token[0] != ";" and not token.isspace():
            yield line, token
        line += token.count("\n")
