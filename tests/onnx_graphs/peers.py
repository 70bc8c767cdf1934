"""What onnxruntime and onnx.reference compute, and what the reference is known to compute against the specification."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state

Array = np.ndarray[Any, Any]
Feeds = Mapping[str, Array]

ORT_ERRORS = tuple(v for v in vars(ort_state).values() if isinstance(v, type) and issubclass(v, Exception))
REFERENCE_ERRORS = (
    ValueError, TypeError, LookupError, AttributeError, RuntimeError, AssertionError, ArithmeticError, ImportError,
    onnx.checker.ValidationError,
)  # fmt: skip

ort.set_default_logger_severity(4)


class PeerError(Exception):
    """A peer that does not run a model. The message is the peer's."""


def by_onnxruntime(model: Any, feeds: Feeds) -> list[Array]:
    """The outputs of onnxruntime. Raises PeerError."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return [np.asarray(v) for v in session.run(None, dict(feeds))]
    except (*ORT_ERRORS, *REFERENCE_ERRORS) as error:
        raise PeerError(f"onnxruntime: {error}") from None


def by_reference(model: Any, feeds: Feeds) -> list[Array]:
    """The outputs of onnx.reference. Raises PeerError."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return [np.asarray(v) for v in ReferenceEvaluator(model).run(None, dict(feeds))]
    except REFERENCE_ERRORS as error:
        raise PeerError(f"onnx.reference: {type(error).__name__}: {error}") from None


def in_float32(model: Any, feeds: Feeds) -> list[Array]:
    """What onnxruntime computes with every float64 and float16 replaced: the same for numbers that are exact in all of them.

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
    given = {n: v.astype(np.float32) if v.dtype in (np.float64, np.float16) else v for n, v in feeds.items()}
    results = by_onnxruntime(changed, given)
    return [
        v.astype(helper.tensor_dtype_to_np_dtype(k)) if k in narrow else v for v, k in zip(results, kinds, strict=True)
    ]


def answers(model: Any, feeds: Feeds) -> dict[str, list[Array] | str]:
    """What each peer says that can be believed about this model: its outputs, or why it does not run it."""
    found: dict[str, list[Array] | str] = {}
    peers: list[tuple[str, Callable[[Any, Feeds], list[Array]]]] = [("onnxruntime", by_onnxruntime)]
    if not wrong_in_reference(model):
        peers.append(("onnx.reference", by_reference))
    peers.append(("onnxruntime in float32", in_float32))
    for name, peer in peers:
        if name.endswith("float32") and not isinstance(found["onnxruntime"], str):
            continue
        try:
            found[name] = peer(model, feeds)
        except PeerError as error:
            found[name] = str(error)
    return found


def wrong_in_reference(model: Any) -> str | None:
    """The first operator of a model that onnx.reference computes against the specification."""
    opset = next(e.version for e in model.opset_import if e.domain == "")
    for node in model.graph.node:
        last = WRONG_IN_REFERENCE.get(node.op_type, 0)
        if opset <= last:
            return str(node.op_type)
    return None


# What onnx.reference gets wrong in its versions so far, up to this opset, and why onnxruntime is believed.
WRONG_IN_REFERENCE = {
    "AveragePool": 99,  # reads pads as (top, bottom, left, right), only in two dimensions; ceil_mode counts outside cells
    "MaxPool": 99,  # the same; SAME_LOWER rounds the output size down
    "GlobalMaxPool": 99,  # always reduces two axes, whatever the rank
    "ConvTranspose": 99,  # groups share the first biases and places
    "Unsqueeze": 12,  # inserts axes in the order of the list, not all at once
    "BatchNormalization": 13,  # takes a missing momentum for training mode, or forgets epsilon
}


def same(left: list[Array], right: list[Array]) -> bool:
    """Whether two peers agree, shapes and types included, up to 2**-10 relative to the largest entry (2**-6 in half)."""
    return len(left) == len(right) and all(_close(a, b) for a, b in zip(left, right, strict=True))


def _close(a: Array, b: Array) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    scale = float(np.max(np.abs(b[np.isfinite(b)]), initial=1.0))
    room = scale * 2.0 ** (-6 if a.dtype.itemsize == 2 else -10)
    return bool(np.allclose(a.astype(float), b.astype(float), rtol=0, atol=room, equal_nan=True))
