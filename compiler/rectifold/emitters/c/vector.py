"""The vector path of emitted C: a layer's sums in registers, by GNU vector extensions.

    static void dense_5_50_relu(const weight *w, const weight *b, const real *x, real *a);

for every shape of a dense edge, for vectors of 64, 32 and 16 bytes; the preprocessor chooses. A
panel is as many units as have their sums in registers. For each input that is not zero (or, in a
layer of few weights, for each) its row of weights is loaded once and added:

    units          0 ... 15 | 16 ... 31 | 32 ... 47 | 34 ... 49      50 units, vectors of 16
    s = b + Σ x[j] w[j]                   j in order, x[j] ≠ 0 or all

Of halves (c/order.py) there are two such sums of each unit, side by side or in turns; of rows, a
vector holds sums of one unit.

The last vector begins earlier and gives again, bit by bit, what the one before gave. Sound because
each unit's sum has the order and the roundings of the portable path: lanes do not meet, and leaving
out x[j] = 0 adds nothing. Where sums are continued, not begun, nothing may be added twice: then the
panels tile the layer, or it stays portable.

Mixed, layers of the network's input see at run time whether its products with float weights are
exact; then a fused multiply-add rounds the sum alone, as the portable path does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rectifold.effort.vectors import VectorEffort
from rectifold.emitters.c.numbers import filled


@dataclass(frozen=True, order=True)
class DenseShape:
    """An edge with weights stored input by input; neither side is empty.

    `begins`: the sums begin with the biases, else they are continued. `cuts`: they are cut at zero.
    `is_given`: float weights times the network's input, so products may be exact. `by_unit`:
    weights are stored unit by unit, and sums taken in lanes; `halved`: each unit has two sums
    (c/order.py).
    """

    inputs: int
    units: int
    begins: bool
    cuts: bool
    is_given: bool = False
    by_unit: bool = False
    halved: bool = False

    @property
    def function(self) -> str:
        """The name of its function in emitted code."""
        kind = "dense" if self.begins else "onto"
        kind = f"row_{kind}" if self.by_unit else f"half_{kind}" if self.halved else kind
        kind = f"given_{kind}" if self.is_given else kind
        return f"{kind}_{self.inputs}_{self.units}" + ("_relu" if self.cuts else "")

    def fits(self, precision: str) -> bool:
        """Whether the vector path can take it, whatever the width of vectors."""
        panels = [_panel_of(self, width, _bytes(precision)) for width in VectorEffort.widths]
        return self.begins or all(self.units % panel.columns == 0 for panel in panels)


@dataclass(frozen=True)
class _Panel:
    """How a layer is cut for vectors of `width` bytes: `vectors` sums that cover `columns` units.

    Width 1 stands for single numbers. `kind`: the macro that makes the function.
    """

    width: int
    vectors: int
    columns: int
    kind: str


def vector_width(upper: str) -> str:
    """The lines that define {upper}_VECTOR, the bytes of a vector, where the path can be taken."""
    return filled("c_vector_width", upper=upper)


def vector_path(shapes: Iterable[DenseShape], precision: str, upper: str) -> str:
    """The functions of all shapes, between #ifdef {upper}_VECTOR and #endif; nothing for none."""
    ordered = sorted(set(shapes))
    if not ordered:
        return ""
    size = _bytes(precision)
    widths = VectorEffort.widths
    cut = {width: [_panel_of(shape, width, size) for shape in ordered] for width in widths}
    most = max(panel.vectors for panels in cut.values() for panel in panels)
    return filled(
        "c_vector",
        upper=upper,
        bits=f"uint{8 * size}_t",
        types=_types(precision, upper),
        repeats="".join(_repeat(times) for times in range(1, most + 1)),
        layers=_layers(ordered, cut, upper, max(widths) // size),
    )


def _bytes(precision: str) -> int:
    return 4 if precision == "float32" else 8


def _panel_of(shape: DenseShape, widest: int, size: int) -> _Panel:
    """The panel of a layer; two sums of a unit are in registers where there are many."""
    if shape.by_unit:
        return _row_panel(shape.units, widest)
    panel = _panel(shape.units, widest, size)
    if _takes_zeros(shape, panel):
        if not shape.halved:
            return replace(panel, kind="SMALL")
        at_once = 4 * panel.vectors <= _most_sums(panel.width)
        return replace(panel, kind="SMALL_HALVES" if at_once else "SMALL_TURNS")
    return replace(panel, kind="HALVES" if shape.halved else "LAYER")


def _row_panel(units: int, width: int) -> _Panel:
    """Units that have all their sums in registers; each panel loads its weights and the inputs."""
    parts = max(VectorEffort.widths) // width
    most = min(max(_most_sums(width) // parts, 1), units)
    columns = min(range(most, 0, -1), key=lambda c: -(-units // c) * (c + 1))
    return _Panel(width, columns * parts, columns, "ROWS")


def _most_sums(width: int) -> int:
    return VectorEffort.sums_of_64_bytes if width == 64 else VectorEffort.sums


def _panel(units: int, widest: int, size: int) -> _Panel:
    """The widest vectors that fit into the layer, and as few and even panels as registers allow."""
    width = next((w for w in VectorEffort.widths if w <= widest and w // size <= units), 1)
    lanes = max(width // size, 1)
    vectors = -(-units // lanes)
    panels = -(-vectors // _most_sums(width))
    even = -(-vectors // panels)
    return _Panel(width, even, min(units, even * lanes), "LAYER")


def _layers(shapes: list[DenseShape], cut: dict[int, list[_Panel]], upper: str, lanes: int) -> str:
    """The functions at every width; `lanes`: of the widest vector."""
    lines: list[str] = []
    for width, panels in cut.items():
        lines.append(f"#{'elif' if lines else 'if'} {upper}_VECTOR == {width}")
        pairs = list(zip(shapes, panels, strict=True))
        kinds = {panel.kind for panel in panels}
        lines += [filled("c_vector_marked", upper=upper)] if kinds & {"LAYER", "HALVES"} else []
        lines += (
            [filled("c_vector_small")] if kinds & {"SMALL", "SMALL_HALVES", "SMALL_TURNS"} else []
        )
        lines += [filled("c_vector_rows", lanes=lanes)] * ("ROWS" in kinds)
        if any(_is_fused(*pair) for pair in pairs):
            lines.append(filled("c_vector_given"))
        lines += [_fused(*pair) if _is_fused(*pair) else _layer(*pair) for pair in pairs]
    return "\n".join([*lines, "#endif"])


def _is_fused(shape: DenseShape, panel: _Panel) -> bool:
    """Whether exact products are looked for: where there are vectors of 64 bytes (AVX-512)."""
    return shape.is_given and panel.width == 64 and not shape.halved


def _takes_zeros(shape: DenseShape, panel: _Panel) -> bool:
    """Whether inputs are not looked at: a product with 0 adds nothing, and is soon done."""
    steps = shape.inputs * panel.vectors * -(-shape.units // panel.columns)
    return (
        shape.inputs <= VectorEffort.small_inputs
        and shape.inputs * shape.units <= VectorEffort.small
        and steps <= VectorEffort.small_steps
    )


def _fused(shape: DenseShape, panel: _Panel) -> str:
    """The layer with fused multiply-adds, without them, and the choice between them."""
    fused, plain = (f"{kind}_{shape.function}" for kind in ("fused", "plain"))
    return "\n".join(
        (
            _layer(shape, panel, name=fused, step="FUSE"),
            _layer(shape, panel, name=plain),
            f"CHOOSE({shape.function}, {fused}, {plain}, {shape.inputs})",
        )
    )


def _layer(shape: DenseShape, panel: _Panel, *, name: str = "", step: str = "ADD") -> str:
    begin, end = "BIAS" if shape.begins else "SUMS", "RELU" if shape.cuts else "KEEP"
    panels = f"{panel.width}, TIMES_{panel.vectors}, {panel.columns}"
    sizes = f"{name or shape.function}, {shape.inputs}, {shape.units}"
    steps = f"{step}, " if panel.kind in ("LAYER", "SMALL") else ""
    return f"{panel.kind}({sizes}, {panels}, {begin}, {steps}{end})"


def _repeat(times: int) -> str:
    before = f"TIMES_{times - 1}(M, BYTES, columns) " if times > 1 else ""
    return f"#define TIMES_{times}(M, BYTES, columns) {before}M({times - 1}, BYTES, columns)\n"


def _types(precision: str, upper: str) -> str:
    """Vectors of every width that there may be, and single numbers under the same names."""
    single = (
        "typedef real vector_1;\ntypedef real read_1;\n#define LANES_1 1\n"
        "#define RELU_1(s) ((s) < zero ? zero : (s))\n#define LOAD_1(p) ((real)*(p))\n"
    )
    widest = "".join(
        f"#{'elif' if k else 'if'} {upper}_VECTOR == {width}\n"
        f"typedef vector_{width} widest;\ntypedef read_{width} read_widest;\n"
        f"#define FIRST_BITS {_first_bits(width // _bytes(precision))}\n"
        for k, width in enumerate(VectorEffort.widths)
    )
    types = "".join(_type(w, precision, upper) for w in VectorEffort.widths)
    return single + types + widest + "#endif"


def _first_bits(lanes: int) -> str:
    return ", ".join(f"{1 << lane}u" for lane in range(lanes))


def _type(width: int, precision: str, upper: str) -> str:
    size = _bytes(precision)
    return filled(
        "c_vector_type",
        upper=upper,
        width=width,
        signs=f"int{8 * size}_t",
        lanes=width // size,
        load=_converted(width) if precision == "mixed" else _loaded(width),
    )


def _loaded(width: int) -> str:
    loaded = f"(*(const read_{width} *)(p))"
    return f"#define LOAD_{width}(p) {loaded}\n#define LOAD_ROW_{width}(p) {loaded}\n"


def _converted(width: int) -> str:
    """Float weights as doubles: of these two forms each compiler makes one instruction of one; gcc
    of the list, but where many are loaded in a loop, as of rows.
    """
    items = ", ".join(f"(p)[{k}]" for k in range(width // 8))
    return filled("c_vector_converted", width=width, half=width // 2, items=items)
