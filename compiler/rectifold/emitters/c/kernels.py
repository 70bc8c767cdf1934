"""The layers of a network as C: each begins with its biases, adds its edges, and cuts at zero.

    {
        real *a = s;                                    its sums
        begin(B1_values, 50, a);
        dense(W1_0_values, x, 5, 50, a);
        relu(50, a);
    }

The helpers are written once and called for every layer, which keeps the code small. An activation
that is zero is skipped: the same bits, as all others are finite.
"""

from __future__ import annotations

from dataclasses import dataclass

from rectifold.emitters.c.arrays import StoredLayers, bias_prefix, edge_prefix
from rectifold.emitters.c.numbers import real_type, weight_type
from rectifold.emitters.c.order import is_halved
from rectifold.emitters.c.slots import Slots, slots_of
from rectifold.emitters.c.stored import bias_code, product_code
from rectifold.emitters.c.vector import DenseShape, vector_path, vector_width
from rectifold.emitters.storage.storage import DenseRows, DenseUnits, StoredBias
from rectifold.emitters.weights import numbers
from rectifold.ir.network import Layer, Network

BEGIN = """static void begin(const weight *RESTRICT b, size_t n, real *RESTRICT a)
{
    size_t i;
    for (i = 0; i < n; i++) a[i] = b[i];
}

"""
DENSE = """/* a[i] += w[0][i] v[0] + w[1][i] v[1] + ..., in this order; n columns */
static void dense(const weight *RESTRICT w, const real *RESTRICT v, size_t m, size_t n,
                  real *RESTRICT a)
{
    size_t i, j;
    for (j = 0; j < m; j++, w += n) {
        const real factor = v[j];
        if (factor == 0) continue;
        for (i = 0; i < n; i++) a[i] += w[i] * factor;
    }
}

"""
ROWS = """/* a[i] += w[i][0] v[0] + w[i][1] v[1] + ...: input j goes to sum j % LANES; then the
   second half of the sums is added to the first, until one is left */
enum { LANES = 64 / sizeof(real) };
static void rows(const weight *RESTRICT w, const real *RESTRICT v, size_t m, size_t n,
                 real *RESTRICT a)
{
    size_t i, j, k;
    for (i = 0; i < n; i++, w += m) {
        real t[LANES] = {0};
        t[0] = a[i];
        for (j = 0; j + LANES <= m; j += LANES)
            for (k = 0; k < LANES; k++) t[k] += w[j + k] * v[j + k];
        for (k = 0; j + k < m; k++) t[k] += w[j + k] * v[j + k];
        for (j = LANES / 2; j > 0; j /= 2)
            for (k = 0; k < j; k++) t[k] += t[k + j];
        a[i] = t[0];
    }
}

"""
HALVES = """/* The same with two sums: of the first half of the inputs, and of the second */
static void halves(const weight *RESTRICT w, const real *RESTRICT v, size_t m, size_t n,
                   real *RESTRICT a, real *RESTRICT second)
{
    const size_t middle = (m + 1) / 2;
    size_t i;
    for (i = 0; i < n; i++) second[i] = 0;
    dense(w, v, middle, n, a);
    dense(w + middle * n, v + middle, m - middle, n, second);
    for (i = 0; i < n; i++) a[i] += second[i];
}

"""
RELU = """static void relu(size_t n, real *a)
{
    size_t i;
    for (i = 0; i < n; i++) {
        if (a[i] < 0) a[i] = 0;
    }
}

"""
_HELPERS = (
    ("begin(", BEGIN),
    ("dense(", DENSE),
    ("halves(", HALVES),
    ("rows(", ROWS),
    ("relu(", RELU),
)


@dataclass(frozen=True, eq=False)
class Layers:
    """A network as it is stored, and where its activations lie."""

    network: Network
    stored: StoredLayers
    precision: str
    slots: Slots

    @staticmethod
    def of(network: Network, stored: StoredLayers, precision: str) -> Layers:
        return Layers(network, stored, precision, slots_of(network))


def forward_code(layers: Layers, given: str, upper: str) -> str:
    """The helpers that are used, and the function `forward`; `given`: its first parameters."""
    network = layers.network
    used = [layer for layer in network.layers if layer.size]
    body = "".join(layer_code(layers, layer, upper) for layer in used)
    if network.output == network.input_name and network.output_size:
        body = f"    size_t i;\n    for (i = 0; i < {network.output_size}; i++) y[i] = x[i];\n"
    slots = f"    real s[{layers.slots.size}];\n" if layers.slots.size else ""
    shapes = [shape for layer in used for shape in _shapes(layers, layer).values()]
    return (
        (vector_width(upper) if shapes else "")
        + _helpers(layers, used, upper)
        + vector_path(shapes, layers.precision, upper)
        + f"static void forward({given}const real *x, real *y)\n{{\n{slots}{body}"
        + "    (void)x;\n    (void)y;\n}\n\n"
    )


