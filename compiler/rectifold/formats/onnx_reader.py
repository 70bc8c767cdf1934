"""ONNX to IR: the network that an ONNX file means, with every weight the exact number its bits say.

A symbolic tensor is an `Affine` over the IR's layers plus a shape; a constant is an array. Each operator maps
one to the other. Operators that move values around (Reshape, Transpose, Slice, Concat, ...) only move indices; linear
operators build the matrix of the map; Relu and its relatives make layers. Whatever is not listed in `_OPERATORS` is
refused with the node's name: silence would be unsound.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import numpy_helper

from rectifold.errors import InputError
from rectifold.exact.matrix import Indices, Matrix
from rectifold.ir.affine import Affine, Builder, concat
from rectifold.ir.network import Network, NetworkError, safe_name
from rectifold.runtime.arrays import as_floats, inside

MAX_MATRIX = 500_000_000  # entries of the dense matrix of one operator

Array = np.ndarray[Any, Any]


class OnnxError(InputError):
    """An ONNX file that cannot be read as a ReLU network. The message names the node."""


@dataclass(frozen=True, eq=False)
class Symbolic:
    """A tensor that depends on the input: its entries in C order, and its shape."""

    entries: Affine
    shape: tuple[int, ...]

    @property
    def positions(self) -> Indices:
        """The index of each entry, in the tensor's shape."""
        return np.arange(self.entries.size).reshape(self.shape)

    def moved(self, positions: Indices) -> Symbolic:
        """The tensor of the entries at these positions, in the shape of `positions`."""
        flat = positions.ravel()
        same = len(flat) == self.entries.size and np.array_equal(flat, np.arange(len(flat)))
        return Symbolic(self.entries if same else self.entries.select(flat), positions.shape)


Tensor = Symbolic | Array


def read_onnx(path: Path) -> tuple[Network, list[str]]:
    """(network, notes) of an ONNX file; notes say what a user should know (a rational fixed for a square root).

    Raises OnnxError, InputError.
    """
    model = _load(path)
    reader = _Reader(model.graph, safe_name(path.stem, "net"), _opset(model))
    return reader.network(), reader.notes


def _load(path: Path) -> Any:
    try:
        model = onnx.load(str(path), load_external_data=False)
    except (DecodeError, ValueError, OSError) as error:
        raise OnnxError(f"{path.name} is no readable ONNX file ({error})") from None
    if not model.graph.node and not model.graph.output:
        raise OnnxError(f"{path.name} is no ONNX model: it has no graph")
    _load_external(model, path.parent)
    return model


def _load_external(model: Any, folder: Path) -> None:
    tensors = list(model.graph.initializer)
    for node in model.graph.node:
        tensors += [a.t for a in node.attribute if a.type == onnx.AttributeProto.TENSOR]
    for tensor in tensors:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            entries = {entry.key: entry.value for entry in tensor.external_data}
            data_path = inside(folder, entries.get("location", ""))
            _fill_external(tensor, data_path, int(entries.get("offset", 0)), entries.get("length"))


def _fill_external(tensor: Any, path: Path, offset: int, length: str | None) -> None:
    with path.open("rb") as file:
        file.seek(offset)
        tensor.raw_data = file.read() if length is None else file.read(int(length))
    tensor.data_location = onnx.TensorProto.DEFAULT


def _opset(model: Any) -> int:
    return next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 1)


