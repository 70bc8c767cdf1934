"""What to do about models whose arithmetic is not that of real numbers: quantised, half precision.

MatMulInteger    refused: give the float model
float16          read as the function of real numbers, which a note says
"""

from __future__ import annotations

from collections.abc import Iterable

from rectifold.formats.onnx.tensors import Symbolic, Tensor

_WHOLE_NUMBERS = frozenset({
    "QuantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "ConvInteger", "QLinearConv",
    "QLinearMatMul", "QLinearAdd", "QLinearMul", "QLinearConcat", "QLinearLeakyRelu",
    "QLinearAveragePool", "QLinearGlobalAveragePool", "QLinearSigmoid", "QLinearSoftmax", "QGemm",
    "DynamicQuantizeMatMul", "DynamicQuantizeLSTM", "MatMulIntegerToFloat", "MatMulInteger16",
})  # fmt: skip
_PACKED = frozenset({"MatMulNBits", "MatMulBnb4", "MatMulFpQ4", "GatherBlockQuantized"})


def quantised_remedy(name: str) -> str | None:
    """What to do about an operator of quantised models that is not read; None for any other."""
    if name in _WHOLE_NUMBERS:
        return (
            "it rounds to whole numbers while the model runs (quantised activations), and that is "
            "no ReLU network: give the float model that this one was quantised from; a model with "
            "quantised weights only (DequantizeLinear of constants) is read"
        )
    if name in _PACKED:
        return (
            "it holds packed weights of few bits: give the float model that this one was quantised "
            "from, or write the weights with DequantizeLinear, which is read"
        )
    return None


def half_precision_notes(values: Iterable[Tensor]) -> list[str]:
    """That a model rounds at few digits while it runs, where it does."""
    found = sorted({v.type for v in values if isinstance(v, Symbolic)} & {"float16", "bfloat16"})
    return [
        f"the model computes in {kind}, which keeps {digits} significant bits; the network is the "
        "function of real numbers with the same weights, and what is proved holds for that function"
        for kind, digits in (("bfloat16", 8), ("float16", 11))
        if kind in found
    ]
