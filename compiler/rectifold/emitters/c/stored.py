"""C statements that add stored weights times the activations of a layer to the sums of another.

    const float *w = W2_1_values;                    sums a[], activations before[]
    for (j = 0; j < 40; j++) { ... a[k] += w[at] * before[j]; ... }

Every form adds the terms of a unit in the order of its inputs, one after the other, so all of them
give the bits of the dense sum in one part (but for the sign of a zero): sums of several units may
be in work at once, never two parts of one sum, as dense layers have (c/order.py). An activation
that is zero is skipped where inputs come one by one. A table whose entries are all the same is not
there; its number stands in the code.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rectifold.emitters.c.entries import Names, entry, filled_block, skips
from rectifold.emitters.c.placed import placed_code, placed_multiply_adds
from rectifold.emitters.storage.kernels import Integers
from rectifold.emitters.storage.placed_rows import PlacedRows
from rectifold.emitters.storage.shared_rows import SharedRows
from rectifold.emitters.storage.storage import (
    DenseRows,
    DenseUnits,
    SparseRows,
    Storage,
    StoredBias,
)

_SPARSE_BY_INPUT = """\
    {
        size_t j, k, t, at = 0;
        for (j = 0; j < @inputs@; j++) {
            const size_t count = @counts@;
            if (before[j] != 0) {
                for (k = 0, t = at; t < at + count; t++) {
                    k += @gaps@;
                    a[k] += @values@[t] * @widen@before[j];
                }
            }
            at += count;
        }
    }
"""

_SPARSE_BY_UNIT = """\
    {
        size_t j, k, t, at = 0;
        for (j = 0; j < @units@; j++) {
            const size_t end = at + @counts@;
            @real@ total = a[j];
            for (k = 0, t = at; t < end; t++) {
                k += @gaps@;
                total += @values@[t] * @widen@before[k];
            }
            a[j] = total;
            at = end;
        }
    }
"""

_SHARED = """\
    {
        size_t r, g, t, k, i = 0;
        for (r = 0; r < @strips@; r++) {
            const size_t units = @units@, first = @first@, last = @last@;
            k = 0;
@together@            for (; k < units; k++) {
                const @stored@ *w = @values@ + @value@@kernel@;
                const @read@ *p = before + @column@@place@;
                @real@ total = a[i + k];
                for (g = first; g < last; g++) {
@skips@                    for (t = 0; t < @length@; t++) total += *w++ * @widen@*p++;
                }
                a[i + k] = total;
            }
            i += units;
        }
    }
"""

_TOGETHER = """\
            while (units >= @lanes@ && k < units) {
                /* @lanes@ sums at once; the last ones may hold some that are done */
                const size_t from = k + @lanes@ <= units ? k : units - @lanes@;
                const @stored@ *w = @values@ + @value@@kernel@;
                const @real@ *p = before + @column@@place@;
                @real@ c[@lanes@];
                for (t = 0; t < @lanes@; t++) c[t] = a[i + from + t];
                for (g = first; g < last; g++) {
@skips@                    for (t = 0; t < @length@; t++, w++, p++) {
@adds@                    }
                }
                for (; k < from + @lanes@; k++) a[i + k] = c[k - from];
            }
