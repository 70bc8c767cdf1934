"""A Keras 3 model as an ONNX model, layer by layer.

    Sequential([Dense(8, activation="relu"), Dense(2)])   →   MatMul, Add, Relu, MatMul, Add

The layers and what they read are taken from the model's own configuration, weights with the bits
that they have. Sound because only Sequential and functional models of layers in the table are read;
a class of the user's own may compute anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from onnx import ModelProto

from rectifold.errors import InputError
from rectifold.objects.keras_call import Call, Value
from rectifold.objects.keras_layers import LAYERS, OPERATIONS, Run
from rectifold.objects.model_graph import ModelGraph, port

_EXPORT = 'model.export("model.onnx", format="onnx") writes a file that may be read'
_TYPES = ("float32", "float64")


def model_of(model: object, input_shape: tuple[int, ...] | None = None) -> ModelProto:
    """The ONNX model of a Sequential or functional model, in inference.

    `input_shape` fixes sizes that the model leaves open. Raises InputError for a model that is not
    built, and for a layer that is not read, by name and class.
    """
    _require_model(model, type(model).__name__)
    built = cast(Any, model)
    (outer, dtype), name = _types(built), str(built.name)
    graph = ModelGraph()
    source = graph.fresh(_input_name(built))
    shape = _input_shape(built, input_shape)
    value = Value(source, shape)
    if outer != dtype:
        cast_first = Call(graph, model, name, dtype, (value,))
        value = Value(cast_first.cast(source, dtype), shape)
    result = _Walk(graph, dtype).model(built, [value])
    ended = Call(graph, model, name, dtype, (result,)).natural(result)
    output = graph.emit("Identity", [ended], "output_0")
    return graph.model(
        name, [port(source, outer, ["N", *shape])], [port(output, dtype, ["N", *result.shape])]
    )


def _require_model(model: object, where: str) -> None:
    """Raises InputError unless it is a built Sequential or functional model of Keras 3."""
    kind = type(model)
    if kind.__module__.partition(".")[0] != "keras" or kind.__name__ not in _MODELS:
        raise InputError(
            f"{where}: a {kind.__module__}.{kind.__qualname__} is no Sequential or "
            "functional model of Keras, so that what it computes is not known; build it of "
            f"layers, or {_EXPORT}"
        )
    if ".engine." in kind.__module__:
        raise InputError(
            f"{where}: it is a model of Keras 2; save it as .keras, and load it with Keras "
            "3, which is read"
        )
    if not cast(Any, model).built or not cast(Any, model).inputs:
        raise InputError(
            f"{where}: the model is not built; begin it with keras.Input(shape), or call it once"
        )


_MODELS = ("Sequential", "Functional")


def _types(model: Any) -> tuple[str, str]:
    """(the type of the input, the type in which all layers compute)."""
    _only(model.inputs, "inputs", model)
    _only(model.outputs, "outputs", model)
    found = {str(layer.compute_dtype): layer for layer in _layers_inside(model)}
    found = found or {str(model.compute_dtype): model}
    dtype, layer = min(found.items(), key=lambda item: item[0] in _TYPES)
    if len(found) > 1 or dtype not in _TYPES:
        raise InputError(
            f"{_place(layer)}: it computes in {dtype}; models are read whose layers all compute in "
            "float32, or all in float64: build it with that dtype and set its weights"
        )
    return str(np.dtype(str(model.inputs[0].dtype))), dtype


def _only(tensors: Sequence[object], what: str, model: Any) -> None:
    if len(tensors) != 1:
        raise InputError(
            f"the model {model.name} has {len(tensors)} {what}; one is read: make a model of one "
            "with keras.Model(inputs, outputs)"
        )


def _layers_inside(model: Any) -> Iterator[Any]:
    """All layers with a type of their own, of inner models too."""
    for layer in model.layers:
        if type(layer).__name__ in _MODELS:
            yield from _layers_inside(layer)
        elif type(layer).__name__ != "InputLayer":
            yield layer


def _input_name(model: Any) -> str:
    return str(model.inputs[0].name)


def _input_shape(model: Any, given: tuple[int, ...] | None) -> tuple[int, ...]:
    """The shape of one sample; open sizes are taken from `given`, with or without the batch."""
    declared = tuple(model.inputs[0].shape)[1:]
    sample = given[-len(declared) :] if given and declared else ()
    if None not in declared:
        return tuple(int(size) for size in declared)
    if len(sample) != len(declared) or any(
        d is not None and d != s for d, s in zip(declared, sample, strict=True)
    ):
        raise InputError(
            f"the input of {model.name} has the shape {declared}, with sizes that are not fixed; "
            "say them with input_shape="
        )
    return tuple(sample)


def _place(layer: Any) -> str:
    return f"layer {str(layer.name)!r} ({type(layer).__name__})"


@dataclass(frozen=True, eq=False)
class _Walk:
    """Goes through a model's layers in order; the graph grows."""

    graph: ModelGraph
    dtype: str

    def model(self, model: Any, values: Sequence[Value]) -> Value:
        """The value of the model's only output."""
        _require_model(model, _place(model))
        _only(model.outputs, "outputs", model)
        if type(model).__name__ == "Sequential":
            (value,) = values
            for layer in model.layers:
                value = self.layer(layer, [value], ())
            return value
        return self._functional(model, values)

    def _functional(self, model: Any, values: Sequence[Value]) -> Value:
        inside = {str(op.name): op for op in model.operations}
        for operation in inside.values():  # a class of one's own may have no configuration
            if type(operation).__name__ not in (*_MODELS, "InputLayer"):
                self._run_of(operation)
        config = model.get_config()
        known = dict(zip(_keys(config["input_layers"]), values, strict=True))
        waiting = [
            (entry["name"], k, node)
            for entry in config["layers"]
            for k, node in enumerate(entry["inbound_nodes"])
        ]
        while waiting:
            ready = [w for w in waiting if all(key in known for key in _keys(w[2]))]
            if not ready:
                raise InputError(f"{_place(model)}: its layers depend on one another in a circle")
            for name, k, node in ready:
                read = [known[key] for key in _keys(node)]
                known[name, k, 0] = self.layer(inside[name], read, _operands(inside[name], node))
            waiting = [w for w in waiting if (w[0], w[1], 0) not in known]
        (output,) = _keys(config["output_layers"])
        return known[output]

    def layer(self, layer: Any, values: Sequence[Value], operands: Sequence[float | None]) -> Value:
        """What a layer gives for these values."""
        if type(layer).__name__ in _MODELS:
            return self.model(layer, values)
        run = self._run_of(layer)
        if getattr(layer, "quantization_mode", None) is not None:
            raise InputError(
                f"{_place(layer)}: its weights are quantised; give the model before quantize()"
            )
        return run(
            Call(self.graph, layer, _place(layer), self.dtype, tuple(values), tuple(operands))
        )

    def _run_of(self, layer: Any) -> Run:
        kind = type(layer)
        table = OPERATIONS if ".ops." in kind.__module__ else LAYERS
        run = table.get(kind.__name__) if kind.__module__.startswith("keras.") else None
        if run is None:
            raise InputError(
                f"{_place(layer)}: it is not read; known are {', '.join(table)}; replace it, or "
                f"{_EXPORT}"
            )
        return run


