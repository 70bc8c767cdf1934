"""Other programs that run an ONNX model: onnxruntime where it is installed, else onnx.reference.

They are asked for a comparison only: nothing that is read or proved rests on what they say.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto

from rectifold.formats.onnx.tensors import Array

Feeds = Mapping[str, Array]

# What onnx.reference (1.16 to 1.23) computes against the specification, and the last opset of it.
WRONG_IN_REFERENCE: Mapping[str, int] = {
    "AveragePool": 99,  # takes pads in another order; ceil_mode counts cells outside the padding
    "MaxPool": 99,  # the same; SAME_LOWER rounds the number of windows down
    "GlobalMaxPool": 99,  # always reduces two axes, whatever the rank
    "ConvTranspose": 99,  # groups share the first biases
    "Unsqueeze": 12,  # inserts axes in the order of the list, not all at once
    "BatchNormalization": 13,  # takes a missing momentum for training, or leaves epsilon out
}
_REFERENCE_ERRORS = (
    ValueError, TypeError, LookupError, AttributeError, RuntimeError, AssertionError,
    ArithmeticError, ImportError,
)  # fmt: skip


class PeerError(Exception):
    """No peer runs the model. The message says why."""


@dataclass(frozen=True)
class Peer:
    """A program that runs models, under the name that messages give it. `run` raises PeerError."""

    name: str
    run: Callable[[ModelProto, Feeds], list[Array]]


def outputs_of_peer(
    peers: Sequence[Peer],
    model: ModelProto,
    points: Sequence[Feeds],
) -> tuple[str, list[list[Array]]]:
    """(its name, the outputs at each point) of the first peer that runs the model.

    Raises PeerError if none does.
    """
    reasons = []
    for peer in peers:
        try:
            return peer.name, [peer.run(model, point) for point in points]
        except PeerError as error:
            reasons.append(f"{peer.name}: {error}")
    raise PeerError("; ".join(reasons))


def by_onnxruntime(model: ModelProto, feeds: Feeds) -> list[Array]:
    """The outputs of onnxruntime, without its rewriting of the graph. Raises PeerError."""
    try:
        import onnxruntime as ort  # an extra
        from onnxruntime.capi import onnxruntime_pybind11_state as state
    except ImportError:
        raise PeerError("not installed") from None
    own = tuple(v for v in vars(state).values() if isinstance(v, type) and issubclass(v, Exception))
    errors: tuple[type[Exception], ...] = (*own, ValueError, TypeError, RuntimeError)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        data, providers = model.SerializeToString(), ["CPUExecutionProvider"]
        session = ort.InferenceSession(data, options, providers=providers)
        return [np.asarray(v) for v in session.run(None, dict(feeds))]
    except errors as error:
        raise PeerError(_one_line(error)) from None


def by_reference(model: ModelProto, feeds: Feeds) -> list[Array]:
    """The outputs of onnx.reference, where it follows the specification. Raises PeerError."""
    wrong = wrong_in_reference(model)
    if wrong is not None:
        raise PeerError(f"does not follow the specification of {wrong}")
    from onnx.reference import ReferenceEvaluator

    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return [np.asarray(v) for v in ReferenceEvaluator(model).run(None, dict(feeds))]
    except _REFERENCE_ERRORS as error:
        raise PeerError(_one_line(error)) from None


def wrong_in_reference(model: ModelProto) -> str | None:
    """The first operator of a model that onnx.reference computes against the specification."""
    opset = max((e.version for e in model.opset_import if e.domain in ("", "ai.onnx")), default=1)
    for node in model.graph.node:
        if opset <= WRONG_IN_REFERENCE.get(node.op_type, 0):
            return str(node.op_type)
    return None


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 160 else text[:157] + "..."


PEERS = (Peer("onnxruntime", by_onnxruntime), Peer("onnx.reference", by_reference))
