"""AveragePool, MaxPool and their global forms.

    AveragePool   a matrix whose rows are 1/count on the cells of a window
    MaxPool       maxima of pairs, a layer for each round

Sound because an average is linear, and a cell in the padding of a maximum is replaced by a cell of
the same window. A window without a cell inside the input has no maximum, and no average unless the
padding counts: it is refused.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from rectifold.exact.entries import Indices
from rectifold.formats.onnx.node import Node, entries_of
from rectifold.formats.onnx.reductions import largest, reduce_max, reduce_mean
from rectifold.formats.onnx.tensors import Symbolic, Tensor
from rectifold.formats.onnx.windows import Window, per_axis, spatial, window
from rectifold.ir.affine import Affine


def _window(node: Node, x: Symbolic) -> Window:
    """The window of a pool. Where the pads of SAME would be negative, runtimes disagree:
    refused.
    """
    sizes = spatial(node, x)
    slide = window(node, sizes, per_axis(node, "kernel_shape", len(sizes), 1))
    reached = [
        (o - 1) * s + k for o, s, k in zip(slide.output, slide.strides, slide.kernel, strict=True)
    ]
    if node.attribute("auto_pad").startswith("SAME") and any(
        r < n for r, n in zip(reached, sizes, strict=True)
    ):
        raise node.fail(
            f"auto_pad {node.attribute('auto_pad')} with strides {list(slide.strides)} over "
            f"sizes {list(sizes)} "
            "(the pads would be negative) is understood differently by runtimes; export the "
            "model with explicit pads"
        )
    return slide


def average_pool(node: Node) -> Tensor:
    x = node.symbolic(0)
    slide = _window(node, x)
    counts = np.zeros(slide.count, dtype=np.int64)
    rows, columns = [], []
    for cell in slide.cells():
        flat, inside, padded = slide.source(cell)
        spots = np.nonzero(inside)[0]
        rows.append(spots)
        columns.append(flat[spots])
        counts += padded if node.attribute("count_include_pad") else inside
    if not counts.all():
        raise node.fail(
            "a window lies entirely in the padding, and its average is 0/0; reduce the pads"
        )
    planes = np.arange(x.shape[0] * x.shape[1])[:, None]
    lines = (np.concatenate(rows)[None, :] + planes * slide.count).ravel()
    sources = (np.concatenate(columns)[None, :] + planes * entries_of(slide.sizes)).ravel()
    exact = not np.any(
        counts & (counts - 1)
    )  # 1/count is a float64 number where count is a power of two
    weights = (
        np.tile(1 / counts[np.concatenate(rows)], len(planes)) if exact else np.ones(len(lines))
    )
    averages = node.linear(x, lines, sources, weights, len(planes) * slide.count)
    if not exact:
        averages = _averages(averages, np.tile(counts, len(planes)))
    return Symbolic(averages, (*x.shape[:2], *slide.output), x.type)


def _averages(sums: Affine, counts: Indices) -> Affine:
    """Every sum over its count."""
    if np.all(counts == counts[0]):
        return sums.scale(Fraction(1, int(counts[0])))
    return sums.scale_rows([Fraction(1, int(c)) for c in counts])


def max_pool(node: Node) -> Tensor:
    x = node.symbolic(0)
    slide = _window(node, x)
    sources = [slide.source(cell)[:2] for cell in slide.cells()]
    if not np.all(np.any([inside for _, inside in sources], axis=0)):
        raise node.fail("a window lies entirely in the padding and has no maximum; reduce the pads")
    fallback = np.zeros(slide.count, dtype=np.int64)
    for flat, inside in reversed(sources):
        fallback = np.where(inside, flat, fallback)
    planes = np.arange(x.shape[0] * x.shape[1])[:, None] * entries_of(slide.sizes)
    candidates = [
        x.entries.select((np.where(inside, flat, fallback)[None, :] + planes).ravel())
        for flat, inside in sources
    ]
    return Symbolic(largest(node, candidates, 1), (*x.shape[:2], *slide.output), x.type)


def global_average_pool(node: Node) -> Tensor:
    x = node.symbolic(0)
    return reduce_mean(node, x, list(range(2, 2 + len(spatial(node, x)))), keep=True)


def global_max_pool(node: Node) -> Tensor:
    x = node.symbolic(0)
    return reduce_max(node, x, list(range(2, 2 + len(spatial(node, x)))), keep=True)
