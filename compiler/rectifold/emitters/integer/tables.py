"""The constants of integer code, and the statements that use them, layer by layer.

    start: sums are the biases;  add: products with each value;  relu or linear: values

A layer's values lie in a buffer that is free: that of a layer which nobody reads any more, also of
one that this layer was the last to read, since its sums are complete before a value is written.
"""

from __future__ import annotations

from collections.abc import Iterator

from rectifold.emitters.integer.stored import StoredWeights, definition
from rectifold.integers.network import IntegerNetwork


def constants(code: IntegerNetwork, stored: StoredWeights) -> Iterator[str]:
    """Weights, biases and shifts of every layer that has units."""
    for k, layer in enumerate(code.layers):
        if not layer.size:
            continue
        yield from stored.tables(layer.name)
        yield definition(f"sum B{k}", layer.bias.tolist())
        yield definition(f"uint8_t S{k}", layer.shift.tolist())


def bytes_of_constants(code: IntegerNetwork, stored: StoredWeights) -> int:
    """Of all tables: weights, biases, shifts and the ends of the inputs.

    Those of linear constraints are part of the check.
    """
    words = code.words
    units = sum(layer.size for layer in code.layers)
    ends = 2 * len(code.lower) * words.value
    return stored.bytes + (units * (words.sum + 8) + ends) // 8


def statements(code: IntegerNetwork, stored: StoredWeights) -> str:
    """The body of `forward`."""
    buffers = _buffers(code)
    used = [layer for layer in code.layers if layer.size]
    sizes: dict[int, int] = {}
    for layer in used:
        if layer.name in buffers:
            place = buffers[layer.name]
            sizes[place] = max(sizes.get(place, 1), layer.size)
    where = {name: f"v{place}" for name, place in buffers.items()}
    where |= {code.input_name: "x", code.output: "y"}
    widest = max((layer.size for layer in used), default=0)
    lines = [f"    sum a[{widest}];\n", "    size_t i;\n"] if used else []
    lines += [f"    value v{place}[{size}];\n" for place, size in sorted(sizes.items())]
    for k, layer in enumerate(code.layers):
        if layer.size:
            lines.append(f"    for (i = 0; i < {layer.size}; i++) a[i] = B{k}[i];\n")
            lines += [stored.product(layer.name, s, where[s]) for s in layer.weights]
            done = "relu" if layer.is_relu else "linear"
            lines.append(f"    {done}(a, S{k}, {where[layer.name]}, {layer.size});\n")
    return "".join([*lines, "    (void)x;\n    (void)y;\n"])


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


def helpers(code: IntegerNetwork, stored: StoredWeights) -> list[str]:
    """The functions that the statements call."""
    used = [layer for layer in code.layers if layer.size]
    calls = {
        "add": stored.some_are_dense,
        "relu": any(layer.is_relu for layer in used),
        "linear": any(not layer.is_relu for layer in used),
    }
    return [name for name, is_called in calls.items() if is_called]
