"""Syntax tree to network: names, shapes, exact numbers, and the lowering of every expression.

An expression is a constant (number, vector, matrix) or an affine form over layers (number or
vector). An equation whose right side is `relu(...)` is that relu layer; any other equation is a
linear layer. So

    y = relu(x[0]) - 2*relu(-x[0])      becomes      y_relu = relu(x[0]);  y_relu_2 = relu(-x[0]);
                                                     y = y_relu - 2*y_relu_2
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import assert_never

from rectifold.errors import NetworkError
from rectifold.exact.matrix import Matrix
from rectifold.ir.affine import Affine
from rectifold.ir.builder import Builder
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.functions import FUNCTIONS
from rectifold.ir.names import RESERVED
from rectifold.ir.network import Network
from rectifold.language import ast
from rectifold.language.applied import ReadNetwork
from rectifold.language.calls import Calls
from rectifold.language.ensured import SIGNS, Comparisons, Ensured
from rectifold.language.expressions import Poisoned
from rectifold.language.parser import parse_domain, parse_statements
from rectifold.language.ranges import box_of, number_of
from rectifold.language.slips import domain_help
from rectifold.language.source import Fault, Source, SourceError, Span
from rectifold.language.values import AffineValue, ConstantValue, Value
from rectifold.runtime.caps import CAPS

_ZERO = Fraction(0)


def parse(text: str, name: str = "<text>", folder: Path | None = None) -> Network:
    """The network that `text` describes. `folder` is where `load` finds files (none: `load` is
    refused).

    Raises SourceError with the place and remedy of every error found.
    """
    return parse_text(text, name, folder).network


def parse_text(
    text: str,
    name: str = "<text>",
    folder: Path | None = None,
    read: ReadNetwork | None = None,
) -> Parsed:
    """As `parse`, with what the text ensures. `read`: how `apply` reads a network."""
    return _Elaborator(Source(name, text), folder, read).parsed()


@dataclass(frozen=True, eq=False)
class Parsed:
    """The network that a text describes, and what it ensures of it."""

    network: Network
    ensured: Ensured | None


def parse_box(text: str, size: int) -> Domain:
    """The box written as after `in`: "[0, 1]" for all `size` inputs, or one range per input.

    Raises SourceError or DomainError.
    """
    source = Source("domain", text)
    try:
        return box_of(parse_domain(source), size)
    except Fault as fault:
        found = fault.diagnostic
        raise SourceError(
            source, [found if found.help else replace(found, help=domain_help(text))]
        ) from None


class _Elaborator(Calls):
    def __init__(self, source: Source, folder: Path | None, read: ReadNetwork | None) -> None:
        super().__init__(folder, len(source.text), read)
        self.source = source
        self.faults: list[Fault] = []
        self.places: dict[str, Span] = {}
        self.domain: Domain | None = None
        self.assumptions: list[Constraint] = []
        self.comparisons = Comparisons()
        self.head = ast.NetworkHead(Span(1, 1), "net", "")
        self.output: tuple[Affine, Span] | None = None

    def parsed(self) -> Parsed:
        statements = parse_statements(self.source)
        self._reserve(statements)
        for statement in statements:
            try:
                self._statement(statement)
            except Fault as fault:
                if not isinstance(fault, Poisoned):
                    self.faults.append(fault)
                if isinstance(statement, ast.Const | ast.Equation):
                    self.values.setdefault(statement.name, None)
                if len(self.faults) == CAPS.faults:
                    break
        if self.builder is None and not self.faults:
            self.faults.append(
                Fault(Span(1, 1), "there is no input", "add a line such as: input x[2] in [0, 1]")
            )
        if (
            self.output is None
            and not any(isinstance(s, ast.OutputStatement) for s in statements)
            and not self.faults
        ):
            last = len(self.source.text.splitlines()) or 1
            self.faults.append(
                Fault(Span(last, 1), "there is no output", "end with a line such as: output y")
            )
        if self.faults:
            raise SourceError(self.source, [f.diagnostic for f in self.faults])
        assert self.builder is not None
        assert self.output is not None
        return self._finish(self.builder, *self.output)

    def _finish(self, builder: Builder, output: Affine, place: Span) -> Parsed:
        domain = self.domain
        if self.assumptions:
            domain = domain or Domain.everywhere(builder.input_size)
            domain = Domain(domain.lower, domain.upper, tuple(self.assumptions))
        try:
            network = builder.finish(output, self.head.name, domain, self.head.title)
            return Parsed(network, self.comparisons.ensured(builder, self.head.name, domain))
        except NetworkError as error:
            raise SourceError(self.source, [Fault(place, str(error)).diagnostic]) from None

    def _reserve(self, statements: Sequence[ast.Statement]) -> None:
        self.reserved = {
            s.name for s in statements if isinstance(s, ast.Equation | ast.Const | ast.Input)
        }

    # ---- statements ---------------------------------------------------------------------------

    def _statement(self, statement: ast.Statement) -> None:
        match statement:
            case ast.NetworkHead():
                self._check_name(statement.name, statement.span)
                self.head = statement
            case ast.Input():
                self._input(statement)
            case ast.Assume():
                self._assume(statement)
            case ast.Ensure():
                self._ensure(statement)
            case ast.Const():
                self._define(statement.name, statement.span)
                value = self._value(statement.value)
                if isinstance(value, AffineValue):
                    raise Fault(
                        statement.value.span,
                        "a constant cannot depend on the input",
                        "drop the word 'const'",
                    )
                self.values[statement.name] = value
            case ast.Equation():
                self._equation(statement)
            case ast.OutputStatement():
                self._output(statement)
            case _:
                assert_never(statement)

    def _input(self, statement: ast.Input) -> None:
        if self.builder is not None:
            place = self.places[self.builder.input_name]
            raise Fault(
                statement.span,
                "a second input",
                "use one input vector and its parts x[0:2], x[2:5]",
                (place, "the first input is here"),
            )
        self._define(statement.name, statement.span)
        size = number_of(statement.size)
        if size.denominator != 1 or not 0 <= size <= CAPS.units:
            raise Fault(
                statement.size.span,
                f"{statement.size.text[:20]} is no number of inputs (0 to {CAPS.units:,})",
            )
        self.budget.take(CAPS.cells_per_input * int(size), statement.size.span)
        self.builder = Builder(statement.name, int(size))
        self.builder.reserved = self.reserved
        self.values[statement.name] = AffineValue(self.builder.input, 1)
        if statement.box is not None:
            self.domain = box_of(statement.box, int(size))

    def _assume(self, statement: ast.Assume) -> None:
        for difference, operator in self._differences(statement):
            if operator in ("<", ">"):
                raise Fault(
                    statement.span,
                    f"'{operator}' would make an open domain",
                    f"write '{operator}='",
                )
            if isinstance(difference, ConstantValue):
                raise Fault(statement.span, "this assumption does not speak of the input")
            self._add_constraints(difference.affine, SIGNS[operator], statement.span)

    def _ensure(self, statement: ast.Ensure) -> None:
        self.equation = "ensured"
        for difference, operator in self._differences(statement):
            if isinstance(difference, ConstantValue):
                raise Fault(statement.span, "this compares constants, whatever the input is")
            self.budget.dense(difference, statement.span)
            self.comparisons.add(difference.affine, operator)

    def _differences(self, statement: ast.Assume | ast.Ensure) -> Iterator[tuple[Value, str]]:
        """left − right of each comparison, and its operator."""
        values = [self._value(term) for term in statement.terms]
        for left, operator, right in zip(values, statement.operators, values[1:], strict=False):
            yield self.arithmetic.subtract(left, right, statement.span), operator

    def _add_constraints(self, form: Affine, signs: Sequence[int], place: Span) -> None:
        builder = self._need_input(place)
        if set(form.terms) - {builder.input_name}:
            raise Fault(place, "an assumption may only use the input, not layers")
        self.budget.dense(AffineValue(form, 1), place)
        weight = form.weights()[builder.input_name]
        for i in range(form.size):
            row, bias = _sparse_row(weight, i), form.bias.entry(i, 0)
            for sign in signs:
                self.assumptions.append(
                    Constraint(tuple(sign * c if c else c for c in row), -sign * bias)
                )

    def _equation(self, statement: ast.Equation) -> None:
        self._define(statement.name, statement.span)
        builder = self._need_input(statement.span)
        self.equation = statement.name
        expression = statement.value
        is_relu = isinstance(expression, ast.Call) and expression.function == "relu"
        if is_relu:
            assert isinstance(expression, ast.Call)
            self._arity(expression, FUNCTIONS["relu"])
            expression = expression.arguments[0]
        value = self._form(self._value(expression), expression.span)
        self.budget.dense(value, statement.span)
        layer = builder.layer(statement.name, value.affine, relu=is_relu)
        self.values[statement.name] = AffineValue(layer, value.rank)

    def _output(self, statement: ast.OutputStatement) -> None:
        self._need_input(statement.span)
        if self.output is not None:
            raise Fault(
                statement.span,
                "a second output",
                "use concat(a, b) for several",
                (self.output[1], "the first is here"),
            )
        self.equation = "y"
        value = self._form(self._value(statement.value), statement.span)
        self.budget.dense(value, statement.span)
        self.output = (value.affine, statement.span)

    def _define(self, name: str, place: Span) -> None:
        self._check_name(name, place)
        if name in self.places:
            first = (self.places[name], f"{name!r} is first defined here")
            raise Fault(place, f"{name!r} is defined twice", "choose another name", first)
        self.places[name] = place

    def _check_name(self, name: str, place: Span) -> None:
        if name in RESERVED:
            raise Fault(
                place,
                f"{name!r} is a word of the language and cannot be a name",
                f"choose another, such as {name}_1",
            )
        if len(name) > 100:
            raise Fault(place, f"a name of {len(name)} characters; the limit is 100")


def _sparse_row(weight: Matrix, i: int) -> list[Fraction]:
    """Row i; its zeros are one object, which makes a row of many inputs cheap."""
    row = [_ZERO] * weight.shape[1]
    for j in weight.nonzero[i].nonzero()[0].tolist():
        row[j] = weight.entry(i, j)
    return row
