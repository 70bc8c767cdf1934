"""What other programs compute: onnxruntime, the same in float32 throughout, and onnx.reference
where it can be believed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from rectifold.formats.onnx.peers import PeerError, by_onnxruntime, by_reference

Array = np.ndarray[Any, Any]
Feeds = Mapping[str, Array]

ort.set_default_logger_severity(4)


def in_float32(model: Any, feeds: Feeds) -> list[Array]:
    """What onnxruntime computes with every float64 and float16 replaced: the same for numbers that
    are exact in all of them.

    It has few kernels for other floats. Raises PeerError.
    """
    narrow = {TensorProto.DOUBLE, TensorProto.FLOAT16}
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    kinds = [o.type.tensor_type.elem_type for o in model.graph.output]
    for entry in [*changed.graph.input, *changed.graph.output]:
        if entry.type.tensor_type.elem_type in narrow:
            entry.type.tensor_type.elem_type = TensorProto.FLOAT
    tensors = list(changed.graph.initializer)
    for node in changed.graph.node:
        tensors += [a.t for a in node.attribute if a.type == onnx.AttributeProto.TENSOR]
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.i in narrow:
                attribute.i = TensorProto.FLOAT
    for tensor in tensors:
        if tensor.data_type in narrow:
            array = numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    given = {
        n: v.astype(np.float32) if v.dtype in (np.float64, np.float16) else v
        for n, v in feeds.items()
    }
    results = by_onnxruntime(changed, given)
    return [
        v.astype(helper.tensor_dtype_to_np_dtype(k)) if k in narrow else v
        for v, k in zip(results, kinds, strict=True)
    ]


def answers(model: Any, feeds: Feeds) -> dict[str, list[Array] | str]:
    """What each peer says: its outputs, or why it does not run the model. Float32 is asked where
    onnxruntime refuses.
    """
    found: dict[str, list[Array] | str] = {}
    peers: list[tuple[str, Callable[[Any, Feeds], list[Array]]]] = [
        ("onnxruntime", by_onnxruntime),
        ("onnx.reference", by_reference),
        ("onnxruntime in float32", in_float32),
    ]
    for name, peer in peers:
        if name.endswith("float32") and not isinstance(found["onnxruntime"], str):
            continue
        try:
            found[name] = peer(model, feeds)
        except PeerError as error:
            found[name] = str(error)
    return found


def same(left: list[Array], right: list[Array]) -> bool:
    """Whether two peers agree, shapes and types included, up to 2**-10 relative to the largest
    entry (2**-6 in half).
    """
    return len(left) == len(right) and all(_close(a, b) for a, b in zip(left, right, strict=True))


def _close(a: Array, b: Array) -> bool:
    if a.size == b.size == 0:
        return True
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    scale = float(np.max(np.abs(b[np.isfinite(b)]), initial=1.0))
    room = scale * 2.0 ** (-6 if a.dtype.itemsize == 2 else -10)
    return bool(np.allclose(a.astype(float), b.astype(float), rtol=0, atol=room, equal_nan=True))
