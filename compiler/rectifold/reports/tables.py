"""Results as tables for people. Nothing here computes or prints."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from rectifold.exact.numerals import about, at_most, counted
from rectifold.facts.facts import Facts, Phase
from rectifold.ir.network import Layer, Network
from rectifold.linear_regions.summary import Regions
from rectifold.operations.compiling import Compiled
from rectifold.two_layers.shallow import Shallow


def stability_table(network: Network, facts: Facts) -> Table:
    """One row per relu layer: units by phase."""
    table = Table(title=_title(network, facts), title_justify="left")
    table.add_column("layer")
    for heading in ("units", "active", "inactive", "unstable", "open"):
        table.add_column(heading, justify="right")
    for layer in network.relu_layers:
        table.add_row(layer.name, str(layer.size), *(str(facts.of(layer.name, p)) for p in Phase))
    total = sum(layer.size for layer in network.relu_layers)
    table.add_section()
    table.add_row("all", str(total), *(str(facts.count(p)) for p in Phase))
    return table


def compile_table(compiled: Compiled) -> Table:
    """One row per layer of the source: width before and after, phases, weights before and after."""
    source, result = compiled.source, compiled.network
    table = Table(title=_title(source, compiled.facts), title_justify="left")
    table.add_column("layer")
    for heading in ("width", "active", "inactive", "unstable", "open", "weights"):
        table.add_column(heading, justify="right")
    for layer in source.layers:
        table.add_row(*_compiled_row(compiled, layer))
    before, now = source.sizes, result.sizes
    table.add_section()
    counts = [str(compiled.facts.count(p)) for p in Phase]
    table.add_row(
        "relu units",
        f"{before.units} → {now.units}",
        *counts,
        f"{before.weights:,} → {now.weights:,}",
    )
    return table


def _title(network: Network, facts: Facts) -> Text:
    """As it stands: in a plain title, `[about 1/3, ...]` would be an instruction."""
    return Text(f"{network.name} on {facts.domain.describe()}", style="table.title")


def _compiled_row(compiled: Compiled, layer: Layer) -> list[str]:
    facts = compiled.facts
    kept = next((one for one in compiled.network.layers if one.name == layer.name), None)
    phases = [str(facts.of(layer.name, p)) if layer.is_relu else "" for p in Phase]
    width = 0 if kept is None else kept.size
    left = 0 if kept is None else _weights(kept)
    return [
        layer.name,
        f"{layer.size} → {width}",
        *phases,
        f"{_weights(layer):,} → {left:,}",
    ]


def _weights(layer: Layer) -> int:
    return sum(w.nonzero_count for w in layer.weights.values())


def seconds_text(seconds: Mapping[str, float]) -> str:
    """The stages that took time."""
    shown = [f"{stage} {value:.2f}" for stage, value in seconds.items() if value >= 0.005]
    return "seconds: " + (", ".join(shown) if shown else "none worth naming")


def network_table(network: Network) -> Table:
    """What a network looks like, without its numbers."""
    table = Table(
        title=f"{network.name}: {counted(network.input_size, 'input')}, "
        f"{counted(network.output_size, 'output')}",
        title_justify="left",
    )
    for heading in ("layer", "activation", "units", "reads", "weights", "numbers"):
        table.add_column(heading, justify="right" if heading in ("units", "weights") else "left")
    for layer in network.layers:
        exact = all(m.is_float for m in (layer.bias, *layer.weights.values()))
        table.add_row(
            layer.name,
            layer.activation,
            str(layer.size),
            ", ".join(layer.weights),
            f"{_weights(layer):,}",
            "floats" if exact else "rationals",
        )
    return table


def regions_table(found: Regions) -> Table:
    """Regions of a network, layer by layer."""
    why = (
        f"{counted(found.undecided, 'cell')} not decided"
        if found.undecided
        else "the search was ended early"
    )
    state = "" if found.complete else f" (partial: {why})"
    table = Table(
        title=f"{counted(len(found), 'linear region')}{state}, "
        f"{counted(found.affine_maps, 'affine map')}"
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
        title=f"{result.source.name}: hidden units with at most "
        f"{'three' if result.kind == 'three' else 'two'} hidden layers "
        f"({counted(result.regions, 'linear region')})"
    )
    for column in ("form", "hidden layers", "units"):
        table.add_column(column, justify="left" if column == "form" else "right")
    for name, sizes in result.alternatives.items():
        mark = " *" if name == result.kind else ""
        table.add_row(
            name + mark, "-".join(count_text(s) for s in sizes) or "none", count_text(sum(sizes))
        )
    return table


def count_text(value: int) -> str:
    """A count for people."""
    return f"{value:,}" if value < 10**12 else f"about {about(value, 3)}"


def large_bound(value: int) -> str:
    """An upper bound on a count, for people."""
    return f"{value:,}" if value < 10**12 else at_most(value, 3)
