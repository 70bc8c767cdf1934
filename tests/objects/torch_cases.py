"""Modules of one operation each, with the shape of a sample: what PyTorch computes is what is read.

    "add: alpha"      the operation of the table, and what is special about the case

Weights are multiples of 1/8, so that float64 computes exactly where no quotient is rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from torch import nn


class Through(nn.Module):  # type: ignore[misc]
    """f(self, x), with a linear layer, a kernel, a vector and places to use."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.function = function
        self.linear = nn.Linear(4, 4)
        self.kernel = nn.Conv2d(2, 2, 3)
        self.vector = nn.Parameter(torch.zeros(4))
        self.register_buffer("places", torch.tensor([2, 0, -1]))

    def forward(self, x: Any) -> Any:
        return self.function(self, x)


def eighths(module: Any, seed: int = 1) -> Any:
    """The module in float64 and eval mode, all its numbers small multiples of 1/8, none of them 0.

    Variances are positive.
    """
    random = np.random.default_rng(seed)
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            drawn = random.integers(1, 9, tuple(tensor.shape)) / 8
            signs = 1 if "var" in name else random.choice([-1, 1], tuple(tensor.shape))
            tensor.copy_(torch.tensor(drawn * signs))
    return module.double().eval()


def _f(function: Callable[[Any, Any], Any]) -> Callable[[], Any]:
    return lambda: Through(function)


def _writes_into_a_part(module: Any, x: Any) -> Any:
    y = x * 1
    y.view(-1, 2, 2)[:, 0] += 1
    return y


def _half_inside(module: Any, x: Any) -> Any:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return module.linear(x)


FLAT, PLANES, LINE = (4,), (2, 6, 5), (2, 6)

Case = tuple[Callable[[], Any], tuple[int, ...]]

