"""Every operator that is read: opsets, inputs, element types and attributes. Nothing else is.

    Operator("Relu", 7, relu, "X:T")      Relu from opset 7 on: one float input, no attribute

A row holds from its opset until the next row of the same operator. Rows begin at opset 7: before
it, Add and its relatives broadcast by the attributes `axis` and `broadcast`, and such models are
refused with the remedy. Sound because `declarations` refuses whatever a row does not name. An
attribute without `allowed` and `least` is understood at every value, or has no influence on the
values that are read (momentum, seed, ...).
"""

from __future__ import annotations

import operator
from collections.abc import Mapping

from rectifold.formats.onnx import (
    activations,
    arithmetic,
    constants,
    pooling,
    products,
    quantised,
    reductions,
    windows,
)
from rectifold.formats.onnx.attributes import (
    ANY,
    AXES,
    AXIS_1,
    BLOCK_SIZE,
    CEIL,
    CONV,
    COUNT_PAD,
    DILATIONS,
    EPSILON,
    FLAG,
    GEMM,
    KEEP,
    MOMENTUM,
    NOOP,
    NUMBERS,
    ORDER,
    OUTPUT_TYPE,
    POOL,
    ROUND,
    SATURATE,
    SLOPE,
    TO,
    VALUES,
)
from rectifold.formats.onnx.declarations import LAST_ML_OPSET, Attribute, Operator
from rectifold.formats.onnx.moving_operators import MOVING
from rectifold.formats.onnx.tensors import FLOATS


def _reduction(
    name: str, run: reductions.Reduce, types: tuple[str, ...], moved: int
) -> list[Operator]:
    """A reduction: axes are an attribute, and from opset `moved` on an input."""
    return [
        Operator(name, 7, reductions.reduction(run), "data:T", (AXES, KEEP), types),
        Operator(name, moved, reductions.reduction(run), "data:T axes:int64?", (NOOP, KEEP), types),
    ]


_ARITHMETIC = [
    Operator("Add", 7, arithmetic.sums(1), "A:T B:T", types=NUMBERS),
    Operator("Sub", 7, arithmetic.sums(-1), "A:T B:T", types=NUMBERS),
    Operator("Mul", 7, arithmetic.product, "A:T B:T", types=NUMBERS),
    Operator("Div", 7, arithmetic.divide, "A:T B:T", types=NUMBERS),
    Operator("Neg", 7, arithmetic.negation, "X:T", types=NUMBERS),
    Operator("Pow", 7, arithmetic.power, "X:T Y:number", types=NUMBERS),
    Operator("Sum", 7, arithmetic.total, "data:T*"),
    Operator("Mean", 7, arithmetic.mean, "data:T*"),
    Operator("Cast", 7, arithmetic.cast, "input:any", (TO,), moves=True),
    Operator("Cast", 19, arithmetic.cast, "input:any", (SATURATE, TO), moves=True),
    Operator("Cast", 24, arithmetic.cast, "input:any", (ROUND, SATURATE, TO), moves=True),
    Operator("Where", 9, arithmetic.choose, "condition:bool X:T Y:T", types=ANY, moves=True),
    Operator("Equal", 7, arithmetic.comparison(operator.eq), "A:T B:T", types=ANY),
    Operator("Less", 7, arithmetic.comparison(operator.lt), "A:T B:T", types=NUMBERS),
    Operator("Greater", 7, arithmetic.comparison(operator.gt), "A:T B:T", types=NUMBERS),
    Operator("LessOrEqual", 12, arithmetic.comparison(operator.le), "A:T B:T", types=NUMBERS),
    Operator("GreaterOrEqual", 12, arithmetic.comparison(operator.ge), "A:T B:T", types=NUMBERS),
    Operator("Floor", 7, arithmetic.whole_steps(up=False), "X:T"),
    Operator("Ceil", 7, arithmetic.whole_steps(up=True), "X:T"),
    Operator("Not", 7, arithmetic.negated, "X:bool"),
]

_PRODUCTS = [
    Operator("MatMul", 7, products.matmul, "A:T B:T", types=NUMBERS),
    Operator("Gemm", 7, products.gemm, "A:T B:T C:T", GEMM),
    Operator("Gemm", 11, products.gemm, "A:T B:T C:T?", GEMM),
    Operator("Conv", 7, windows.convolution, "X:T W:T B:T?", CONV),
    Operator(
        "ConvTranspose",
        7,
        windows.transposed_convolution,
        "X:T W:T B:T?",
        (
            *CONV,
            Attribute("output_padding", "ints", least=0),
            Attribute("output_shape", "ints", least=1),
        ),
    ),
]

