"""Every operation of PyTorch that is read: a name of ATen, and what it becomes in ONNX.

    "relu": layers.unary("Relu")

A row is a function of a `Call`, which knows the arguments by the names of their schema; it gives
the name of the result, or of several. Modules, functions and methods (nn.ReLU, F.relu, x.relu())
are one operation, and one row. What is in no row is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rectifold.objects.torch_graph import Call
from rectifold.objects.torch_operations import layers

Row = Callable[[Call], str | Sequence[str]]

_LAYERS: Mapping[str, Row] = {
    "linear": layers.linear,
    "matmul": layers.matmul,
    "addmm": layers.addmm,
    "batch_norm": layers.batch_norm,
    "_native_batch_norm_legit_no_training": layers.batch_norm_parts,
    "dropout": layers.dropout,
}

_ACTIVATIONS: Mapping[str, Row] = {
    "relu": layers.unary("Relu"),
    "abs": layers.unary("Abs"),
    "neg": layers.unary("Neg"),
    "leaky_relu": layers.leaky_relu,
    "rrelu": layers.rrelu,
    "prelu": layers.prelu,
    "clamp": layers.clamp,
    "relu6": layers.relu6,
    "hardtanh": layers.hardtanh,
    "hardsigmoid": layers.hardsigmoid,
    "softshrink": layers.softshrink,
    "threshold": layers.threshold,
    "sigmoid": layers.unary("Sigmoid"),
    "tanh": layers.unary("Tanh"),
    "softmax": layers.along("Softmax"),
    "log_softmax": layers.along("LogSoftmax"),
    "clone": layers.same,
}

OPERATIONS: Mapping[str, Row] = {**_LAYERS, **_ACTIVATIONS}

ALIKE: Mapping[str, str] = {
    "mm": "matmul", "mv": "matmul", "bmm": "matmul", "dot": "matmul",
    "feature_dropout": "dropout", "alpha_dropout": "dropout", "feature_alpha_dropout": "dropout",
    "clamp_min": "clamp", "clamp_max": "clamp", "clip": "clamp",
    "contiguous": "clone", "alias": "clone", "detach": "clone", "lift_fresh_copy": "clone",
    "_softmax": "softmax", "_log_softmax": "log_softmax", "negative": "neg", "absolute": "abs",
    "_prelu_kernel": "prelu",
}  # fmt: skip
"""Operations that are another one under a second name."""

REMEDIES: Mapping[str, str] = {}
"""What to do about operations that are known not to be piecewise linear."""
