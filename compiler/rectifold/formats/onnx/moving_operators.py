"""The rows of operators that move entries, pad, cut and resize. `operators` says what a row means.

Operator("Tile", 7, moving.moving(moving.tile), "input:any repeats:int64", moves=True)
"""

from __future__ import annotations

from rectifold.formats.onnx import moving, padding, resizing
from rectifold.formats.onnx.attributes import (
    ANY,
    AXES,
    AXIS_0,
    BLOCK,
    DEPTH_MODE,
    FLAG,
    NEAREST,
    NEEDED_AXES,
    NUMBERS,
    PAD_MODE,
    PAD_MODE_19,
    RATIO,
    RESIZE_11,
    RESIZE_18,
    RESIZE_INPUTS,
    RESIZE_SYMMETRIC,
)
from rectifold.formats.onnx.declarations import Attribute, Operator

MOVING = [
    Operator("Identity", 7, moving.moving(moving.same), "input:any", moves=True),
    Operator("Dropout", 7, moving.dropout, "data:T", (RATIO,)),
    Operator(
        "Dropout",
        12,
        moving.dropout,
        "data:T ratio:float? training_mode:bool?",
        (Attribute("seed", "int"),),
    ),
    Operator(
        "Flatten",
        7,
        moving.moving(moving.flatten),
        "input:any",
        (Attribute("axis", "int", 1),),
        moves=True,
    ),
    Operator("Reshape", 7, moving.moving(moving.reshape), "data:any shape:int64", moves=True),
    Operator(
        "Reshape",
        14,
        moving.moving(moving.reshape),
        "data:any shape:int64",
        (Attribute("allowzero", "int", 0, allowed=FLAG),),
        moves=True,
    ),
    Operator("Squeeze", 7, moving.moving(moving.squeeze), "data:any", (AXES,), moves=True),
    Operator("Squeeze", 13, moving.moving(moving.squeeze), "data:any axes:int64?", moves=True),
    Operator(
        "Unsqueeze", 7, moving.moving(moving.unsqueeze), "data:any", (NEEDED_AXES,), moves=True
    ),
    Operator("Unsqueeze", 13, moving.moving(moving.unsqueeze), "data:any axes:int64", moves=True),
    Operator(
        "Transpose",
        7,
        moving.moving(moving.transpose),
        "data:any",
        (Attribute("perm", "ints"),),
        moves=True,
    ),
    Operator(
        "Slice",
        7,
        moving.moving(moving.take_slices),
        "data:any",
        (
            AXES,
            Attribute("starts", "ints", required=True),
            Attribute("ends", "ints", required=True),
        ),
        moves=True,
    ),
    Operator(
        "Slice",
        10,
        moving.moving(moving.take_slices),
        "data:any starts:index ends:index axes:index? steps:index?",
        moves=True,
    ),
    Operator(
        "Gather", 7, moving.moving(moving.gather), "data:any indices:index", (AXIS_0,), moves=True
    ),
    Operator(
        "GatherElements",
        11,
        moving.moving(moving.gather_elements),
        "data:any indices:index",
        (AXIS_0,),
        moves=True,
    ),
    Operator("GatherND", 11, moving.moving(moving.gather_nd), "data:any indices:int64", moves=True),
    Operator(
        "GatherND",
        12,
        moving.moving(moving.gather_nd),
        "data:any indices:int64",
        (Attribute("batch_dims", "int", 0, allowed=(0,)),),
        moves=True,
    ),
    Operator("Expand", 8, moving.moving(moving.expand), "input:any shape:int64", moves=True),
    Operator("Tile", 7, moving.moving(moving.tile), "input:any repeats:int64", moves=True),
    Operator(
        "Concat",
        7,
        moving.concatenate,
        "inputs:T*",
        (Attribute("axis", "int", required=True),),
        ANY,
        moves=True,
    ),
    Operator(
        "Split",
        7,
        moving.split,
        "input:any",
        (AXIS_0, Attribute("split", "ints", least=0)),
        moves=True,
        outputs=None,
    ),
    Operator(
        "Split", 13, moving.split, "input:any split:int64?", (AXIS_0,), moves=True, outputs=None
    ),
    Operator(
        "Split",
        18,
        moving.split,
        "input:any split:int64?",
        (AXIS_0, Attribute("num_outputs", "int", least=1)),
        moves=True,
        outputs=None,
    ),
    Operator(
        "DepthToSpace", 7, moving.moving(moving.depth_to_space), "input:any", (BLOCK,), moves=True
    ),
    Operator(
        "DepthToSpace",
        11,
        moving.moving(moving.depth_to_space),
        "input:any",
        (BLOCK, DEPTH_MODE),
        moves=True,
    ),
    Operator(
        "SpaceToDepth", 7, moving.moving(moving.space_to_depth), "input:any", (BLOCK,), moves=True
    ),
    Operator(
        "SpaceToDepth",
        28,
        moving.moving(moving.space_to_depth),
        "input:any",
        (BLOCK, Attribute("mode", "text", "DCR", allowed=("DCR",))),
        moves=True,
    ),
    Operator(
        "Pad",
        7,
        padding.pad,
        "data:T",
        (PAD_MODE, Attribute("pads", "ints", required=True), Attribute("value", "float", 0.0)),
        NUMBERS,
        moves=True,
    ),
    Operator(
        "Pad", 11, padding.pad, "data:T pads:int64 constant_value:T?", (PAD_MODE,), ANY, moves=True
    ),
    Operator(
        "Pad",
        18,
        padding.pad,
        "data:T pads:int64 constant_value:T? axes:index?",
        (PAD_MODE,),
        ANY,
        moves=True,
    ),
    Operator(
        "Pad",
        19,
        padding.pad,
        "data:T pads:int64 constant_value:T? axes:index?",
        (PAD_MODE_19,),
        ANY,
        moves=True,
    ),
    Operator(
        "Upsample",
        7,
        moving.moving(resizing.upsample),
        "X:T",
        (NEAREST, Attribute("scales", "floats", required=True)),
        ANY,
        moves=True,
        until=9,
    ),
    Operator(
        "Upsample",
        9,
        moving.moving(resizing.upsample),
        "X:T scales:float32",
        (NEAREST,),
        ANY,
        moves=True,
        until=9,
    ),
    Operator(
        "Resize",
        10,
        moving.moving(resizing.resize),
        "X:T scales:float32",
        (NEAREST,),
        ANY,
        moves=True,
    ),
    Operator(
        "Resize", 11, moving.moving(resizing.resize), RESIZE_INPUTS, RESIZE_11, ANY, moves=True
    ),
    Operator(
        "Resize",
        18,
        moving.moving(resizing.resize),
        RESIZE_INPUTS,
        (*RESIZE_18, RESIZE_11[-1]),
        ANY,
        moves=True,
    ),
    Operator(
        "Resize",
        19,
        moving.moving(resizing.resize),
        RESIZE_INPUTS,
        (*RESIZE_18, RESIZE_SYMMETRIC),
        ANY,
        moves=True,
    ),
]