EXACT: dict[str, Case] = {
    "linear": (lambda: nn.Linear(4, 3), FLAT),
    "linear: without bias": (lambda: nn.Linear(4, 3, bias=False), FLAT),
    "linear: over the last axis": (lambda: nn.Linear(6, 3), LINE),
    "linear: shared": (_f(lambda m, x: m.linear(m.linear(x).relu())), FLAT),
    "matmul": (_f(lambda m, x: x @ m.linear.weight + m.linear.weight.mv(m.vector)), FLAT),
    "matmul: a vector": (_f(lambda m, x: torch.stack([x @ m.vector, x @ m.vector], 1)), FLAT),
    "addmm": (_f(lambda m, x: torch.addmm(m.vector, x, m.linear.weight, beta=2, alpha=0.5)), FLAT),
    "addmm: beta 0": (_f(lambda m, x: torch.addmm(m.vector, x, m.linear.weight, beta=0)), FLAT),
    "dropout": (lambda: nn.Sequential(nn.Linear(4, 3), nn.Dropout(), nn.AlphaDropout()), FLAT),
    "dropout: of channels": (lambda: nn.Dropout2d(), PLANES),
    "relu": (lambda: nn.Sequential(nn.Linear(4, 4), nn.ReLU()), FLAT),
    "relu: functions": (_f(lambda m, x: F.relu(m.linear(x)) + torch.relu(x) + x.relu()), FLAT),
    "relu: in place": (lambda: nn.Sequential(nn.Linear(4, 4), nn.ReLU(inplace=True)), FLAT),
    "abs": (_f(lambda m, x: x.abs() - torch.absolute(m.linear(x))), FLAT),
    "neg": (_f(lambda m, x: -m.linear(x)), FLAT),
    "leaky_relu": (lambda: nn.Sequential(nn.Linear(4, 4), nn.LeakyReLU(0.25)), FLAT),
    "rrelu": (lambda: nn.RReLU(0.25, 0.75), FLAT),
    "prelu": (lambda: nn.Sequential(nn.Linear(4, 4), nn.PReLU(4), nn.PReLU()), FLAT),
    "prelu: channels": (lambda: nn.PReLU(2), PLANES),
    "clamp": (_f(lambda m, x: m.linear(x).clamp(-1, 1) + x.clamp(min=0.5) + x.clamp_max(1)), FLAT),
    "clamp: tensors": (_f(lambda m, x: torch.clamp(x, -m.vector.abs(), m.vector.abs())), FLAT),
    "relu6": (lambda: nn.Sequential(nn.Linear(4, 4), nn.ReLU6()), FLAT),
    "hardtanh": (lambda: nn.Hardtanh(-2, 0.5), FLAT),
    "softshrink": (lambda: nn.Softshrink(0.5), FLAT),
    "threshold": (lambda: nn.Threshold(0.5, 0.5), FLAT),
    "clone": (_f(lambda m, x: x.clone().contiguous().detach()), FLAT),
    "add": (_f(lambda m, x: x + m.vector + 1), FLAT),
    "add: alpha": (_f(lambda m, x: torch.add(x, m.linear(x), alpha=-2)), FLAT),
    "add: residual in place": (_f(lambda m, x: m.linear(x).relu_().add_(x)), FLAT),
    "sub": (_f(lambda m, x: x - m.vector - torch.sub(m.linear(x), x)), FLAT),
    "rsub": (_f(lambda m, x: 2 - x), FLAT),
    "rsub: alpha": (_f(lambda m, x: torch.rsub(x, m.vector, alpha=3)), FLAT),
    "mul": (_f(lambda m, x: m.vector * x * 3), FLAT),
    "div": (_f(lambda m, x: x / 4), FLAT),
    "maximum": (_f(lambda m, x: torch.maximum(x, m.linear(x))), FLAT),
    "minimum": (_f(lambda m, x: torch.minimum(x, m.vector)), FLAT),
    "max": (_f(lambda m, x: torch.max(x, m.linear(x))), FLAT),
    "max: along an axis": (_f(lambda m, x: x.max(dim=-1, keepdim=True).values), FLAT),
    "min": (_f(lambda m, x: x.min(1, keepdim=True)[0] + torch.min(x, m.vector)), FLAT),
    "sum": (_f(lambda m, x: x.sum(1, keepdim=True) + x), FLAT),
    "sum: two axes": (_f(lambda m, x: x.sum((1, 3))), PLANES),
    "amax": (_f(lambda m, x: x.amax((2, 3))), PLANES),
    "amin": (_f(lambda m, x: x.amin(1)), PLANES),
    "mean": (_f(lambda m, x: x.mean(1, keepdim=True)), FLAT),
    "reshape": (_f(lambda m, x: x.view(x.size(0), 2, 2).flatten(1).unflatten(1, (2, 2))), FLAT),
    "reshape: squeezed": (_f(lambda m, x: x.unsqueeze(1).squeeze(1).reshape(-1, 2, 2)), FLAT),
    "permute": (_f(lambda m, x: x.permute(0, 3, 1, 2)), PLANES),
    "transpose": (_f(lambda m, x: x.transpose(-1, 1)), PLANES),
    "t": (_f(lambda m, x: x.t().t() + F.linear(x, m.linear.weight.t())), FLAT),
    "slice": (_f(lambda m, x: x[:, 1:4:2] + x[:, -2:] + x[:, :2] + x[:][:, 2:]), FLAT),
    "slice: the whole batch": (_f(lambda m, x: x[: x.shape[0]] - x.view(-1, 4)), FLAT),
    "select": (_f(lambda m, x: x[:, 1] + x[:, -1]), LINE),
    "narrow": (_f(lambda m, x: x.narrow(1, 1, 2)), FLAT),
    "index_select": (_f(lambda m, x: x.index_select(1, m.places.abs())), FLAT),
    "index": (_f(lambda m, x: x[:, m.places]), FLAT),
    "split": (_f(lambda m, x: sum(x.chunk(2, 1)) + x.split([1, 2, 1], 1)[1]), FLAT),
    "unbind": (_f(lambda m, x: torch.stack(x.unbind(1)[1:], 1)), FLAT),
    "flip": (_f(lambda m, x: x.flip(1, 3)), PLANES),
    "cat": (_f(lambda m, x: torch.cat([m.linear(x), x.relu()], dim=-1)), FLAT),
    "stack": (_f(lambda m, x: torch.stack([x, m.linear(x)], -1)), FLAT),
    "pad": (_f(lambda m, x: F.pad(x, (1, 0, 2, 1), value=0.5)), PLANES),
    "pad: a kernel with reflection": (lambda: nn.Conv1d(2, 3, 3, padding=1, padding_mode="reflect"),
                                      LINE),
    "upsample_nearest": (lambda: nn.Upsample(scale_factor=(2, 3)), PLANES),
    "pixel_shuffle": (lambda: nn.Sequential(nn.Conv2d(2, 4, 1), nn.PixelShuffle(2)), PLANES),
    "conv": (lambda: nn.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(1, 0), dilation=2), PLANES),
    "conv: groups": (lambda: nn.Conv2d(2, 4, 3, groups=2), PLANES),
    "conv: same, of even size": (lambda: nn.Conv2d(2, 3, (4, 3), padding="same"), PLANES),
    "conv: valid": (lambda: nn.Conv1d(2, 3, 3, padding="valid", bias=False), LINE),
    "conv: a function": (_f(lambda m, x: F.conv2d(x, m.kernel.weight, padding=1)), PLANES),
    "conv_transpose": (lambda: nn.ConvTranspose2d(2, 3, 3, 2, 1, output_padding=1), (2, 3, 3)),
    "convolution": (_f(lambda m, x: torch.convolution(
        x, m.kernel.weight, None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1)), PLANES),
    "max_pool": (lambda: nn.MaxPool2d(2, ceil_mode=True), PLANES),
    "max_pool: dilated": (lambda: nn.MaxPool1d(2, stride=1, padding=1, dilation=2), LINE),
    "adaptive_max_pool": (lambda: nn.AdaptiveMaxPool2d((3, 1)), PLANES),
    "avg_pool": (lambda: nn.AvgPool2d(2, 1, padding=1), PLANES),
    "batch: none is taken": (_f(lambda m, x: m.linear(x.flatten())), (2, 2)),
}  # fmt: skip