class _Reader:
    def __init__(self, graph: Any, name: str, opset: int) -> None:
        self.graph = graph
        self.name = name
        self.opset = opset
        self.notes: list[str] = []
        self.values: dict[str, Tensor] = {}

    def network(self) -> Network:
        for tensor in self.graph.initializer:
            self.values[tensor.name] = _constant(tensor, f"initializer {tensor.name!r}")
        self._open_input()
        for node in self.graph.node:
            self._run(node)
        if len(self.graph.output) != 1:
            names = ", ".join(o.name for o in self.graph.output)
            raise OnnxError(f"the graph has {len(self.graph.output)} outputs ({names}); one is expected")
        output = self.values.get(self.graph.output[0].name)
        if output is None:
            raise OnnxError(f"the output {self.graph.output[0].name!r} is never computed")
        entries = output.entries if isinstance(output, Symbolic) else _affine_constant(output)
        return self.builder.finish(entries, self.name)

    def _open_input(self) -> None:
        free = [i for i in self.graph.input if i.name not in self.values]
        defaults = [i.name for i in self.graph.input if i.name in self.values]
        if len(free) != 1:
            names = ", ".join(i.name for i in free) or "none"
            raise OnnxError(f"the graph has {len(free)} inputs ({names}); one is expected: concatenate them into one")
        if defaults:
            self.notes.append(
                f"{len(defaults)} initializers are also graph inputs (such as {defaults[0]}); they are read as constants"
            )
        shape = _input_shape(free[0])
        self.input_shape = shape
        name = safe_name(free[0].name, "x")
        self.builder = Builder(name, math.prod(shape))
        self.values[free[0].name] = Symbolic(self.builder.input, shape)

    def _run(self, node: Any) -> None:
        where = f"node {node.name or node.output[0]!r} ({node.op_type})"
        if node.domain not in ("", "ai.onnx") or node.op_type not in _OPERATORS:
            raise OnnxError(f"{where} is not supported; supported are {', '.join(sorted(_OPERATORS))}")
        missing = [i for i in node.input if i and i not in self.values]
        if missing:
            raise OnnxError(f"{where} reads {missing[0]!r}, which nothing computes")
        step = _Step(self, node, where)
        try:
            result = _OPERATORS[node.op_type](step)
        except (NetworkError, ValueError, IndexError, KeyError, TypeError) as error:
            if isinstance(error, OnnxError):
                raise
            raise OnnxError(f"{where}: {error}") from None
        results = result if isinstance(result, list) else [result]
        for name, value in zip(node.output, results, strict=False):
            self.values[name] = value


@dataclass(frozen=True, eq=False)
class _Step:
    """One node with its inputs and attributes at hand."""

    reader: _Reader
    node: Any
    where: str

    @property
    def builder(self) -> Builder:
        return self.reader.builder

    @property
    def layer_name(self) -> str:
        return safe_name(self.node.name or self.node.output[0], "layer")

    def fail(self, message: str) -> OnnxError:
        return OnnxError(f"{self.where}: {message}")

    def __len__(self) -> int:
        return len(self.node.input)

    def given(self, k: int) -> bool:
        return k < len(self.node.input) and bool(self.node.input[k])

    def tensor(self, k: int) -> Tensor:
        if not self.given(k):
            raise self.fail(f"input {k} is missing")
        return self.reader.values[self.node.input[k]]

    def symbolic(self, k: int) -> Symbolic:
        value = self.tensor(k)
        return value if isinstance(value, Symbolic) else Symbolic(_affine_constant(value), value.shape)

    def array(self, k: int, what: str) -> Array:
        value = self.tensor(k)
        if isinstance(value, Symbolic):
            raise self.fail(f"{what} depends on the network's input; a constant is expected")
        return value

    def integers(self, k: int, attribute: str) -> list[int] | None:
        """A list of whole numbers given as input k or (older opsets) as an attribute."""
        if self.given(k):
            return [int(v) for v in np.atleast_1d(self.array(k, attribute)).ravel()]
        value = self.attribute(attribute)
        return None if value is None else [int(v) for v in value]

    def attribute(self, name: str, default: Any = None) -> Any:
        for entry in self.node.attribute:
            if entry.name == name:
                return onnx.helper.get_attribute_value(entry)
        return default


# ---- constants ----------------------------------------------------------------------------------


def _constant(tensor: Any, what: str) -> Array:
    try:
        array = np.asarray(numpy_helper.to_array(tensor))
    except (ValueError, TypeError, RuntimeError) as error:
        raise OnnxError(f"{what} cannot be read ({error})") from None
    if array.dtype.kind == "f":
        return as_floats(array, what).reshape(array.shape)
    if array.dtype.kind in "iub":
        return array.astype(np.int64) if array.dtype.kind != "b" else array
    raise OnnxError(f"{what} has entries of type {array.dtype}; float16, float32, float64 and integers are read")


def _exact(array: Array) -> list[Fraction]:
    return [
        v if isinstance(v, Fraction) else Fraction(float(v)) if array.dtype.kind == "f" else Fraction(int(v))
        for v in array.ravel()
    ]


