"""Weights in a file of their own, and the C that accepts no others.

    net.c + net.h + net_weights.bin     int net_open(net_weights *, const void *data, size_t)

The source holds length and SHA-256 of the bytes: those of another network are refused at run time.
Floats are IEEE and the lowest byte comes first; a machine of the other order is refused as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from rectifold.emitters.c.arrays import ALIGNMENT
from rectifold.emitters.c.names import CNames
from rectifold.emitters.c.numbers import filled, in_lines


@dataclass(frozen=True)
class SideFile:
    """The file of weights: its name, how long it is, and the words of its SHA-256."""

    name: str
    length: int
    digest: tuple[str, ...]

    def declarations(self, names: CNames) -> str:
        return filled(
            "c_opening",
            bin=self.name,
            upper=names.upper,
            stem=names.stem,
            alignment=ALIGNMENT,
            length=self.length,
        )

    def code(self, names: CNames) -> str:
        return filled(
            "c_sha256",
            digest=in_lines(self.digest),
            rounds=in_lines([f"0x{word:08x}u" for word in _rounds()]),
            upper=names.upper,
            stem=names.stem,
            alignment=ALIGNMENT,
        )


def _rounds() -> list[int]:
    """FIPS 180-4: 32 bits of the fractions of the cube roots of the first 64 primes."""
    primes = [n for n in range(2, 312) if all(n % d for d in range(2, n))]
    return [_cube_root(prime << 96) & 0xFFFFFFFF for prime in primes]


def _cube_root(value: int) -> int:
    """The largest integer whose cube is at most the value."""
    low, high = 0, 1 << (value.bit_length() // 3 + 1)
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**3 <= value else (low, middle)
    return low
