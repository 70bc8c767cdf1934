"""How much a text may unfold to: what is made is counted in cells before it is made.

    a = abs(concat(a, a))      doubles what there is: thirty such lines would be 10⁹ × 10⁹ weights

A cell is one float64 entry of a matrix, written once (8 bytes, about 30 ns). An entry that is no
float64 number costs 32 (a microsecond), and as many more for every 64 bits of it; 15
multiplications of a matrix product cost one. Any text may make some cells, and more for every
character and for every entry that it loads: a network that is written out in full needs 1 to 70 per
character.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from math import prod

from rectifold.exact.matrix import Matrix
from rectifold.ir.affine import Affine, Pick
from rectifold.language.source import Fault, Span
from rectifold.language.values import ConstantValue, Value, affine_of
from rectifold.runtime.caps import CAPS


class Budget:
    """The cells that are left. Every method raises Fault where they are not enough."""

    def __init__(self, characters: int) -> None:
        self.left = CAPS.free_cells + CAPS.cells_per_character * characters
        self.given = self.left

    def count_loaded(self, entries: int) -> None:
        """An array was read from a file: its size counts as the text's."""
        self.left += CAPS.cells_per_loaded * entries
        self.given += CAPS.cells_per_loaded * entries

    def take(self, cells: int, place: Span) -> None:
        """Before `cells` are made."""
        self.left -= cells
        if self.left < 0:
            raise Fault(
                place, f"this unfolds to far more than is written: {self.given:,} entries of "
                       "matrices may be made of this text",
                "make it smaller, or put large matrices into a file and load(...) them",
            )  # fmt: skip

    def numbers(self, matrix: Matrix, place: Span) -> None:
        """A constant that was written down."""
        self.take(prod(matrix.shape) * _cost(matrix_bits(matrix)), place)

    def sum(self, left: Value, right: Value, place: Span) -> None:
        """left + right: terms over the same layer are added, and so are the constants; a number may
        be repeated.
        """
        one, two = affine_of(left), affine_of(right)
        bits = form_bits(one) + form_bits(two)
        self._require_short(bits, place)
        shared = sum(_width(t) for u, t in one.terms.items() if u in two.terms)
        columns = max(one.bias.shape[1], two.bias.shape[1])
        picked = (
            sum(m.shape[1] for m in (*_matrices(one), *_matrices(two)))
            if one.size != two.size
            else 0
        )
        rows = max(one.size, two.size)
        self.take(
            rows * (shared + picked + 2 * columns) * _cost(bits) + len(one.terms) + len(two.terms),
            place,
        )

    def units(self, columns: int, bits: int, place: Span) -> None:
        """A sum of single units, in rows of so many columns in all."""
        self._require_short(bits, place)
        self.take(columns * _cost(bits), place)

    def added(self, form: Affine, terms: Container[str], bits: int, place: Span) -> None:
        """A form is added to a sum that has terms over these layers; `bits` are those of both."""
        self._require_short(bits, place)
        shared = sum(_width(t) for u, t in form.terms.items() if u in terms)
        self.take(form.size * (shared + 2) * _cost(bits) + len(form.terms), place)

    def product(self, factor: ConstantValue, right: Value, place: Span) -> None:
        """factor * right, entry by entry."""
        form = affine_of(right)
        bits = factor.matrix.bits + _bits(form)
        self._require_short(bits, place)
        rows = max(factor.matrix.shape[0], form.size)
        picks = sum(t.size for t in form.terms.values() if isinstance(t, Pick))
        diagonal = CAPS.cells_per_pick if factor.matrix.is_float else CAPS.cells_per_fraction_pick
        self.take(
            rows * (diagonal * picks + sum(m.shape[1] for m in _matrices(form)) * _cost(bits)),
            place,
        )

    def dense(self, value: Value, place: Span, copies: int = 1) -> None:
        """The value as matrices, `copies` times: what a layer holds."""
        self.take(copies * _dense(affine_of(value)), place)

    def stack(self, values: Sequence[Value], place: Span) -> None:
        """The values on top of each other; whole or picked values of one layer stay indices."""
        forms = [affine_of(value) for value in values]
        names = {u for form in forms for u in form.terms}
        if len(names) <= 1 and all(
            isinstance(t, Pick) for form in forms for t in form.terms.values()
        ):
            self.take(sum(form.size for form in forms), place)
            return
        width = 1 + sum({u: _width(t) for form in forms for u, t in form.terms.items()}.values())
        cost = max(_cost(form_bits(form)) for form in forms)
        self.take(sum(form.size for form in forms) * width * cost, place)

    def select(self, value: Value, rows: int, place: Span) -> None:
        """Some rows of a value."""
        if isinstance(value, ConstantValue):
            self.take(
                rows * value.matrix.shape[1] * _cost(matrix_bits(value.matrix)),
                place,
            )
            return
        for matrix in _matrices(value.affine):
            self.take(rows * matrix.shape[1] * _cost(matrix_bits(matrix)), place)

    def matrix_product(self, matrix: Matrix, right: Value, place: Span) -> None:
        """matrix @ right."""
        rows, inner = matrix.shape
        operands = [right.matrix] if isinstance(right, ConstantValue) else [right.affine.bias]
        if not isinstance(right, ConstantValue):
            terms = right.affine.terms.values()
            self.take(rows * sum(t.size for t in terms if isinstance(t, Pick)) * _cost(0), place)
            operands += [t for t in terms if not isinstance(t, Pick)]
        for other in operands:
            bits = matrix.bits + other.bits
            self._require_short(bits, place)
            words = -(-bits // 128)  # per factor
            columns = other.shape[1]
            self.take(
                rows * columns * CAPS.cells_per_fraction * words
                + rows * inner * columns * words // CAPS.multiplications_per_cell,
                place,
            )

    def _require_short(self, bits: int, place: Span) -> None:
        if bits > CAPS.number_bits:
            raise Fault(
                place, f"numbers of {bits * 3 // 10:,} digits would be computed here; the limit "
                       f"is {CAPS.number_bits * 3 // 10:,}",
                "round them, or write fewer products of constants",
            )  # fmt: skip


def _cost(bits: int) -> int:
    """Cells of one entry; 0 bits for a float."""
    return CAPS.cells_per_fraction * -(-bits // 64) if bits else 1


def _dense(form: Affine) -> int:
    return form.size * (1 + sum(map(_width, form.terms.values())))


def _width(term: Matrix | Pick) -> int:
    return term.size if isinstance(term, Pick) else term.shape[1]


def _matrices(form: Affine) -> list[Matrix]:
    return [form.bias, *(t for t in form.terms.values() if not isinstance(t, Pick))]


def form_bits(form: Affine) -> int:
    """Bits of its longest number; 0 where all of them are floats."""
    return max(matrix_bits(matrix) for matrix in _matrices(form))


def matrix_bits(matrix: Matrix) -> int:
    """As `form_bits`."""
    return 0 if matrix.is_float else matrix.bits


def _bits(form: Affine) -> int:
    return max(matrix.bits for matrix in _matrices(form))
