"""The commands of a VNN-LIB file: what they declare, and the formulas that they assert.

    (declare-const X_0 Real) (assert (<= X_0 1)) (check-sat)     asserted: (<= X_0 1)

Every command that is not known is refused (push, define-fun, ...): reading half of a file would be
another question.
"""

from __future__ import annotations

import gzip
import re
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from rectifold.errors import InputError
from rectifold.exact.numerals import counted
from rectifold.formats.expressions import Expression, Parentheses, Word, read_trees, short_text
from rectifold.formats.vnnlib_queries import Query, query_of
from rectifold.runtime.caps import CAPS

VARIABLE = re.compile(r"([XY])_(0|[1-9]\d{0,8})", re.ASCII)
GIVE_THE_BOX = 'give the box itself: domain="[[lo, hi], [lo, hi], ...]"'
COMPARISONS = ("<=", ">=", "=", "<", ">")
_SILENT = {
    "set-logic",
    "set-info",
    "check-sat",
    "get-model",
    "exit",
}  # none of them changes what is asserted


@dataclass(frozen=True)
class VnnlibFile:
    """A file as parenthesised text; `query`: what it asks, where it is of version 2."""

    name: str
    trees: list[Expression]
    query: Query | None


def vnnlib_file(path: Path) -> VnnlibFile:
    """The file, which may be compressed (.gz). Raises InputError."""
    name = path.name.removesuffix(".gz")
    try:
        with gzip.open(path) if name != path.name else path.open("rb") as stream:
            data = stream.read(CAPS.vnnlib_bytes + 1)
        if len(data) > CAPS.vnnlib_bytes:
            raise InputError(f"{path.name} is larger than {CAPS.vnnlib_bytes:,} bytes")
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        return parsed_vnnlib(text, name)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is no readable VNN-LIB file ({error})") from None


def parsed_vnnlib(text: str, name: str) -> VnnlibFile:
    """As `vnnlib_file`, from a text."""
    trees = read_trees(text, name)
    return VnnlibFile(name, trees, query_of(trees, name))


class Commands(ABC):
    """Takes the commands one after the other. `size`: the inputs of the network."""

    def __init__(self, name: str, size: int) -> None:
        self.name, self.size = name, size
        self.declared: set[str] = set()
        self.ended = ""  # (check-sat) or (exit), once it was read

    def read(self, file: VnnlibFile) -> None:
        """Every command of a file. Raises InputError with the line of one that is not read."""
        if file.query is not None:
            self._require_inputs(file.query.inputs)
            for formula in file.query.asserted:
                self.asserted(formula)
            return
        for tree in file.trees:
            self._command(tree)
        if self.declared:
            self._require_inputs(sum(v[0] == "X" for v in self.declared))

    @abstractmethod
    def asserted(self, formula: Expression) -> None:
        """Takes one formula."""

    def _command(self, tree: Expression) -> None:
        head = tree.head if isinstance(tree, Parentheses) else ""
        if self.ended and head not in _SILENT:
            raise self.error(tree, f"{short_text(tree)} comes after ({self.ended}); put it before")
        if isinstance(tree, Parentheses) and head in ("declare-const", "declare-fun"):
            self._declare(tree)
        elif isinstance(tree, Parentheses) and head == "assert":
            if len(tree.parts) != 2:
                raise self.error(tree, "an assert needs one formula")
            self.asserted(tree.parts[1])
        elif head not in _SILENT:
            raise self.error(
                tree,
                f"{short_text(tree)} is not known; only declare-const and assert are read: "
                f"{GIVE_THE_BOX}",
            )
        elif head in ("check-sat", "exit"):
            self.ended = head

    def _require_inputs(self, inputs: int) -> None:
        """The declared inputs are those of the network."""
        if inputs != self.size:
            raise InputError(
                f"{self.name} declares {counted(inputs, 'input')}, but the network has "
                f"{self.size}: all of them must be declared, X_0, X_1, ..."
            )

    def _declare(self, tree: Parentheses) -> None:
        words = [
            part.text if isinstance(part, Word) else "()" if not part.parts else ""
            for part in tree.parts[1:]
        ]
        kind = (
            words[1:] if tree.head == "declare-const" else words[2:] if words[1:2] == ["()"] else []
        )
        if kind != ["Real"] or not (match := VARIABLE.fullmatch(words[0])):
            raise self.error(
                tree, f"{short_text(tree)} is not (declare-const X_0 Real), nor the same of Y_0"
            )
        if words[0] in self.declared:
            raise self.error(tree, f"{words[0]} is declared twice")
        if match[1] == "X" and int(match[2]) >= self.size:
            raise self.error(
                tree, f"{words[0]} is declared, but the network has {counted(self.size, 'input')}"
            )
        self.declared.add(words[0])

    def letters(self, tree: Expression) -> set[str]:
        """X, Y: what the tree mentions. Raises InputError for one that is not declared."""
        if isinstance(tree, Parentheses):
            return set().union(*map(self.letters, tree.parts)) if tree.parts else set()
        if not (match := VARIABLE.fullmatch(tree.text)):
            return set()
        if match[1] == "X" and int(match[2]) >= self.size:
            raise self.error(
                tree, f"{short_text(tree)}, but the network has {counted(self.size, 'input')}"
            )
        if self.declared and tree.text not in self.declared:
            raise self.error(
                tree, f"{tree.text} is not declared; add (declare-const {tree.text} Real)"
            )
        return {match[1]}

    def error(self, tree: Expression, message: str) -> InputError:
        """What is wrong with a tree, and in which line."""
        return InputError(f"{self.name}:{tree.line}: {message}")
