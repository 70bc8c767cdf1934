"""Calls: the piecewise linear functions of the table, and what makes constants or joins values.

abs(x)      FUNCTIONS["abs"] says what it takes and what it is made of
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from math import prod

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.ir.affine import Affine
from rectifold.ir.functions import FUNCTIONS, PiecewiseLinear
from rectifold.ir.names import CALLS
from rectifold.language import ast
from rectifold.language.applied import applied
from rectifold.language.expressions import Expressions
from rectifold.language.slips import did_you_mean, unknown_function
from rectifold.language.source import Fault
from rectifold.language.values import AffineValue, ConstantValue, Value, broadcast
from rectifold.runtime.arrays import load_array
from rectifold.runtime.caps import CAPS


class Calls(Expressions):
    """Expressions with functions."""

    def _call(self, expression: ast.Call) -> Value:
        name = expression.function
        if name in FUNCTIONS:
            return self._piecewise_linear(expression, FUNCTIONS[name])
        constructions: dict[str, Callable[[ast.Call], Value]] = {
            "apply": self._apply,
            "concat": self._concat,
            "load": self._load,
            "zeros": partial(self._filled, fill="zeros"),
            "ones": partial(self._filled, fill="ones"),
            "eye": self._eye,
        }
        if name not in constructions:
            slip = unknown_function(name) or (
                f"unknown function {name[:100]!r}",
                did_you_mean(name, CALLS),
            )
            raise Fault(expression.span, *slip)
        return constructions[name](expression)

    # ---- piecewise linear functions ------------------------------------------------------------

    def _piecewise_linear(self, call: ast.Call, function: PiecewiseLinear) -> Value:
        if function.arity == 2:
            return self._pairwise(call, function)
        self._arity(call, function)
        form = self._form(self._value(call.arguments[0]), call.span)
        numbers = self._parameters(call, function)
        self.budget.dense(form, call.span, copies=function.copies)
        self.budget.take(2 * function.blocks * form.affine.size**2, call.span)
        return AffineValue(self._applied(call, function, [form], numbers), form.rank)

    def _pairwise(self, call: ast.Call, function: PiecewiseLinear) -> Value:
        if len(call.arguments) < 2:
            raise Fault(call.span, f"{call.function} needs two arguments or more")
        self._need_input(call.span)
        result = self._value(call.arguments[0])
        for argument in call.arguments[1:]:
            value = self._value(argument)
            for _ in range(2):  # the difference, and the layer of it
                self.budget.sum(result, value, call.span)
            both = [self._form(v, call.span) for v in broadcast(result, value, call.span)]
            result = AffineValue(self._applied(call, function, both, []), both[0].rank)
        return result

    def _applied(
        self,
        call: ast.Call,
        function: PiecewiseLinear,
        forms: Sequence[AffineValue],
        numbers: Sequence[Fraction],
    ) -> Affine:
        name = f"{self.equation}_{function.layer}"
        values = [form.affine for form in forms]
        return self._need_input(call.span).apply(call.function, values, numbers, name)

    def _parameters(self, call: ast.Call, function: PiecewiseLinear) -> list[Fraction]:
        """The numbers after the argument; what is left out has its default."""
        given = call.arguments[1:]
        numbers = [
            self._plain_number(argument, parameter.meaning)
            for argument, parameter in zip(given, function.parameters, strict=False)
        ]
        rest = [parameter.default for parameter in function.parameters[len(given) :]]
        return numbers + [default for default in rest if default is not None]

    def _arity(self, call: ast.Call, function: PiecewiseLinear) -> None:
        given, most = len(call.arguments), 1 + len(function.parameters)
        least = most - sum(p.default is not None for p in function.parameters)
        if not least <= given <= most:
            counts = f"{most}" if least == most else f"{least} to {most}"
            raise Fault(
                call.span,
                f"{call.function} needs {counts} argument{'s' * (most > 1)}, {given} given",
            )

    def _apply(self, call: ast.Call) -> Value:
        file = call.arguments[0] if call.arguments else None
        if len(call.arguments) != 2 or not isinstance(file, ast.String):
            raise Fault(
                call.span,
                'apply needs the file of a network and a vector: apply("teacher.onnx", x)',
            )
        builder, place = self._need_input(call.span), call.arguments[1].span
        form = self._form(self._value(call.arguments[1]), place)
        network = self.networks.network(file.text, file.span)
        name = f"{self.equation}_apply"
        return AffineValue(applied(network, form, builder, name, self.budget, place), 1)

    # ---- constants and joins -------------------------------------------------------------------

    def _concat(self, call: ast.Call) -> Value:
        if not call.arguments:
            raise Fault(call.span, "concat needs an argument")
        values = [self._value(argument) for argument in call.arguments]
        for argument, value in zip(call.arguments, values, strict=True):
            if value.rank > 1:
                raise Fault(argument.span, "concat joins numbers and vectors, not matrices")
        joined = self._joined(values, call.span)
        return ConstantValue(joined.affine.bias, 1) if joined.affine.is_constant else joined

    def _load(self, call: ast.Call) -> Value:
        if len(call.arguments) not in (1, 2) or not all(
            isinstance(a, ast.String) for a in call.arguments
        ):
            raise Fault(
                call.span, 'load needs a file name and a member name: load("w.npz", "fc1.weight")'
            )
        if self.folder is None:
            raise Fault(
                call.span,
                "load is not possible here: the text is not a file, so there is no folder to "
                "look in",
            )
        names = [a.text for a in call.arguments if isinstance(a, ast.String)]
        try:
            array = load_array(self.folder, names[0], names[1] if len(names) == 2 else None)
        except InputError as error:
            raise Fault(call.arguments[0].span, str(error)) from None
        if array.ndim > 2:
            raise Fault(call.span, f"the array has {array.ndim} dimensions; a matrix has two")
        self.budget.count_loaded(array.size)
        matrix = array if array.ndim == 2 else array.reshape(-1, 1)
        return ConstantValue(Matrix.from_floats(matrix), array.ndim)

    def _filled(self, call: ast.Call, *, fill: str) -> Value:
        sizes = self._sizes(call, (1, 2))
        shape = (sizes[0], sizes[1] if len(sizes) == 2 else 1)
        self.budget.take(prod(shape), call.span)
        array = np.zeros(shape) if fill == "zeros" else np.ones(shape)
        return ConstantValue(Matrix.from_floats(array), len(sizes))

    def _eye(self, call: ast.Call) -> Value:
        (size,) = self._sizes(call, (1,))
        self.budget.take(size * size, call.span)
        return ConstantValue(Matrix.identity(size), 2)

    def _sizes(self, call: ast.Call, allowed: tuple[int, ...]) -> list[int]:
        if len(call.arguments) not in allowed:
            raise Fault(call.span, f"{call.function} needs {' or '.join(map(str, allowed))} sizes")
        sizes = [self._plain_number(a, f"a size of {call.function}") for a in call.arguments]
        total = sizes[0] * (
            sizes[0] if call.function == "eye" else sizes[-1] if len(sizes) == 2 else 1
        )
        if (
            any(s.denominator != 1 or s < 0 for s in sizes)
            or total > CAPS.made_entries
            or max(sizes) > CAPS.units
        ):
            raise Fault(
                call.span,
                f"sizes must be whole numbers with at most {CAPS.made_entries:,} entries in all",
            )
        return [int(s) for s in sizes]

    def _plain_number(self, expression: ast.Expr, what: str) -> Fraction:
        value = self._value(expression)
        if isinstance(value, AffineValue) or value.rank != 0:
            raise Fault(expression.span, f"{what} must be a constant number")
        return value.matrix.entry(0, 0)
