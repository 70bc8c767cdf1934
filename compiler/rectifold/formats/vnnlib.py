"""VNN-LIB files as domains: the input box and linear input constraints.

    (declare-const X_0 Real) (declare-const Y_0 Real)
    (assert (<= X_0 1)) (assert (>= X_0 0))        the domain [0, 1]
    (assert (>= Y_0 3))                            about an output: not read, and a note says so

Read are `declare-const` (or `declare-fun`) of X_i and Y_i and `assert` of comparisons, `and`, and
`or` whose cases all say the same about the inputs, over linear terms: what every case says, the
`or` implies. Anything else about the inputs that is not a conjunction of linear constraints is
refused, and so is every command that is not known (push, define-fun, ...): reading half of it would
be a different domain.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from rectifold.errors import InputError
from rectifold.exact.numerals import counted
from rectifold.formats.expressions import Expression, Parentheses, short_text
from rectifold.formats.linear_terms import Linear, linear_term, require_inputs
from rectifold.formats.vnnlib_commands import (
    COMPARISONS,
    GIVE_THE_BOX,
    Commands,
    VnnlibFile,
    parsed_vnnlib,
    vnnlib_file,
)
from rectifold.ir.domain import Constraint, Domain, DomainError
from rectifold.runtime.caps import CAPS

Inequality = tuple[dict[int, Fraction], Fraction]  # (c, d): Σ c_k x_k ≤ d


def read_vnnlib(path: Path, size: int) -> tuple[Domain, list[str]]:
    """(the input domain for a network with `size` inputs, notes). Raises InputError."""
    return _domain(vnnlib_file(path), size)


def parse_vnnlib(text: str, size: int, name: str = "<vnnlib>") -> tuple[Domain, list[str]]:
    """As `read_vnnlib`, from a text."""
    return _domain(parsed_vnnlib(text, name), size)


def _domain(file: VnnlibFile, size: int) -> tuple[Domain, list[str]]:
    reader = _DomainReader(file.name, size)
    reader.read(file)
    domain = domain_of_rows(reader.rows(), size, file.name)
    return domain, _notes(reader, domain, file.name)


class _DomainReader(Commands):
    """What the formulas say about the inputs."""

    def __init__(self, name: str, size: int) -> None:
        super().__init__(name, size)
        self.stated: list[list[Inequality]] = []  # by each formula
        self.waiting: list[tuple[int, Expression]] = []  # until all others are read
        self.sure: list[Inequality] = []  # what those say
        self.about_outputs = 0
        self.never_met: list[str] = []

    def asserted(self, formula: Expression) -> None:
        """Takes what it says about the inputs; with an `or` it waits for those without."""
        waits = _has_cases(formula)
        if waits:
            self.waiting.append((len(self.stated), formula))
        self.stated.append([] if waits else self._stated(formula))

    def rows(self) -> list[Inequality]:
        """What all formulas say about the inputs, in their order."""
        self.sure = [row for rows in self.stated for row in rows]
        for place, formula in self.waiting:
            self.stated[place] = self._stated(formula)
        return [row for rows in self.stated for row in rows]

    def _stated(self, tree: Expression) -> list[Inequality]:
        """What a formula says about the inputs; what it says about outputs is counted."""
        if isinstance(tree, Parentheses) and (
            tree.head == "and" or (tree.head == "or" and len(tree.parts) == 2)
        ):
            return [row for part in tree.parts[1:] for row in self._stated(part)]
        letters = self.letters(tree)
        if isinstance(tree, Parentheses) and tree.head == "or" and "X" in letters:
            return self._stated_by_all(tree, letters)
        if "Y" in letters:
            self.about_outputs += 1
            return []
        return self._constraint(tree)

    def _stated_by_all(self, tree: Parentheses, letters: set[str]) -> list[Inequality]:
        """What each case of an `or` says about the inputs. Raises InputError where they differ."""
        count = self.about_outputs
        cases = self._possible(tree, [self._stated(part) for part in tree.parts[1:]])
        self.about_outputs = count + ("Y" in letters)
        if any(_tightest(case) != _tightest(cases[0]) for case in cases):
            raise self._union(tree, letters)
        return cases[0]

    def _possible(self, tree: Parentheses, cases: list[list[Inequality]]) -> list[list[Inequality]]:
        """Without those that the other formulas leave no input for, unless that is all of them."""
        empty = [_empty_range([*self.sure, *case], self.size) for case in cases]
        if None not in empty:
            return cases
        never = [(k + 1, why) for k, why in enumerate(empty) if why is not None]
        if never:
            where = f"{self.name}:{tree.line}"
            self.never_met.append(f"{where}: {never_met(never, len(cases))}; not used")
        return [case for case, why in zip(cases, empty, strict=True) if why is None]

    def _union(self, tree: Parentheses, letters: set[str]) -> InputError:
        arms = len(tree.parts) - 1
        if "Y" in letters:
            return self.error(
                tree, f"the inputs are constrained inside an 'or' of {arms} cases together with "
                      "outputs, and not the same in every case; "
                f"for the domain that is meant, {GIVE_THE_BOX}",
            )  # fmt: skip
        return self.error(
            tree,
            f"the inputs lie in a union of {arms} sets; one box or polytope is expected: "
            f"{GIVE_THE_BOX}",
        )

    def _constraint(self, tree: Expression) -> list[Inequality]:
        if (
            not isinstance(tree, Parentheses)
            or tree.head not in COMPARISONS
            or len(tree.parts) != 3
        ):
            raise self.error(
                tree,
                f"{short_text(tree)} is not a linear constraint on the inputs; {GIVE_THE_BOX}",
            )
        left, right = (linear_term(part, self.name) for part in tree.parts[1:])
        difference = Linear.combined([(left, Fraction(1)), (right, Fraction(-1))])
        require_inputs(difference, tree, self.name)
        flipped = {k: -c for k, c in difference.coefficients.items()}
        below, above = (
            (difference.coefficients, -difference.constant),
            (flipped, difference.constant),
        )
        if tree.head == "=":
            return [below, above]
        return [below] if tree.head in ("<=", "<") else [above]


def _tightest(rows: list[Inequality]) -> dict[tuple[tuple[int, Fraction], ...], Fraction]:
    """The least bound of each left side, scaled to begin with 1 or -1: the same set, one value."""
    least: dict[tuple[tuple[int, Fraction], ...], Fraction] = {}
    for coefficients, bound in rows:
        scale = abs(coefficients[min(coefficients)])
        side = tuple((k, c / scale) for k, c in sorted(coefficients.items()))
        least[side] = min(bound / scale, least.get(side, bound / scale))
    return least


def never_met(cases: Sequence[tuple[int, str]], of: int) -> str:
    """That these cases are met by no input: the number of each, and why.

    >>> never_met([(1, "input 0 has the empty range [2, 1]")], 3)
    'case 1 of 3 is met by no input (input 0 has the empty range [2, 1])'
    """
    number, why = cases[0]
    more = f", and {counted(len(cases) - 1, 'more case')} likewise" if len(cases) > 1 else ""
    return f"case {number} of {of} is met by no input ({why}){more}"


def _has_cases(tree: Expression) -> bool:
    """Is there an `or` of several cases in it?"""
    if not isinstance(tree, Parentheses):
        return False
    return (tree.head == "or" and len(tree.parts) > 2) or any(map(_has_cases, tree.parts))


def _empty_range(rows: Sequence[Inequality], size: int) -> str | None:
    """What is wrong with the box of these inequalities, None where it has points."""
    lower, upper, _ = _sorted_out(rows, size)
    try:
        Domain(tuple(lower), tuple(upper))
    except DomainError as error:
        return str(error)
    return None


def domain_of_rows(rows: Sequence[Inequality], size: int, name: str) -> Domain:
    """The domain of these inequalities.

    Raises DomainError for an empty range, InputError without any.
    """
    lower, upper, general = _sorted_out(rows, size)
    if not rows and size:
        raise InputError(f"{name} has no constraints on the inputs X_0, X_1, ...; {GIVE_THE_BOX}")
    try:
        return Domain(tuple(lower), tuple(upper), _constraints(general, size, name))
    except DomainError as error:
        raise DomainError(f"{name}: {error}") from None


def _sorted_out(
    rows: Sequence[Inequality], size: int
) -> tuple[list[Fraction | None], list[Fraction | None], list[Inequality]]:
    """(lower ends, upper ends, the inequalities of several inputs)."""
    lower: list[Fraction | None] = [None] * size
    upper: list[Fraction | None] = [None] * size
    general: list[Inequality] = []
    for coefficients, bound in rows:
        if len(coefficients) > 1:
            general.append((coefficients, bound))
            continue
        ((k, c),) = coefficients.items()
        end, low, high = bound / c, lower[k], upper[k]
        if c > 0:
            upper[k] = end if high is None else min(high, end)
        else:
            lower[k] = end if low is None else max(low, end)
    return lower, upper, general


def _constraints(general: list[Inequality], size: int, name: str) -> tuple[Constraint, ...]:
    if len(general) * size > CAPS.vnnlib_cells:
        raise InputError(
            f"{name} has {len(general):,} constraints of several inputs; "
            f"{CAPS.vnnlib_cells // size:,} can be read"
        )
    zero = Fraction(0)
    return tuple(
        Constraint(tuple(c.get(k, zero) for k in range(size)), bound) for c, bound in general
    )


def _notes(reader: _DomainReader, domain: Domain, name: str) -> list[str]:
    notes = list(reader.never_met)
    if reader.about_outputs:
        count = counted(reader.about_outputs, "assertion")
        notes.append(f"{name}: {count} about outputs not used: the domain is about the inputs")
    endless = [
        k for k, ends in enumerate(zip(domain.lower, domain.upper, strict=True)) if None in ends
    ]
    if endless:
        notes.append(
            f"{name}: X_{endless[0]} has "
            f"{_missing_end(domain, endless[0])}{_and_more(len(endless) - 1)}"
        )
    return notes


def _missing_end(domain: Domain, k: int) -> str:
    missing = [
        word
        for word, end in (("lower", domain.lower[k]), ("upper", domain.upper[k]))
        if end is None
    ]
    return f"no {' and no '.join(missing)} end"


def _and_more(count: int) -> str:
    return f", and {counted(count, 'more input')} likewise" if count else ""
