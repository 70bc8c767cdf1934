"""Parts of pages about networks: strips of units, diagrams, sizes, times.

facts (and what became of each unit)   →   a cell for each unit
source, result                         →   two diagrams, and figures before → after
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rectifold.exact.numerals import at_least, at_most, counted
from rectifold.facts.facts import Facts, LayerFacts, Phase
from rectifold.ir.network import Network
from rectifold.operations.compiling import Compiled
from rectifold.operations.fates import UnitRecord, unit_records
from rectifold.reports.diagram import Looks, diagram
from rectifold.reports.pages.model import Cell, Drawing, Figure, Strip, Strips, Table
from rectifold.runtime.caps import CAPS


def strips_of(facts: Facts) -> Strips:
    """A cell for each relu unit with what was proved of it."""
    rows = {
        name: tuple(_cell(name, known, k, "", "") for k in range(known.size))
        for name, known in facts.layers.items()
    }
    return _strips("Units by phase", rows, facts)


def strips_of_compiled(compiled: Compiled) -> Strips:
    """The same of the source of a compiled network, with what became of each unit and why."""
    facts = compiled.facts
    rows = {
        name: tuple(_cell(name, facts.layers[name], r.unit, r.fate, _became(r)) for r in records)
        for name, records in unit_records(compiled).by_layer.items()
    }
    return _strips("Units of the source, and what became of them", rows, facts)


def _strips(heading: str, rows: Mapping[str, tuple[Cell, ...]], facts: Facts) -> Strips:
    strips, left_out, drawn = list[Strip](), list[str](), 0
    for name, cells in rows.items():
        summary = ", ".join(
            f"{count:,} {phase.value}" for phase in Phase if (count := facts.of(name, phase))
        )
        if drawn + len(cells) > CAPS.drawn_units:
            left_out.append(
                f"{name}: {counted(len(cells), 'unit')}, not drawn one by one: {summary}"
            )
            continue
        drawn += len(cells)
        strips.append(Strip(name, summary, cells))
    return Strips(heading, tuple(strips), tuple(left_out))


def _cell(layer: str, known: LayerFacts, unit: int, fate: str, became: str) -> Cell:
    phase = known.phase(unit).value
    ends = f"{at_least(known.lower[unit], 4)} ≤ z ≤ {at_most(known.upper[unit], 4)}"
    below, above = known.lower_method[unit].value, known.upper_method[unit].value
    proof = below if below == above else f"{below} below, {above} above"
    settled = f", settled by {known.stage[unit]}" if known.stage[unit] else ""
    text = f"{layer}[{unit}]: {phase}; proved {ends} (by {proof}){settled}"
    return Cell(phase, fate, f"{text}. {became}" if became else f"{text}.")


def _became(record: UnitRecord) -> str:
    """What became of a unit, in a sentence."""
    if record.fate == "kept":
        return "It is kept."
    into = (
        "" if record.partner is None else f" into unit {record.partner}, of which it is a multiple"
    )
    why = {
        "removed": "It is removed",
        "merged": f"It is merged{into if record.partner is not None else ''}",
        "carried": "It is active, so carriers take its linear part to the next layer",
    }[record.fate]
    return f"{why} (rule {record.rule})."


def drawing_of(compiled: Compiled, result: Network) -> Drawing:
    """The source, coloured by what becomes of its units, and the result."""
    before: Looks = {
        name: [r.fate for r in records] for name, records in unit_records(compiled).by_layer.items()
    }
    after: Looks = {layer.name: ["kept"] * layer.size for layer in result.relu_layers}
    if result is compiled.network:
        after = {
            name: ["kept" if unit >= 0 else "carrier" for unit in known.origin]
            for name, known in compiled.kept.layers.items()
        }
    return Drawing(
        "Before and after",
        (
            diagram(compiled.source, f"before: {compiled.source.shape_text()}", before),
            diagram(result, f"after: {result.shape_text()}", after),
        ),
        (
            "Filled: kept; blue: a carrier, or merged or carried; dashed outline: removed. Lines "
            "are weights (dashed: negative), thicker where larger; a band stands for many.",
        ),
    )


def sizes_of(source: Network, result: Network) -> list[Figure]:
    """Units and weights before and after."""
    before, after = source.sizes, result.sizes
    pairs = (
        ("relu units", before.units, after.units),
        ("weights and biases", before.weights, after.weights),
        ("layers", before.layers, after.layers),
    )
    return [Figure(label, f"{a:,}", f"{b:,}", _saved(a, b)) for label, a, b in pairs]


def _saved(before: int, after: int) -> str:
    if not before or after == before:
        return "unchanged"
    return f"{100 * (before - after) / before:.1f} % fewer" if after < before else "more"


def phases_of(facts: Facts) -> list[Figure]:
    """How many units are in each phase."""
    return [Figure(phase.value, "", f"{facts.count(phase):,}") for phase in Phase]


def times_of(seconds: Mapping[str, float]) -> Table:
    """The stages that took time."""
    rows = [(stage, f"{value:.2f}") for stage, value in seconds.items() if value >= 0.005]
    total = ("all", f"{sum(seconds.values()):.2f}")
    return Table("Time", ("stage", "seconds"), (*rows, total))


def sentences(lines: Sequence[str | None]) -> tuple[str, ...]:
    """Those that say something."""
    return tuple(line for line in lines if line)
