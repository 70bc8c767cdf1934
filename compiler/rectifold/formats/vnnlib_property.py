"""VNN-LIB files as properties: what a file asserts is what must not happen.

    (assert (<= X_0 1)) (assert (>= X_0 0))                      the domain [0, 1]
    (assert (or (and (>= Y_0 3)) (and (<= Y_0 Y_1) (<= Y_2 0)))) two cases

The formulas together are brought into disjunctive normal form. Of each of its cases, what speaks of
inputs alone is the domain, with the ends that its constraints imply, the rest are conditions; cases
on the same domain are one part. A strict inequality of inputs closes the domain and is a condition
besides, so nothing is lost. A case that no input meets is never met, and left out with a note.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from rectifold.errors import InputError
from rectifold.exact.numerals import counted, readable
from rectifold.formats.expressions import Expression, Parentheses, short_text
from rectifold.formats.linear_terms import Linear, linear_term
from rectifold.formats.vnnlib import Inequality, domain_of_rows, never_met
from rectifold.formats.vnnlib_commands import (
    COMPARISONS,
    VARIABLE,
    Commands,
    VnnlibFile,
    parsed_vnnlib,
    vnnlib_file,
)
from rectifold.ir.domain import Domain, DomainError
from rectifold.ir.implied_ends import with_implied_ends
from rectifold.ir.property import LEFT_OUT, Case, Condition, Property, Terms, Unsafe
from rectifold.runtime.caps import CAPS

_Cases = list[tuple[Condition, ...]]  # any of them, all conditions of one together


def read_property(path: Path, inputs: int, outputs: int) -> Property:
    """The property of a file, as `property_of`."""
    return property_of(vnnlib_file(path), inputs, outputs)


def property_of(file: VnnlibFile, inputs: int, outputs: int) -> Property:
    """The property of a file for a network with so many inputs and outputs. Raises InputError."""
    reader = _PropertyReader(file.name, inputs, outputs)
    reader.read(file)
    parts, notes = _parts(reader.cases, inputs, file.name)
    return Property(tuple(parts), Path(file.name).stem, notes=notes)


def parse_property(text: str, inputs: int, outputs: int, name: str = "<vnnlib>") -> Property:
    """As `property_of`, from a text."""
    return property_of(parsed_vnnlib(text, name), inputs, outputs)


class _PropertyReader(Commands):
    """Multiplies out the formulas as they come."""

    def __init__(self, name: str, inputs: int, outputs: int) -> None:
        super().__init__(name, inputs)
        self.outputs = outputs
        self.formulas = _Together()

    @property
    def cases(self) -> _Cases:
        """What all formulas together say."""
        return self.formulas.multiplied()

    def asserted(self, formula: Expression) -> None:
        """Takes one more formula: it holds together with those so far."""
        self.letters(formula)
        self._add(formula, self.formulas)

    def _normal(self, tree: Expression) -> _Cases:
        """The cases of a formula."""
        if isinstance(tree, Parentheses) and tree.head == "or":
            return [case for part in tree.parts[1:] for case in self._normal(part)]
        if isinstance(tree, Parentheses) and tree.head == "and":
            together = _Together()
            for part in tree.parts[1:]:
                self._add(part, together)
            return together.multiplied()
        if isinstance(tree, Parentheses) and tree.head in COMPARISONS and len(tree.parts) == 3:
            return [self._comparison(tree)]
        raise self.error(
            tree,
            f"{short_text(tree)} is no linear constraint; comparisons (<=, >=, =, <, >) of linear "
            "terms of inputs and outputs are read, and 'and' and 'or' of them",
        )

    def _add(self, tree: Expression, together: _Together) -> None:
        together.add(self._normal(tree))
        if together.conditions > CAPS.vnnlib_conditions:
            raise self.error(
                tree,
                f"here the file has {together.cases:,} cases with "
                f"{counted(together.conditions, 'condition')} together; "
                f"{CAPS.vnnlib_conditions:,} can be read: split it into several files",
            )

    def _comparison(self, tree: Parentheses) -> Case:
        left, right = (linear_term(part, self.name, self._variable) for part in tree.parts[1:])
        if tree.head == "=":
            return self._below(left, right), self._below(right, left)
        low, high = (left, right) if tree.head in ("<=", "<") else (right, left)
        return (self._below(low, high, strict=tree.head in ("<", ">")),)

    def _below(self, low: Linear, high: Linear, *, strict: bool = False) -> Condition:
        """low ≤ high."""
        difference = Linear.combined([(low, Fraction(1)), (high, Fraction(-1))])
        return self._condition(difference, strict=strict)

    def _condition(self, term: Linear, *, strict: bool) -> Condition:
        """term ≤ 0."""
        entries = sorted(term.coefficients.items())
        inputs: Terms = tuple((k, c) for k, c in entries if k < self.size)
        outputs: Terms = tuple((k - self.size, c) for k, c in entries if k >= self.size)
        return Condition(inputs, outputs, -term.constant, strict)

    def _variable(self, word: str) -> int | None:
        """Inputs are numbered first, then outputs."""
        match = VARIABLE.fullmatch(word)
        if match is None:
            return None
        if match[1] == "X":
            return int(match[2])
        if int(match[2]) >= self.outputs:
            raise InputError(
                f"{self.name}: {word}, but the network has {counted(self.outputs, 'output')}"
            )
        return self.size + int(match[2])


class _Together:
    """Formulas that hold together, multiplied out when that is asked for: most have one case."""

    def __init__(self) -> None:
        self.runs: list[list[list[Condition]]] = []
        self.cases, self.conditions = 1, 0  # once they are multiplied out

    def add(self, found: _Cases) -> None:
        """One more formula: any of these cases."""
        self.conditions = self.conditions * len(found) + self.cases * sum(map(len, found))
        self.cases *= len(found)
        if len(found) == 1 and self.runs and len(self.runs[-1]) == 1:
            self.runs[-1][0].extend(found[0])
        else:
            self.runs.append([list(case) for case in found])

    def multiplied(self) -> _Cases:
        """The cases, in the order of the formulas."""
        cases: _Cases = [()]
        for run in self.runs:
            cases = [(*one, *other) for one in cases for other in run]
        return cases


def _parts(cases: _Cases, size: int, name: str) -> tuple[list[Unsafe], tuple[str, ...]]:
    """The cases by their domains, in the order in which these appear, and a note of those that no
    input meets, which are left out. Raises InputError where that is all of them.
    """
    by_domain: dict[Domain, list[Case]] = {}
    never: list[tuple[int, str]] = []
    for number, case in enumerate(cases, 1):
        try:
            domain = _domain_of(case, size, name)
        except DomainError as error:
            never.append((number, str(error).removeprefix(f"{name}: ")))
            continue
        kept = tuple(c for c in case if c.outputs or not c.inputs or c.strict)
        by_domain.setdefault(domain, []).append(kept)
    if not by_domain:
        raise _nothing_asked(never, name)
    notes = (f"{name}: {never_met(never, len(cases))}; {LEFT_OUT}",) if never else ()
    return [Unsafe(domain, tuple(found)) for domain, found in by_domain.items()], notes


def _domain_of(case: Case, size: int, name: str) -> Domain:
    """The inputs that a case is about, with the ends that its constraints imply.

    Raises DomainError where there are none.
    """
    about_inputs = [c for c in case if c.inputs and not c.outputs]
    domain = with_implied_ends(domain_of_rows([_row(c) for c in about_inputs], size, name))
    for condition in about_inputs:
        if condition.strict and _is_never_less(condition, domain):
            terms = " + ".join(f"{readable(c)} X_{k}" for k, c in condition.inputs)
            raise DomainError(f"{terms} is never less than {readable(condition.bound)}")
    return domain


def _is_never_less(condition: Condition, domain: Domain) -> bool:
    """Is the left side at least its bound on the whole box?"""
    least = Fraction(0)
    for k, c in condition.inputs:
        end = domain.lower[k] if c > 0 else domain.upper[k]
        if end is None:
            return False
        least += c * end
    return least >= condition.bound


def _nothing_asked(never: list[tuple[int, str]], name: str) -> InputError:
    if not never:
        return InputError(
            f"{name}: an 'or' without cases is never met, so nothing is asked; write its cases"
        )
    why = never[0][1] if len(never) == 1 else never_met(never, len(never))
    return InputError(f"{name}: {why}; so nothing is asked: give a domain with points")


def _row(condition: Condition) -> Inequality:
    return dict(condition.inputs), condition.bound
