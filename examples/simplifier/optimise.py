"""The graph that onnxruntime's optimiser makes: python optimise.py NET.onnx OPTIMISED.onnx"""

from __future__ import annotations

import sys

import onnxruntime as ort


def main(source: str, target: str) -> None:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = target
    ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    sys.stdout.write(f"wrote {target}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