"""


def product_code(
    form: Storage, names: Names, real: str, stored: str, read: str | None = None
) -> str:
    """A block that adds the product to `a`; `before` holds the activations that are read.

    `names`: of a table its C name. `real`, `stored`: the types of the sums and of the values.
    `read`: that of activations, of integers; then a factor becomes a sum before it is multiplied,
    and no sum is computed but that of a unit, once.
    """
    match form:
        case DenseRows() | DenseUnits():
            raise ValueError("dense rows are written with the panels")
        case SparseRows():
            return _sparse_code(form, names, real, read)
        case SharedRows():
            return _shared_code(form, names, real, stored, read)
        case PlacedRows():
            if read is not None:
                raise ValueError("placed rows compute sums of units that are not there")
            return placed_code(form, names, real, stored)


def multiply_adds(form: Storage) -> int:
    """Of one evaluation, where no activation is zero; a sum that is computed twice counts twice."""
    if isinstance(form, PlacedRows):
        return placed_multiply_adds(form)
    if not isinstance(form, SharedRows):
        return form.products
    units = form.strips.units
    if lanes := _lanes(units):
        units = np.where(units >= lanes, -(-units // lanes) * lanes, units)
    return int((form.patterns.sizes[form.strips.pattern] * units).sum())


def bias_code(form: StoredBias, names: Names, units: int) -> str:
    """A block that begins the sums `a` of the units."""
    if form.counts is not None:
        count = entry(form.counts, names("counts"), "r")
        runs = len(form.counts)
        return (
            "    {\n        size_t r, t, i = 0;\n"
            f"        for (r = 0; r < {runs}; r++)\n"
            f"            for (t = 0; t < {count}; t++) a[i++] = {names('values')}[r];\n    }}\n"
        )
    which = "i" if form.which is None else entry(form.which, names("which"), "i")
    return (
        "    {\n        size_t i;\n"
        f"        for (i = 0; i < {units}; i++) a[i] = {names('values')}[{which}];\n    }}\n"
    )


def _sparse_code(form: SparseRows, names: Names, real: str, read: str | None) -> str:
    template = _SPARSE_BY_UNIT if form.by == "unit" else _SPARSE_BY_INPUT
    return filled_block(
        template,
        {
            "units": str(form.shape[0]),
            "inputs": str(form.shape[1]),
            "real": real,
            "widen": _widened(real, read),
            "values": names("values"),
            "counts": entry(form.counts, names("counts"), "j"),
            "gaps": entry(form.gaps, names("gaps"), "t"),
        },
    )


def _shared_code(form: SharedRows, names: Names, real: str, stored: str, read: str | None) -> str:
    tables = vars(form.patterns) | vars(form.strips)
    texts = {key: entry(table, names(key), "r") for key, table in tables.items()}
    words = {
        "strips": str(len(form.strips.units)),
        "units": texts["units"],
        "first": entry(form.patterns.starts, names("starts"), texts["pattern"]),
        "last": entry(form.patterns.starts, names("starts"), f"{texts['pattern']} + 1"),
        "real": real,
        "read": read or real,
        "widen": _widened(real, read),
        "stored": stored,
        "values": names("values"),
        "value": texts["value"],
        "column": texts["column"],
        "kernel": _times("k", texts["value_step"]),
        "place": _times("k", texts["column_step"]),
        "length": entry(form.patterns.length, names("length"), "g"),
        "skips": skips(form.patterns, names, 1),
    }
    lanes = _lanes(form.strips.units) if read is None else 0
    return filled_block(
        _SHARED, words | {"together": _together(lanes, words, texts) if lanes else ""}
    )


def _widened(real: str, read: str | None) -> str:
    """What makes a sum of a factor."""
    return "" if read is None else f"({real})"


def _together(lanes: int, words: Mapping[str, str], texts: Mapping[str, str]) -> str:
    """Several units of a strip at once: their kernels and columns step evenly."""
    value, column = texts["value_step"], texts["column_step"]
    adds = "".join(
        f"                        c[{t}] += w[{_step(t, value)}] * p[{_step(t, column)}];\n"
        for t in range(lanes)
    )
    own = {"kernel": _times("from", value), "place": _times("from", column)}
    return filled_block(_TOGETHER, {**words, **own, "lanes": str(lanes), "adds": adds})


def _lanes(units: Integers) -> int:
    """How many sums at once: as many as most of the units allow that allow any; 0 if few do."""
    eight, four = (int(units[units >= lanes].sum()) for lanes in (8, 4))
    if 4 * four < units.sum():
        return 0
    return 8 if 4 * eight >= 3 * four else 4


def _times(index: str, factor: str) -> str:
    return {"0": "", "1": f" + {index}"}.get(factor, f" + {index} * {factor}")


def _step(times: int, factor: str) -> str:
    return str(times * int(factor)) if factor.isdigit() else f"{times} * {factor}"
