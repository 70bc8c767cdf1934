"""Train the example controller: imitate a saturated state feedback for a cart with a pole, with an
L1 penalty.

    python examples/train_cartpole.py examples/cartpole.onnx

Plain NumPy and a fixed seed, so the file can be made again. The state is (position, velocity,
angle, angular velocity); the target is clip(k · state, -1, 1). The penalty makes many units stable,
which the compiler then removes.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

from rectifold.exact.matrix import Matrix
from rectifold.formats.onnx_writer import onnx_bytes
from rectifold.ir.affine import Affine
from rectifold.ir.builder import Builder

WIDTHS = (4, 32, 32, 1)
RANGE = np.array([2.0, 2.0, 0.2, 2.0])
GAIN = np.array([0.4, 0.6, 6.0, 1.2])
STEPS, BATCH, RATE, PENALTY = 6000, 256, 2e-3, 0.1


def train(seed: int = 3) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights and biases (float32) after Adam on the squared error plus the penalty."""
    random = np.random.default_rng(seed)
    parameters: list[np.ndarray] = []
    for n, m in pairwise(WIDTHS):
        parameters += [random.standard_normal((m, n)) * np.sqrt(2 / n), np.zeros(m)]
    first = [np.zeros_like(p) for p in parameters]
    second = [np.zeros_like(p) for p in parameters]
    for step in range(1, STEPS + 1):
        x = RANGE * random.uniform(-1, 1, (BATCH, 4))
        gradients = gradient(parameters, x, np.clip(x @ GAIN, -1, 1)[:, None])
        rate = RATE * min(1.0, 2 * (1 - step / STEPS))
        for k, g in enumerate(gradients):
            first[k] = 0.9 * first[k] + 0.1 * g
            second[k] = 0.999 * second[k] + 0.001 * g * g
            scale = np.sqrt(second[k] / (1 - 0.999**step)) + 1e-8
            parameters[k] = parameters[k] - rate * first[k] / (1 - 0.9**step) / scale
            if k % 2 == 0:  # proximal step of the penalty: small weights become exactly 0
                shrunk = np.maximum(np.abs(parameters[k]) - rate * PENALTY, 0)
                parameters[k] = np.sign(parameters[k]) * shrunk
    rounded = [p.astype(np.float32) for p in parameters]
    return list(zip(rounded[::2], rounded[1::2], strict=True))


def gradient(parameters: list[np.ndarray], x: np.ndarray, target: np.ndarray) -> list[np.ndarray]:
    """Of the mean squared error, by back-propagation."""
    activations = [x]
    for k in range(0, len(parameters), 2):
        z = activations[-1] @ parameters[k].T + parameters[k + 1]
        activations.append(np.maximum(z, 0) if k < len(parameters) - 2 else z)
    flow = 2 * (activations[-1] - target) / len(x)
    gradients: list[np.ndarray] = []
    for k in range(len(parameters) - 2, -1, -2):
        gradients = [flow.T @ activations[k // 2], flow.sum(axis=0), *gradients]
        flow = (flow @ parameters[k]) * (activations[k // 2] > 0)
    return gradients


def main(path: Path) -> None:
    builder = Builder("state", WIDTHS[0])
    value = builder.input
    layers = train()
    for k, (weight, bias) in enumerate(layers):
        affine = value.apply(Matrix.from_floats(weight)) + Affine(
            Matrix.from_floats(bias.reshape(-1, 1))
        )
        value = builder.layer(
            "force" if k == len(layers) - 1 else f"h{k + 1}", affine, relu=k < len(layers) - 1
        )
    network = builder.finish(value, "cartpole")
    path.write_bytes(onnx_bytes(network, "float32", "state feedback for a cart with a pole"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
