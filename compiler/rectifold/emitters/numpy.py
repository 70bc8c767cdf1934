"""A network as one standalone NumPy module; one source for a point and for a batch.

    x = x.dot(T1_0); x += b1; maximum(x, 0, out=x)

Weights are hex floats in the source up to 100,000 parameters, and lie beside it with their SHA-256
above that.
"""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import PurePath

import numpy as np

from rectifold.emitters.artifact import Artifact
from rectifold.emitters.header import Origin, header_lines
from rectifold.emitters.self_test import self_test_tolerance, self_test_vectors
from rectifold.emitters.tail_code import numpy_tail, tail_of
from rectifold.emitters.templates import template
from rectifold.emitters.weights import (
    EXACT,
    constraint_words,
    exact_word,
    input_box,
    numbers,
    weights_of,
)
from rectifold.exact.conversion import Floats
from rectifold.ir.network import Network
from rectifold.runtime.caps import CAPS


def numpy_code(network: Network, origin: Origin, name: str) -> Artifact:
    """The module `name` (and `…_weights.npz` beside it if there are many)."""
    arrays = weights_of(network)
    if network.parameters <= CAPS.inline_parameters:
        return Artifact(
            {name: _numpy_module(network, origin, _inline_arrays(arrays), "").encode("ascii")}
        )
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # numpy types the keywords as one flag
    beside = f"{PurePath(name).stem}_weights.npz"
    loader = template("numpy_loader").format(
        file=ascii(beside), digest=hashlib.sha256(buffer.getvalue()).hexdigest()
    )
    text = _numpy_module(network, origin, loader, "import hashlib\nimport io\nimport os\n")
    return Artifact({name: text.encode("ascii"), beside: buffer.getvalue()})


def _inline_arrays(arrays: dict[str, Floats]) -> str:
    lines = [template("numpy_decoder"), "_W = {"]
    for key, array in arrays.items():
        words = " ".join(float(v).hex() for v in array.ravel())
        lines.append(f'    "{key}": _array("{words}", {array.shape}),')
    return "\n".join([*lines, "}", ""])


def _numpy_module(network: Network, origin: Origin, weights: str, imports: str) -> str:
    low, high = input_box(network.domain, network.input_size)
    vectors = self_test_vectors(network)
    return template("numpy_module").format(
        header="\n".join(header_lines(network, origin)),
        imports=imports,
        inputs=network.input_size,
        outputs=network.output_size,
        lower=_hex(low),
        upper=_hex(high),
        constraints=json.dumps(constraint_words(network.domain)),
        exact=EXACT,
        weights=weights,
        body="\n".join(_body(network)),
        tail=numpy_tail(origin),
        called="evaluate" if tail_of(origin.interface) is None else "predict",
        points="; ".join(_hex(v.inputs) for v in vectors),
        expected=json.dumps([[exact_word(y) for y in v.outputs] for v in vectors]),
        tolerance=_hex(self_test_tolerance(network, origin)),
    )


def _hex(values: list[float] | tuple[float, ...]) -> str:
    return " ".join(str(v) if np.isinf(v) else float(v).hex() for v in values)


def _body(network: Network) -> list[str]:
    number = numbers(network)
    lines = []
    for layer in network.layers:
        k = number[layer.name]
        sources = [number[u] for u in layer.weights]
        if sources:
            lines.append(f'    a{k} = a{sources[0]}.dot(_W["T{k}_{sources[0]}"])')
            lines.append(f'    a{k} += _W["b{k}"]')
        else:
            lines.append(f'    a{k} = np.tile(_W["b{k}"], (a0.shape[0], 1))')
        lines += [f'    a{k} += a{s}.dot(_W["T{k}_{s}"])' for s in sources[1:]]
        if layer.is_relu:
            lines.append(f"    np.maximum(a{k}, 0.0, out=a{k})")
    lines.append(f"    y = a{number[network.output]}")
    return lines
