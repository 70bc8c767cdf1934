"""What a user allows: how far each output may be off.

    "0.01"         every output by 0.01            "1%"       by 1 % of its proven range
    "0.01,5%"      the first by 0.01, the second by 5 % of its range

A proven range is that of the engine's bounds on the domain: at least the true one. Its ends are
floats, taken as exact numbers, and its part is exact, so nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from rectifold.bounds.substitution import bounded
from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.literals import NumberError, parse_rational
from rectifold.exact.numerals import counted
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network


@dataclass(frozen=True)
class Share:
    """An absolute number, or a part of the output's proven range; more than 0."""

    value: Fraction
    is_part: bool = False

    def of(self, width: Fraction | None) -> Fraction:
        """The tolerance of an output whose proven range is so wide (None: without an end)."""
        if not self.is_part:
            return self.value
        if width is None:
            raise InputError(
                "a percentage asks for a part of each output's proven range, but there is no "
                "bound of it on this domain; give a bounded domain, or an absolute number"
            )
        return self.value * width


@dataclass(frozen=True)
class Within:
    """What is allowed: one share for all outputs, or one per output."""

    shares: tuple[Share, ...]

    def tolerances(self, source: Network, domain: Domain) -> tuple[Fraction, ...]:
        """Per output, by how much it may be off.

        Raises InputError for another number of shares, and where a range that is asked for has no
        end or no width.
        """
        outputs = source.output_size
        shares = self.shares * outputs if len(self.shares) == 1 else self.shares
        if len(shares) != outputs:
            raise InputError(
                f"within= has {counted(len(shares), 'entry', 'entries')}, but the network has "
                f"{counted(outputs, 'output')}; give one, or one per output"
            )
        is_relative = any(share.is_part for share in shares)
        widths = _widths(source, domain) if is_relative else [None] * outputs
        found = tuple(share.of(width) for share, width in zip(shares, widths, strict=True))
        for k, value in enumerate(found):
            if value == 0:
                raise InputError(
                    f"output {k} has a proven range of one point, and a percentage of it is 0; "
                    "give an absolute number for it"
                )
        return found


def parse_within(text: str | float | Fraction | Sequence[str | float | Fraction]) -> Within:
    """What a user wrote: "0.01", "1%", "0.01,5%", a number, or a list of such.

    Raises InputError for anything else, and for numbers that are not above 0.
    """
    if isinstance(text, str):
        parts: Sequence[str | float | Fraction] = text.split(",")
    else:
        parts = [text] if isinstance(text, int | float | Fraction) else list(text)
    if not parts:
        raise InputError("within= has no entry; give a number such as 0.01, or 1%")
    return Within(tuple(_share(part) for part in parts))


def parse_margin(given: str | float | Fraction) -> Fraction:
    """By how much an output must lead. Raises InputError for what is no number from 0 on."""
    try:
        margin = parse_rational(given) if isinstance(given, str) else Fraction(given)
    except (NumberError, ValueError, OverflowError, TypeError):
        margin = Fraction(-1)
    if margin < 0:
        raise InputError(
            f"margin= is {str(given)[:40]!r}; a number from 0 on is expected, such as 0.01"
        )
    return margin


def _share(part: str | float | Fraction) -> Share:
    is_part = isinstance(part, str) and part.strip().endswith("%")
    try:
        if isinstance(part, str):
            value = parse_rational(part.strip().removesuffix("%").strip())
        else:
            value = Fraction(part)
    except (NumberError, ValueError, OverflowError, TypeError):
        raise InputError(
            f"within= is {str(part)[:40]!r}; a number such as 0.01, or a percentage of each "
            "output's proven range such as 1%, is expected"
        ) from None
    if value <= 0:
        raise InputError(
            f"within= is {str(part)[:40]}; it is more than 0 (leave it out for the same function)"
        )
    return Share(value / 100 if is_part else value, is_part)


def _widths(source: Network, domain: Domain) -> list[Fraction | None]:
    """How wide the proven range of each output is; None without an end."""
    own = bounded(source, domain, {}).passed_on(source.output)
    ends: tuple[Floats, Floats] = own.lower, own.upper
    return [_width(low, high) for low, high in zip(*(e.tolist() for e in ends), strict=True)]


def _width(low: float, high: float) -> Fraction | None:
    if high - low == float("inf"):
        return None
    return Fraction(high) - Fraction(low)
