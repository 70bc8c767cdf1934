"""Results as JSON for scripts: stable keys, documented. Nothing here computes or writes."""

from __future__ import annotations

from rectifold.facts.facts import Facts, Phase
from rectifold.ir.network import Network, Sizes
from rectifold.operations.compiling import Compiled
from rectifold.operations.fates import unit_records
from rectifold.runtime.json import JsonObject


def sizes_json(sizes: Sizes) -> JsonObject:
    return {
        "units": sizes.units,
        "weights": sizes.weights,
        "macs": sizes.macs,
        "layers": sizes.layers,
    }


def layers_json(network: Network, facts: Facts) -> list[JsonObject]:
    """Per relu layer: its name and its units by phase."""
    return [
        {
            "layer": layer.name,
            "units": layer.size,
            **{phase.value: facts.of(layer.name, phase) for phase in Phase},
        }
        for layer in network.relu_layers
    ]


def units_json(network: Network, facts: Facts) -> list[JsonObject]:
    """Per unit: verdict, proven ends and the stage that settled it."""
    return [
        {
            "layer": layer.name,
            "index": k,
            "verdict": known.phase(k).value,
            "lo": float(known.lower[k]),
            "up": float(known.upper[k]),
            "stage": known.stage[k],
        }
        for layer in network.relu_layers
        for known in (facts.layers[layer.name],)
        for k in range(layer.size)
    ]


def fates_json(compiled: Compiled) -> list[JsonObject]:
    """The same per unit of a source, and what became of it."""
    units = units_json(compiled.source, compiled.facts)
    return [
        unit | {"fate": record.fate, "rule": record.rule, "partner": record.partner}
        for unit, record in zip(units, unit_records(compiled), strict=True)
    ]


def stability_json(network: Network, facts: Facts) -> JsonObject:
    """The documented result of `stability`."""
    return {
        "layers": layers_json(network, facts),
        "units": units_json(network, facts),
        "complete": facts.complete,
        "stages": dict(facts.seconds),
    }


def compiled_json(compiled: Compiled) -> JsonObject:
    """The documented result of `compile`, without file names and certificate."""
    return {
        "before": sizes_json(compiled.source.sizes),
        "after": sizes_json(compiled.network.sizes),
        "layers": layers_json(compiled.source, compiled.facts),
        "hidden": compiled.network.hidden_sizes(),
        "guarantee": "equal",
        "units": fates_json(compiled),
        "stages": dict(compiled.seconds),
        "steps": [str(step) for step in compiled.steps],
        "declined": [
            {"layer": one.layer, "units": one.units, "growth": one.growth}
            for one in compiled.declined
        ],
        "complete": compiled.facts.complete,
    }
