"""C statements that add kernels side by side: the sums of several channels of a place at once.

    const real factor = *p;  c[0] += w[0] * factor;  c[1] += w[1] * factor;  ...

The terms of each sum come in the order of its inputs, as everywhere. The last eight kernels may
hold some whose sums are stored already; those are not stored again.
"""

from __future__ import annotations

from rectifold.effort.vectors import VectorEffort
from rectifold.emitters.c.entries import Names, entry, filled_block, skips
from rectifold.emitters.storage.placed_rows import PlacedRows

_PLACED = """\
    {
        size_t r, g, t, o;
        for (r = 0; r < @places@; r++) {
            const size_t first = @first@, last = @last@;
            for (o = 0; o < @kernels@; o += @lanes@) {
                const size_t from = @from@;
                const @stored@ *w = @values@ + from;
                const @real@ *p = before + @column@;
                @real@ c[@lanes@];
@rolled@                for (t = 0; t < @lanes@; t++) @start@
                for (g = first; g < last; g++) {
@skips@                    for (t = 0; t < @length@; t++, w += @kernels@, p++) {
                        const @real@ factor = *p;
@adds@                    }
                }
@rolled@                for (t = o - from; t < @lanes@; t++) @store@
            }
        }
    }
"""

_ROLLED = """\
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 8
#pragma GCC unroll 1
#endif
"""  # gcc 12 at -O3 -march=native is half as fast without, and clang 14 with it


def placed_code(form: PlacedRows, names: Names, real: str, stored: str) -> str:
    """A block that adds the product to `a`, as stored.product_code."""
    patterns, places, kernels = form.patterns, form.places, form.values.shape[1]
    pattern, lanes = entry(places.pattern, names("pattern"), "r"), min(VectorEffort.lanes, kernels)
    unit, some_lack = _unit(form, names), bool((places.units == form.shape[0]).any())
    there = f"{unit} < {form.shape[0]}"
    words = {
        "places": str(len(places.pattern)),
        "kernels": str(kernels),
        "lanes": str(lanes),
        "first": entry(patterns.starts, names("starts"), pattern),
        "last": entry(patterns.starts, names("starts"), f"{pattern} + 1"),
        "from": f"o + {lanes} <= {kernels} ? o : {kernels - lanes}" if kernels % lanes else "o",
        "start": f"c[t] = {there} ? a[{unit}] : 0;" if some_lack else f"c[t] = a[{unit}];",
        "store": f"if ({there}) a[{unit}] = c[t];" if some_lack else f"a[{unit}] = c[t];",
        "adds": "".join(f"{' ' * 24}c[{t}] += w[{t}] * factor;\n" for t in range(lanes)),
        "skips": skips(patterns, names, kernels),
        "length": entry(patterns.length, names("length"), "g"),
        "values": names("values"),
        "column": entry(places.column, names("column"), "r"),
        "stored": stored,
        "real": real,
        "rolled": _ROLLED,
    }
    return filled_block(_PLACED, words)


def placed_multiply_adds(form: PlacedRows) -> int:
    """Of one evaluation; a sum that is computed twice counts twice."""
    kernels = len(form.values.T)
    lanes = min(VectorEffort.lanes, kernels)
    return form.products // kernels * (-(-kernels // lanes) * lanes)


def _unit(form: PlacedRows, names: Names) -> str:
    """The unit of kernel from + t at place r."""
    step, kernels = form.places.unit_step, form.values.shape[1]
    if step is None:
        return f"{names('units')}[r * {kernels} + from + t]"
    first = entry(form.places.units[:, 0], names("units"), "r")
    return f"{first} + (from + t) * {step}"
