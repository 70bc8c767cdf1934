"""A certified bound on what emitted float64 code can be off by, over the whole domain.

With activations bounded by M on the domain (proven), weights rounded by at most ρ, and e the error of the predecessor's
values, one layer computed in float64 in any order adds (see bounds/rounding for γ and the underflow term)

    e_v = Σ (|W| + ρ) e_u + Σ ρ M_u + ρ_b + γ_{n+2} (Σ (|W| + ρ)(M_u + e_u) + |b| + ρ_b) + n·2^-1021,

and relu does not increase it. For one-precision-lower input the caller's rounding of x is not included.
"""

from __future__ import annotations

import numpy as np

from rectifold.bounds.rounding import TINY, gamma
from rectifold.bounds.state import Bounds
from rectifold.bounds.threads import on_few_threads
from rectifold.exact.conversion import Floats
from rectifold.facts.facts import Facts
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network

_FLOAT32_GAMMA = 2.0**29  # u of float32 over u of float64


@on_few_threads
def code_error(network: Network, domain: Domain, facts: Facts | None, precision: str = "float64") -> Floats:
    """Per output: |code(x) − f(x)| for every float point x of the domain. Infinite where no bound is known.

    `precision` is that of the arithmetic and of the stored weights.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows has no bound
        return _code_error(network, domain, facts, precision)


def _code_error(network: Network, domain: Domain, facts: Facts | None, precision: str) -> Floats:
    unit = 1.0 if precision == "float64" else _FLOAT32_GAMMA
    bounds = _with_facts(network, domain, facts)
    errors: dict[str, Floats] = {network.input_name: np.zeros(network.input_size)}
    for layer in network.layers:
        floats = bounds.floats[layer.name]
        size, error = np.abs(floats.bias) + floats.bias_radius, floats.bias_radius.copy()
        stored = unit * gamma(1)
        error = error + stored * np.abs(floats.bias)
        for source, weight in floats.weights.items():
            magnitude, before = bounds.magnitude(source), errors[source]
            radius = floats.radii[source]
            slack = stored * np.abs(weight) + (0.0 if radius is None else radius)
            absolute = np.abs(weight) + slack
            error = error + absolute @ before + slack @ magnitude
            size = size + absolute @ (magnitude + before)
        error = 2.0 * (error + unit * gamma(floats.terms + 4) * size + unit * (floats.terms + 2) * TINY)
        errors[layer.name] = np.where(np.isnan(error), np.inf, error)
    return errors[network.output]


def _with_facts(network: Network, domain: Domain, facts: Facts | None) -> Bounds:
    bounds = Bounds(network, domain)
    for layer in network.layers:
        lower, upper = bounds.interval(layer.name)
        if facts is not None and layer.name in facts.layers:
            known = facts.layers[layer.name]
            lower, upper = np.maximum(lower, known.lower), np.minimum(upper, known.upper)
        bounds.set(layer.name, lower, upper)
    return bounds
