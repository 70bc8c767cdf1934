"""What became of every unit of the source: kept (some the other way round, relu(-z)), removed,
merged into another one, or carried.

    facts of the source, steps, facts of the result   →   a record for each unit

Each unit has exactly one fate: the result's facts name the units that are still there, and the step
that takes a unit out says so. Bounds and phases are those that were proved of the source.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args, overload

from rectifold.exact.numerals import at_least, at_most, counted
from rectifold.facts.facts import LayerFacts, Phase
from rectifold.operations.compiling import Compiled
from rectifold.passes.result import GoneUnit
from rectifold.runtime.caps import CAPS

Fate = Literal["kept", "removed", "merged", "carried"]
FATES: tuple[Fate, ...] = get_args(Fate)


@dataclass(frozen=True)
class UnitRecord:
    """A relu unit of the source.

    `rule` took it out ("" where it is kept); `partner`: the unit of its layer that a merged one is
    a multiple of. lower ≤ pre-activation ≤ upper on the domain, proved; `stage` settled its phase.
    """

    layer: str
    unit: int
    fate: Fate
    rule: str
    phase: Phase
    lower: float
    upper: float
    stage: str
    partner: int | None = None


class UnitRecords(Sequence[UnitRecord]):
    """A record for each unit of the source, layer by layer; shown as a table."""

    def __init__(self, records: Iterable[UnitRecord]) -> None:
        self._records = tuple(records)

    @overload
    def __getitem__(self, place: int) -> UnitRecord: ...
    @overload
    def __getitem__(self, place: slice) -> UnitRecords: ...
    def __getitem__(self, place: int | slice) -> UnitRecord | UnitRecords:
        if isinstance(place, slice):
            return UnitRecords(self._records[place])
        return self._records[place]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[UnitRecord]:
        return iter(self._records)

    @property
    def fates(self) -> Mapping[Fate, int]:
        """How many units have each fate."""
        counts = Counter(record.fate for record in self)
        return {fate: counts[fate] for fate in FATES}

    @property
    def by_layer(self) -> Mapping[str, UnitRecords]:
        """The records of each layer of the source."""
        names = dict.fromkeys(record.layer for record in self)
        return {name: UnitRecords(r for r in self if r.layer == name) for name in names}

    def of(self, fate: Fate) -> UnitRecords:
        """Those that were "kept", "removed", "merged" or "carried"."""
        return UnitRecords(record for record in self if record.fate == fate)

    def __repr__(self) -> str:
        counts = ", ".join(f"{n:,} {fate}" for fate, n in self.fates.items())
        return "\n".join([f"<{counted(len(self), 'unit')}: {counts}>", *_table(self._records)])


def unit_records(compiled: Compiled) -> UnitRecords:
    """What became of every relu unit of the source, in the order of its layers."""
    gone = {(one.layer, one.unit): (step.rule, one) for step in compiled.steps for one in step.gone}
    kept = {
        (name, int(unit))
        for name, known in compiled.kept.layers.items()
        for unit in known.origin
        if unit >= 0
    }
    return UnitRecords(
        _record(layer.name, k, compiled.facts.layers[layer.name], gone, kept)
        for layer in compiled.source.relu_layers
        for k in range(layer.size)
    )


def _record(
    layer: str,
    unit: int,
    known: LayerFacts,
    gone: Mapping[tuple[str, int], tuple[str, GoneUnit]],
    kept: set[tuple[str, int]],
) -> UnitRecord:
    place = layer, unit
    if (place in gone) == (place in kept):
        raise AssertionError(f"unit {unit} of {layer} has no fate, or two")
    rule, one = gone.get(place, ("", None))
    return UnitRecord(
        layer=layer,
        unit=unit,
        fate="kept" if one is None else one.how,
        rule=rule,
        phase=known.phase(unit),
        lower=float(known.lower[unit]),
        upper=float(known.upper[unit]),
        stage=known.stage[unit],
        partner=None if one is None else one.partner,
    )


# ---- as a table ---------------------------------------------------------------------------------

_HEAD = ("layer", "unit", "fate", "phase", "bounds", "settled by", "rule")


def _table(records: Sequence[UnitRecord]) -> list[str]:
    """A line per unit, and how many more there are."""
    most = CAPS.listed_units
    rows = [_HEAD, *(_row(record) for record in records[:most])]
    widths = [max(len(row[k]) for row in rows) for k in range(len(_HEAD))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    more = len(records) - most
    return [*lines, f"... and {more:,} more"] if more > 0 else lines


def _row(record: UnitRecord) -> tuple[str, ...]:
    into = "" if record.partner is None else f" into {record.partner}"
    bounds = f"[{at_least(record.lower, 4)}, {at_most(record.upper, 4)}]"
    fate = record.fate + into
    unit, phase = str(record.unit), record.phase.value
    return record.layer, unit, fate, phase, bounds, record.stage or "-", record.rule or "-"