def _matrix(array: Array) -> Matrix:
    """A 2-D constant as an exact matrix."""
    if array.dtype == object:
        return Matrix.from_fractions([[Fraction(v) for v in row] for row in array], columns=array.shape[1])
    return Matrix.from_floats(as_floats(array, "a weight"))


def _affine_constant(array: Array) -> Affine:
    return Affine(_matrix(array.reshape(-1, 1)))


def _input_shape(value: Any) -> tuple[int, ...]:
    kind = value.type.tensor_type
    if not value.type.HasField("tensor_type") or not kind.HasField("shape"):
        raise OnnxError(f"the input {value.name!r} has no shape")
    sizes = []
    for axis, dimension in enumerate(kind.shape.dim):
        size = dimension.dim_value if dimension.HasField("dim_value") else 0
        if size <= 0 and axis == 0:
            size = 1  # the batch
        if size <= 0:
            raise OnnxError(f"dimension {axis} of the input {value.name!r} is not fixed; fix it when exporting")
        sizes.append(size)
    return tuple(sizes)


# ---- arithmetic ---------------------------------------------------------------------------------


def _broadcast(a: Symbolic, shape: tuple[int, ...]) -> Affine:
    return a.moved(np.ascontiguousarray(np.broadcast_to(a.positions, shape))).entries


def _elementwise(
    symbolic: Callable[[Affine, Affine], Affine], plain: Callable[[Any, Any], Any]
) -> Callable[[_Step], Tensor]:
    def run(step: _Step) -> Tensor:
        left, right = step.tensor(0), step.tensor(1)
        if not isinstance(left, Symbolic) and not isinstance(right, Symbolic):
            return _fold(left, right, plain)
        a, b = step.symbolic(0), step.symbolic(1)
        shape = np.broadcast_shapes(a.shape, b.shape)
        return Symbolic(symbolic(_broadcast(a, shape), _broadcast(b, shape)), shape)

    return run


def _fold(left: Array, right: Array, plain: Callable[[Any, Any], Any]) -> Array:
    """Constant arithmetic: whole numbers as such, everything else exactly, in fractions."""
    if left.dtype.kind in "iu" and right.dtype.kind in "iu":
        return np.asarray(plain(left, right))
    a, b = _object(left), _object(right)
    return np.asarray(plain(a, b), dtype=object)


def _object(array: Array) -> Array:
    exact = np.empty(array.size, dtype=object)
    exact[:] = _exact(array)
    return exact.reshape(array.shape)


def _product(step: _Step) -> Tensor:
    left, right = step.tensor(0), step.tensor(1)
    if isinstance(left, Symbolic) and isinstance(right, Symbolic):
        raise step.fail("a product of two tensors that depend on the input is not piecewise linear")
    if not isinstance(left, Symbolic) and not isinstance(right, Symbolic):
        return _fold(left, right, lambda a, b: a * b)
    symbol, factor = (left, right) if isinstance(left, Symbolic) else (right, left)
    assert isinstance(symbol, Symbolic)
    assert not isinstance(factor, Symbolic)
    return _scaled(symbol, factor, inverse=False)


def _quotient(step: _Step) -> Tensor:
    left, right = step.tensor(0), step.tensor(1)
    if isinstance(right, Symbolic):
        raise step.fail("division by a tensor that depends on the input is not piecewise linear")
    if not np.all(right != 0):
        raise step.fail("division by zero")
    if not isinstance(left, Symbolic):
        if left.dtype.kind in "iu" and right.dtype.kind in "iu":
            return np.asarray(np.trunc(left / right), dtype=np.int64)
        return _fold(left, right, lambda a, b: a / b)
    return _scaled(left, right, inverse=True)


def _scaled(symbol: Symbolic, factor: Array, *, inverse: bool) -> Symbolic:
    shape = np.broadcast_shapes(symbol.shape, factor.shape)
    factors = _exact(np.broadcast_to(factor, shape))
    if inverse:
        factors = [1 / f for f in factors]
    return Symbolic(_broadcast(symbol, shape).scale_rows(factors), shape)


def _negation(step: _Step) -> Tensor:
    value = step.tensor(0)
    return Symbolic(-value.entries, value.shape) if isinstance(value, Symbolic) else -value