_POOLING = [
    Operator("AveragePool", 7, pooling.average_pool, "X:T", (*POOL, COUNT_PAD)),
    Operator("AveragePool", 10, pooling.average_pool, "X:T", (*POOL, COUNT_PAD, CEIL)),
    Operator("AveragePool", 19, pooling.average_pool, "X:T", (*POOL, COUNT_PAD, CEIL, DILATIONS)),
    Operator("MaxPool", 7, pooling.max_pool, "X:T", POOL),
    Operator("MaxPool", 8, pooling.max_pool, "X:T", (*POOL, ORDER)),
    Operator("MaxPool", 10, pooling.max_pool, "X:T", (*POOL, ORDER, CEIL, DILATIONS)),
    Operator("GlobalAveragePool", 7, pooling.global_average_pool, "X:T"),
    Operator("GlobalMaxPool", 7, pooling.global_max_pool, "X:T"),
    *_reduction("ReduceSum", reductions.reduce_sum, NUMBERS, 13),
    *_reduction("ReduceMean", reductions.reduce_mean, FLOATS, 18),
    *_reduction("ReduceMax", reductions.reduce_max, NUMBERS, 18),
    *_reduction("ReduceMin", reductions.reduce_min, NUMBERS, 18),
    Operator(
        "CumSum",
        11,
        reductions.running_sum,
        "x:T axis:index",
        (
            Attribute("exclusive", "int", 0, allowed=FLAG),
            Attribute("reverse", "int", 0, allowed=FLAG),
        ),
        NUMBERS,
    ),
]

_ACTIVATIONS = [
    Operator("Relu", 7, activations.piecewise_linear("relu"), "X:T"),
    Operator("Abs", 7, activations.magnitude, "X:T", types=NUMBERS),
    Operator("LeakyRelu", 7, activations.piecewise_linear("leaky_relu", "alpha"), "X:T", (SLOPE,)),
    Operator("PRelu", 7, activations.prelu, "X:T slope:T"),
    Operator(
        "Clip",
        7,
        activations.clamp,
        "input:T",
        (
            Attribute("min", "float", -3.4028234663852886e38, infinite=True),
            Attribute("max", "float", 3.4028234663852886e38, infinite=True),
        ),
    ),
    Operator("Clip", 11, activations.clamp, "input:T min:T? max:T?"),
    Operator(
        "HardSigmoid",
        7,
        activations.piecewise_linear("hard_sigmoid", "alpha", "beta"),
        "X:T",
        (Attribute("alpha", "float", 0.20000000298023224), Attribute("beta", "float", 0.5)),
    ),
    Operator("Max", 7, activations.extremum(1), "data:T*", types=NUMBERS),
    Operator("Min", 7, activations.extremum(-1), "data:T*", types=NUMBERS),
    Operator(
        "BatchNormalization",
        7,
        activations.batch_normalization,
        "X:float scale:float B:float mean:float var:float",
        (EPSILON, MOMENTUM, Attribute("spatial", "int", 1, allowed=(1,))),
    ),
    Operator(
        "BatchNormalization",
        9,
        activations.batch_normalization,
        "X:float scale:float B:float mean:float var:float",
        (EPSILON, MOMENTUM),
    ),
    Operator(
        "BatchNormalization",
        14,
        activations.batch_normalization,
        "X:float scale:float B:float mean:float var:float",
        (EPSILON, MOMENTUM, Attribute("training_mode", "int", 0, allowed=(0,))),
    ),
    Operator(
        "Scaler",
        1,
        activations.scaler,
        "X:number",
        (Attribute("offset", "floats"), Attribute("scale", "floats")),
        moves=True,
        until=LAST_ML_OPSET,
        domain="ai.onnx.ml",
    ),
]

_STORED = "x:number x_scale:float x_zero_point:number?"

_CONSTANTS = [
    Operator("DequantizeLinear", 10, quantised.dequantize, _STORED),
    Operator("DequantizeLinear", 13, quantised.dequantize, _STORED, (AXIS_1,)),
    Operator("DequantizeLinear", 21, quantised.dequantize, _STORED, (AXIS_1, BLOCK_SIZE)),
    Operator(
        "DequantizeLinear", 23, quantised.dequantize, _STORED, (AXIS_1, BLOCK_SIZE, OUTPUT_TYPE)
    ),
    Operator("Constant", 7, constants.constant, "", (VALUES[0],)),
    Operator("Constant", 12, constants.constant, "", VALUES),
    Operator("ConstantOfShape", 9, constants.constant_of_shape, "input:int64", (VALUES[0],)),
    Operator("Shape", 7, constants.shape, "data:any", moves=True),
    Operator(
        "Shape",
        15,
        constants.shape,
        "data:any",
        (Attribute("start", "int", 0), Attribute("end", "int")),
        moves=True,
    ),
    Operator("Size", 7, constants.size, "data:any", moves=True),
    Operator("Range", 11, constants.number_range, "start:T limit:T delta:T", types=NUMBERS),
    Operator(
        "Range",
        27,
        constants.number_range,
        "start:T limit:T delta:T",
        (Attribute("stash_type", "int", 1),),
        NUMBERS,
    ),
]

ROWS: tuple[Operator, ...] = (
    *_ARITHMETIC, *_PRODUCTS, *_POOLING, *_ACTIVATIONS, *MOVING, *_CONSTANTS,
)  # fmt: skip


def _rows_by_operator() -> Mapping[tuple[str, str], tuple[Operator, ...]]:
    found: dict[tuple[str, str], tuple[Operator, ...]] = {}
    for row in ROWS:
        key = (row.domain, row.name)
        found[key] = (*found.get(key, ()), row)
    return found


OPERATORS = _rows_by_operator()
