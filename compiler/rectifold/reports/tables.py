"""Results as tables for people and as JSON for scripts. Nothing here computes or prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from rectifold.exact.numerals import about, at_most, counted
from rectifold.facts.facts import Facts, Phase
from rectifold.ir.network import Network, Sizes
from rectifold.linear_regions.summary import Regions
from rectifold.operations.compiling import Compiled
from rectifold.two_layers.shallow import Shallow

_PHASES = (Phase.ACTIVE, Phase.INACTIVE, Phase.UNSTABLE, Phase.OPEN)


def stability_table(network: Network, facts: Facts) -> Table:
    """One row per relu layer: units by phase."""
    table = Table(title=f"{network.name} on {facts.domain.describe()}", title_justify="left")
    table.add_column("layer")
    for heading in ("units", "active", "inactive", "unstable", "open"):
        table.add_column(heading, justify="right")
    for layer in network.relu_layers:
        table.add_row(layer.name, str(layer.size), *(str(facts.of(layer.name, p)) for p in _PHASES))
    total = sum(layer.size for layer in network.relu_layers)
    table.add_section()
    table.add_row("all", str(total), *(str(facts.count(p)) for p in _PHASES))
    return table


def compile_table(compiled: Compiled) -> Table:
    """One row per layer of the source: width before and after, phases, weights before and after."""
    source, result = compiled.source, compiled.network
    table = Table(
        title=f"{source.name} on {compiled.facts.domain.describe()}", title_justify="left"
    )
    table.add_column("layer")
    for heading in ("width", "active", "inactive", "unstable", "open", "weights"):
        table.add_column(heading, justify="right")
    after = {layer.name: layer for layer in result.layers}
    for layer in source.layers:
        phases = (
            [str(compiled.facts.of(layer.name, p)) for p in _PHASES]
            if layer.is_relu
            else ["", "", "", ""]
        )
        weights = sum(w.nonzero_count for w in layer.weights.values())
        kept = after.get(layer.name)
        width = kept.size if kept is not None else 0
        left = sum(w.nonzero_count for w in kept.weights.values()) if kept is not None else 0
        table.add_row(layer.name, f"{layer.size} → {width}", *phases, f"{weights:,} → {left:,}")
    before, now = source.sizes, result.sizes
    table.add_section()
    counts = [str(compiled.facts.count(p)) for p in _PHASES]
    table.add_row(
        "relu units",
        f"{before.units} → {now.units}",
        *counts,
        f"{before.weights:,} → {now.weights:,}",
    )
    return table


def seconds_text(seconds: Mapping[str, float]) -> str:
    """The stages that took time."""
    shown = [f"{stage} {value:.2f}" for stage, value in seconds.items() if value >= 0.005]
    return "seconds: " + (", ".join(shown) if shown else "none worth naming")


def network_table(network: Network) -> Table:
    """What a network looks like, without its numbers."""
    table = Table(
        title=f"{network.name}: {counted(network.input_size, 'input')}, {counted(network.output_size, 'output')}",
        title_justify="left",
    )
    for heading in ("layer", "activation", "units", "reads", "weights", "numbers"):
        table.add_column(heading, justify="right" if heading in ("units", "weights") else "left")
    for layer in network.layers:
        weights = sum(w.nonzero_count for w in layer.weights.values())
        exact = all(m.is_float for m in (layer.bias, *layer.weights.values()))
        table.add_row(
            layer.name, layer.activation, str(layer.size), ", ".join(layer.weights), f"{weights:,}", "floats" if exact else "rationals"
        )  # fmt: skip
    return table


def sizes_json(sizes: Sizes) -> dict[str, int]:
    return {
        "units": sizes.units,
        "weights": sizes.weights,
        "macs": sizes.macs,
        "layers": sizes.layers,
    }


def layers_json(network: Network, facts: Facts) -> list[dict[str, Any]]:
    """Per relu layer: its name and its units by phase."""
    return [
        {"layer": layer.name, "units": layer.size}
        | {p.value: facts.of(layer.name, p) for p in _PHASES}
        for layer in network.relu_layers
    ]


def units_json(network: Network, facts: Facts) -> list[dict[str, Any]]:
    """Per unit: verdict, proven ends and the stage that settled it."""
    rows = []
    for layer in network.relu_layers:
        known = facts.layers[layer.name]
        for k in range(layer.size):
            rows.append(
                {
                    "layer": layer.name,
                    "index": k,
                    "verdict": known.phase(k).value,
                    "lo": float(known.lower[k]),
                    "up": float(known.upper[k]),
                    "stage": known.stage[k],
                }
            )
    return rows


def stability_json(network: Network, facts: Facts) -> dict[str, Any]:
    """The documented result of `stability`."""
    return {
        "layers": layers_json(network, facts),
        "units": units_json(network, facts),
        "complete": facts.complete,
        "stages": dict(facts.seconds),
    }


def compiled_json(compiled: Compiled) -> dict[str, Any]:
    """The documented result of `compile`, without file names and certificate."""
    return {
        "before": sizes_json(compiled.source.sizes),
        "after": sizes_json(compiled.network.sizes),
        "layers": layers_json(compiled.source, compiled.facts),
        "hidden": compiled.network.hidden_sizes(),
        "guarantee": "equal",
        "stages": dict(compiled.seconds),
        "steps": [str(step) for step in compiled.steps],
        "complete": compiled.facts.complete,
    }


def regions_table(found: Regions) -> Table:
    """Regions of a network, layer by layer."""
    why = (
        f"{counted(found.undecided, 'cell')} not decided"
        if found.undecided
        else "the search was ended early"
    )
    state = "" if found.complete else f" (partial: {why})"
    table = Table(
        title=f"{counted(len(found), 'linear region')}{state}, {counted(found.affine_maps, 'affine map')}"
    )
    table.add_column("layer")
    table.add_column("units", justify="right")
    table.add_column("cells so far", justify="right")
    for name, count in found.by_layer.items():
        table.add_row(name, str(found.network.layer(name).size), f"{count:,}")
    return table


def shallow_table(result: Shallow) -> Table:
    """Hidden units of every form."""
    table = Table(
        title=f"{result.source.name}: hidden units with at most two hidden layers ({counted(result.regions, 'linear region')})"
    )
    for column in ("form", "hidden layers", "units"):
        table.add_column(column, justify="left" if column == "form" else "right")
    for name, sizes in result.alternatives.items():
        mark = " *" if name == result.kind else ""
        table.add_row(name + mark, "-".join(large(s) for s in sizes) or "none", large(sum(sizes)))
    return table


def large(value: int) -> str:
    """A count for people."""
    return f"{value:,}" if value < 10**12 else f"about {about(value, 3)}"


def large_bound(value: int) -> str:
    """An upper bound on a count, for people."""
    return f"{value:,}" if value < 10**12 else at_most(value, 3)
