"""What a VNN-LIB 2.0 file says of its networks: tensors with element types and shapes.

    (declare-network g (isomorphic-to f)
        (declare-input X real [1,2])      one input of the model, 2 elements: X[0,0] and X[0,1]
        (declare-output Y real []))       a number, without indices

Not read is what has no meaning here, by name: hidden nodes, defaults, elements that are no reals.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod

from rectifold.errors import InputError
from rectifold.formats.expressions import Expression, Parentheses, Word, short_text

REALS = ("real", "Real")
FLOATS = ("float16", "bfloat16", "float32", "float64")
RELATIONS = ("equal-to", "isomorphic-to")
_NAME = re.compile(r"[A-Za-z]\w{0,200}", re.ASCII)
_SHAPED = re.compile(r"(\w+)\s*\[([\s\d,]*)\]", re.ASCII)
_NUMBER = re.compile(r"\s*(\d{1,9})\s*", re.ASCII)


@dataclass(frozen=True)
class Tensor:
    """An input or an output: its element type and shape; [] is a number."""

    line: int
    name: str
    type: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many elements."""
        return prod(self.shape)

    @property
    def words(self) -> str:
        """Type and shape, for messages."""
        return f"{self.type} {_shown(self.shape)}"


@dataclass(frozen=True)
class Declared:
    """One network. `relation`: equal-to or isomorphic-to, and the network's name."""

    line: int
    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    relation: tuple[str, str] | None = None

    @property
    def is_equal(self) -> bool:
        """Is it said to be the same network as another one?"""
        return self.relation is not None and self.relation[0] == "equal-to"

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Inputs, then outputs."""
        return self.inputs + self.outputs


def declared_network(tree: Parentheses, file: str) -> Declared:
    """The network of a (declare-network ...). Raises InputError."""
    return _Declaration(file).network(tree)


def element_of(tensor: Tensor, text: str) -> int:
    """The place, row by row, of the element that X[i,j] names. Raises ValueError: why none is."""
    match = _SHAPED.fullmatch(text)
    if match is None and text != tensor.name:
        raise ValueError("an element is written as X[0,1], with whole numbers from 0")
    indices = _numbers(match[2]) if match else ()
    if indices is None or (match and not indices):
        raise ValueError("an element is written as X[0,1], with whole numbers from 0")
    if len(indices) != len(tensor.shape):
        raise ValueError(
            f"{tensor.name} has the shape {_shown(tensor.shape)}: one index for each of its "
            f"dimensions is expected, {len(tensor.shape)} in all"
        )
    place = 0
    for index, size in zip(indices, tensor.shape, strict=True):
        if index >= size:
            raise ValueError(
                f"{tensor.name} has the shape {_shown(tensor.shape)}, counted from 0: index "
                f"{index} lies outside"
            )
        place = place * size + index
    return place


def _shown(shape: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, shape))}]"


def _numbers(text: str) -> tuple[int, ...] | None:
    """Whole numbers between commas; None for anything else."""
    if not text.strip():
        return ()
    found = [_NUMBER.fullmatch(word) for word in text.split(",")]
    return tuple(int(match[1]) for match in found if match) if all(found) else None


class _Declaration:
    """Reads the parts of one declaration."""

    def __init__(self, file: str) -> None:
        self.file = file

    def network(self, tree: Parentheses) -> Declared:
        name = self._name(tree, tree.parts[1:2], "(declare-network f ...)")
        inputs: list[Tensor] = []
        outputs: list[Tensor] = []
        relations: list[tuple[str, str]] = []
        for part in tree.parts[2:]:
            head = part.head if isinstance(part, Parentheses) else ""
            if isinstance(part, Parentheses) and head in RELATIONS:
                relations.append((head, self._name(part, part.parts[1:], f"({head} f)")))
            elif isinstance(part, Parentheses) and head == "declare-input":
                inputs.append(self._tensor(part))
            elif isinstance(part, Parentheses) and head == "declare-output":
                outputs.append(self._tensor(part))
            else:
                raise self._unknown(part)
        if len(relations) > 1:
            raise self._error(tree, f"{name} has more than one of {' and '.join(RELATIONS)}")
        if not inputs or not outputs:
            raise self._error(tree, f"{name} declares no {'outputs' if inputs else 'inputs'}")
        relation = relations[0] if relations else None
        return Declared(tree.line, name, tuple(inputs), tuple(outputs), relation)

    def _unknown(self, part: Expression) -> InputError:
        if isinstance(part, Parentheses) and part.head == "declare-hidden":
            return self._error(
                part,
                f"{short_text(part)}: hidden nodes are not read; make the node an output of the "
                "model, and declare it with declare-output",
            )
        return self._error(
            part,
            f"{short_text(part)} is no part of a declare-network; declare-input, declare-output, "
            "equal-to and isomorphic-to are read",
        )

    def _name(self, tree: Parentheses, words: list[Word | Parentheses], form: str) -> str:
        word = words[0] if len(words) == 1 else None
        if not isinstance(word, Word) or not _NAME.fullmatch(word.text):
            raise self._error(
                tree,
                f"{short_text(tree)}: {form} is expected, with a name of letters, digits and _",
            )
        return word.text

    def _tensor(self, tree: Parentheses) -> Tensor:
        """(declare-input X real [1,2])."""
        form = f"({tree.head} X real [1,2])"
        name = self._name(tree, tree.parts[1:2], form)
        words = [part.text if isinstance(part, Word) else "" for part in tree.parts[2:]]
        if "initialized" in words:
            raise self._error(
                tree,
                f"{name} is initialized: defaults are not read; assert what {name} is equal to",
            )
        match = _SHAPED.fullmatch(words[0]) if len(words) == 1 else None
        shape = _numbers(match[2]) if match else None
        if match is None or shape is None or 0 in shape:
            raise self._error(
                tree,
                f"{short_text(tree)}: {form} is expected, with a shape of whole numbers above 0",
            )
        if match[1] not in REALS + FLOATS:
            raise self._error(
                tree,
                f"{name} has elements of type {match[1]}; real, {', '.join(FLOATS)} are read: "
                "networks are functions of real numbers here",
            )
        return Tensor(tree.line, name, "real" if match[1] in REALS else match[1], shape)

    def _error(self, tree: Expression, message: str) -> InputError:
        return InputError(f"{self.file}:{tree.line}: {message}")
