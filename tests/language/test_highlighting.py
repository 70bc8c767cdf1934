"""Both highlighters know the language: every file of ours, and both say the same of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, Punctuation, String

from rectifold.ir.names import CALLS

ROOT = Path(__file__).resolve().parents[2]
GRAMMAR = ROOT / "grammar"
TEXTMATE = json.loads((GRAMMAR / "relu.tmLanguage.json").read_text(encoding="utf-8"))
CLASSES: dict[str, Any] = {
    "comment.line.number-sign.relu": Comment,
    "string.quoted.double.relu": String,
    "keyword.control.relu": Keyword,
    "constant.language.relu": Keyword,
    "support.function.relu": Name.Builtin,
    "variable.other.relu": Name,
    "constant.numeric.relu": Number,
    "keyword.operator.relu": Operator,
    "punctuation.relu": Punctuation,
}
STRANGE = """network strange "in # relu(" # a comment "with quotes"
input inner[0x2] in [-inf, 0x1.8p+3]
assume 0 <= inner[0] + inner[1] <= .5e-3
const relu_weights = [[1f32, 2.], [-3, 4/7]]
\toutput_ = relu (relu_weights @ inner) - max(inner[0:1], 0)[0]
ensure output_ == output_
output output_
"""


def pygments_module() -> ModuleType:
    spec = spec_from_file_location("relu_lexer", GRAMMAR / "relu_lexer.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LEXER = pygments_module()


def texts() -> dict[str, str]:
    files = [*(ROOT / "examples").rglob("*.relu"), *(ROOT / "tests").rglob("*.relu")]
    documents = [ROOT / "README.md", *GRAMMAR.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    found = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in files}
    for path in documents:
        blocks = re.findall(
            r"^```relu\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL
        )
        found |= {f"{path.relative_to(ROOT)}:{k}": block for k, block in enumerate(blocks)}
    return found | {"strange": STRANGE}


TEXTS = texts()


def by_pygments(text: str) -> list[tuple[str, Any]]:
    """The words with the class of each, blanks left out."""
    lexer = LEXER.ReluLexer(stripnl=False, ensurenl=False)
    return [(word.strip(), kind) for kind, word in lexer.get_tokens(text) if word.strip()]


def by_textmate(text: str) -> Iterator[tuple[str, str]]:
    """As an editor does it: line by line, the first pattern that matches earliest."""
    patterns = [(re.compile(p["match"]), p["name"]) for p in TEXTMATE["patterns"]]
    for line in text.splitlines():
        place = 0
        while place < len(line):
            matches = [
                (m.start(), k) for k, (p, _) in enumerate(patterns) if (m := p.search(line, place))
            ]
            if not matches:
                break
            _, k = min(matches)
            match = patterns[k][0].search(line, place)
            assert match is not None
            yield match.group().strip(), patterns[k][1]
            place = match.end()


@pytest.mark.parametrize("name", TEXTS)
def test_both_say_the_same_of_every_word(name: str) -> None:
    theirs = by_pygments(TEXTS[name])
    assert all(kind is not Error for _, kind in theirs)
    ours = list(by_textmate(TEXTS[name]))
    assert [word for word, _ in ours] == [word for word, _ in theirs]
    for (word, scope), (_, kind) in zip(ours, theirs, strict=True):
        assert kind in CLASSES[scope], word
        assert (kind is Name.Builtin) == (scope == "support.function.relu"), word


def test_there_is_something_to_look_at() -> None:
    assert len(TEXTS) >= 10
    assert dict(by_pygments(STRANGE))["inner"] is Name


def test_a_word_of_another_language_is_an_error() -> None:
    assert (";", Error) in by_pygments("output x;\n")


def test_functions_and_statements_are_those_of_the_language() -> None:
    assert sorted(LEXER.CALLS) == sorted(CALLS)
    grammar = (GRAMMAR / "relu.lark").read_text(encoding="utf-8")
    assert set(LEXER.STATEMENTS) == set(re.findall(r'^\w+: +"(\w+)"', grammar, re.MULTILINE))
    (named,) = (p["match"] for p in TEXTMATE["patterns"] if p["name"].startswith("support"))
    assert set(re.findall(r"\w{2,}", named.split("(?=")[0])) - {"b"} == set(CALLS)


def test_the_installed_lexer_is_found_by_its_name() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '[project.entry-points."pygments.lexers"]' in text
    assert 'relu = "rectifold.grammar.relu_lexer:ReluLexer"' in text
