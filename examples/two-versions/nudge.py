"""Another version of a model: python nudge.py NET.onnx OTHER.onnx   (weights to two decimals)"""

from __future__ import annotations

import sys

import onnx
from onnx import numpy_helper


def main(source: str, target: str) -> None:
    model = onnx.load(source)
    for tensor in model.graph.initializer:
        weights = numpy_helper.to_array(tensor)
        if weights.dtype.kind == "f":
            tensor.CopyFrom(numpy_helper.from_array(weights.round(2), tensor.name))
    onnx.save(model, target)
    sys.stdout.write(f"wrote {target}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