def _sum(step: _Step) -> Tensor:
    parts = [step.symbolic(k) for k in range(len(step))]
    shape = np.broadcast_shapes(*(p.shape for p in parts))
    total = _broadcast(parts[0], shape)
    for part in parts[1:]:
        total = total + _broadcast(part, shape)
    return Symbolic(total, shape)


# ---- matrix products and convolutions --------------------------------------------------------------


def _matmul(step: _Step) -> Tensor:
    left, right = step.tensor(0), step.tensor(1)
    if isinstance(left, Symbolic) and isinstance(right, Symbolic):
        raise step.fail("a product of two tensors that depend on the input is not piecewise linear")
    if isinstance(left, Symbolic):
        assert not isinstance(right, Symbolic)
        return _times_constant(left, right, step)
    if isinstance(right, Symbolic):
        return _constant_times(left, right, step)
    return _fold(left, right, lambda a, b: a @ b)


def _times_constant(symbol: Symbolic, weight: Array, step: _Step) -> Symbolic:
    """x @ W on the last axis of x."""
    vector = weight.ndim == 1
    weight = weight.reshape(-1, 1) if vector else weight
    if weight.ndim != 2 or not symbol.shape or symbol.shape[-1] != weight.shape[0]:
        raise step.fail(f"shapes {symbol.shape} and {weight.shape} do not fit")
    lead = symbol.shape[:-1]
    matrix = _repeat_blocks(weight.T, math.prod(lead), step)
    shape = lead if vector else (*lead, weight.shape[1])
    return Symbolic(symbol.entries.apply(_matrix(matrix)), shape)


def _constant_times(weight: Array, symbol: Symbolic, step: _Step) -> Symbolic:
    """W @ x: turned into (xᵀ @ Wᵀ)ᵀ."""
    if len(symbol.shape) == 1:
        return _times_constant(symbol, weight.T, step)
    if weight.ndim > 2 or len(symbol.shape) != 2:
        raise step.fail(f"shapes {weight.shape} and {symbol.shape} are not supported with the weight on the left")
    rows = weight.reshape(1, -1) if weight.ndim == 1 else weight
    product = _times_constant(symbol.moved(symbol.positions.T), rows.T, step)
    result = product.moved(product.positions.T)
    return Symbolic(result.entries, result.shape[1:]) if weight.ndim == 1 else result


def _repeat_blocks(weight: Array, count: int, step: _Step) -> Array:
    if weight.size * count * count > MAX_MATRIX:
        raise step.fail("the matrix of this operator is too large")
    return weight if count == 1 else np.kron(np.eye(count, dtype=np.int64).astype(weight.dtype), weight)


def _gemm(step: _Step) -> Tensor:
    alpha, beta = (Fraction(float(step.attribute(name, 1.0))) for name in ("alpha", "beta"))
    a, b = (_turned(step.tensor(k), bool(step.attribute(flag, 0))) for k, flag in ((0, "transA"), (1, "transB")))
    if isinstance(a, Symbolic) and isinstance(b, Symbolic):
        raise step.fail("a product of two tensors that depend on the input is not piecewise linear")
    if isinstance(a, Symbolic):
        assert not isinstance(b, Symbolic)
        product: Tensor = _times_constant(a, b, step)
    elif isinstance(b, Symbolic):
        product = _constant_times(a, b, step)
    else:
        product = _fold(a, b, lambda p, q: p @ q)
    result = product if isinstance(product, Symbolic) else Symbolic(_affine_constant(product), product.shape)
    result = Symbolic(result.entries.scale(alpha), result.shape)
    if not step.given(2) or beta == 0:
        return result
    offset = step.symbolic(2)
    return Symbolic(result.entries + _broadcast(offset, result.shape).scale(beta), result.shape)


def _turned(value: Tensor, transposed: bool) -> Tensor:
    if not transposed:
        return value
    return value.moved(value.positions.T) if isinstance(value, Symbolic) else value.T


