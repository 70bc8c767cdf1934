"""What a network is around samples: a table, a histogram as text, sentences and JSON.

kinks   samples
 0– 4       12  ##
 5– 9      101  ################
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from rich.table import Table

from rectifold.exact.numerals import about, at_least, counted, exact_text, readable
from rectifold.local_boxes.found import LayerAround, LocalResult, SampleAround, Spread
from rectifold.reports.json import sizes_json
from rectifold.runtime.caps import CAPS
from rectifold.runtime.json import JsonObject

_COUNTS = ("active", "inactive", "unstable", "open", "kinks")


# ---- the table ----------------------------------------------------------------------------------


def local_table(found: LocalResult) -> Table:
    """Counts per layer, and of all layers: the least, the middle, the mean and the greatest."""
    table = Table()
    for heading in ("layer", "units"):
        table.add_column(heading, justify="left" if heading == "layer" else "right")
    table.add_column("on a box")
    for heading in ("min", "median", "mean", "max"):
        table.add_column(heading, justify="right")
    for number, layer in enumerate(found.network.relu_layers):
        for k, what in enumerate(_COUNTS):
            head = ("", "") if k else (layer.name, f"{layer.size:,}")
            table.add_row(*head, what, *_cells(found.layer_spread(number, what)))
        table.add_section()
    units = f"{found.network.sizes.units:,}"
    for k, what in enumerate(("stable", "open", "kinks")):
        table.add_row(*(("", "") if k else ("all", units)), what, *_cells(found.spread(what)))
    table.add_row("", "", "layers without kinks", *_cells(found.spread("collapsed")))
    if found[0].left is not None:
        table.add_row("", "", "units left", *_cells(found.spread("units_left")))
        table.add_row("", "", "weights left", *_cells(found.spread("weights_left")))
    if found[0].margin is not None:
        spread = found.spread("margin")
        cells = (at_least(v, 3) for v in (spread.least, spread.middle, spread.mean, spread.most))
        table.add_row("", "", "margin of the class", *cells)
    return table


def _cells(spread: Spread) -> list[str]:
    values = (spread.least, spread.middle, spread.mean, spread.most)
    return [f"{v:,.0f}" if v == int(v) or v >= CAPS.whole_mean else f"{v:,.1f}" for v in values]


# ---- the histogram ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bar:
    """So many samples have between `least` and `most` of something, both included."""

    least: int
    most: int
    samples: int


def histogram(values: Sequence[int]) -> list[Bar]:
    """Bars of one width that hold all values. Precondition: there are some."""
    low, high = min(values), max(values)
    width = ceil((high - low + 1) / CAPS.histogram_bars)
    starts = range(low, high + 1, width)
    counts = [0] * len(starts)
    for value in values:
        counts[(value - low) // width] += 1
    return [
        Bar(start, start + width - 1, count) for start, count in zip(starts, counts, strict=True)
    ]


def histogram_lines(values: Sequence[int], of: str) -> list[str]:
    """A line for each bar."""
    bars = histogram(values)
    most = max(bar.samples for bar in bars)
    ends = [
        f"{bar.least:,}" if bar.least == bar.most else f"{bar.least:,}–{bar.most:,}" for bar in bars
    ]
    wide = max(len(of), *map(len, ends))
    high = max(len("samples"), len(f"{most:,}"))
    lines = [f"{of:>{wide}}  {'samples':>{high}}"]
    for end, bar in zip(ends, bars, strict=True):
        length = ceil(bar.samples * CAPS.bar_characters / most)
        lines.append(f"{end:>{wide}}  {bar.samples:>{high},}  {'#' * length}".rstrip())
    return lines


# ---- sentences ----------------------------------------------------------------------------------


def local_lines(found: LocalResult) -> list[str]:
    """What holds, and of how many samples."""
    count = len(found)
    lines = [f"affine on the whole box (proved): {_of(found.affine, count)}"]
    lines += [
        f"{layer.name} has no kink, so it collapses: {_of(flat, count)}"
        for number, layer in enumerate(found.network.relu_layers)
        if (flat := sum(not one.layers[number].kinks for one in found))
    ]
    if found[0].margin is not None:
        lines.append(f"one class on the whole box (proved): {_of(found.kept, count)}")
    if found[0].is_right is not None:
        lines.append(f"the class of the sample is its label: {_of(found.right, count)}")
        lines.append(f"the label on the whole box (proved): {_of(found.robust, count)}")
    rate = count / found.seconds if found.seconds else 0.0
    lines.append(f"seconds: {found.seconds:.2f} ({about(rate, 3)} samples a second)")
    return lines


def _of(some: int, count: int) -> str:
    return f"{some:,} of {counted(count, 'sample')} ({100 * some / count:.2f} %)"


# ---- JSON ---------------------------------------------------------------------------------------


def local_json(found: LocalResult) -> JsonObject:
    """The documented result of `local`, without names of files."""
    return {
        "radius": exact_text(found.radius),
        "asked": found.asked,
        "looked_at": len(found),
        "complete": found.is_complete,
        "affine": found.affine,
        "kept": found.kept,
        "right": found.right,
        "robust": found.robust,
        "samples": [_sample_json(one) for one in found],
        "seconds": found.seconds,
    }


def _sample_json(one: SampleAround) -> JsonObject:
    return {
        "sample": one.sample,
        "label": one.label,
        "predicted": one.predicted,
        "margin": one.margin,
        "kept": one.is_kept,
        "affine": one.is_affine,
        "collapsed": one.collapsed,
        "layers": [_layer_json(layer) for layer in one.layers],
        "left": None if one.left is None else sizes_json(one.left),
    }


def _layer_json(layer: LayerAround) -> JsonObject:
    counts: JsonObject = {what: getattr(layer, what) for what in _COUNTS}
    return {"layer": layer.layer, "units": layer.units, **counts}


def title_of(found: LocalResult, data: str, clip: str | None) -> str:
    """What the table is about."""
    cut = "" if clip is None else f", cut to {clip}"
    return (
        f"{found.network.name} within {readable(found.radius)} of {counted(len(found), 'sample')} "
        f"of {data}{cut}"
    )
