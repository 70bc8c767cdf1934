"""VNN-LIB 2.0: the networks that a file declares, and its formulas as version 1.0 writes them.

    (vnnlib-version <2.0>)
    (declare-network f (declare-input X real [1,2]) (declare-output Y real [2]))
    (assert (!= X[0,1] Y[0]))         (assert (or (< X_1 Y_0) (> X_1 Y_0)))

Elements are numbered row by row: all inputs of all networks in the order of their declarations,
and all outputs likewise. So one reader of formulas serves both versions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rectifold.errors import InputError
from rectifold.formats.expressions import Expression, Parentheses, Word, short_text
from rectifold.formats.vnnlib_declared import Declared, Tensor, declared_network, element_of

_VERSION = "(vnnlib-version <2.0>)"


@dataclass
class Query:
    """`networks` as declared, and what is asserted, as formulas of X_k and Y_k."""

    networks: list[Declared] = field(default_factory=list)
    asserted: list[Expression] = field(default_factory=list)

    @property
    def inputs(self) -> int:
        """Of all networks together."""
        return sum(tensor.size for network in self.networks for tensor in network.inputs)


def query_of(trees: Sequence[Expression], name: str) -> Query | None:
    """What a file of version 2 asks; None for one that states no version: it is read as 1.0.

    Raises InputError.
    """
    heads = [tree.head if isinstance(tree, Parentheses) else "" for tree in trees]
    if "vnnlib-version" not in heads[:1]:
        if "declare-network" in heads:
            raise InputError(
                f"{name}:{trees[heads.index('declare-network')].line}: declare-network is of "
                f"VNN-LIB 2.0; begin the file with {_VERSION}"
            )
        return None
    return _Reader(name).read(trees)


class _Reader:
    """Takes the commands one after the other."""

    def __init__(self, name: str) -> None:
        self.name, self.query = name, Query()
        self.first: dict[str, tuple[Tensor, str]] = {}  # each tensor, and X or Y with its number
        self.counts = {"X": 0, "Y": 0}

    def read(self, trees: Sequence[Expression]) -> Query:
        self._version(trees[0])
        for tree in trees[1:]:
            head = tree.head if isinstance(tree, Parentheses) else ""
            if isinstance(tree, Parentheses) and head == "declare-network":
                self._declare(declared_network(tree, self.name))
            elif isinstance(tree, Parentheses) and head == "assert":
                self._assert(tree)
            else:
                raise self._error(
                    tree,
                    f"{short_text(tree)} is no command of VNN-LIB 2.0; declare-network and assert "
                    "are read",
                )
        if not self.query.networks:
            raise InputError(f"{self.name} declares no network; add (declare-network ...)")
        return self.query

    def _version(self, tree: Expression) -> None:
        words = [part.text for part in _parts(tree) if isinstance(part, Word)]
        version = words[1] if len(words) == 2 and len(_parts(tree)) == 2 else ""
        if not version.startswith("<2.") or not version.endswith(">"):
            raise self._error(
                tree,
                f"{short_text(tree)}: versions 1.0, which is not stated, and 2 are read; write "
                f"{_VERSION}",
            )

    def _declare(self, network: Declared) -> None:
        for other in self.query.networks:
            if other.name == network.name:
                raise self._error(network, f"the network {network.name} is declared twice")
        if network.relation is not None:
            self._require_earlier(network, *network.relation)
        for letter, tensors in (("X", network.inputs), ("Y", network.outputs)):
            for tensor in tensors:
                if tensor.name in self.first:
                    raise self._error(tensor, f"{tensor.name} is declared twice")
                self.first[tensor.name] = (tensor, f"{letter}_{self.counts[letter]}")
                self.counts[letter] += tensor.size
        self.query.networks.append(network)

    def _require_earlier(self, network: Declared, relation: str, name: str) -> None:
        """Is the network that this one is said to be equal to declared, with the same tensors?"""
        earlier = next((n for n in self.query.networks if n.name == name), None)
        if earlier is None or earlier.relation is not None:
            reason = "not declared before" if earlier is None else "itself declared by another one"
            raise self._error(network, f"{network.name} is {relation} {name}, which is {reason}")
        for own, other in zip(network.tensors, earlier.tensors, strict=False):
            same_type = own.type == other.type or relation == "isomorphic-to"
            if own.shape != other.shape or not same_type:
                raise self._error(
                    own,
                    f"{own.name} is {own.words}, but {network.name} is {relation} {name}, where "
                    f"{other.name} is {other.words}",
                )
        counts = [(len(n.inputs), len(n.outputs)) for n in (network, earlier)]
        if counts[0] != counts[1]:
            raise self._error(
                network,
                f"{network.name} is {relation} {name}, but declares another number of inputs or "
                "outputs",
            )

    def _assert(self, tree: Parentheses) -> None:
        if len(tree.parts) != 2:
            raise self._error(tree, "an assert needs one formula")
        self.query.asserted.append(self._lowered(tree.parts[1]))

    # ---- formulas -------------------------------------------------------------------------------

    def _lowered(self, tree: Expression) -> Expression:
        """The same formula in X_k and Y_k, with the comparisons of version 1.0."""
        if isinstance(tree, Word):
            return self._word(tree)
        if not tree.head:
            return tree  # refused by who reads formulas
        parts = [tree.parts[0], *(self._lowered(part) for part in tree.parts[1:])]
        if tree.head == "==":
            parts[0] = Word(tree.line, "=", "==")
        if tree.head == "!=":
            below, above = (
                Parentheses(tree.line, [Word(tree.line, sign), *parts[1:]]) for sign in "<>"
            )
            return Parentheses(tree.line, [Word(tree.line, "or"), below, above])
        return Parentheses(tree.line, parts)

    def _word(self, word: Word) -> Word:
        """A number as it is, an element of a tensor by its number."""
        if word.text[:1] in "+-" and word.text[1:2].isalpha():
            raise self._error(word, f"{word.text}: a sign is written as (- {word.text[1:]})")
        if not word.text[:1].isalpha():
            return word
        name = word.text.partition("[")[0].strip()
        if name not in self.first:
            known = ", ".join(list(self.first)[:6])
            raise self._error(word, f"{name} is not declared; declared are {known}")
        tensor, start = self.first[name]
        try:
            place = element_of(tensor, word.text)
        except ValueError as error:
            raise self._error(word, f"{word.text}: {error}") from None
        letter, _, number = start.partition("_")
        return replace(word, text=f"{letter}_{int(number) + place}", written=word.text)

    def _error(self, where: Expression | Declared | Tensor, message: str) -> InputError:
        return InputError(f"{self.name}:{where.line}: {message}")


def _parts(tree: Expression) -> Sequence[Expression]:
    return tree.parts if isinstance(tree, Parentheses) else ()
