"""Properties as VNN-LIB 1.0 files, for other verifiers.

    x in [0, 1/3]      (assert (<= X_0 0.33333333333333334))      an end is rounded outward
    y[0] ≤ y[1]        (assert (<= Y_0 Y_1))                      a condition is exact

A condition is scaled until its numbers are decimal ones, so only ends of inputs may need rounding.
`stated` is the property that the file says: read again, the text is that property.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from rectifold.effort.writing import VnnlibEffort
from rectifold.errors import InputError
from rectifold.exact.numerals import at_most, exact_text
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.property import Case, Condition, Property, Terms, Unsafe
from rectifold.ir.property_edits import is_decimal, simplified

_DIGITS = VnnlibEffort().digits


def stated(asked: Property) -> Property:
    """The property that a file can say: the same where the ends of its inputs are decimal numbers,
    else about domains that are a little larger.

    Raises InputError for one of which no case can ever be met: it holds of every network.
    """
    simple = simplified(asked)
    if not simple.parts:
        raise InputError(
            f"{asked.name} holds of every network: no case of it can be met; nothing is to be "
            "written for another verifier"
        )
    parts: dict[Domain, list[Case]] = {}
    for part in simple.parts:
        parts.setdefault(_stated_domain(part.domain), []).extend(part.cases)
    return replace(simple, parts=tuple(Unsafe(d, _once(c)) for d, c in parts.items()))


def is_stated_exactly(asked: Property) -> bool:
    """Does the file say the same property: are all ends of inputs decimal numbers?"""
    domains = (part.domain for part in simplified(asked).parts)
    return all(v is None or is_decimal(v) for d in domains for v in d.lower + d.upper)


def _once(cases: Sequence[Case]) -> tuple[Case, ...]:
    return ((),) if () in cases else tuple(dict.fromkeys(cases))


def _stated_domain(domain: Domain) -> Domain:
    """With decimal ends, moved outward where they are none, and constraints scaled."""
    lower = tuple(v if v is None or is_decimal(v) else -_raised(-v) for v in domain.lower)
    upper = tuple(v if v is None or is_decimal(v) else _raised(v) for v in domain.upper)
    return Domain(lower, upper, tuple(_stated_constraint(c) for c in domain.constraints))


def _raised(value: Fraction) -> Fraction:
    """A decimal number that is not below."""
    return Fraction(at_most(value, _DIGITS))


def _stated_constraint(constraint: Constraint) -> Constraint:
    row, bound = constraint.integers()
    if all(map(is_decimal, (*constraint.coefficients, constraint.bound))):
        return constraint
    return Constraint(tuple(map(Fraction, row)), Fraction(bound))


def vnnlib_of(asked: Property, outputs: int, said: Sequence[str] = ()) -> str:
    """The text of a property that is `stated`, for a network with so many outputs.

    `said`: lines of a comment at its head.
    """
    inputs = asked.parts[0].domain.size
    lines = [f"; {_printable(line)}" for line in said]
    lines += [f"(declare-const X_{k} Real)" for k in range(inputs)]
    lines += [f"(declare-const Y_{k} Real)" for k in range(outputs)]
    return "\n".join([*lines, *_assertions(asked), ""])


def _printable(line: str) -> str:
    """One line of ASCII, whatever a name holds."""
    return "".join(c if " " <= c <= "~" else "?" for c in line)


def _assertions(asked: Property) -> Iterator[str]:
    if len(asked.parts) == 1:
        ((part,), bounds) = asked.parts, _domain_terms(asked.parts[0].domain)
        yield from (f"(assert {term})" for term in bounds)
        if len(part.cases) == 1:
            yield from (f"(assert {_condition(c)})" for c in part.cases[0])
            return
        yield _any_of([[_condition(c) for c in case] for case in part.cases])
        return
    yield _any_of(
        [
            [*_domain_terms(part.domain), *map(_condition, case)]
            for part in asked.parts
            for case in part.cases
        ]
    )


def _any_of(cases: Sequence[Sequence[str]]) -> str:
    inner = "\n".join(f"    (and {' '.join(case)})" for case in cases)
    return f"(assert (or\n{inner}\n))"


def _domain_terms(domain: Domain) -> list[str]:
    terms = []
    for k, (low, high) in enumerate(zip(domain.lower, domain.upper, strict=True)):
        terms += [] if high is None else [f"(<= X_{k} {decimal_text(high)})"]
        terms += [] if low is None else [f"(>= X_{k} {decimal_text(low)})"]
    for constraint in domain.constraints:
        found = enumerate(constraint.coefficients)
        inputs = tuple((k, c) for k, c in found if c)
        terms.append(_condition(Condition(inputs, (), constraint.bound)))
    return terms


def _condition(condition: Condition) -> str:
    """One comparison: of a variable with a number, of two variables, or of a sum."""
    below, above = ("<", ">") if condition.strict else ("<=", ">=")
    terms = [*_named("X", condition.inputs), *_named("Y", condition.outputs)]
    bound = decimal_text(condition.bound)
    (first, c), *others = terms
    if not others and abs(c) == 1:
        if c > 0:
            return f"({below} {first} {bound})"
        return f"({above} {first} {decimal_text(-condition.bound)})"
    if len(others) == 1 and not condition.bound and abs(c) == 1 and others[0][1] == -c:
        return f"({below if c > 0 else above} {first} {others[0][0]})"
    products = [name if c == 1 else f"(* {decimal_text(c)} {name})" for name, c in terms]
    left = products[0] if not others else "(+ " + " ".join(products) + ")"
    return f"({below} {left} {bound})"


def _named(letter: str, terms: Terms) -> list[tuple[str, Fraction]]:
    return [(f"{letter}_{k}", c) for k, c in terms]


def decimal_text(value: Fraction) -> str:
    """A decimal number without an exponent, exactly.

    >>> decimal_text(Fraction(-1, 8)), decimal_text(Fraction(3))
    ('-0.125', '3.0')

    Precondition: `is_decimal`.
    """
    if not is_decimal(value):
        raise AssertionError("a fraction is no decimal number")
    digits = max(1, value.denominator.bit_length())  # 2^a 5^b needs max(a, b) digits
    whole, rest = divmod(abs(value.numerator) * 10**digits // value.denominator, 10**digits)
    fraction = exact_text(rest).rjust(digits, "0").rstrip("0")
    return f"{'-' if value < 0 else ''}{exact_text(whole)}.{fraction or '0'}"
