"""Any model that is known, as a network with what it is called from outside.

    a path        → the reader of its format
    [(W, b), ...] → layers with exact weights
    an object     → an onnx.ModelProto, node by node → the reader of ONNX

Sound because a foreign object goes through the one reader that ONNX files go through. The library
of an object is told by the modules of its class and its bases, and imported for such an object
only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rectifold.errors import InputError
from rectifold.formats.load import Loaded, load
from rectifold.ir.network import Network
from rectifold.objects.layer_lists import network_of_list

if TYPE_CHECKING:  # onnx takes 0.3 s to import
    from onnx import ModelProto

_KNOWN = (
    "a Network, a path, a PyTorch module, a scikit-learn estimator, a Keras model, an "
    "onnx.ModelProto, or a list of (W, b)"
)


def opened(
    model: object,
    *,
    domain: object = None,
    input_shape: int | Sequence[int] | None = None,
    outputs: str | Sequence[str] = (),
    until: str | None = None,
) -> Loaded:
    """The network that `model` is, and what it is called from outside.

    A model that does not say the shape of its input takes it from `input_shape` (without the
    batch), or from the arrays that say the `domain`. `outputs`, `until`: which of its values are
    read. Raises InputError for an object of an unknown kind, for one that is no ReLU network, and
    where values are chosen of what has one output only.
    """
    if isinstance(model, str | Path):
        return load(model, outputs=outputs, until=until)
    layers = _of_layers(model)
    if layers is not None:
        _require_whole(layers, is_cut=bool(outputs) or until is not None)
        return layers
    for kind in type(model).__mro__:
        opener = _OPENERS.get(kind.__module__.partition(".")[0])
        if opener is not None:
            proto = opener(model, _shape(input_shape, domain))
            return _read(proto, type(model).__name__, outputs, until)
    if isinstance(model, type):
        raise InputError(f"{model.__name__} is a class; give an object of it, with its weights")
    if isinstance(model, Mapping):
        raise InputError(
            f"a {type(model).__name__} of {', '.join(map(str, list(model)[:2]))}, ... says no "
            "order of layers; give the module itself (of a state_dict, the module that it was "
            "loaded into), or a list of (W, b)"
        )
    name = type(model).__name__ if type(model).__module__ == "builtins" else _class(model)
    raise InputError(
        f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name} is no model that is known; give "
        f"{_KNOWN}; a model of another library goes in as an ONNX file"
    )


def _of_layers(model: object) -> Loaded | None:
    """A model that is layers already, without a graph of nodes; None for any other."""
    if isinstance(model, Loaded):
        return model
    if isinstance(model, Network):
        return Loaded(model)
    return network_of_list(model) if isinstance(model, list | tuple) else None


def _require_whole(loaded: Loaded, *, is_cut: bool) -> None:
    if is_cut:
        raise InputError(
            f"{loaded.network.name} is read already, as layers with one output; outputs= and "
            "until= choose what is read of a file, or of a model of another library (of two "
            'models, give a pair: until=("fc2", None))'
        )


def _class(model: object) -> str:
    return f"{type(model).__module__}.{type(model).__qualname__}"


def _shape(input_shape: int | Sequence[int] | None, domain: object) -> tuple[int, ...] | None:
    """The shape of the input as the user said it, with the batch or without; None: not said."""
    from rectifold.objects.domains import shape_of

    if input_shape is None:
        return shape_of(domain)
    sizes = (
        (input_shape,) if isinstance(input_shape, int | str | np.integer) else tuple(input_shape)
    )
    if not all(isinstance(size, int | np.integer) for size in sizes):
        raise InputError(
            f"input_shape= is {input_shape!r}; sizes are expected, such as (3, 32, 32)"
        )
    return tuple(int(size) for size in sizes)


def _read(model: ModelProto, name: str, outputs: str | Sequence[str], until: str | None) -> Loaded:
    from rectifold.formats.onnx.reader import read_model

    names = [outputs] if isinstance(outputs, str) else outputs
    network, notes, interface = read_model(model, model.graph.name or name, names, until=until)
    return Loaded(network, tuple(notes), interface=interface)


def _of_onnx(model: object, input_shape: tuple[int, ...] | None) -> ModelProto:
    from onnx import ModelProto

    if not isinstance(model, ModelProto):
        raise InputError(
            f"an onnx {type(model).__name__} is no model; give the whole onnx.ModelProto"
        )
    return model


def _of_torch(model: object, input_shape: tuple[int, ...] | None) -> ModelProto:
    from rectifold.objects.torch_model import model_of

    return model_of(model, input_shape)


def _of_sklearn(model: object, input_shape: tuple[int, ...] | None) -> ModelProto:
    from rectifold.objects.sklearn_model import model_of

    return model_of(model)


def _of_keras(model: object, input_shape: tuple[int, ...] | None) -> ModelProto:
    from rectifold.objects.keras_model import model_of

    return model_of(model, input_shape)


_OPENERS: Mapping[str, Callable[[object, tuple[int, ...] | None], ModelProto]] = {
    "onnx": _of_onnx,
    "torch": _of_torch,
    "sklearn": _of_sklearn,
    "keras": _of_keras,
}
