"""A Pygments lexer of the language: pygmentize -x -l grammar/relu_lexer.py:ReluLexer net.relu

    network tiny "title"    →    keyword, name, string

Installed with rectifold, it is found by its name: ```relu in Sphinx, MkDocs and pygmentize.
"""

from __future__ import annotations

from typing import ClassVar

from pygments.lexer import RegexLexer, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text

STATEMENTS = ("network", "input", "assume", "ensure", "const", "output")
CALLS = (
    "relu", "leaky_relu", "abs", "max", "min", "clip", "hard_sigmoid",
    "concat", "load", "apply", "zeros", "ones", "eye",
)  # fmt: skip
_NUMBER = (
    r"0[xX][0-9a-fA-F]+(?:\.[0-9a-fA-F]*)?(?:[pP][+-]?\d+)?"
    r"|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?:f32|f64)?"
)


class ReluLexer(RegexLexer):  # type: ignore[misc]  # Pygments has no types
    """Tokens of a `.relu` file."""

    name = "rectifold network"
    aliases: ClassVar[list[str]] = ["relu"]
    filenames: ClassVar[list[str]] = ["*.relu"]
    tokens: ClassVar[dict[str, list[object]]] = {
        "root": [
            (r"#[^\n]*", Comment.Single),
            (r'"[^"\n]*"', String.Double),
            (words(STATEMENTS, prefix=r"^[ \t]*", suffix=r"(?=[ \t])"), Keyword),
            (r"\bin\b", Keyword),
            (r"\binf\b", Keyword.Constant),
            (words(CALLS, suffix=r"(?=[ \t]*\()"), Name.Builtin),
            (r"[A-Za-z_][A-Za-z0-9_]*", Name),
            (_NUMBER, Number),
            (r"<=|>=|==|[-+*/@^=<>]", Operator),
            (r"[\[\](),:]", Punctuation),
            (r"\s+", Text),
        ]
    }
