"""MatMul and Gemm where one factor is constant.

    x @ W        one exact matrix over the entries of x; leading dimensions broadcast
    Gemm         α·A'·B' + β·C

Sound because the entry (batch, m, n) of a product is Σ_k left[batch, m, k]·right[batch, k, n], and
the matrix that is built holds exactly these coefficients.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from rectifold.exact.entries import Indices
from rectifold.formats.onnx.node import Node, entries_of, spread, symbolic_of
from rectifold.formats.onnx.tensors import Array, Constant, Symbolic, Tensor, matrix_of, wrapped
from rectifold.ir.affine import Affine
from rectifold.runtime.caps import CAPS


def matmul(node: Node) -> Tensor:
    return _product(node, node.tensor(0), node.tensor(1))


def gemm(node: Node) -> Tensor:
    parts = [_turned(node, k, flag) for k, flag in ((0, "transA"), (1, "transB"))]
    result = symbolic_of(_product(node, *parts))
    entries = result.entries.scale(Fraction(float(node.attribute("alpha"))))
    beta = Fraction(float(node.attribute("beta")))
    if not node.given(2) or beta == 0:
        return Symbolic(entries, result.shape, result.type)
    offset = node.symbolic(2)
    if node.broadcast(offset.shape, result.shape) != result.shape:
        raise node.fail(
            f"C has the shape {offset.shape}, which does not broadcast to {result.shape}"
        )
    return Symbolic(entries + spread(offset, result.shape).scale(beta), result.shape, result.type)


def _turned(node: Node, k: int, flag: str) -> Tensor:
    value = node.tensor(k)
    if len(value.shape) != 2:
        raise node.fail(f"input {k} has the shape {value.shape}; a matrix is expected")
    if not node.attribute(flag):
        return value
    if isinstance(value, Symbolic):
        return value.moved(value.positions.T)
    return Constant(value.values.T, value.type, value.origin)


def _product(node: Node, left: Tensor, right: Tensor) -> Tensor:
    if isinstance(left, Symbolic) and isinstance(right, Symbolic):
        raise node.fail("a product of two tensors that depend on the input is not piecewise linear")
    if not left.shape or not right.shape:
        raise node.fail(
            f"shapes {left.shape} and {right.shape} do not fit: a factor is a single number"
        )
    a, b, shape = _aligned(node, left, right)
    if isinstance(left, Constant) and isinstance(right, Constant):
        return _folded_product(node, left, right, (a, b, shape))
    if isinstance(left, Symbolic):
        assert isinstance(right, Constant)
        entries = _through(node, left, a, right.numbers().ravel(), b)
    else:
        assert isinstance(right, Symbolic)
        entries = _through(node, right, b, left.numbers().ravel(), a)
    return Symbolic(entries, shape, left.type)


def _aligned(node: Node, left: Tensor, right: Tensor) -> tuple[Indices, Indices, tuple[int, ...]]:
    """(positions in left, positions in right, shape of the product).

    Both arrays have the shape batch × m × n × k: which entries meet in the k-th term of each entry.
    """
    a = np.arange(entries_of(left.shape)).reshape(left.shape)
    b = np.arange(entries_of(right.shape)).reshape(right.shape)
    a = a[None, :] if a.ndim == 1 else a
    b = b[:, None] if b.ndim == 1 else b
    if a.shape[-1] != b.shape[-2]:
        raise node.fail(f"shapes {left.shape} and {right.shape} do not fit")
    batch = node.broadcast(a.shape[:-2], b.shape[:-2])
    terms = (*batch, a.shape[-2], b.shape[-1], a.shape[-1])
    if entries_of(terms) > CAPS.operator_entries:
        raise node.fail(
            f"a product of {entries_of(terms):,} terms is too large "
            f"(the limit is {CAPS.operator_entries:,})"
        )
    shape = list(terms[:-1])
    if len(right.shape) == 1:
        del shape[-1]
    if len(left.shape) == 1:
        del shape[len(batch)]
    columns = np.swapaxes(b, -1, -2)[..., None, :, :]
    return np.broadcast_to(a[..., :, None, :], terms), np.broadcast_to(columns, terms), tuple(shape)


def _through(
    node: Node, symbol: Symbolic, positions: Indices, weights: Array, chosen: Indices
) -> Affine:
    size = entries_of(positions.shape[:-1])
    if (
        positions.shape[-1] == symbol.entries.size
    ):  # every entry meets all of the tensor: no zeros to fill in
        return symbol.entries.apply(matrix_of(weights[chosen].reshape(size, -1)))
    rows = np.broadcast_to(np.arange(size).reshape((*positions.shape[:-1], 1)), positions.shape)
    return node.linear(symbol, rows.ravel(), positions.ravel(), weights[chosen.ravel()], size)


def _folded_product(
    node: Node, left: Constant, right: Constant, terms: tuple[Indices, Indices, tuple[int, ...]]
) -> Constant:
    a, b, shape = terms
    if left.values.dtype.kind in "iu":
        values = left.values.astype(object).ravel()[a] * right.values.astype(object).ravel()[b]
        return node.folded(
            wrapped(values.sum(axis=-1).ravel().tolist(), left.type, shape), left.type
        )
    values = left.fractions().ravel()[a] * right.fractions().ravel()[b]
    return node.folded(np.asarray(values.sum(axis=-1), dtype=object).reshape(shape), left.type)
