"""`.nnet` files (the text format of the ACAS Xu networks): read only.

    // comment                       a line that starts with // says nothing
    2,5,3,50,                        layers, inputs, outputs, size of the largest layer
    5,50,3,                          sizes
    0,                               an unused flag
    lower ends of the inputs / upper ends / means / ranges (these two with one for the outputs)
    per layer: its rows, then its biases, one a line

Input normalisation (mean and range) is a preprocessing step of the tools that use the format: the
network read here takes normalised inputs and gives normalised outputs, like the ONNX forms of the
same networks. Weights are decimals and are read exactly. A line with more or fewer numbers than it
should have, and lines after the last bias, are refused.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from rectifold.errors import InputError
from rectifold.exact.literals import NumberError, parse_rational
from rectifold.exact.matrix import Matrix
from rectifold.exact.matrix_rows import matrix_from_rows
from rectifold.exact.numerals import counted, readable
from rectifold.ir.affine import Affine
from rectifold.ir.builder import Builder
from rectifold.ir.domain import Domain, DomainError
from rectifold.ir.names import safe_name
from rectifold.ir.network import Network
from rectifold.runtime.caps import CAPS


def read_nnet(path: Path) -> tuple[Network, list[str]]:
    """(network, notes). Raises InputError with the line of the first mistake."""
    lines = _Lines(path)
    sizes = _sizes(lines)
    domain = _read_normalised_box(lines, sizes[0])
    layers = [_read_layer(lines, width, height) for width, height in pairwise(sizes)]
    lines.end()
    builder = Builder("x", sizes[0])
    value = builder.input
    for k, (weight, bias) in enumerate(layers):
        last = k == len(layers) - 1
        value = builder.layer(
            "y" if last else f"h{k + 1}", value.apply(weight) + Affine(bias), relu=not last
        )
    notes = [f"{path.name}: inputs and outputs are the normalised ones"]
    return builder.finish(value, safe_name(path.stem, "net"), domain), notes


def _sizes(lines: _Lines) -> list[int]:
    """The sizes of the input and of every layer; the two lines about them must agree."""
    layers, inputs, outputs, largest = lines.integers(4, "layers, inputs, outputs, largest layer")
    sizes = lines.integers(layers + 1, "sizes")
    if sizes[0] != inputs or sizes[-1] != outputs:
        raise lines.error(
            f"the sizes {_first_sizes(sizes)} do not begin with {inputs} and end with {outputs}"
        )
    if max(sizes) > largest:
        raise lines.error(
            f"a layer has {counted(max(sizes), 'unit')}, but the first line says at most {largest}"
        )
    (flag,) = lines.numbers(1, "a flag")
    if flag != 0:
        raise lines.error(
            f"the flag is {readable(flag)}; only 0 is known (1 would be a network with symmetric "
            "inputs)"
        )
    return sizes


def _read_normalised_box(lines: _Lines, inputs: int) -> Domain:
    """The box of the normalised inputs."""
    low, high = lines.numbers(inputs, "lower ends"), lines.numbers(inputs, "upper ends")
    mean = lines.numbers(inputs + 1, "means of the inputs and of the outputs")
    spread = lines.numbers(inputs + 1, "ranges of the inputs and of the outputs")
    if min(spread) <= 0:
        raise lines.error(f"the range {readable(min(spread))} is not positive")
    ends = [tuple((v - mean[i]) / spread[i] for i, v in enumerate(side)) for side in (low, high)]
    try:
        return Domain(ends[0], ends[1])
    except DomainError as error:
        raise lines.error(f"{error} (after normalisation)") from None


def _read_layer(lines: _Lines, width: int, height: int) -> tuple[Matrix, Matrix]:
    try:
        weight = matrix_from_rows(
            [lines.numbers(width, "weights of one unit") for _ in range(height)], width
        )
        return weight, matrix_from_rows([lines.numbers(1, "one bias") for _ in range(height)], 1)
    except NumberError as error:
        raise lines.error(str(error)) from None


def _first_sizes(sizes: list[int]) -> str:
    return ", ".join(map(str, sizes[:8])) + (", ..." if len(sizes) > 8 else "")


class _Lines:
    """The lines that are no comments, read one after the other."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        try:
            if path.stat().st_size > CAPS.nnet_bytes:
                raise InputError(f"{path.name} is larger than {CAPS.nnet_bytes:,} bytes")
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path.name} is no readable .nnet file ({error})") from None
        self.rows = [
            (k, line)
            for k, line in enumerate(text.splitlines(), start=1)
            if not line.lstrip().startswith("//")
        ]
        while self.rows and not self.rows[-1][1].strip():
            self.rows.pop()
        self.at = 0

    def error(self, message: str) -> InputError:
        """About the line that was read last."""
        number = self.rows[self.at - 1][0] if 0 < self.at <= len(self.rows) else 1
        return InputError(f"{self.name}:{number}: {message}")

    def end(self) -> None:
        """Nothing may follow."""
        if self.at < len(self.rows):
            left = len(self.rows) - self.at
            self.at += 1
            lines = f"{counted(left, 'line')} {'is' if left == 1 else 'are'}"
            raise self.error(
                f"the network is complete, but {lines} left; the sizes in line 2 do not count them"
            )

    def numbers(self, count: int, what: str) -> list[Fraction]:
        """The next line, which must hold exactly `count` numbers (and may end with a comma)."""
        if self.at >= len(self.rows):
            raise self.error(f"the file ends too early: a line of {what} is missing")
        words = self.rows[self.at][1].rstrip().removesuffix(",").split(",")
        self.at += 1
        if len(words) != count:
            verb = "is" if count == 1 else "are"
            raise self.error(
                f"{counted(len(words), 'number')} where {count} {verb} expected ({what})"
            )
        try:
            return [parse_rational(w) for w in words]
        except NumberError as error:
            raise self.error(str(error)) from None

    def integers(self, count: int, what: str) -> list[int]:
        values = self.numbers(count, what)
        for value in values:
            if value.denominator != 1 or not 0 < value <= CAPS.units:
                raise self.error(
                    f"{readable(value)} where a positive whole number up to {CAPS.units:,} is "
                    f"expected ({what})"
                )
        return [int(v) for v in values]
