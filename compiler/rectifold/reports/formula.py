"""A network as one formula per output, in SymPy: relu(z) is Max(0, z), every number exact.

h = relu(2*x[0] - 1);  y = 3*h + x[1]        becomes        x1 + 3*Max(0, 2*x0 - 1)
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import sympy

from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.ir.network import Network
from rectifold.linear_regions.summary import Regions
from rectifold.runtime.caps import CAPS


def formulas(network: Network) -> list[sympy.Expr]:
    """One SymPy expression per output, over symbols x0, x1, ... (named after the input).

    Raises InputError when the formulas would have too many terms.
    """
    _refuse_long(network)
    symbols = [
        sympy.Symbol(f"{network.input_name}{k}", real=True) for k in range(network.input_size)
    ]
    values: dict[str, list[sympy.Expr]] = {network.input_name: symbols}
    for layer in network.layers:
        totals = [_sympy_rational(b) for b in layer.bias.column_values()]
        for source, weight in layer.weights.items():
            totals = [t + _row(weight, i, values[source]) for i, t in enumerate(totals)]
        values[layer.name] = [sympy.Max(0, t) for t in totals] if layer.is_relu else totals
    return values[network.output]


def piecewise(regions: Regions) -> list[sympy.Expr]:
    """One SymPy Piecewise per output: each region's affine map under the inequalities of its walls.

    Raises InputError when there would be too many pieces.
    """
    if len(regions) > CAPS.formula_terms:
        raise InputError(
            f"the formula would have {len(regions):,} pieces; "
            f"up to {CAPS.formula_terms:,} are written out"
        )
    symbols = [sympy.Symbol(f"{regions.network.input_name}{k}", real=True) for k in regions.free]

    def affine(form: Sequence[Fraction]) -> sympy.Expr:
        return sum(
            (_sympy_rational(a) * x for a, x in zip(form, symbols, strict=False)),
            _sympy_rational(form[-1]),
        )

    pieces: list[list[tuple[sympy.Expr, sympy.Basic]]] = [
        [] for _ in range(regions.network.output_size)
    ]
    for region in regions:
        condition = sympy.And(
            *(affine([side * Fraction(v) for v in wall]) >= 0 for wall, side in region.walls)
        )
        for o, form in enumerate(region.affine):
            pieces[o].append((affine(form), condition))
    return [sympy.Piecewise(*parts, evaluate=False) for parts in pieces]


def as_latex(expression: sympy.Expr) -> str:
    """The formula in LaTeX."""
    return str(sympy.latex(expression))


def _row(weight: Matrix, i: int, values: list[sympy.Expr]) -> sympy.Expr:
    entries = np.nonzero(weight.nonzero[i])[0].tolist()
    return sum((_sympy_rational(weight.entry(i, j)) * values[j] for j in entries), sympy.Integer(0))


def _sympy_rational(value: Fraction) -> sympy.Rational:
    return sympy.Rational(value.numerator, value.denominator)


def _refuse_long(network: Network) -> None:
    """Every use of a unit repeats its formula, so lengths multiply from layer to layer."""
    length: dict[str, list[int]] = {network.input_name: [1] * network.input_size}
    for layer in network.layers:
        sizes = [1] * layer.size
        for source, weight in layer.weights.items():
            for i, j in zip(*(v.tolist() for v in np.nonzero(weight.nonzero)), strict=True):
                sizes[i] += length[source][j]
        length[layer.name] = sizes
    total = sum(length[network.output])
    if total > CAPS.formula_terms:
        raise InputError(
            f"the formulas would have {total:,} terms; up to {CAPS.formula_terms:,} are written out"
        )
