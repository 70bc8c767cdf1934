"""Every operation of PyTorch that is read: a name of ATen, and what it becomes in ONNX.

    "relu": layers.unary("Relu")

A row is a function of a `Call`, which knows the arguments by the names of their schema; it gives
the name of the result, or of several. Modules, functions and methods (nn.ReLU, F.relu, x.relu())
are one operation, and one row. What is in no row is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rectifold.objects.torch_graph import Call
from rectifold.objects.torch_operations import arithmetic, layers, moving, windows

Row = Callable[[Call], str | Sequence[str]]

_LAYERS: Mapping[str, Row] = {
    "linear": layers.linear,
    "matmul": layers.matmul,
    "addmm": layers.addmm,
    "batch_norm": layers.batch_norm,
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

_ARITHMETIC: Mapping[str, Row] = {
    "add": arithmetic.pair("Add"),
    "sub": arithmetic.pair("Sub"),
    "rsub": arithmetic.pair("Sub", turned=True),
    "mul": arithmetic.pair("Mul"),
    "div": arithmetic.pair("Div"),
    "maximum": arithmetic.pair("Max"),
    "minimum": arithmetic.pair("Min"),
    "max": arithmetic.extremum("Max", "ReduceMax"),
    "min": arithmetic.extremum("Min", "ReduceMin"),
    "sum": arithmetic.reduction("ReduceSum"),
    "mean": arithmetic.reduction("ReduceMean"),
    "amax": arithmetic.reduction("ReduceMax"),
    "amin": arithmetic.reduction("ReduceMin"),
    "argmax": arithmetic.place_of_largest("ArgMax"),
    "argmin": arithmetic.place_of_largest("ArgMin"),
    "topk": arithmetic.largest_few,
}

_MOVING: Mapping[str, Row] = {
    "reshape": moving.reshaped,
    "permute": moving.permute,
    "transpose": moving.transpose,
    "t": moving.turned,
    "slice": moving.sliced,
    "select": moving.selected,
    "narrow": moving.narrowed,
    "index_select": moving.gathered,
    "index": moving.indexed,
    "split": moving.split,
    "unbind": moving.unbound,
    "flip": moving.flipped,
    "cat": moving.joined,
    "stack": moving.stacked,
    "pad": moving.padded,
    "upsample_nearest": windows.enlarged,
    "pixel_shuffle": moving.pixel_shuffled,
}

_WINDOWS: Mapping[str, Row] = {
    "conv": windows.convolution,
    "conv_transpose": windows.transposed,
    "convolution": windows.either,
    "max_pool": windows.max_pool,
    "avg_pool": windows.average_pool,
    "adaptive_avg_pool": windows.adaptive_average,
    "adaptive_max_pool": windows.adaptive_max,
}

OPERATIONS: Mapping[str, Row] = {**_LAYERS, **_ACTIVATIONS, **_ARITHMETIC, **_MOVING, **_WINDOWS}

ALIKE: Mapping[str, str] = {
    "mm": "matmul", "mv": "matmul", "bmm": "matmul", "dot": "matmul",
    "feature_dropout": "dropout", "alpha_dropout": "dropout", "feature_alpha_dropout": "dropout",
    "clamp_min": "clamp", "clamp_max": "clamp", "clip": "clamp",
    "contiguous": "clone", "alias": "clone", "detach": "clone", "lift_fresh_copy": "clone",
    "to": "clone", "_to_copy": "clone", "type_as": "clone", "double": "clone", "float": "clone",
    "_softmax": "softmax", "_log_softmax": "log_softmax", "negative": "neg", "absolute": "abs",
    "_prelu_kernel": "prelu", "subtract": "sub", "multiply": "mul", "divide": "div",
    "true_divide": "div", "concat": "cat", "concatenate": "cat",
    "view": "reshape", "_unsafe_view": "reshape", "flatten": "reshape", "unflatten": "reshape",
    "squeeze": "reshape", "unsqueeze": "reshape", "view_as": "reshape", "reshape_as": "reshape",
    "ravel": "reshape", "atleast_1d": "reshape", "mT": "t", "numpy_T": "t", "adjoint": "t",
    "swapaxes": "transpose", "swapdims": "transpose", "chunk": "split",
    "split_with_sizes": "split", "tensor_split": "split", "constant_pad_nd": "pad",
    "_adaptive_avg_pool": "adaptive_avg_pool", "max_pool_with_indices": "max_pool",
    "_native_batch_norm_legit_no_training": "batch_norm",
}  # fmt: skip
"""Operations that are another one under a second name; a number of sizes (conv2d) is left out."""

_SMOOTH = "it is not piecewise linear; train with relu, leaky_relu, relu6, hardtanh or hardsigmoid"
_JUMPS = "a choice by values may jump; write relu, torch.maximum, torch.clamp or abs instead"
_WRITES = "it writes into a part of a tensor; join the parts with torch.cat instead"
_NORMS = "it divides by what it computes of the sample; train with batch_norm, which is affine then"

REMEDIES: Mapping[str, str] = {
    **dict.fromkeys(
        ("gelu", "silu", "elu", "selu", "celu", "mish", "softplus", "softsign", "hardswish", "exp"),
        _SMOOTH,
    ),
    **dict.fromkeys(("gt", "lt", "ge", "le", "where", "sign", "heaviside"), _JUMPS),
    **dict.fromkeys(("select_scatter", "slice_scatter", "index_put", "copy"), _WRITES),
    **dict.fromkeys(("layer_norm", "group_norm", "instance_norm", "rms_norm"), _NORMS),
}
"""What to do about operations that are known not to be piecewise linear."""
