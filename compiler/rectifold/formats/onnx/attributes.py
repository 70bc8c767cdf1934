"""Attributes that several operators share, by name; and the element types of whole groups.

AXES = Attribute("axes", "ints")      in the rows of Squeeze, Slice, ReduceSum, ...
"""

from __future__ import annotations

from rectifold.formats.onnx.declarations import Attribute
from rectifold.formats.onnx.tensors import ELEMENT_TYPES, FLOATS, INTEGERS

NUMBERS = (*FLOATS, *INTEGERS)
ANY = ELEMENT_TYPES

FLAG = (0, 1)

AUTO_PAD = Attribute(
    "auto_pad", "text", "NOTSET", allowed=("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")
)
KERNEL = Attribute("kernel_shape", "ints", least=1)
NEEDED_KERNEL = Attribute("kernel_shape", "ints", least=1, required=True)
PADS = Attribute("pads", "ints", least=0)
STRIDES = Attribute("strides", "ints", least=1)
DILATIONS = Attribute("dilations", "ints", least=1)
GROUP = Attribute("group", "int", 1, least=1)
CEIL = Attribute("ceil_mode", "int", 0, allowed=FLAG)
COUNT_PAD = Attribute("count_include_pad", "int", 0, allowed=FLAG)
ORDER = Attribute("storage_order", "int", 0, allowed=FLAG)  # of the indices, which are not read

POOL = (AUTO_PAD, NEEDED_KERNEL, PADS, STRIDES)
CONV = (AUTO_PAD, KERNEL, PADS, STRIDES, DILATIONS, GROUP)

AXIS_0 = Attribute("axis", "int", 0)
AXIS_1 = Attribute("axis", "int", 1)
AXES = Attribute("axes", "ints")
NEEDED_AXES = Attribute("axes", "ints", required=True)
KEEP = Attribute("keepdims", "int", 1, allowed=FLAG)
NOOP = Attribute("noop_with_empty_axes", "int", 0, allowed=FLAG)

MOMENTUM = Attribute("momentum", "float", 0.8999999761581421)
EPSILON = Attribute("epsilon", "float", 9.999999747378752e-06)
RATIO = Attribute("ratio", "float", 0.5)
SATURATE = Attribute("saturate", "int", 1)  # of float8, which is not read
ROUND = Attribute("round_mode", "text", "up")  # of float8
TO = Attribute("to", "int", required=True)
BLOCK_SIZE = Attribute("block_size", "int", 0, least=0)
OUTPUT_TYPE = Attribute("output_dtype", "int", 0, allowed=(0, 1, 10, 11, 16))  # 0: as the scale
BLOCK = Attribute("blocksize", "int", least=1, required=True)
DEPTH_MODE = Attribute("mode", "text", "DCR", allowed=("DCR", "CRD"))
PAD_MODE = Attribute("mode", "text", "constant", allowed=("constant", "reflect", "edge"))
PAD_MODE_19 = Attribute("mode", "text", "constant", allowed=("constant", "reflect", "edge", "wrap"))
SLOPE = Attribute("alpha", "float", 0.009999999776482582)

VALUES = (
    Attribute("value", "tensor"),
    Attribute("value_float", "float", infinite=True),
    Attribute("value_floats", "floats", infinite=True),
    Attribute("value_int", "int"),
    Attribute("value_ints", "ints"),
)

GEMM = (
    Attribute("alpha", "float", 1.0),
    Attribute("beta", "float", 1.0),
    Attribute("transA", "int", 0, allowed=FLAG),
    Attribute("transB", "int", 0, allowed=FLAG),
)

NEAREST = Attribute("mode", "text", "nearest", allowed=("nearest",))
COORDINATES = ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric")
RESIZE = (
    NEAREST,
    Attribute(
        "nearest_mode", "text", "round_prefer_floor",
        allowed=("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
    ),
    Attribute("cubic_coeff_a", "float", -0.75),  # of mode cubic
    Attribute("exclude_outside", "int", 0, allowed=(0,)),
    Attribute("extrapolation_value", "float", 0.0),  # of tf_crop_and_resize
)  # fmt: skip
RESIZE_11 = (
    *RESIZE,
    Attribute("coordinate_transformation_mode", "text", "half_pixel", allowed=COORDINATES),
)
RESIZE_18 = (
    *RESIZE,
    Attribute("axes", "ints"),
    Attribute("antialias", "int", 0, allowed=(0,)),
    Attribute("keep_aspect_ratio_policy", "text", "stretch", allowed=("stretch",)),
)
RESIZE_SYMMETRIC = Attribute(
    "coordinate_transformation_mode",
    "text",
    "half_pixel",
    allowed=(*COORDINATES, "half_pixel_symmetric"),
)
RESIZE_INPUTS = "X:T roi:float? scales:float32? sizes:int64?"
