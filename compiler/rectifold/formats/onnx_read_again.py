"""A written model, read again: it is the network that was to be written, with rounded weights.

    network ─ round weights ─▶ expected ─┐
       └───── write ─▶ model ─ read ─────┴─ equal layer by layer, as exact matrices

Sound because the reader knows nothing of the writer: it reads the model as it reads any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from onnx import ModelProto

from rectifold.exact.matrix import Matrix
from rectifold.formats.interface import Interface
from rectifold.formats.onnx.cuts import up_to_ends
from rectifold.formats.onnx.node import FoldingBuilder
from rectifold.formats.onnx.reader import read_model
from rectifold.formats.onnx_layers import ACTIVATIONS, FLOAT_TYPES, written_form
from rectifold.ir.affine import Affine
from rectifold.ir.functions import leaky_relu
from rectifold.ir.names import safe_name
from rectifold.ir.network import Network


class WrittenWrong(Exception):
    """A file of ours is not what it was to be: a fault of ours, and the file is not written."""


def require_read_again(
    model: ModelProto, network: Network, dtype: str, interface: Interface | None
) -> None:
    """Raises WrittenWrong unless the model is read as the network with its weights rounded."""
    outputs = [] if interface is None else [port.name for port in interface.ends]
    whole = model if interface is None else up_to_ends(model, interface)
    found = read_model(whole, "written", outputs, peers=()).network
    expected = _as_read(network, dtype, _relu_names(model, network), found.input_name)
    if found.input_size != expected.input_size or list(found.layers) != list(expected.layers):
        raise WrittenWrong(
            f"the model that was to be written is read as {found.shape_text()} with other weights "
            f"than {expected.shape_text()}"
        )


def _relu_names(model: ModelProto, network: Network) -> list[str]:
    """The names under which the reader makes the network's relu layers: the tail comes after."""
    names = [node.name for node in model.graph.node if node.op_type in ACTIVATIONS]
    return names[: len(network.relu_layers)]


def _as_read(network: Network, dtype: str, relu_names: Sequence[str], input_name: str) -> Network:
    """The network as a reader builds it: linear layers are multiplied into their successors, a
    leaky unit is two units.
    """
    form = written_form(network, dtype)
    builder = FoldingBuilder(input_name, network.input_size)
    values = {network.input_name: builder.input}
    names = iter(relu_names)
    for layer in form.network.layers:
        value = Affine(_rounded(layer.bias, dtype))
        for source, weight in layer.weights.items():
            value = value + values[source].apply(_rounded(weight, dtype))
        if layer.is_relu:
            relu = partial(builder.relu, name=safe_name(next(names), "layer"))
            slopes = Matrix.column(form.slopes.get(layer.name, ()))
            value = leaky_relu(relu, value, _rounded(slopes, dtype).column_values())
        values[layer.name] = value
    return builder.finish(values[network.output], network.name)


def _rounded(matrix: Matrix, dtype: str) -> Matrix:
    with np.errstate(under="ignore"):
        floats = matrix.approximation[0].astype(FLOAT_TYPES[dtype][0])
    return Matrix.from_floats(floats.astype(np.float64))