@dataclass(frozen=True)
class _Window:
    """How a kernel slides: per spatial axis the kernel size, stride, dilation, leading pad and output size."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]
    sizes: tuple[int, ...]
    output: tuple[int, ...]

    def offsets(self) -> list[tuple[int, ...]]:
        return list(itertools.product(*(range(k) for k in self.kernel)))

    def source(self, offset: tuple[int, ...]) -> tuple[Indices, np.ndarray[Any, np.dtype[np.bool_]]]:
        """(flat input position, inside) for each output position, both in the output's shape."""
        flat = np.zeros(self.output, dtype=np.int64)
        valid = np.ones(self.output, dtype=np.bool_)
        for axis, (k, s, d, p, size) in enumerate(
            zip(offset, self.strides, self.dilations, self.pads, self.sizes, strict=True)
        ):
            along = np.arange(self.output[axis]) * s + k * d - p
            shape = [1] * len(self.output)
            shape[axis] = -1
            valid &= ((along >= 0) & (along < size)).reshape(shape)
            flat = flat * size + np.clip(along, 0, size - 1).reshape(shape)
        return flat, valid


def _window(step: _Step, sizes: tuple[int, ...], kernel: Sequence[int]) -> _Window:
    axes = len(sizes)
    strides = tuple(step.attribute("strides", [1] * axes))
    dilations = tuple(step.attribute("dilations", [1] * axes))
    pads = list(step.attribute("pads", [0] * 2 * axes))
    mode = step.attribute("auto_pad", b"NOTSET").decode()
    output = []
    for a in range(axes):
        reach = (kernel[a] - 1) * dilations[a] + 1
        if mode in ("SAME_UPPER", "SAME_LOWER"):
            total = max(0, (-(-sizes[a] // strides[a]) - 1) * strides[a] + reach - sizes[a])
            pads[a] = total // 2 if mode == "SAME_UPPER" else total - total // 2
            pads[a + axes] = total - pads[a]
        room = sizes[a] + pads[a] + pads[a + axes] - reach
        if room < 0 or min(pads) < 0:
            raise step.fail("the kernel is larger than the padded input, or a pad is negative")
        count = room // strides[a] + 1
        if step.attribute("ceil_mode", 0) and room % strides[a] and count * strides[a] < sizes[a] + pads[a]:
            count += 1
        output.append(count)
    return _Window(tuple(kernel), strides, dilations, tuple(pads[:axes]), sizes, tuple(output))


def _conv(step: _Step) -> Tensor:
    x, weight = step.symbolic(0), step.array(1, "the kernel")
    groups = int(step.attribute("group", 1))
    if len(x.shape) < 3 or x.shape[0] != 1 or weight.ndim != len(x.shape) or weight.shape[1] * groups != x.shape[1]:
        raise step.fail(
            f"an input of shape {x.shape} and a kernel of shape {weight.shape} do not fit (groups {groups})"
        )
    if weight.shape[0] % groups:
        raise step.fail(f"{weight.shape[0]} filters cannot be divided into {groups} groups")
    window = _window(step, x.shape[2:], weight.shape[2:])
    places, area = math.prod(window.output), math.prod(x.shape[2:])
    filters = weight.shape[0]
    if filters * places * x.entries.size > MAX_MATRIX:
        raise step.fail("the matrix of this convolution is too large")
    matrix = np.zeros((filters, places, x.shape[1], area))
    for offset in window.offsets():
        flat, valid = (v.ravel() for v in window.source(offset))
        spots = np.nonzero(valid)[0]
        index: tuple[Any, ...] = (slice(None), slice(None), *offset)
        taps = weight[index]
        for f in range(filters):
            first = (f // (filters // groups)) * weight.shape[1]
            for c in range(weight.shape[1]):
                matrix[f, spots, first + c, flat[spots]] = taps[f, c]
    result = x.entries.apply(Matrix.from_floats(matrix.reshape(filters * places, x.entries.size)))
    if step.given(2):
        result = result + _affine_constant(np.repeat(step.array(2, "the bias"), places))
    return Symbolic(result, (1, filters, *window.output))


def _average_pool(step: _Step) -> Tensor:
    x = step.symbolic(0)
    window = _window(step, x.shape[2:], tuple(step.attribute("kernel_shape")))
    include_pad = bool(step.attribute("count_include_pad", 0))
    places, area, channels = math.prod(window.output), math.prod(x.shape[2:]), x.shape[1]
    counts = np.zeros(places, dtype=np.int64)
    ones = np.zeros((places, area))
    for offset in window.offsets():
        flat, valid = (v.ravel() for v in window.source(offset))
        spots = np.nonzero(valid)[0]
        ones[spots, flat[spots]] += 1.0
        counts += 1 if include_pad else valid
    matrix = _matrix(_repeat_blocks(ones, channels, step))
    total = x.entries.apply(matrix).scale_rows([Fraction(1, int(c)) for c in np.tile(counts, channels)])
    return Symbolic(total, (1, channels, *window.output))


def _global_average_pool(step: _Step) -> Tensor:
    x = step.symbolic(0)
    area = math.prod(x.shape[2:])
    ones = _repeat_blocks(np.ones((1, area)), x.shape[1], step)
    total = x.entries.apply(_matrix(ones)).scale(Fraction(1, area))
    return Symbolic(total, (1, x.shape[1], *(1 for _ in x.shape[2:])))


def _max_pool(step: _Step) -> Tensor:
    x = step.symbolic(0)
    window = _window(step, x.shape[2:], tuple(step.attribute("kernel_shape")))
    area, channels = math.prod(x.shape[2:]), x.shape[1]
    sources = [tuple(v.ravel() for v in window.source(offset)) for offset in window.offsets()]
    if not np.all(np.any([valid for _, valid in sources], axis=0)):
        raise step.fail("a window lies entirely in the padding")
    fallback = np.zeros(math.prod(window.output), dtype=np.int64)
    for flat, valid in reversed(sources):  # a place in the padding repeats a real one: the maximum is the same
        fallback = np.where(valid, flat, fallback)
    shifts = (np.arange(channels) * area)[:, None]
    candidates = [
        x.entries.select((np.where(valid, flat, fallback)[None, :] + shifts).ravel()) for flat, valid in sources
    ]
    return Symbolic(_largest(step, candidates), (1, channels, *window.output))


def _largest(step: _Step, candidates: list[Affine]) -> Affine:
    """Pairwise maxima, one layer per round."""
    while len(candidates) > 1:
        half = len(candidates) // 2
        left, right = concat(candidates[:half]), concat(candidates[half : 2 * half])
        best = step.builder.maximum(left, right, step.layer_name)
        best = step.builder.layer(step.builder.fresh(f"{step.layer_name}_sum"), best, relu=False)
        size = candidates[0].size
        candidates = [best.select(np.arange(k * size, (k + 1) * size)) for k in range(half)] + candidates[2 * half :]
    return candidates[0]


def _batch_normalization(step: _Step) -> Tensor:
    x = step.symbolic(0)
    scale, offset, mean, variance = (
        step.array(k, name) for k, name in ((1, "scale"), (2, "B"), (3, "mean"), (4, "var"))
    )
    if step.attribute("training_mode", 0):
        raise step.fail("training mode is not a fixed function")
    epsilon = float(step.attribute("epsilon", np.float32(1e-5)))
    spread = as_floats(variance, "the variance") + epsilon
    if not np.all(spread > 0):
        raise step.fail("a variance plus epsilon is not positive")
    factors = as_floats(scale, "the scale") / np.sqrt(spread)
    channels = (1, -1, *(1 for _ in x.shape[2:])) if len(x.shape) > 1 else (-1,)
    moved = _scaled(x, factors.reshape(channels), inverse=False)
    exact = [b - m * Fraction(float(f)) for b, m, f in zip(_exact(offset), _exact(mean), factors, strict=True)]
    shift = np.empty(len(exact), dtype=object)
    shift[:] = exact
    step.reader.notes.append(
        f"{step.where}: scale/sqrt(var + epsilon) is irrational; it was fixed to the nearest float64 numbers"
    )
    return Symbolic(moved.entries + _affine_constant(np.broadcast_to(shift.reshape(channels), x.shape)), x.shape)


# ---- activations ----------------------------------------------------------------------------------


def _relu(step: _Step) -> Tensor:
    x = step.symbolic(0)
    return Symbolic(step.builder.relu(x.entries, step.layer_name), x.shape)


def _abs(step: _Step) -> Tensor:
    x = step.symbolic(0)
    return Symbolic(step.builder.abs(x.entries, step.layer_name), x.shape)


def _leaky_relu(step: _Step) -> Tensor:
    x = step.symbolic(0)
    slope = Fraction(float(step.attribute("alpha", float(np.float32(0.01)))))
    return Symbolic(step.builder.leaky_relu(x.entries, [slope] * x.entries.size, step.layer_name), x.shape)


def _prelu(step: _Step) -> Tensor:
    x = step.symbolic(0)
    slopes = _exact(np.broadcast_to(step.array(1, "the slope"), x.shape))
    return Symbolic(step.builder.leaky_relu(x.entries, slopes, step.layer_name), x.shape)


def _clip(step: _Step) -> Tensor:
    x = step.symbolic(0)
    ends: list[Fraction | None] = []
    for k, name in ((1, "min"), (2, "max")):
        value = _exact(step.array(k, name))[0] if step.given(k) else step.attribute(name)
        unlimited = value is None or abs(float(value)) >= float(np.finfo(np.float32).max)
        ends.append(None if unlimited else Fraction(value))
    return Symbolic(step.builder.clip(x.entries, ends[0], ends[1], step.layer_name), x.shape)


def _extremum(largest: bool) -> Callable[[_Step], Tensor]:
    def run(step: _Step) -> Tensor:
        parts = [step.symbolic(k) for k in range(len(step))]
        shape = np.broadcast_shapes(*(p.shape for p in parts))
        result = _broadcast(parts[0], shape)
        combine = step.builder.maximum if largest else step.builder.minimum
        for part in parts[1:]:
            result = combine(result, _broadcast(part, shape), step.layer_name)
        return Symbolic(result, shape)

    return run


# ---- moving values around ---------------------------------------------------------------------------


def _moving(move: Callable[[_Step, Array], Array]) -> Callable[[_Step], Tensor]:
    """An operator that only moves entries, given what it does to an array."""

    def run(step: _Step) -> Tensor:
        value = step.tensor(0)
        return value.moved(move(step, value.positions)) if isinstance(value, Symbolic) else move(step, value)

    return run


def _reshape(step: _Step, array: Array) -> Array:
    wanted = step.integers(1, "shape") or []
    allow_zero = bool(step.attribute("allowzero", 0))
    sizes = [array.shape[k] if size == 0 and not allow_zero else size for k, size in enumerate(wanted)]
    return array.reshape(sizes)


def _flatten(step: _Step, array: Array) -> Array:
    axis = int(step.attribute("axis", 1))
    axis += array.ndim if axis < 0 else 0
    return array.reshape(math.prod(array.shape[:axis]), math.prod(array.shape[axis:]))


def _squeeze(step: _Step, array: Array) -> Array:
    axes = step.integers(1, "axes")
    return np.squeeze(array, axis=None if axes is None else tuple(axes))


def _unsqueeze(step: _Step, array: Array) -> Array:
    axes = step.integers(1, "axes")
    if axes is None:
        raise step.fail("axes are missing")
    return np.expand_dims(array, tuple(axes))


def _transpose(step: _Step, array: Array) -> Array:
    return np.transpose(array, step.attribute("perm"))


def _slice(step: _Step, array: Array) -> Array:
    starts, ends = step.integers(1, "starts"), step.integers(2, "ends")
    if starts is None or ends is None:
        raise step.fail("starts or ends are missing")
    axes = step.integers(3, "axes") or list(range(len(starts)))
    steps = step.integers(4, "steps") or [1] * len(starts)
    index: list[slice] = [slice(None)] * array.ndim
    for axis, first, last, stride in zip(axes, starts, ends, steps, strict=True):
        if stride == 0:
            raise step.fail("a step is 0")
        size = array.shape[axis]
        stop = None if stride < 0 and last < -size else last
        index[axis] = slice(first, stop, stride)
    return array[tuple(index)]


def _gather(step: _Step, array: Array) -> Array:
    return np.take(array, step.array(1, "the index"), axis=int(step.attribute("axis", 0)))


def _expand(step: _Step, array: Array) -> Array:
    wanted = tuple(step.integers(1, "shape") or [])
    return np.broadcast_to(array, np.broadcast_shapes(array.shape, wanted))


def _same(step: _Step, array: Array) -> Array:
    return array


def _dropout(step: _Step) -> Tensor:
    if step.given(2) and bool(np.any(step.array(2, "training_mode"))):
        raise step.fail("training mode is not a fixed function")
    return step.tensor(0)


def _cast(step: _Step) -> Tensor:
    value = step.tensor(0)
    target = int(step.attribute("to"))
    if isinstance(value, Symbolic):
        if target not in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE):
            raise step.fail("a cast of the network's values to whole numbers or half precision is not piecewise linear")
        return value
    kind = onnx.helper.tensor_dtype_to_np_dtype(target)
    if value.dtype == object or kind.kind == "f":
        return value if kind.kind == "f" and value.dtype == object else value.astype(kind).astype(np.float64)
    return value.astype(np.int64)


def _constant_node(step: _Step) -> Tensor:
    tensor = step.attribute("value")
    if tensor is not None:
        return _constant(tensor, step.where)
    for name in ("value_float", "value_floats"):
        if (value := step.attribute(name)) is not None:
            return np.asarray(value, dtype=np.float64)
    for name in ("value_int", "value_ints"):
        if (value := step.attribute(name)) is not None:
            return np.asarray(value, dtype=np.int64)
    raise step.fail("this kind of constant is not supported")


def _constant_of_shape(step: _Step) -> Tensor:
    sizes = [int(v) for v in step.array(0, "the shape")]
    if math.prod(sizes) > MAX_MATRIX:
        raise step.fail("the constant is too large")
    tensor = step.attribute("value")
    value = _constant(tensor, step.where) if tensor is not None else np.zeros(1)
    return np.full(sizes, value.ravel()[0])


def _shape(step: _Step) -> Tensor:
    shape = step.tensor(0).shape
    first, last = step.attribute("start", 0), step.attribute("end", len(shape))
    return np.asarray(shape[first:last], dtype=np.int64)


def _concat(step: _Step) -> Tensor:
    axis = int(step.attribute("axis", 0))
    tensors = [step.tensor(k) for k in range(len(step))]
    if not any(isinstance(t, Symbolic) for t in tensors):
        return np.concatenate([t for t in tensors if not isinstance(t, Symbolic)], axis=axis)
    parts = [step.symbolic(k) for k in range(len(step))]
    starts = np.cumsum([0] + [p.entries.size for p in parts])
    positions = np.concatenate([p.positions + start for p, start in zip(parts, starts, strict=False)], axis=axis)
    joined = Symbolic(concat([p.entries for p in parts]), (int(starts[-1]),))
    return joined.moved(positions)


def _split(step: _Step) -> list[Tensor]:
    value = step.tensor(0)
    axis = int(step.attribute("axis", 0))
    size, count = value.shape[axis], len(step.node.output)
    sizes = step.integers(1, "split")
    if sizes is None:
        chunk = -(-size // count)
        sizes = [min(chunk, size - k * chunk) for k in range(count)]
    if sum(sizes) != size or min(sizes) < 0:
        raise step.fail(f"parts {sizes} do not add up to {size}")
    array = value.positions if isinstance(value, Symbolic) else value
    pieces = np.split(array, np.cumsum(sizes)[:-1], axis=axis)
    return [value.moved(piece) if isinstance(value, Symbolic) else piece for piece in pieces]


_OPERATORS: Mapping[str, Callable[[_Step], Tensor | list[Tensor]]] = {
    "Abs": _abs,
    "Add": _elementwise(lambda a, b: a + b, lambda a, b: a + b),
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_normalization,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": _concat,
    "Constant": _constant_node,
    "ConstantOfShape": _constant_of_shape,
    "Conv": _conv,
    "Div": _quotient,
    "Dropout": _dropout,
    "Expand": _moving(_expand),
    "Flatten": _moving(_flatten),
    "Gather": _moving(_gather),
    "Gemm": _gemm,
    "GlobalAveragePool": _global_average_pool,
    "Identity": _moving(_same),
    "LeakyRelu": _leaky_relu,
    "MatMul": _matmul,
    "Max": _extremum(largest=True),
    "MaxPool": _max_pool,
    "Min": _extremum(largest=False),
    "Mul": _product,
    "Neg": _negation,
    "PRelu": _prelu,
    "Relu": _relu,
    "Reshape": _moving(_reshape),
    "Shape": _shape,
    "Slice": _moving(_slice),
    "Split": _split,
    "Squeeze": _moving(_squeeze),
    "Sub": _elementwise(lambda a, b: a - b, lambda a, b: a - b),
    "Sum": _sum,
    "Transpose": _moving(_transpose),
    "Unsqueeze": _moving(_unsqueeze),
}