ROUNDED: dict[str, Case] = {
    "batch_norm": (lambda: nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU()), FLAT),
    "batch_norm: planes": (lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)), PLANES),
    "batch_norm: not affine": (lambda: nn.BatchNorm1d(2, affine=False, eps=1e-3), LINE),
    "batch_norm: in place": (lambda: nn.Sequential(nn.BatchNorm1d(4), nn.ReLU(inplace=True)), FLAT),
    "leaky_relu: 0.01": (lambda: nn.Sequential(nn.Linear(4, 3), nn.LeakyReLU()), FLAT),
    "hardsigmoid": (lambda: nn.Hardsigmoid(), FLAT),
    "avg_pool: cut at the end": (
        lambda: nn.AvgPool2d(3, 2, padding=1, ceil_mode=True, count_include_pad=False), PLANES),
    "avg_pool: padding counts": (lambda: nn.AvgPool2d(3, 2, padding=1, ceil_mode=True), PLANES),
    "adaptive_avg_pool": (lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), PLANES),
    "adaptive_avg_pool: parts": (lambda: nn.AdaptiveAvgPool1d(2), LINE),
}  # fmt: skip

TAILS: dict[str, Case] = {
    "softmax": (lambda: nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1)), FLAT),
    "log_softmax": (_f(lambda m, x: F.log_softmax(m.linear(x), dim=-1)), FLAT),
    "sigmoid": (_f(lambda m, x: torch.sigmoid(m.linear(x))), FLAT),
    "tanh": (lambda: nn.Sequential(nn.Linear(4, 3), nn.Tanh()), FLAT),
    "argmax": (_f(lambda m, x: m.linear(x).argmax(1)), FLAT),
    "argmin": (_f(lambda m, x: m.linear(x).argmin(dim=1, keepdim=True)), FLAT),
    "topk": (_f(lambda m, x: m.linear(x).topk(2).values), FLAT),
}

