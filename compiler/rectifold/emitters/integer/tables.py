"""The constants of integer code, and the statements that use them, layer by layer.

    start: sums are the biases;  add: products with each value;  relu or linear: values

A layer's values lie in a buffer that is free: that of a layer which nobody reads any more, also of
one that this layer was the last to read, since its sums are complete before a value is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rectifold.integers.network import IntegerLayer, IntegerNetwork


def definition(declaration: str, values: Iterable[int]) -> str:
    """A C array of these numbers, of at least one."""
    words = [str(v) for v in values] or ["0"]
    lines = [", ".join(words[k : k + 16]) for k in range(0, len(words), 16)]
    return f"static const {declaration}[] = {{\n    " + ",\n    ".join(lines) + "\n};\n"


def constants(code: IntegerNetwork) -> Iterator[str]:
    """Weights (a row per value that is read), biases and shifts of every layer."""
    numbers = _numbers(code)
    for k, layer in enumerate(code.layers):
        for source in _read(layer):
            weight = layer.weights[source].T
            yield definition(f"weight W{k}_{numbers[source]}", weight.ravel().tolist())
        if layer.size:
            yield definition(f"sum B{k}", layer.bias.tolist())
            yield definition(f"uint8_t S{k}", layer.shift.tolist())


def bytes_of_constants(code: IntegerNetwork) -> int:
    """Of all tables: weights, biases, shifts and the ends of the inputs."""
    words = code.words
    weights = sum(w.size for layer in code.layers for w in layer.weights.values())
    units = sum(layer.size for layer in code.layers)
    ends = 2 * len(code.lower) * words.value
    return (weights * words.weight + units * (words.sum + 8) + ends) // 8


def statements(code: IntegerNetwork) -> str:
    """The body of `forward`."""
    numbers, buffers = _numbers(code), _buffers(code)
    used = [layer for layer in code.layers if layer.size]
    sizes: dict[int, int] = {}
    for layer in used:
        if layer.name in buffers:
            place = buffers[layer.name]
            sizes[place] = max(sizes.get(place, 1), layer.size)
    where = {name: f"v{place}" for name, place in buffers.items()}
    where |= {code.input_name: "x", code.output: "y"}
    widest = max((layer.size for layer in used), default=0)
    lines = [f"    sum s[{widest}];", "    size_t i;"] if used else []
    lines += [f"    value v{place}[{size}];" for place, size in sorted(sizes.items())]
    for k, layer in enumerate(code.layers):
        if layer.size:
            lines += _layer_lines(k, layer, numbers, where)
    return "\n".join([*lines, "    (void)x;", "    (void)y;", ""])


def _layer_lines(
    k: int, layer: IntegerLayer, numbers: Mapping[str, str], where: Mapping[str, str]
) -> Iterator[str]:
    yield f"    for (i = 0; i < {layer.size}; i++) s[i] = B{k}[i];"
    for source in _read(layer):
        count = layer.weights[source].shape[1]
        yield f"    add(s, {layer.size}, W{k}_{numbers[source]}, {where[source]}, {count});"
    done = "relu" if layer.is_relu else "linear"
    yield f"    {done}(s, S{k}, {where[layer.name]}, {layer.size});"


def _numbers(code: IntegerNetwork) -> dict[str, str]:
    """What the tables of a layer, or of the input, are called by."""
    return {code.input_name: "x"} | {v.name: str(k) for k, v in enumerate(code.layers)}


def _buffers(code: IntegerNetwork) -> dict[str, int]:
    """The number of the buffer that holds the values of each layer; the outputs need none."""
    last_read = {s: k for k, layer in enumerate(code.layers) for s in layer.weights}
    free: list[int] = []
    buffers: dict[str, int] = {}
    for k, layer in enumerate(code.layers):
        free += [buffers[s] for s in layer.weights if last_read[s] == k and s in buffers]
        if layer.name != code.output and layer.name in last_read:
            buffers[layer.name] = free.pop() if free else _used(buffers)
        elif layer.name != code.output:
            buffers[layer.name] = _used(buffers)
    return buffers


def _used(buffers: dict[str, int]) -> int:
    """The number of buffers by now."""
    return len(set(buffers.values()))


def helpers(code: IntegerNetwork) -> list[str]:
    """The functions that the statements call."""
    used = [layer for layer in code.layers if layer.size]
    calls = {
        "add": any(_read(layer) for layer in used),
        "relu": any(layer.is_relu for layer in used),
        "linear": any(not layer.is_relu for layer in used),
    }
    return [name for name, is_called in calls.items() if is_called]


def _read(layer: IntegerLayer) -> list[str]:
    """The layers, or the input, that the layer has weights on."""
    return [source for source, weight in layer.weights.items() if weight.size]
