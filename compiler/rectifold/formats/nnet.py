"""`.nnet` files (the text format of the ACAS Xu networks): read only.

Lines of numbers separated by commas; `//` starts a comment line. Input normalisation (mean and range) is a
preprocessing step of the tools that use the format: the network read here takes normalised inputs and gives
normalised outputs, like the ONNX forms of the same networks. Weights are decimals and are read exactly.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix, NumberError, parse_rational
from rectifold.ir.affine import Affine, Builder
from rectifold.ir.domain import Domain
from rectifold.ir.network import MAX_UNITS, Network, safe_name


def read_nnet(path: Path) -> tuple[Network, list[str]]:
    """(network, notes). Raises InputError with the line of the first mistake."""
    lines = _Lines(path)
    layers, inputs, outputs, _ = lines.integers(4)
    sizes = lines.integers(layers + 1)
    if sizes[0] != inputs or sizes[-1] != outputs:
        raise lines.error(f"the sizes {sizes} do not begin with {inputs} and end with {outputs}")
    lines.skip()
    low, high = lines.numbers(inputs), lines.numbers(inputs)
    mean, spread = lines.numbers(inputs + 1), lines.numbers(inputs + 1)
    builder = Builder("x", inputs)
    value = builder.input
    for k, (width, height) in enumerate(pairwise(sizes)):
        weight = Matrix.from_fractions([lines.numbers(width) for _ in range(height)], columns=width)
        bias = Matrix.column([lines.numbers(1)[0] for _ in range(height)])
        last = k == layers - 1
        value = builder.layer("y" if last else f"h{k + 1}", value.apply(weight) + Affine(bias), relu=not last)
    scaled = [_normalised(*ends, mean[i], spread[i], lines) for i, ends in enumerate(zip(low, high, strict=True))]
    domain = Domain(tuple(s[0] for s in scaled), tuple(s[1] for s in scaled))
    return builder.finish(value, safe_name(path.stem, "net"), domain), [
        f"{path.name}: inputs and outputs are the normalised ones"
    ]


def _normalised(
    low: Fraction, high: Fraction, mean: Fraction, spread: Fraction, lines: _Lines
) -> tuple[Fraction, Fraction]:
    if spread <= 0:
        raise lines.error("a range of the inputs is not positive")
    return (low - mean) / spread, (high - mean) / spread


class _Lines:
    def __init__(self, path: Path) -> None:
        self.name = path.name
        try:
            text = path.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path.name} is no readable .nnet file ({error})") from None
        self.rows = [(k, line) for k, line in enumerate(text.splitlines(), start=1) if not line.startswith("//")]
        self.at = 0

    def error(self, message: str) -> InputError:
        number = self.rows[self.at - 1][0] if 0 < self.at <= len(self.rows) else 1
        return InputError(f"{self.name}:{number}: {message}")

    def skip(self) -> None:
        self.at += 1

    def numbers(self, count: int) -> list[Fraction]:
        if self.at >= len(self.rows):
            raise self.error("the file ends too early")
        words = [w for w in self.rows[self.at][1].replace(" ", "").split(",") if w]
        self.at += 1
        if len(words) < count:
            raise self.error(f"{len(words)} numbers where {count} are expected")
        try:
            return [parse_rational(w) for w in words[:count]]
        except NumberError as error:
            raise self.error(str(error)) from None

    def integers(self, count: int) -> list[int]:
        values = self.numbers(count)
        if any(v.denominator != 1 or not 0 < v <= MAX_UNITS for v in values[: max(1, count - 1)]):
            raise self.error("positive whole numbers are expected")
        return [int(v) for v in values]
