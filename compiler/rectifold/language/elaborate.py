"""Syntax tree to network: names, shapes, exact numbers, and the lowering of every expression.

An expression is a constant (number, vector, matrix) or an affine form over layers (number or vector). An equation
whose right side is `relu(...)` is that relu layer; any other equation is a linear layer. So

    y = relu(x[0]) - 2*relu(-x[0])      becomes      y_relu = relu(x[0]);  y_relu_2 = relu(-x[0]);
                                                     y = y_relu - 2*y_relu_2
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import lcm
from pathlib import Path

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.literals import NumberError, parse_number, parse_ratio
from rectifold.exact.matrix import Matrix
from rectifold.ir.affine import Affine, Builder, concat
from rectifold.ir.domain import Constraint, Domain, DomainError
from rectifold.ir.network import MAX_UNITS, RESERVED, Network, NetworkError
from rectifold.language import ast
from rectifold.language.parser import parse_expression, parse_statements
from rectifold.language.source import Fault, Source, SourceError, Span
from rectifold.runtime.arrays import load_array

MAX_ENTRIES = 200_000_000  # entries of one matrix made by zeros, ones or eye
_MAX_DEPTH = 150  # nesting of one expression


@dataclass(frozen=True, eq=False)
class Constant:
    """A known number (rank 0, held as 1×1), vector (rank 1, n×1) or matrix (rank 2)."""

    matrix: Matrix
    rank: int


@dataclass(frozen=True, eq=False)
class Form:
    """An affine form over layers: one value (rank 0) or a vector (rank 1)."""

    affine: Affine
    rank: int


Value = Constant | Form

FUNCTIONS = ("relu", "abs", "max", "min", "clip", "leaky_relu", "concat", "load", "zeros", "ones", "eye")


def parse(text: str, name: str = "<text>", folder: Path | None = None) -> Network:
    """The network that `text` describes. `folder` is where `load` finds files (none: `load` is refused).

    Raises SourceError with the place and remedy of every error found.
    """
    return _Elaborator(Source(name, text), folder).network()


def parse_box(text: str, size: int) -> Domain:
    """The box written as after `in`: "[0, 1]" for all `size` inputs, or one range per input.

    Raises SourceError or DomainError.
    """
    source = Source("domain", text)
    try:
        return _box(parse_expression(source), size)
    except Fault as fault:
        raise SourceError(source, [fault.diagnostic]) from None


class _Elaborator:
    def __init__(self, source: Source, folder: Path | None) -> None:
        self.source = source
        self.folder = folder
        self.faults: list[Fault] = []
        self.values: dict[str, Value | None] = {}  # None: its definition had an error, which is already reported
        self.places: dict[str, Span] = {}
        self.builder: Builder | None = None
        self.domain: Domain | None = None
        self.assumptions: list[Constraint] = []
        self.head = ast.NetworkHead(Span(1, 1), "net", "")
        self.output: tuple[Affine, Span] | None = None
        self.equation = "y"
        self.depth = 0

    def network(self) -> Network:
        statements = parse_statements(self.source)
        self._reserve(statements)
        for statement in statements:
            try:
                self._statement(statement)
            except Fault as fault:
                if not isinstance(fault, _Poisoned):
                    self.faults.append(fault)
                if isinstance(statement, ast.Const | ast.Equation):
                    self.values.setdefault(statement.name, None)
        if self.builder is None and not self.faults:
            self.faults.append(Fault(Span(1, 1), "there is no input", "add a line such as: input x[2] in [0, 1]"))
        if self.output is None and not any(isinstance(s, ast.Output) for s in statements) and not self.faults:
            last = len(self.source.text.splitlines()) or 1
            self.faults.append(Fault(Span(last, 1), "there is no output", "end with a line such as: output y"))
        if self.faults:
            raise SourceError(self.source, [f.diagnostic for f in self.faults])
        assert self.builder is not None
        assert self.output is not None
        return self._finish(self.builder, *self.output)

    def _finish(self, builder: Builder, output: Affine, place: Span) -> Network:
        domain = self.domain
        if self.assumptions:
            domain = domain or Domain.everywhere(builder.input_size)
            domain = Domain(domain.lower, domain.upper, tuple(self.assumptions))
        try:
            return builder.finish(output, self.head.name, domain, self.head.title)
        except NetworkError as error:
            raise SourceError(self.source, [Fault(place, str(error)).diagnostic]) from None

    def _reserve(self, statements: Sequence[ast.Statement]) -> None:
        self.reserved = {s.name for s in statements if isinstance(s, ast.Equation | ast.Const | ast.Input)}

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
            case ast.Const():
                self._define(statement.name, statement.span)
                value = self._value(statement.value)
                if isinstance(value, Form):
                    raise Fault(statement.value.span, "a constant cannot depend on the input", "drop the word 'const'")
                self.values[statement.name] = value
            case ast.Equation():
                self._equation(statement)
            case ast.Output():
                self._output(statement)

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
        size = _number(statement.size)
        if size.denominator != 1 or not 0 <= size <= MAX_UNITS:
            raise Fault(statement.size.span, f"{statement.size.text[:20]} is no number of inputs (0 to {MAX_UNITS:,})")
        self.builder = Builder(statement.name, int(size))
        self.builder.reserved = self.reserved
        self.values[statement.name] = Form(self.builder.input, 1)
        if statement.box is not None:
            self.domain = _box(statement.box, int(size))

    def _assume(self, statement: ast.Assume) -> None:
        values = [self._value(term) for term in statement.terms]
        for left, operator, right in zip(values, statement.operators, values[1:], strict=False):
            if operator in ("<", ">"):
                raise Fault(statement.span, f"'{operator}' would make an open domain", f"write '{operator}='")
            difference = self._plus(left, self._negated(right), statement.span)
            if isinstance(difference, Constant):
                raise Fault(statement.span, "this assumption does not speak of the input")
            signs = {"<=": [1], ">=": [-1], "==": [1, -1]}[operator]
            self._add_constraints(difference.affine, signs, statement.span)

    def _add_constraints(self, form: Affine, signs: Sequence[int], place: Span) -> None:
        builder = self._need_input(place)
        if set(form.terms) - {builder.input_name}:
            raise Fault(place, "an assumption may only use the input, not layers")
        if form.size * builder.input_size > MAX_ENTRIES:
            raise Fault(place, "too many assumptions")
        weight = form.weights()[builder.input_name]
        for i in range(form.size):
            row, bias = weight.row(i), form.bias.entry(i, 0)
            for sign in signs:
                self.assumptions.append(Constraint(tuple(sign * c for c in row), -sign * bias))

    def _equation(self, statement: ast.Equation) -> None:
        self._define(statement.name, statement.span)
        builder = self._need_input(statement.span)
        self.equation = statement.name
        expression = statement.value
        is_relu = isinstance(expression, ast.Call) and expression.function == "relu"
        if is_relu:
            assert isinstance(expression, ast.Call)
            self._arity(expression, 1)
            expression = expression.arguments[0]
        value = self._form(self._value(expression), expression.span)
        layer = builder.layer(statement.name, value.affine, relu=is_relu)
        self.values[statement.name] = Form(layer, value.rank)

    def _output(self, statement: ast.Output) -> None:
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

    def _need_input(self, place: Span) -> Builder:
        if self.builder is None:
            raise Fault(place, "the input must come first", "add a line such as: input x[2] in [0, 1]")
        return self.builder

    # ---- expressions --------------------------------------------------------------------------

    def _value(self, expression: ast.Expr) -> Value:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self.depth = 0
            raise Fault(expression.span, f"this expression is nested more than {_MAX_DEPTH} deep")
        try:
            return self._dispatch(expression)
        except (NumberError, NetworkError) as error:
            raise Fault(expression.span, str(error)) from None
        finally:
            self.depth = max(0, self.depth - 1)

    def _dispatch(self, expression: ast.Expr) -> Value:
        match expression:
            case ast.Number():
                return Constant(Matrix.column([_number(expression)]), 0)
            case ast.Row():
                integers, den = _row_numbers(expression)
                return Constant(Matrix.from_integers((len(integers), 1), integers, den), 1)
            case ast.Items():
                return self._items(expression)
            case ast.Name():
                return self._name(expression)
            case ast.Unary():
                return self._negated(self._value(expression.operand))
            case ast.Binary():
                return self._binary(expression)
            case ast.Item():
                return self._item(expression)
            case ast.Call():
                return self._call(expression)
            case ast.String():
                raise Fault(expression.span, "a string is only allowed inside load(...)")

    def _name(self, expression: ast.Name) -> Value:
        name = expression.text
        if name not in self.values:
            known = [*self.values, *FUNCTIONS]
            if name in FUNCTIONS:
                raise Fault(expression.span, f"{name!r} is a function", f"write {name}(...)")
            raise Fault(expression.span, f"unknown name {name!r}", _did_you_mean(name, known))
        value = self.values[name]
        if value is None:
            raise _Poisoned(expression.span)
        return value

    def _binary(self, expression: ast.Binary) -> Value:
        chain: list[ast.Binary] = []
        left: ast.Expr = expression
        while isinstance(left, ast.Binary):  # a sum of ten thousand terms is a deep tree, not a deep recursion
            chain.append(left)
            left = left.left
        value = self._value(left)
        for node in reversed(chain):
            value = self._combine(node, value, self._value(node.right))
        return value

    def _combine(self, node: ast.Binary, left: Value, right: Value) -> Value:
        match node.operator:
            case "+":
                return self._plus(left, right, node.span)
            case "-":
                return self._plus(left, self._negated(right), node.span)
            case "*":
                return self._times(left, right, node.span)
            case "/":
                return self._over(left, right, node.right.span)
            case "@":
                return self._matmul(left, right, node.span)
            case _:
                raise AssertionError(node.operator)

    def _negated(self, value: Value) -> Value:
        if isinstance(value, Constant):
            return Constant(-value.matrix, value.rank)
        return Form(-value.affine, value.rank)

    def _plus(self, left: Value, right: Value, place: Span) -> Value:
        left, right = _broadcast(left, right, place)
        if isinstance(left, Constant) and isinstance(right, Constant):
            return Constant(left.matrix + right.matrix, left.rank)
        return Form(_affine(left) + _affine(right), left.rank)

    def _times(self, left: Value, right: Value, place: Span) -> Value:
        if isinstance(left, Form) and isinstance(right, Form):
            raise Fault(
                place,
                "a product of two expressions of the input is not piecewise linear",
                "one factor must be constant",
            )
        if isinstance(right, Constant) and not (isinstance(left, Constant) and right.rank > left.rank):
            left, right = right, left
        assert isinstance(left, Constant)
        if left.rank == 0:
            factor = left.matrix.entry(0, 0)
            if isinstance(right, Constant):
                return Constant(right.matrix.scale(factor), right.rank)
            return Form(right.affine.scale(factor), right.rank)
        left_v, right_v = _broadcast(left, right, place)
        if left_v.rank != 1:
            raise Fault(
                place,
                "'*' multiplies entry by entry and is not defined for matrices",
                "use '@' for the matrix product",
            )
        factors = left.matrix.column_values()
        if isinstance(right_v, Constant):
            return Constant(right_v.matrix.scale_rows(factors), 1)
        return Form(right_v.affine.scale_rows(factors), 1)

    def _over(self, left: Value, right: Value, place: Span) -> Value:
        if isinstance(right, Form):
            raise Fault(
                place,
                "division by an expression of the input is not piecewise linear",
                "divide by constants only",
            )
        if right.rank != 0:
            raise Fault(place, f"division by {_shape_text(right)}", "divide by a number")
        divisor = right.matrix.entry(0, 0)
        if divisor == 0:
            raise Fault(place, "division by zero")
        return self._times(Constant(Matrix.column([1 / divisor]), 0), left, place)

    def _matmul(self, left: Value, right: Value, place: Span) -> Value:
        if isinstance(left, Form) and isinstance(right, Form):
            raise Fault(
                place,
                "a product of two expressions of the input is not piecewise linear",
                "one factor must be constant",
            )
        if left.rank == 0 or right.rank == 0:
            raise Fault(place, f"'@' between {_shape_text(left)} and {_shape_text(right)}", "use '*' with a number")
        if isinstance(left, Form):
            assert isinstance(right, Constant)
            if right.rank == 1:
                return self._matmul(right, left, place)
            return self._matmul(Constant(right.matrix.T, 2), left, place)
        if left.rank == 1 and isinstance(right, Constant) and right.rank == 2:
            product = self._matmul(Constant(right.matrix.T, 2), left, place)
            return product
        matrix = left.matrix.T if left.rank == 1 else left.matrix
        height = right.matrix.shape[0] if isinstance(right, Constant) else right.affine.size
        if matrix.shape[1] != height:
            raise Fault(
                place,
                f"the matrix is {matrix.shape[0]}x{matrix.shape[1]}, but what it multiplies has {height} entries "
                f"(columns must match: {matrix.shape[0]}x{height})",
            )
        rank = right.rank - 1 if left.rank == 1 else right.rank
        if isinstance(right, Constant):
            return Constant(matrix @ right.matrix, rank)
        return Form(right.affine.apply(matrix), rank)

    # ---- lists, indices, calls ----------------------------------------------------------------

    def _items(self, expression: ast.Items) -> Value:
        if expression.items and all(isinstance(item, ast.Row) for item in expression.items):
            return _matrix_of_rows(expression)
        values = [self._value(item) for item in expression.items]
        if not values:
            return Constant(Matrix.zeros(0, 1), 1)
        if all(isinstance(v, Constant) and v.rank == 1 for v in values):
            constants = [v for v in values if isinstance(v, Constant)]
            if len({c.matrix.shape for c in constants}) != 1:
                raise Fault(expression.span, "the rows of this matrix have different lengths")
            return Constant(Matrix.from_fractions([c.matrix.column_values() for c in constants]), 2)
        for item, value in zip(expression.items, values, strict=True):
            if value.rank != 0:
                raise Fault(
                    item.span,
                    f"a vector of expressions needs numbers, this is {_shape_text(value)}",
                    "use concat(a, b)",
                )
        if all(isinstance(v, Constant) for v in values):
            return Constant(Matrix.column([v.matrix.entry(0, 0) for v in values if isinstance(v, Constant)]), 1)
        return Form(concat([_affine(v) for v in values]), 1)

    def _item(self, expression: ast.Item) -> Value:
        if isinstance(expression.base, ast.Row | ast.Items):
            raise Fault(expression.span, "a comma is missing after this row", "rows of a matrix are separated by ','")
        base = self._value(expression.base)
        if base.rank == 0:
            raise Fault(expression.span, "a single number has no entries", "remove the index")
        if len(expression.index) > base.rank:
            raise Fault(expression.span, f"{len(expression.index)} indices for {_shape_text(base)}")
        if isinstance(base, Constant) and base.rank == 2:
            return self._matrix_item(base, expression)
        size = base.matrix.shape[0] if isinstance(base, Constant) else base.affine.size
        picked, single = self._positions(expression.index[0], size, expression)
        rank = 0 if single else 1
        if isinstance(base, Constant):
            return Constant(base.matrix.select_rows(picked), rank)
        return Form(base.affine.select(picked), rank)

    def _matrix_item(self, base: Constant, expression: ast.Item) -> Value:
        rows, single_row = self._positions(expression.index[0], base.matrix.shape[0], expression)
        picked = base.matrix.select_rows(rows)
        if len(expression.index) == 1:
            return Constant(picked.T, 1) if single_row else Constant(picked, 2)
        columns, single_column = self._positions(expression.index[1], base.matrix.shape[1], expression)
        picked = picked.select_columns(columns)
        if single_row or single_column:
            return Constant(picked if single_column else picked.T, 0 if single_row and single_column else 1)
        return Constant(picked, 2)

    def _positions(self, index: ast.Expr | ast.Slice, size: int, item: ast.Item) -> tuple[list[int], bool]:
        if isinstance(index, ast.Slice):
            first = 0 if index.first is None else self._position(index.first, size, item, end=True)
            last = size if index.last is None else self._position(index.last, size, item, end=True)
            return list(range(first, last)), False
        return [self._position(index, size, item, end=False)], True

    def _position(self, index: ast.Expr, size: int, item: ast.Item, *, end: bool) -> int:
        value = self._value(index)
        if isinstance(value, Form) or value.rank != 0 or value.matrix.entry(0, 0).denominator != 1:
            raise Fault(index.span, "an index is a whole number")
        position = int(value.matrix.entry(0, 0))
        if not -size <= position < size + (1 if end else 0):
            raise Fault(index.span, f"index {position} is out of range: there are {size} entries (0 to {size - 1})")
        return position + size if position < 0 else position

    def _call(self, expression: ast.Call) -> Value:
        table: dict[str, Callable[[ast.Call], Value]] = {
            "relu": self._relu,
            "abs": self._abs,
            "max": partial(self._extremum, largest=True),
            "min": partial(self._extremum, largest=False),
            "clip": self._clip,
            "leaky_relu": self._leaky_relu,
            "concat": self._concat,
            "load": self._load,
            "zeros": partial(self._filled, fill="zeros"),
            "ones": partial(self._filled, fill="ones"),
            "eye": self._eye,
        }
        if expression.function not in table:
            raise Fault(
                expression.span,
                f"unknown function {expression.function!r}",
                _did_you_mean(expression.function, FUNCTIONS),
            )
        return table[expression.function](expression)

    def _relu(self, call: ast.Call) -> Value:
        self._arity(call, 1)
        form = self._form(self._value(call.arguments[0]), call.span)
        return Form(self._builder(call).relu(form.affine, f"{self.equation}_relu"), form.rank)

    def _abs(self, call: ast.Call) -> Value:
        self._arity(call, 1)
        form = self._form(self._value(call.arguments[0]), call.span)
        return Form(self._builder(call).abs(form.affine, f"{self.equation}_abs"), form.rank)

    def _extremum(self, call: ast.Call, *, largest: bool) -> Value:
        if len(call.arguments) < 2:
            raise Fault(call.span, f"{call.function} needs two arguments or more")
        builder = self._builder(call)
        combine = builder.maximum if largest else builder.minimum
        result = self._value(call.arguments[0])
        for argument in call.arguments[1:]:
            left, right = _broadcast(result, self._value(argument), call.span)
            one, two = self._form(left, call.span), self._form(right, call.span)
            result = Form(combine(one.affine, two.affine, f"{self.equation}_{call.function}"), one.rank)
        return result

    def _clip(self, call: ast.Call) -> Value:
        self._arity(call, 3)
        form = self._form(self._value(call.arguments[0]), call.span)
        low, high = (self._plain_number(argument, "an end of clip") for argument in call.arguments[1:])
        return Form(self._builder(call).clip(form.affine, low, high, f"{self.equation}_clip"), form.rank)

    def _leaky_relu(self, call: ast.Call) -> Value:
        self._arity(call, 2)
        form = self._form(self._value(call.arguments[0]), call.span)
        slope = self._plain_number(call.arguments[1], "the slope of leaky_relu")
        slopes = [slope] * form.affine.size
        return Form(self._builder(call).leaky_relu(form.affine, slopes, f"{self.equation}_leaky"), form.rank)

    def _concat(self, call: ast.Call) -> Value:
        if not call.arguments:
            raise Fault(call.span, "concat needs an argument")
        values = [self._value(argument) for argument in call.arguments]
        for argument, value in zip(call.arguments, values, strict=True):
            if value.rank > 1:
                raise Fault(argument.span, "concat joins numbers and vectors, not matrices")
        joined = concat([_affine(value) for value in values])
        return Constant(joined.bias, 1) if joined.is_constant else Form(joined, 1)

    def _load(self, call: ast.Call) -> Value:
        if len(call.arguments) not in (1, 2) or not all(isinstance(a, ast.String) for a in call.arguments):
            raise Fault(call.span, 'load needs a file name and a member name: load("w.npz", "fc1.weight")')
        if self.folder is None:
            raise Fault(
                call.span,
                "load is not possible here: the text is not a file, so there is no folder to look in",
            )
        names = [a.text for a in call.arguments if isinstance(a, ast.String)]
        try:
            array = load_array(self.folder, names[0], names[1] if len(names) == 2 else None)
        except InputError as error:
            raise Fault(call.arguments[0].span, str(error)) from None
        if array.ndim > 2:
            raise Fault(call.span, f"the array has {array.ndim} dimensions; a matrix has two")
        matrix = array if array.ndim == 2 else array.reshape(-1, 1)
        return Constant(Matrix.from_floats(matrix), array.ndim)

    def _filled(self, call: ast.Call, *, fill: str) -> Value:
        sizes = self._sizes(call, (1, 2))
        shape = (sizes[0], sizes[1] if len(sizes) == 2 else 1)
        array = np.zeros(shape) if fill == "zeros" else np.ones(shape)
        return Constant(Matrix.from_floats(array), len(sizes))

    def _eye(self, call: ast.Call) -> Value:
        (size,) = self._sizes(call, (1,))
        return Constant(Matrix.identity(size), 2)

    def _sizes(self, call: ast.Call, allowed: tuple[int, ...]) -> list[int]:
        if len(call.arguments) not in allowed:
            raise Fault(call.span, f"{call.function} needs {' or '.join(map(str, allowed))} sizes")
        sizes = [self._plain_number(a, f"a size of {call.function}") for a in call.arguments]
        total = sizes[0] * (sizes[0] if call.function == "eye" else sizes[-1] if len(sizes) == 2 else 1)
        if any(s.denominator != 1 or s < 0 for s in sizes) or total > MAX_ENTRIES or max(sizes) > MAX_UNITS:
            raise Fault(call.span, f"sizes must be whole numbers with at most {MAX_ENTRIES:,} entries in all")
        return [int(s) for s in sizes]

    def _arity(self, call: ast.Call, count: int) -> None:
        if len(call.arguments) != count:
            given = len(call.arguments)
            raise Fault(call.span, f"{call.function} needs {count} argument{'s' * (count > 1)}, {given} given")

    def _plain_number(self, expression: ast.Expr, what: str) -> Fraction:
        value = self._value(expression)
        if isinstance(value, Form) or value.rank != 0:
            raise Fault(expression.span, f"{what} must be a constant number")
        return value.matrix.entry(0, 0)

    def _form(self, value: Value, place: Span) -> Form:
        if isinstance(value, Constant) and value.rank == 2:
            raise Fault(place, f"a layer is a vector, this is {_shape_text(value)}")
        return value if isinstance(value, Form) else Form(_affine(value), value.rank)

    def _builder(self, call: ast.Call) -> Builder:
        return self._need_input(call.span)


class _Poisoned(Fault):
    """The use of a name whose definition had an error: said once, at the definition, and not again here."""

    def __init__(self, span: Span) -> None:
        super().__init__(span, "")


def _number(expression: ast.Number) -> Fraction:
    try:
        return parse_number(expression.text)
    except NumberError as error:
        raise Fault(expression.span, str(error)) from None


_SIGNED = re.compile(r"\s*([-+]?)\s*([^\s/]+)\s*(?:/\s*(\d+))?\s*")


def _row_numbers(row: ast.Row) -> tuple[list[int], int]:
    """The numbers of a flat row over one denominator."""
    tops: list[int] = []
    bottoms: list[int] = []
    for position, text in enumerate(row.text[1:-1].split(",")):
        try:
            top, bottom = _signed_ratio(text)
        except NumberError as error:
            raise Fault(row.span, f"entry {position + 1} of this row: {error}") from None
        tops.append(top)
        bottoms.append(bottom)
    den = lcm(*set(bottoms))
    return [top * (den // bottom) for top, bottom in zip(tops, bottoms, strict=True)], den


def _signed_ratio(text: str) -> tuple[int, int]:
    match = _SIGNED.fullmatch(text)
    assert match is not None  # the token's pattern
    top, bottom = parse_ratio(match[2])
    if match[3] is not None:
        divisor = parse_ratio(match[3])[0]
        if divisor == 0:
            raise NumberError("division by zero")
        bottom *= divisor
    return (-top if match[1] == "-" else top), bottom


def _matrix_of_rows(expression: ast.Items) -> Constant:
    rows = [(item, *_row_numbers(item)) for item in expression.items if isinstance(item, ast.Row)]
    width = len(rows[0][1])
    for item, integers, _ in rows:
        if len(integers) != width:
            note = (rows[0][0].span, f"the first row has {width}")
            raise Fault(
                item.span,
                f"this row has {len(integers)} entries, not {width}",
                "all rows of a matrix have one length",
                note,
            )
    den = lcm(*{d for _, _, d in rows})
    flat = [value * (den // d) for _, integers, d in rows for value in integers]
    return Constant(Matrix.from_integers((len(rows), width), flat, den), 2)


def _box(expression: ast.Expr, size: int) -> Domain:
    """The ranges written after `in`."""
    pairs = _ranges(expression)
    if len(pairs) == 1 and isinstance(expression, ast.Row):
        pairs = pairs * size
    if len(pairs) != size:
        raise Fault(
            expression.span,
            f"{len(pairs)} ranges for {size} inputs",
            "give one range [low, high] per input, or one for all",
        )
    try:
        return Domain(tuple(p[0] for p in pairs), tuple(p[1] for p in pairs))
    except DomainError as error:
        raise Fault(expression.span, str(error)) from None


def _ranges(expression: ast.Expr) -> list[tuple[Fraction | None, Fraction | None]]:
    if isinstance(expression, ast.Row) or (
        isinstance(expression, ast.Items)
        and expression.items
        and not any(isinstance(i, ast.Row | ast.Items) for i in expression.items)
    ):
        return [_range(expression)]
    if isinstance(expression, ast.Items):
        return [_range(item) for item in expression.items]
    raise Fault(expression.span, "a domain is a range [low, high] or a list of ranges [[0, 1], [-1, 1]]")


def _range(expression: ast.Expr) -> tuple[Fraction | None, Fraction | None]:
    if isinstance(expression, ast.Row):
        integers, den = _row_numbers(expression)
        ends: list[Fraction | float] = [Fraction(v, den) for v in integers]
    elif isinstance(expression, ast.Items):
        ends = [_end(item) for item in expression.items]
    else:
        raise Fault(expression.span, "a range is [low, high]")
    if len(ends) != 2:
        raise Fault(expression.span, f"a range has two ends, this has {len(ends)}", "write [low, high]")
    if ends[0] == float("inf") or ends[1] == float("-inf"):
        raise Fault(expression.span, "an infinite end on the wrong side", "write [-inf, inf]")
    low, high = (end if isinstance(end, Fraction) else None for end in ends)
    return low, high


def _end(expression: ast.Expr) -> Fraction | float:
    match expression:
        case ast.Number():
            return _number(expression)
        case ast.Name(text="inf"):
            return float("inf")
        case ast.Unary():
            return -_end(expression.operand)
        case ast.Binary(operator="/"):
            top, bottom = _end(expression.left), _end(expression.right)
            if isinstance(top, Fraction) and isinstance(bottom, Fraction) and bottom != 0:
                return top / bottom
    raise Fault(expression.span, "an end of a range is a number, -inf or inf")


def _broadcast(left: Value, right: Value, place: Span) -> tuple[Value, Value]:
    """A number next to a vector is repeated; nothing else is."""
    if left.rank == 0 and right.rank == 1:
        left = _repeated(left, _length(right))
    elif right.rank == 0 and left.rank == 1:
        right = _repeated(right, _length(left))
    elif left.rank == 0 and isinstance(right, Constant) and right.rank == 2:
        left = Constant(Matrix.from_floats(np.ones(right.matrix.shape)).scale(_single(left)), 2)
    elif right.rank == 0 and isinstance(left, Constant) and left.rank == 2:
        right = Constant(Matrix.from_floats(np.ones(left.matrix.shape)).scale(_single(right)), 2)
    if left.rank != right.rank or _shape(left) != _shape(right):
        raise Fault(
            place,
            f"{_shape_text(left)} and {_shape_text(right)} do not fit together",
            "vectors must have the same length",
        )
    return left, right


def _single(value: Value) -> Fraction:
    assert isinstance(value, Constant)
    return value.matrix.entry(0, 0)


def _repeated(value: Value, length: int) -> Value:
    if isinstance(value, Constant):
        return Constant(Matrix.from_floats(np.ones((length, 1))).scale(value.matrix.entry(0, 0)), 1)
    return Form(value.affine.select([0] * length), 1)


def _length(value: Value) -> int:
    return value.matrix.shape[0] if isinstance(value, Constant) else value.affine.size


def _shape(value: Value) -> tuple[int, ...]:
    return value.matrix.shape if isinstance(value, Constant) else (value.affine.size, 1)


def _affine(value: Value) -> Affine:
    return Affine(value.matrix) if isinstance(value, Constant) else value.affine


def _shape_text(value: Value) -> str:
    if value.rank == 0:
        return "a number"
    if value.rank == 1:
        return f"a vector of {_length(value)}"
    return "a {}x{} matrix".format(*_shape(value))


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else ""
