"""How a kernel slides over a tensor, and the convolutions that are built from it.

    output[o] reads input[o·stride + k·dilation − pad] for every cell k of the kernel

Sound because each output of a convolution is the sum of weight·input over the cells that lie inside
the input, and the matrix holds exactly these weights; a transposed convolution is the transpose of
that map.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rectifold.exact.entries import Indices
from rectifold.formats.onnx.node import Node, entries_of
from rectifold.formats.onnx.tensors import Constant, Symbolic, Tensor
from rectifold.ir.affine import Affine
from rectifold.runtime.caps import CAPS


@dataclass(frozen=True)
class Window:
    """Per spatial axis: kernel, stride, dilation, pads before and after, input and output size."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    sizes: tuple[int, ...]
    output: tuple[int, ...]

    @property
    def count(self) -> int:
        """The number of positions of the window."""
        return entries_of(self.output)

    def cells(self) -> Iterator[tuple[int, ...]]:
        return itertools.product(*(range(k) for k in self.kernel))

    def source(
        self, cell: tuple[int, ...]
    ) -> tuple[Indices, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """(flat input position, inside the input, inside the padded input) for each output."""
        flat = np.zeros(self.output, dtype=np.int64)
        inside = np.ones(self.output, dtype=np.bool_)
        padded = np.ones(self.output, dtype=np.bool_)
        for axis, size in enumerate(self.sizes):
            along = np.arange(self.output[axis]) * self.strides[axis]
            along = along + (cell[axis] * self.dilations[axis] - self.before[axis])
            shape = [1] * len(self.output)
            shape[axis] = -1
            inside &= ((along >= 0) & (along < size)).reshape(shape)
            padded &= (along < size + self.after[axis]).reshape(shape)
            flat = flat * size + np.clip(along, 0, size - 1).reshape(shape)
        return flat.ravel(), inside.ravel(), padded.ravel()


def spatial(node: Node, value: Symbolic | Constant) -> tuple[int, ...]:
    """The spatial sizes of a tensor N × C × D1 × ..."""
    if len(value.shape) < 3 or 0 in value.shape:
        raise node.fail(
            f"the input has the shape {value.shape}; batch x channels x one or more sizes is "
            "expected"
        )
    return value.shape[2:]


def per_axis(node: Node, name: str, count: int, default: int) -> tuple[int, ...]:
    """An attribute with one number per spatial axis."""
    values = node.attributes.get(name)
    values = [default] * count if values is None else values
    if len(values) != count:
        raise node.fail(f"{name} has {len(values)} entries; {count} are expected for this input")
    return tuple(values)


def window(node: Node, sizes: Sequence[int], kernel: Sequence[int]) -> Window:
    """The window that the node's attributes describe; it fits into the padded input at least
    once.
    """
    axes = len(sizes)
    strides, dilations = per_axis(node, "strides", axes, 1), per_axis(node, "dilations", axes, 1)
    if node.attribute("auto_pad").startswith("SAME") and max(dilations) > 1:
        raise node.fail(
            f"auto_pad {node.attribute('auto_pad')} with dilations {list(dilations)} means "
            "different pads to different "
            "runtimes; export the pads themselves"
        )
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    pads = [_axis_pads(node, a, sizes, strides, reach) for a in range(axes)]
    output = tuple(
        _positions(node, sizes[a], strides[a], reach[a], pads[a]) for a in range(axes)
    )  # fmt: skip
    if (
        entries_of(kernel) > CAPS.kernel_cells
        or entries_of(kernel) * entries_of(output) > CAPS.operator_entries
    ):
        raise node.fail(
            f"a kernel of {list(kernel)} at {list(output)} places is too large to be read"
        )
    before, after = (tuple(p[k] for p in pads) for k in (0, 1))
    return Window(tuple(kernel), strides, dilations, before, after, tuple(sizes), output)


def _axis_pads(
    node: Node, axis: int, sizes: Sequence[int], strides: Sequence[int], reach: Sequence[int]
) -> tuple[int, int]:
    mode = node.attribute("auto_pad")
    given = explicit_pads(node, len(sizes))
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        return given[axis], given[axis + len(sizes)]
    total = max(
        0, (-(-sizes[axis] // strides[axis]) - 1) * strides[axis] + reach[axis] - sizes[axis]
    )
    less, more = total // 2, total - total // 2
    return (less, more) if mode == "SAME_UPPER" else (more, less)


def explicit_pads(node: Node, axes: int) -> tuple[int, ...]:
    """The attribute `pads`; with an auto_pad other than NOTSET it must be absent or 0."""
    pads = per_axis(node, "pads", 2 * axes, 0)
    if node.attribute("auto_pad") != "NOTSET" and any(pads):
        raise node.fail(
            f"both pads and auto_pad {node.attribute('auto_pad')} are given; one of them is "
            "expected"
        )
    return pads


def _positions(node: Node, size: int, stride: int, reach: int, pads: tuple[int, int]) -> int:
    room = size + sum(pads) - reach
    if room < 0:
        raise node.fail(
            f"the kernel reaches over {reach} entries, more than the padded input has "
            f"({size + sum(pads)})"
        )
    count = room // stride + 1
    # With ceil_mode the last window may reach beyond the padding, but must start before the padding
    # after the input.
    partly = node.attributes.get("ceil_mode") and room % stride and count * stride < size + pads[0]
    return count + 1 if partly else count


# ---- convolutions --------------------------------------------------------------------------------


def _kernel(node: Node, sizes: Sequence[int], channels: int) -> tuple[Constant, int]:
    """(the kernel, checked against input and attributes; groups).

    Its first two sizes are left to the caller.
    """
    weight, groups = node.constant(1, "the kernel"), int(node.attribute("group"))
    if (
        len(weight.shape) != len(sizes) + 2
        or 0 in weight.shape
        or channels % groups
        or weight.shape[0] % groups
    ):
        raise node.fail(
            f"a kernel of shape {weight.shape}, {channels} channels and {groups} groups do not fit "
            f"(an input of {len(sizes)} sizes needs a kernel of {len(sizes) + 2} dimensions; "
            "groups divide the channels)"
        )
    declared = node.attribute("kernel_shape")
    if declared is not None and tuple(declared) != weight.shape[2:]:
        raise node.fail(
            f"kernel_shape is {declared}, but the kernel has the sizes {list(weight.shape[2:])}"
        )
    return weight, groups


def convolution(node: Node) -> Tensor:
    x = node.symbolic(0)
    sizes = spatial(node, x)
    weight, groups = _kernel(node, sizes, x.shape[1])
    filters, taken = weight.shape[:2]
    if taken * groups != x.shape[1]:
        raise node.fail(
            f"the kernel reads {taken} channels in each of {groups} groups; the input has "
            f"{x.shape[1]}"
        )
    slide = window(node, sizes, weight.shape[2:])
    first = np.arange(filters) // (filters // groups) * taken
    channel = first[:, None] + np.arange(taken)[None, :]
    taps = _Taps(node, slide.count, entries_of(sizes), weight)
    for cell in slide.cells():
        flat, inside, _ = slide.source(cell)
        spots = np.nonzero(inside)[0]
        taps.add(np.arange(filters)[:, None], channel, (spots, flat[spots]), cell)
    return taps.result(x, filters, slide.output)


def transposed_convolution(node: Node) -> Tensor:
    x = node.symbolic(0)
    sizes = spatial(node, x)
    weight, groups = _kernel(node, sizes, x.shape[1])
    if weight.shape[0] != x.shape[1]:
        raise node.fail(f"the kernel reads {weight.shape[0]} channels; the input has {x.shape[1]}")
    slide = _transposed_window(node, sizes, weight.shape[2:])
    made = weight.shape[1]
    group = np.arange(x.shape[1]) // (x.shape[1] // groups)
    filters = group[:, None] * made + np.arange(made)[None, :]
    taps = _Taps(node, entries_of(slide.sizes), entries_of(sizes), weight)
    for cell in slide.cells():
        flat, inside, _ = slide.source(cell)
        spots = np.nonzero(inside)[0]
        taps.add(filters, np.arange(x.shape[1])[:, None], (flat[spots], spots), cell)
    return taps.result(x, made * groups, slide.sizes)


def _transposed_window(node: Node, sizes: Sequence[int], kernel: Sequence[int]) -> Window:
    """The window of the convolution whose transpose this is: its output is our input."""
    axes = len(sizes)
    strides, dilations = per_axis(node, "strides", axes, 1), per_axis(node, "dilations", axes, 1)
    extra, pads = per_axis(node, "output_padding", axes, 0), explicit_pads(node, axes)
    wanted = node.attribute("output_shape")
    if wanted is not None and len(wanted) != axes:
        raise node.fail(
            f"output_shape has {len(wanted)} entries; {axes} spatial sizes are expected"
        )
    mode, before, after, full = node.attribute("auto_pad"), [], [], []
    for a in range(axes):
        size = (sizes[a] - 1) * strides[a] + (kernel[a] - 1) * dilations[a] + 1 + extra[a]
        first, last = pads[a], pads[a + axes]
        if wanted is not None or mode in ("SAME_UPPER", "SAME_LOWER"):
            target = wanted[a] if wanted is not None else sizes[a] * strides[a]
            cut = max(0, size - target)
            first, last = (
                (cut // 2, cut - cut // 2) if mode == "SAME_UPPER" else (cut - cut // 2, cut // 2)
            )
            if size - cut != target:
                raise node.fail(
                    f"the output size {target} of axis {a} is larger than the map reaches ({size})"
                )
        before.append(first)
        after.append(last)
        full.append(size - first - last)
    if min(full) < 1:
        raise node.fail(
            f"the pads leave an output of the sizes {full}; at least one entry is expected"
        )
    return Window(
        tuple(kernel), strides, dilations, tuple(before), tuple(after), tuple(full), tuple(sizes)
    )


class _Taps:
    """Collects the entries of a convolution's matrix, one sample of the batch at a time."""

    def __init__(self, node: Node, places: int, area: int, weight: Constant) -> None:
        self.node, self.places, self.area = node, places, area
        self.weight = weight.numbers()
        self.rows: list[Indices] = []
        self.columns: list[Indices] = []
        self.values: list[Any] = []

    def add(
        self,
        filters: Indices,
        channels: Indices,
        spots: tuple[Indices, Indices],
        cell: tuple[int, ...],
    ) -> None:
        """Weight[:, :, cell] links the channels at spots[1] to the filters at spots[0]."""
        index: tuple[Any, ...] = (..., *cell)
        taps = self.weight[index]
        shape = (*taps.shape, len(spots[0]))
        self.rows.append(
            np.broadcast_to(filters[..., None] * self.places + spots[0], shape).ravel()
        )
        self.columns.append(
            np.broadcast_to(channels[..., None] * self.area + spots[1], shape).ravel()
        )
        self.values.append(np.broadcast_to(taps[..., None], shape).ravel())

    def result(self, x: Symbolic, filters: int, output: tuple[int, ...]) -> Symbolic:
        rows, columns, values = (
            np.concatenate(part) for part in (self.rows, self.columns, self.values)
        )
        batch, size, width = x.shape[0], filters * self.places, x.entries.size // x.shape[0]
        sample = np.arange(batch)[:, None]
        entries = self.node.linear(
            x,
            (rows[None, :] + sample * size).ravel(),
            (columns[None, :] + sample * width).ravel(),
            np.tile(values, batch),
            batch * size,
        )
        return Symbolic(self._with_bias(entries, batch, filters), (batch, filters, *output), x.type)

    def _with_bias(self, entries: Affine, batch: int, filters: int) -> Affine:
        if not self.node.given(2):
            return entries
        bias = self.node.constant(2, "the bias")
        if bias.shape != (filters,):
            raise self.node.fail(f"the bias has the shape {bias.shape}; ({filters},) is expected")
        added = np.tile(np.repeat(bias.numbers(), self.places), batch)
        return entries + Constant(added, bias.type, bias.origin).affine()
