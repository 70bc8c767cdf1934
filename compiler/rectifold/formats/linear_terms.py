"""Linear terms over X_0, X_1, ... in parenthesised text.

(+ X_0 (* 2 X_1) -3)      coefficients {0: 1, 1: 2}, constant -3
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rectifold.errors import InputError
from rectifold.exact.literals import NumberError, parse_rational
from rectifold.formats.expressions import Expression, Parentheses, Word, short_text
from rectifold.runtime.caps import CAPS

_INPUT_NAME = re.compile(r"X_(0|[1-9]\d{0,8})", re.ASCII)


Variable = Callable[[str], int | None]


@dataclass(frozen=True)
class Linear:
    """Σ coefficients_k · X_k + constant, without zero coefficients."""

    coefficients: dict[int, Fraction]
    constant: Fraction

    @staticmethod
    def combined(parts: Sequence[tuple[Linear, Fraction]]) -> Linear:
        """The sum of factor · term over (term, factor)."""
        total: dict[int, Fraction] = {}
        constant = Fraction(0)
        for term, factor in parts:
            constant += factor * term.constant
            _require_short(constant)
            for k, c in term.coefficients.items():
                total[k] = total[k] + factor * c if k in total else factor * c
                _require_short(total[k])
        return Linear({k: c for k, c in total.items() if c}, constant)


def input_number(word: str) -> int | None:
    """k of X_k, None for anything else."""
    match = _INPUT_NAME.fullmatch(word)
    return int(match[1]) if match else None


def linear_term(tree: Expression, name: str, variable: Variable = input_number) -> Linear:
    """The linear term that a tree writes. Raises InputError with the line.

    `variable`: the number of the variable that a word names, None where it names none.
    """
    try:
        if isinstance(tree, Word):
            return _word(tree, variable)
        return _group(tree, [linear_term(part, name, variable) for part in tree.parts[1:]], name)
    except NumberError as error:
        raise InputError(f"{name}:{tree.line}: {error}") from None


def require_inputs(term: Linear, tree: Expression, name: str) -> None:
    """Refuses a constraint in which no input is left."""
    if not term.coefficients:
        raise InputError(
            f"{name}:{tree.line}: {short_text(tree)} does not mention an input; remove it"
        )


def _word(word: Word, variable: Variable) -> Linear:
    number = variable(word.text)
    if number is not None:
        return Linear({number: Fraction(1)}, Fraction(0))
    return Linear({}, parse_rational(word.text))


def _group(tree: Parentheses, parts: Sequence[Linear], name: str) -> Linear:
    one = Fraction(1)
    if tree.head == "+" and parts:
        return Linear.combined([(part, one) for part in parts])
    if tree.head == "-" and len(parts) == 1:
        return Linear.combined([(parts[0], -one)])
    if tree.head == "-" and parts:
        return Linear.combined([(parts[0], one), *((part, -one) for part in parts[1:])])
    if tree.head == "*" and len(parts) > 1:
        varying = [part for part in parts if part.coefficients]
        if len(varying) < 2:
            return _product(varying, [part.constant for part in parts if not part.coefficients])
    if tree.head == "/" and len(parts) == 2 and not parts[1].coefficients and parts[1].constant:
        return Linear.combined([(parts[0], 1 / parts[1].constant)])
    raise InputError(f"{name}:{tree.line}: {short_text(tree)} is not linear in the inputs")


def _product(varying: Sequence[Linear], factors: Sequence[Fraction]) -> Linear:
    """Of numbers and at most one term that is none."""
    total = varying[0] if varying else Linear({}, Fraction(1))
    for factor in factors:
        total = Linear.combined([(total, factor)])
    return total


def _require_short(value: Fraction) -> None:
    if value.numerator.bit_length() + value.denominator.bit_length() > CAPS.number_bits:
        raise NumberError(
            "a number of this term is longer than 30,000 digits; write decimals instead of "
            "fractions"
        )