def _helpers(layers: Layers, used: list[Layer], upper: str) -> str:
    """What the layers call; where the vector path does not, it is not there for it."""
    portable = "".join(_statements(layers, layer, is_vector=False) for layer in used)
    vector = "".join(_statements(layers, layer, is_vector=True) for layer in used)
    portable, vector = (
        text + " dense(" * (" halves(" in text) for text in (portable, vector)
    )  # which is called by it
    always = "".join(text for call, text in _HELPERS if f" {call}" in vector)
    other = "".join(
        text for call, text in _HELPERS if f" {call}" in portable and f" {call}" not in vector
    )
    return always + (f"#ifndef {upper}_VECTOR\n{other}#endif\n\n" if other else "")


def layer_code(layers: Layers, layer: Layer, upper: str) -> str:
    """The block of one layer that has units, on both paths."""
    portable = _statements(layers, layer, is_vector=False)
    vector = _statements(layers, layer, is_vector=True)
    body = f"#ifdef {upper}_VECTOR\n{vector}#else\n{portable}#endif\n"
    return (
        f"    {{\n        real *a = {_place(layers, layer.name)};\n"
        + (portable if vector == portable else body)
        + "    }\n"
    )


def _statements(layers: Layers, layer: Layer, *, is_vector: bool) -> str:
    """Begin with the biases, add every edge, cut at zero: in a call of an edge, or of its own."""
    prefix = bias_prefix(numbers(layers.network), layer.name)
    shapes = _shapes(layers, layer) if is_vector else {}
    bias, parts = layers.stored.biases[layer.name], []
    if not any(shape.begins for shape in shapes.values()):
        plain = f"        begin({prefix}values, {layer.size}, a);\n"
        other = bias_code(bias, lambda table: prefix + table, layer.size)
        parts.append(plain if _is_plain(bias) else other)
    for source in _edges(layers, layer):
        if source in shapes:
            tables = f"{edge_prefix(numbers(layers.network), layer.name, source)}values"
            given = f"{tables}, {prefix}values, {_place(layers, source)}"
            parts.append(f"        {shapes[source].function}({given}, a);\n")
        else:
            parts.append(edge_code(layers, layer, source))
    if layer.is_relu and not any(shape.cuts for shape in shapes.values()):
        parts.append(f"        relu({layer.size}, a);\n")
    return "".join(parts)


def _shapes(layers: Layers, layer: Layer) -> dict[str, DenseShape]:
    """The edges that the vector path takes: the first begins the sums, the last cuts them."""
    edges, found = _edges(layers, layer), {}
    for source in edges:
        form = layers.stored.edges[layer.name, source]
        if isinstance(form, DenseRows | DenseUnits):
            units, inputs = form.matrix().shape
            shape = DenseShape(
                inputs,
                units,
                begins=source == edges[0] and _is_plain(layers.stored.biases[layer.name]),
                cuts=source == edges[-1] and layer.is_relu,
                is_given=layers.precision == "mixed"
                and source == layers.network.input_name
                and isinstance(form, DenseRows),
                by_unit=isinstance(form, DenseUnits),
                halved=isinstance(form, DenseRows) and is_halved(units, inputs),
            )
            if shape.fits(layers.precision):
                found[source] = shape
    return found


def _edges(layers: Layers, layer: Layer) -> list[str]:
    return [source for source in layer.weights if (layer.name, source) in layers.stored.edges]


def _is_plain(bias: StoredBias) -> bool:
    return bias.which is None and bias.counts is None


def edge_code(layers: Layers, layer: Layer, source: str) -> str:
    """What adds the weights on `source` times its activations to `a`."""
    form = layers.stored.edges[layer.name, source]
    prefix = edge_prefix(numbers(layers.network), layer.name, source)
    before = _place(layers, source)
    if isinstance(form, DenseRows | DenseUnits):
        units, inputs = form.matrix().shape
        given = f"{prefix}values, {before}, {inputs}, {units}, a"
        if isinstance(form, DenseRows) and is_halved(units, inputs):
            return (
                f"        {{\n        real t[{units}];\n        halves({given}, t);\n        }}\n"
            )
        helper = "dense" if isinstance(form, DenseRows) else "rows"
        return f"        {helper}({given});\n"
    real, stored = real_type(layers.precision), weight_type(layers.precision)
    block = product_code(form, lambda table: prefix + table, real, stored)
    return f"        {{\n        const real *before = {before};\n{block}        }}\n"


def _place(layers: Layers, name: str) -> str:
    if name == layers.network.input_name:
        return "x"
    return "y" if name == layers.network.output else f"s + {layers.slots.offsets[name]}"
