"""The largest difference of two models in onnxruntime: python same.py A.onnx B.onnx

The same feed goes into both: the second takes the place of the first.
"""

from __future__ import annotations

import sys

import numpy as np
import onnxruntime as ort


def main(first: str, second: str) -> None:
    sessions = [
        ort.InferenceSession(name, providers=["CPUExecutionProvider"]) for name in (first, second)
    ]
    a, b = sessions
    (port,) = a.get_inputs()
    size = [dimension for dimension in port.shape if isinstance(dimension, int)]
    inputs = np.random.default_rng(0).random((1000, size[-1]), dtype=np.float32)
    largest = 0.0
    for x in inputs:
        feed = {port.name: x.reshape([d if isinstance(d, int) else 1 for d in port.shape])}
        for one, other in zip(a.run(None, feed), b.run(None, feed), strict=True):
            largest = max(largest, float(np.abs(one - other).max()))
    sys.stdout.write(f"largest difference at 1,000 inputs in onnxruntime: {largest:.1e}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
