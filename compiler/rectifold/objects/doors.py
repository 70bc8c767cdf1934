"""Any model that is known, as a network with what it is called from outside.

Sound because every model goes through the reader of its format, and an ONNX model in memory through
that of ONNX files.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rectifold.errors import InputError
from rectifold.formats.load import Loaded, load
from rectifold.ir.network import Network


def opened(
    model: object, *, domain: object = None, input_shape: Sequence[int] | None = None
) -> Loaded:
    """The network that `model` is. Raises InputError for an object of an unknown kind."""
    if isinstance(model, Network):
        return Loaded(model)
    if isinstance(model, str | Path):
        return load(model)
    if any(kind.__module__.partition(".")[0] == "onnx" for kind in type(model).__mro__):
        return _onnx_model(model)
    raise InputError(
        f"a {type(model).__name__} is no model that is known; give a Network, a path, or an "
        "onnx.ModelProto"
    )


def _onnx_model(model: object) -> Loaded:
    from onnx import ModelProto  # takes 0.3 s to import

    from rectifold.formats.onnx.reader import read_model

    if not isinstance(model, ModelProto):
        raise InputError(f"a {type(model).__name__} is no model; give the whole onnx.ModelProto")
    network, notes, interface = read_model(model, model.graph.name)
    return Loaded(network, tuple(notes), interface=interface)
