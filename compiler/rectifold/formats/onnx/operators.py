"""Every operator that is read: opsets, inputs, element types and attributes. Nothing else is.

    Operator("Relu", 7, relu, "X:T")      Relu from opset 7 on, one input of any floating-point type, no attribute

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
    moving,
    padding,
    pooling,
    products,
    reductions,
    resizing,
    windows,
)
from rectifold.formats.onnx.declarations import LAST_ML_OPSET, Attribute, Operator
from rectifold.formats.onnx.tensors import ELEMENT_TYPES, FLOATS, INTEGERS

NUMBERS = (*FLOATS, *INTEGERS)
ANY = ELEMENT_TYPES

_FLAG = (0, 1)

_AUTO_PAD = Attribute(
    "auto_pad", "text", "NOTSET", allowed=("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")
)
_KERNEL = Attribute("kernel_shape", "ints", least=1)
_NEEDED_KERNEL = Attribute("kernel_shape", "ints", least=1, required=True)
_PADS = Attribute("pads", "ints", least=0)
_STRIDES = Attribute("strides", "ints", least=1)
_DILATIONS = Attribute("dilations", "ints", least=1)
_GROUP = Attribute("group", "int", 1, least=1)
_CEIL = Attribute("ceil_mode", "int", 0, allowed=_FLAG)
_COUNT_PAD = Attribute("count_include_pad", "int", 0, allowed=_FLAG)
_ORDER = Attribute("storage_order", "int", 0, allowed=_FLAG)  # of the indices, which are not read

_POOL = (_AUTO_PAD, _NEEDED_KERNEL, _PADS, _STRIDES)
_CONV = (_AUTO_PAD, _KERNEL, _PADS, _STRIDES, _DILATIONS, _GROUP)

_AXIS_0 = Attribute("axis", "int", 0)
_AXES = Attribute("axes", "ints")
_NEEDED_AXES = Attribute("axes", "ints", required=True)
_KEEP = Attribute("keepdims", "int", 1, allowed=_FLAG)
_NOOP = Attribute("noop_with_empty_axes", "int", 0, allowed=_FLAG)

_MOMENTUM = Attribute("momentum", "float", 0.8999999761581421)
_EPSILON = Attribute("epsilon", "float", 9.999999747378752e-06)
_RATIO = Attribute("ratio", "float", 0.5)
_SATURATE = Attribute("saturate", "int", 1)  # of float8, which is not read
_ROUND = Attribute("round_mode", "text", "up")  # of float8
_TO = Attribute("to", "int", required=True)
_BLOCK = Attribute("blocksize", "int", least=1, required=True)
_DEPTH_MODE = Attribute("mode", "text", "DCR", allowed=("DCR", "CRD"))
_PAD_MODE = Attribute("mode", "text", "constant", allowed=("constant", "reflect", "edge"))
_PAD_MODE_19 = Attribute(
    "mode", "text", "constant", allowed=("constant", "reflect", "edge", "wrap")
)
_SLOPE = Attribute("alpha", "float", 0.009999999776482582)

_VALUES = (
    Attribute("value", "tensor"),
    Attribute("value_float", "float", infinite=True),
    Attribute("value_floats", "floats", infinite=True),
    Attribute("value_int", "int"),
    Attribute("value_ints", "ints"),
)

_GEMM = (
    Attribute("alpha", "float", 1.0),
    Attribute("beta", "float", 1.0),
    Attribute("transA", "int", 0, allowed=_FLAG),
    Attribute("transB", "int", 0, allowed=_FLAG),
)

_NEAREST = Attribute("mode", "text", "nearest", allowed=("nearest",))
_COORDINATES = ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric")
_RESIZE = (
    _NEAREST,
    Attribute(
        "nearest_mode", "text", "round_prefer_floor",
        allowed=("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
    ),
    Attribute("cubic_coeff_a", "float", -0.75),  # of mode cubic
    Attribute("exclude_outside", "int", 0, allowed=(0,)),
    Attribute("extrapolation_value", "float", 0.0),  # of tf_crop_and_resize
)  # fmt: skip
_RESIZE_11 = (
    *_RESIZE,
    Attribute("coordinate_transformation_mode", "text", "half_pixel", allowed=_COORDINATES),
)
_RESIZE_18 = (
    *_RESIZE,
    Attribute("axes", "ints"),
    Attribute("antialias", "int", 0, allowed=(0,)),
    Attribute("keep_aspect_ratio_policy", "text", "stretch", allowed=("stretch",)),
)
_RESIZE_SYMMETRIC = Attribute(
    "coordinate_transformation_mode",
    "text",
    "half_pixel",
    allowed=(*_COORDINATES, "half_pixel_symmetric"),
)
_RESIZE_INPUTS = "X:T roi:float? scales:float32? sizes:int64?"


def _reduction(
    name: str, run: reductions.Reduce, types: tuple[str, ...], moved: int
) -> list[Operator]:
    """A reduction: axes are an attribute, and from opset `moved` on an input."""
    return [
        Operator(name, 7, reductions.reduction(run), "data:T", (_AXES, _KEEP), types),
        Operator(
            name, moved, reductions.reduction(run), "data:T axes:int64?", (_NOOP, _KEEP), types
        ),
    ]


_ARITHMETIC = [
    Operator("Add", 7, arithmetic.sums(1), "A:T B:T", types=NUMBERS),
    Operator("Sub", 7, arithmetic.sums(-1), "A:T B:T", types=NUMBERS),
    Operator("Mul", 7, arithmetic.product, "A:T B:T", types=NUMBERS),
    Operator("Div", 7, arithmetic.quotient, "A:T B:T", types=NUMBERS),
    Operator("Neg", 7, arithmetic.negation, "X:T", types=NUMBERS),
    Operator("Pow", 7, arithmetic.power, "X:T Y:number", types=NUMBERS),
    Operator("Sum", 7, arithmetic.total, "data:T*"),
    Operator("Mean", 7, arithmetic.mean, "data:T*"),
    Operator("Cast", 7, arithmetic.cast, "input:any", (_TO,), moves=True),
    Operator("Cast", 19, arithmetic.cast, "input:any", (_SATURATE, _TO), moves=True),
    Operator("Cast", 24, arithmetic.cast, "input:any", (_ROUND, _SATURATE, _TO), moves=True),
    Operator("Where", 9, arithmetic.where, "condition:bool X:T Y:T", types=ANY, moves=True),
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
    Operator("Gemm", 7, products.gemm, "A:T B:T C:T", _GEMM),
    Operator("Gemm", 11, products.gemm, "A:T B:T C:T?", _GEMM),
    Operator("Conv", 7, windows.convolution, "X:T W:T B:T?", _CONV),
    Operator(
        "ConvTranspose", 7, windows.transposed_convolution, "X:T W:T B:T?",
        (*_CONV, Attribute("output_padding", "ints", least=0), Attribute("output_shape", "ints", least=1)),
    ),
]  # fmt: skip

_POOLING = [
    Operator("AveragePool", 7, pooling.average_pool, "X:T", (*_POOL, _COUNT_PAD)),
    Operator("AveragePool", 10, pooling.average_pool, "X:T", (*_POOL, _COUNT_PAD, _CEIL)),
    Operator("AveragePool", 19, pooling.average_pool, "X:T", (*_POOL, _COUNT_PAD, _CEIL, _DILATIONS)),
    Operator("MaxPool", 7, pooling.max_pool, "X:T", _POOL),
    Operator("MaxPool", 8, pooling.max_pool, "X:T", (*_POOL, _ORDER)),
    Operator("MaxPool", 10, pooling.max_pool, "X:T", (*_POOL, _ORDER, _CEIL, _DILATIONS)),
    Operator("GlobalAveragePool", 7, pooling.global_average_pool, "X:T"),
    Operator("GlobalMaxPool", 7, pooling.global_max_pool, "X:T"),
    *_reduction("ReduceSum", reductions.reduce_sum, NUMBERS, 13),
    *_reduction("ReduceMean", reductions.reduce_mean, FLOATS, 18),
    *_reduction("ReduceMax", reductions.reduce_max, NUMBERS, 18),
    *_reduction("ReduceMin", reductions.reduce_min, NUMBERS, 18),
    Operator(
        "CumSum", 11, reductions.running_sum, "x:T axis:index",
        (Attribute("exclusive", "int", 0, allowed=_FLAG), Attribute("reverse", "int", 0, allowed=_FLAG)), NUMBERS,
    ),
]  # fmt: skip

_ACTIVATIONS = [
    Operator("Relu", 7, activations.relu, "X:T"),
    Operator("Abs", 7, activations.absolute, "X:T", types=NUMBERS),
    Operator("LeakyRelu", 7, activations.leaky_relu, "X:T", (_SLOPE,)),
    Operator("PRelu", 7, activations.prelu, "X:T slope:T"),
    Operator(
        "Clip", 7, activations.clip, "input:T",
        (
            Attribute("min", "float", -3.4028234663852886e38, infinite=True),
            Attribute("max", "float", 3.4028234663852886e38, infinite=True),
        ),
    ),
    Operator("Clip", 11, activations.clip, "input:T min:T? max:T?"),
    Operator(
        "HardSigmoid", 7, activations.hard_sigmoid, "X:T",
        (Attribute("alpha", "float", 0.20000000298023224), Attribute("beta", "float", 0.5)),
    ),
    Operator("Max", 7, activations.extremum(1), "data:T*", types=NUMBERS),
    Operator("Min", 7, activations.extremum(-1), "data:T*", types=NUMBERS),
    Operator(
        "BatchNormalization", 7, activations.batch_normalization, "X:float scale:float B:float mean:float var:float",
        (_EPSILON, _MOMENTUM, Attribute("spatial", "int", 1, allowed=(1,))),
    ),
    Operator(
        "BatchNormalization", 9, activations.batch_normalization, "X:float scale:float B:float mean:float var:float",
        (_EPSILON, _MOMENTUM),
    ),
    Operator(
        "BatchNormalization", 14, activations.batch_normalization, "X:float scale:float B:float mean:float var:float",
        (_EPSILON, _MOMENTUM, Attribute("training_mode", "int", 0, allowed=(0,))),
    ),
    Operator(
        "Scaler", 1, activations.scaler, "X:number", (Attribute("offset", "floats"), Attribute("scale", "floats")),
        moves=True, until=LAST_ML_OPSET, domain="ai.onnx.ml",
    ),
]  # fmt: skip

_MOVING = [
    Operator("Identity", 7, moving.moving(moving.same), "input:any", moves=True),
    Operator("Dropout", 7, moving.dropout, "data:T", (_RATIO,)),
    Operator("Dropout", 12, moving.dropout, "data:T ratio:float? training_mode:bool?", (Attribute("seed", "int"),)),
    Operator("Flatten", 7, moving.moving(moving.flatten), "input:any", (Attribute("axis", "int", 1),), moves=True),
    Operator("Reshape", 7, moving.moving(moving.reshape), "data:any shape:int64", moves=True),
    Operator(
        "Reshape", 14, moving.moving(moving.reshape), "data:any shape:int64",
        (Attribute("allowzero", "int", 0, allowed=_FLAG),), moves=True,
    ),
    Operator("Squeeze", 7, moving.moving(moving.squeeze), "data:any", (_AXES,), moves=True),
    Operator("Squeeze", 13, moving.moving(moving.squeeze), "data:any axes:int64?", moves=True),
    Operator("Unsqueeze", 7, moving.moving(moving.unsqueeze), "data:any", (_NEEDED_AXES,), moves=True),
    Operator("Unsqueeze", 13, moving.moving(moving.unsqueeze), "data:any axes:int64", moves=True),
    Operator("Transpose", 7, moving.moving(moving.transpose), "data:any", (Attribute("perm", "ints"),), moves=True),
    Operator(
        "Slice", 7, moving.moving(moving.take_slices), "data:any",
        (_AXES, Attribute("starts", "ints", required=True), Attribute("ends", "ints", required=True)), moves=True,
    ),
    Operator(
        "Slice", 10, moving.moving(moving.take_slices), "data:any starts:index ends:index axes:index? steps:index?",
        moves=True,
    ),
    Operator("Gather", 7, moving.moving(moving.gather), "data:any indices:index", (_AXIS_0,), moves=True),
    Operator(
        "GatherElements", 11, moving.moving(moving.gather_elements), "data:any indices:index", (_AXIS_0,), moves=True
    ),
    Operator("GatherND", 11, moving.moving(moving.gather_nd), "data:any indices:int64", moves=True),
    Operator(
        "GatherND", 12, moving.moving(moving.gather_nd), "data:any indices:int64",
        (Attribute("batch_dims", "int", 0, allowed=(0,)),), moves=True,
    ),
    Operator("Expand", 8, moving.moving(moving.expand), "input:any shape:int64", moves=True),
    Operator("Tile", 7, moving.moving(moving.tile), "input:any repeats:int64", moves=True),
    Operator("Concat", 7, moving.joined, "inputs:T*", (Attribute("axis", "int", required=True),), ANY, moves=True),
    Operator(
        "Split", 7, moving.split, "input:any", (_AXIS_0, Attribute("split", "ints", least=0)), moves=True, outputs=None
    ),
    Operator("Split", 13, moving.split, "input:any split:int64?", (_AXIS_0,), moves=True, outputs=None),
    Operator(
        "Split", 18, moving.split, "input:any split:int64?", (_AXIS_0, Attribute("num_outputs", "int", least=1)),
        moves=True, outputs=None,
    ),
    Operator("DepthToSpace", 7, moving.moving(moving.depth_to_space), "input:any", (_BLOCK,), moves=True),
    Operator("DepthToSpace", 11, moving.moving(moving.depth_to_space), "input:any", (_BLOCK, _DEPTH_MODE), moves=True),
    Operator("SpaceToDepth", 7, moving.moving(moving.space_to_depth), "input:any", (_BLOCK,), moves=True),
    Operator(
        "SpaceToDepth", 28, moving.moving(moving.space_to_depth), "input:any",
        (_BLOCK, Attribute("mode", "text", "DCR", allowed=("DCR",))), moves=True,
    ),
    Operator(
        "Pad", 7, padding.pad, "data:T",
        (_PAD_MODE, Attribute("pads", "ints", required=True), Attribute("value", "float", 0.0)), NUMBERS, moves=True,
    ),
    Operator("Pad", 11, padding.pad, "data:T pads:int64 constant_value:T?", (_PAD_MODE,), ANY, moves=True),
    Operator("Pad", 18, padding.pad, "data:T pads:int64 constant_value:T? axes:index?", (_PAD_MODE,), ANY, moves=True),
    Operator(
        "Pad", 19, padding.pad, "data:T pads:int64 constant_value:T? axes:index?", (_PAD_MODE_19,), ANY, moves=True
    ),
    Operator(
        "Upsample", 7, moving.moving(resizing.upsample), "X:T",
        (_NEAREST, Attribute("scales", "floats", required=True)), ANY, moves=True, until=9,
    ),
    Operator("Upsample", 9, moving.moving(resizing.upsample), "X:T scales:float32", (_NEAREST,), ANY, moves=True, until=9),
    Operator("Resize", 10, moving.moving(resizing.resize), "X:T scales:float32", (_NEAREST,), ANY, moves=True),
    Operator("Resize", 11, moving.moving(resizing.resize), _RESIZE_INPUTS, _RESIZE_11, ANY, moves=True),
    Operator(
        "Resize", 18, moving.moving(resizing.resize), _RESIZE_INPUTS,
        (*_RESIZE_18, _RESIZE_11[-1]), ANY, moves=True,
    ),
    Operator(
        "Resize", 19, moving.moving(resizing.resize), _RESIZE_INPUTS,
        (*_RESIZE_18, _RESIZE_SYMMETRIC), ANY, moves=True,
    ),
]  # fmt: skip

_CONSTANTS = [
    Operator("Constant", 7, constants.constant, "", (_VALUES[0],)),
    Operator("Constant", 12, constants.constant, "", _VALUES),
    Operator("ConstantOfShape", 9, constants.constant_of_shape, "input:int64", (_VALUES[0],)),
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
    *_ARITHMETIC, *_PRODUCTS, *_POOLING, *_ACTIVATIONS, *_MOVING, *_CONSTANTS,
)  # fmt: skip


def _table() -> Mapping[tuple[str, str], tuple[Operator, ...]]:
    found: dict[tuple[str, str], tuple[Operator, ...]] = {}
    for row in ROWS:
        key = (row.domain, row.name)
        found[key] = (*found.get(key, ()), row)
    return found


OPERATORS = _table()
