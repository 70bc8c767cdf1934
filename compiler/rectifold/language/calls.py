"""The functions of the language: relu, abs, max, min, clip, leaky_relu, concat, load, zeros, ones,
eye.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from math import prod

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.ir.affine import Builder
from rectifold.ir.network import MAX_UNITS
from rectifold.language import ast
from rectifold.language.expressions import FUNCTIONS, Expressions, did_you_mean
from rectifold.language.slips import unknown_function
from rectifold.language.source import Fault
from rectifold.language.values import Constant, Form, Value, broadcast
from rectifold.runtime.arrays import load_array

MAX_ENTRIES = 200_000_000  # entries of one matrix made by zeros, ones or eye


class Calls(Expressions):
    """Expressions with functions."""

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
            hint = did_you_mean(expression.function, FUNCTIONS)
            slip = unknown_function(expression.function) or (
                f"unknown function {expression.function[:100]!r}",
                hint,
            )
            raise Fault(expression.span, *slip)
        return table[expression.function](expression)

    def _relu(self, call: ast.Call) -> Value:
        self._arity(call, 1)
        form = self._form(self._value(call.arguments[0]), call.span)
        self.budget.dense(form, call.span)
        return Form(self._builder(call).relu(form.affine, f"{self.equation}_relu"), form.rank)

    def _abs(self, call: ast.Call) -> Value:
        self._arity(call, 1)
        form = self._form(self._value(call.arguments[0]), call.span)
        self._unfold(form, call, blocks=2)
        return Form(self._builder(call).abs(form.affine, f"{self.equation}_abs"), form.rank)

    def _extremum(self, call: ast.Call, *, largest: bool) -> Value:
        if len(call.arguments) < 2:
            raise Fault(call.span, f"{call.function} needs two arguments or more")
        builder = self._builder(call)
        combine = builder.maximum if largest else builder.minimum
        result = self._value(call.arguments[0])
        for argument in call.arguments[1:]:
            value = self._value(argument)
            for _ in range(2):  # the difference, and the layer of it
                self.budget.sum(result, value, call.span)
            left, right = broadcast(result, value, call.span)
            one, two = self._form(left, call.span), self._form(right, call.span)
            result = Form(
                combine(one.affine, two.affine, f"{self.equation}_{call.function}"), one.rank
            )
        return result

    def _clip(self, call: ast.Call) -> Value:
        self._arity(call, 3)
        form = self._form(self._value(call.arguments[0]), call.span)
        self._unfold(form, call, blocks=2)
        low, high = (
            self._plain_number(argument, "an end of clip") for argument in call.arguments[1:]
        )
        return Form(
            self._builder(call).clip(form.affine, low, high, f"{self.equation}_clip"), form.rank
        )

    def _leaky_relu(self, call: ast.Call) -> Value:
        self._arity(call, 2)
        form = self._form(self._value(call.arguments[0]), call.span)
        slope = self._plain_number(call.arguments[1], "the slope of leaky_relu")
        self._unfold(form, call, blocks=4)
        slopes = [slope] * form.affine.size
        return Form(
            self._builder(call).leaky_relu(form.affine, slopes, f"{self.equation}_leaky"), form.rank
        )

    def _concat(self, call: ast.Call) -> Value:
        if not call.arguments:
            raise Fault(call.span, "concat needs an argument")
        values = [self._value(argument) for argument in call.arguments]
        for argument, value in zip(call.arguments, values, strict=True):
            if value.rank > 1:
                raise Fault(argument.span, "concat joins numbers and vectors, not matrices")
        joined = self._joined(values, call.span)
        return Constant(joined.affine.bias, 1) if joined.affine.is_constant else joined

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
        self.budget.loaded(array.size)
        matrix = array if array.ndim == 2 else array.reshape(-1, 1)
        return Constant(Matrix.from_floats(matrix), array.ndim)

    def _filled(self, call: ast.Call, *, fill: str) -> Value:
        sizes = self._sizes(call, (1, 2))
        shape = (sizes[0], sizes[1] if len(sizes) == 2 else 1)
        self.budget.take(prod(shape), call.span)
        array = np.zeros(shape) if fill == "zeros" else np.ones(shape)
        return Constant(Matrix.from_floats(array), len(sizes))

    def _eye(self, call: ast.Call) -> Value:
        (size,) = self._sizes(call, (1,))
        self.budget.take(size * size, call.span)
        return Constant(Matrix.identity(size), 2)

    def _sizes(self, call: ast.Call, allowed: tuple[int, ...]) -> list[int]:
        if len(call.arguments) not in allowed:
            raise Fault(call.span, f"{call.function} needs {' or '.join(map(str, allowed))} sizes")
        sizes = [self._plain_number(a, f"a size of {call.function}") for a in call.arguments]
        total = sizes[0] * (
            sizes[0] if call.function == "eye" else sizes[-1] if len(sizes) == 2 else 1
        )
        if (
            any(s.denominator != 1 or s < 0 for s in sizes)
            or total > MAX_ENTRIES
            or max(sizes) > MAX_UNITS
        ):
            raise Fault(
                call.span,
                f"sizes must be whole numbers with at most {MAX_ENTRIES:,} entries in all",
            )
        return [int(s) for s in sizes]

    def _arity(self, call: ast.Call, count: int) -> None:
        if len(call.arguments) != count:
            given = len(call.arguments)
            raise Fault(
                call.span,
                f"{call.function} needs {count} argument{'s' * (count > 1)}, {given} given",
            )

    def _plain_number(self, expression: ast.Expr, what: str) -> Fraction:
        value = self._value(expression)
        if isinstance(value, Form) or value.rank != 0:
            raise Fault(expression.span, f"{what} must be a constant number")
        return value.matrix.entry(0, 0)

    def _unfold(self, form: Form, call: ast.Call, *, blocks: int) -> None:
        """Before a layer of v and -v (or v - low and v - high), and `blocks` n×n matrices over its
        units.
        """
        self.budget.dense(form, call.span, copies=4)
        self.budget.take(2 * blocks * form.affine.size**2, call.span)

    def _builder(self, call: ast.Call) -> Builder:
        return self._need_input(call.span)
