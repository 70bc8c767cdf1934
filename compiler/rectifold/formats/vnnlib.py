"""VNN-LIB files as domains: the input box and linear input constraints; output constraints are left out.

Read are `declare-const` (or `declare-fun`) of X_i and Y_i and `assert` of comparisons, `and`, and one-armed `or`, over
linear terms. An assertion that mentions an output is no part of the domain. Anything about the inputs that is not a
conjunction of linear constraints is refused: reading half of it would be a different domain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

from rectifold.errors import InputError
from rectifold.exact.literals import NumberError, parse_rational
from rectifold.ir.domain import Constraint, Domain

MAX_BYTES = 200_000_000
_TOKEN = re.compile(r"\s*(?:;[^\n]*\n?\s*)*([()]|[^\s();]+)")
_INPUT = re.compile(r"X_(\d+)")

Tree = str | list["Tree"]


def read_vnnlib(path: Path, size: int) -> Domain:
    """The input domain of a VNN-LIB file for a network with `size` inputs. Raises InputError."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path.name} is larger than {MAX_BYTES:,} bytes")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is no readable VNN-LIB file ({error})") from None
    return parse_vnnlib(text, size, path.name)


def parse_vnnlib(text: str, size: int, name: str = "<vnnlib>") -> Domain:
    """As `read_vnnlib`, from a text."""
    rows: list[tuple[dict[int, Fraction], Fraction]] = []
    for form in _forms(text, name):
        if isinstance(form, list) and form and form[0] == "assert":
            if len(form) != 2:
                raise InputError(f"{name}: an assert needs one formula")
            if not _mentions_output(form[1]):
                rows += _constraints(form[1], name)
    return _domain(rows, size, name)


def _domain(rows: list[tuple[dict[int, Fraction], Fraction]], size: int, name: str) -> Domain:
    lower: list[Fraction | None] = [None] * size
    upper: list[Fraction | None] = [None] * size
    general: list[Constraint] = []
    for coefficients, bound in rows:  # Σ c x ≤ bound
        outside = [k for k in coefficients if k >= size]
        if outside:
            raise InputError(f"{name} speaks of X_{outside[0]}, but the network has {size} inputs")
        if len(coefficients) == 1:
            ((k, c),) = coefficients.items()
            end = bound / c
            if c > 0:
                upper[k] = _tighter(min, upper[k], end)
            else:
                lower[k] = _tighter(max, lower[k], end)
        else:
            general.append(Constraint(tuple(coefficients.get(k, Fraction(0)) for k in range(size)), bound))
    missing = [k for k in range(size) if lower[k] is None or upper[k] is None]
    if missing and len(missing) == size and not general:
        raise InputError(f"{name} has no constraints on the inputs X_0, X_1, ...")
    return Domain(tuple(lower), tuple(upper), tuple(general))


def _tighter(choose: Callable[[Fraction, Fraction], Fraction], known: Fraction | None, end: Fraction) -> Fraction:
    return end if known is None else choose(known, end)


def _constraints(tree: Tree, name: str) -> list[tuple[dict[int, Fraction], Fraction]]:
    if not isinstance(tree, list) or not tree or not isinstance(tree[0], str):
        raise InputError(f"{name}: {_shown(tree)} is no constraint")
    head, arguments = tree[0], tree[1:]
    if head == "and" or (head == "or" and len(arguments) == 1):
        return [row for part in arguments for row in _constraints(part, name)]
    if head == "or":
        raise InputError(f"{name}: the inputs lie in a union of {len(arguments)} sets; one box or polytope is expected")
    if head not in ("<=", ">=", "=", "<", ">") or len(arguments) != 2:
        raise InputError(f"{name}: {_shown(tree)} is not a linear constraint on the inputs")
    left, right = (_linear(a, name) for a in arguments)
    difference = {k: left[0].get(k, Fraction(0)) - right[0].get(k, Fraction(0)) for k in {*left[0], *right[0]}}
    difference = {k: c for k, c in difference.items() if c != 0}
    bound = right[1] - left[1]
    if not difference:
        raise InputError(f"{name}: {_shown(tree)} does not mention an input")
    flipped = {k: -c for k, c in difference.items()}
    if head == "=":
        return [(difference, bound), (flipped, -bound)]
    return [(difference, bound)] if head in ("<=", "<") else [(flipped, -bound)]


def _linear(tree: Tree, name: str) -> tuple[dict[int, Fraction], Fraction]:
    """(coefficients, constant) of a linear term."""
    if isinstance(tree, str):
        if match := _INPUT.fullmatch(tree):
            return {int(match[1]): Fraction(1)}, Fraction(0)
        try:
            return {}, parse_rational(tree)
        except NumberError as error:
            raise InputError(f"{name}: {error}") from None
    head, parts = tree[0] if tree else "", [_linear(t, name) for t in tree[1:]]
    if head == "+":
        return _combined([(p, Fraction(1)) for p in parts])
    if head == "-" and len(parts) == 1:
        return _combined([(parts[0], Fraction(-1))])
    if head == "-" and parts:
        return _combined([(parts[0], Fraction(1)), *((p, Fraction(-1)) for p in parts[1:])])
    if head == "*" and len(parts) == 2:
        constants = [p for p in parts if not p[0]]
        if constants:
            factor = constants[0]
            other = parts[1] if parts[0] is factor else parts[0]
            return _combined([(other, factor[1])])
    if head == "/" and len(parts) == 2 and not parts[1][0] and parts[1][1] != 0:
        return _combined([(parts[0], 1 / parts[1][1])])
    raise InputError(f"{name}: {_shown(tree)} is not linear in the inputs")


def _combined(
    parts: list[tuple[tuple[dict[int, Fraction], Fraction], Fraction]],
) -> tuple[dict[int, Fraction], Fraction]:
    total: dict[int, Fraction] = {}
    constant = Fraction(0)
    for (coefficients, own), factor in parts:
        constant += factor * own
        for k, c in coefficients.items():
            total[k] = total.get(k, Fraction(0)) + factor * c
    return total, constant


def _mentions_output(tree: Tree) -> bool:
    if isinstance(tree, str):
        return tree.startswith("Y_")
    return any(_mentions_output(part) for part in tree)


def _forms(text: str, name: str) -> Iterator[Tree]:
    stack: list[list[Tree]] = [[]]
    position = 0
    while match := _TOKEN.match(text, position):
        position = match.end()
        token = match[1]
        if token == "(":
            if len(stack) > 100:
                raise InputError(f"{name}: parentheses are nested more than 100 deep")
            stack.append([])
        elif token == ")":
            if len(stack) == 1:
                raise InputError(f"{name}: a ')' closes nothing")
            closed = stack.pop()
            stack[-1].append(closed)
        else:
            stack[-1].append(token)
    if len(stack) != 1:
        raise InputError(f"{name}: {len(stack) - 1} parentheses are never closed")
    yield from stack[0]


def _shown(tree: Tree) -> str:
    text = tree if isinstance(tree, str) else "(" + " ".join(map(_shown, tree[:4])) + ")"
    return text if len(text) <= 60 else text[:57] + "..."