Key = tuple[str, int, int]


def _keys(config: object) -> list[Key]:
    """The places (layer, call, result) of all tensors that a configuration names, in order."""
    if isinstance(config, Mapping):
        if config.get("class_name") == "__keras_tensor__":
            name, node, tensor = config["config"]["keras_history"]
            return [(str(name), int(node), int(tensor))]
        return [key for part in config.values() for key in _keys(part)]
    if isinstance(config, list | tuple):
        if len(config) == 3 and isinstance(config[0], str):
            return [(str(config[0]), int(config[1]), int(config[2]))]
        return [key for part in config for key in _keys(part)]
    return []


def _operands(layer: Any, node: Mapping[str, Any]) -> tuple[float | None, ...]:
    """What an operation is called with: numbers, and None where a tensor stands."""
    told = [key for key, value in node["kwargs"].items() if value not in (None, False)]
    if told:
        raise InputError(
            f"{_place(layer)}: it is called with {told[0]}=, which is not read; call it without, "
            f"or {_EXPORT}"
        )
    args = node["args"]
    found = tuple(float(a) if type(a) in (int, float) else None for a in args)
    if any(n is None and not _keys(a) for n, a in zip(found, args, strict=True)):
        raise InputError(
            f"{_place(layer)}: it is called with something that is no tensor of the model and no "
            f"number; write the constant as a number, or {_EXPORT}"
        )
    return found