REFUSED: dict[str, tuple[Callable[[], Any], tuple[int, ...], str]] = {
    "gelu": (lambda: nn.Sequential(nn.Linear(4, 4), nn.GELU()), FLAT,
             r"gelu in the module '1' \(GELU\): this operation is not read.*train with relu"),
    "layer norm": (lambda: nn.LayerNorm(4), FLAT, "layer_norm.*batch_norm"),
    "a comparison": (_f(lambda m, x: torch.where(x > 0, x, -x)), FLAT,
                     r"gt, torch_cases.py:\d+: .*a choice by values may jump"),
    "a threshold that jumps": (lambda: nn.Threshold(1, 0), FLAT, "it jumps from 0 to 1"),
    "two samples": (_f(lambda m, x: x - x.mean(0)), FLAT, r"mean.*dim=\[0\] goes along the batch"),
    "mixed samples": (_f(lambda m, x: x.view(-1).view(4, -1).t()), FLAT, "mixes the samples"),
    "parts of samples": (_f(lambda m, x: x.view(-1, 2)[:x.shape[0]]), FLAT,
                         "slice.* goes along the batch"),
    "pairs of samples": (_f(lambda m, x: (x[:, :1] - x[:, :1].t()).sum(1)), FLAT,
                         "samples meet each other"),
    "the batch behind": (_f(lambda m, x: x.t()), FLAT, "batch is expected in dimension 0"),
    "windows of two sizes": (lambda: nn.AdaptiveAvgPool2d(4), PLANES, "no multiples of"),
    "enlarging by parts": (lambda: nn.Upsample(size=(9, 9)), PLANES, "enlarge by whole factors"),
    "a divisor": (lambda: nn.AvgPool2d(2, divisor_override=3), PLANES, "divisor_override"),
    "circular padding": (lambda: nn.Conv1d(2, 2, 3, padding=1, padding_mode="circular"), LINE,
                         "'circular' is not read; read are constant, reflect"),
    "the places of maxima": (_f(lambda m, x: x.max(1)[1]), FLAT, "number 1 is used"),
    "a mask": (_f(lambda m, x: x[:, m.vector > 0]), FLAT, "indices along one axis"),
    "rounded quotients": (_f(lambda m, x: torch.div(x, 2, rounding_mode="floor")), FLAT,
                          "rounds quotients"),
    "random numbers": (_f(lambda m, x: x + torch.rand(4)), FLAT, "draws random numbers"),
    "dropout that is on": (_f(lambda m, x: F.dropout(x, 0.5, training=True)), FLAT, "stays on"),
    "statistics of the batch": (lambda: nn.BatchNorm1d(4, track_running_stats=False), FLAT,
                                "track_running_stats=True"),
    "a choice by values": (_f(lambda m, x: x if x.sum() > 0 else -x), FLAT,
                           "cannot record the Through.*without a choice by values"),
    "two results": (_f(lambda m, x: (x, x)), FLAT, "returns 2 values; wrap it"),
    "a constant": (_f(lambda m, x: m.vector.relu()), FLAT, "does not depend on its input"),
    "autocast": (_f(_half_inside), FLAT, "run as a whole .*autocast.* write it without"),
    "writing into a part": (_f(_writes_into_a_part), FLAT, "writes into a part.*torch.cat"),
    "a size of the batch": (_f(lambda m, x: x + torch.ones(x.size(0), 1)), FLAT,
                            "size depends on the batch"),
    "a wrong shape": (lambda: nn.Linear(3, 2), FLAT, r"cannot be called with the shape \(4,\)"),
    "no size": (lambda: nn.Linear(3, 2), (0,), "positive sizes are expected"),
}  # fmt: skip
