"""What a number of a training run must be, and the message where it is not."""

from __future__ import annotations

from math import inf, isfinite

from rectifold.errors import InputError


def require(holds: bool, found: str, expected: str) -> None:
    if not holds:
        raise InputError(f"{found} cannot be trained; {expected}")


def require_number(name: str, value: float, *, above: float = -inf) -> None:
    """Raises InputError unless it is finite, at least 0, and more than `above`."""
    least = "a number above 0" if above == 0 else "a number of at least 0"
    holds = isfinite(value) and value >= 0 and value > above
    require(holds, f"{name}: {value:g}", f"{least} is expected")


def require_part(name: str, value: float) -> None:
    require(0 <= value < 1, f"{name}: {value:g}", "at least 0 and below 1 is expected")


def require_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    require(value in known, f"{name}: {value!r}", f"one of {', '.join(known)} is expected")


def require_per_layer(name: str, values: tuple[float, ...], layers: int, kind: str) -> None:
    require(
        len(values) in (1, layers),
        f"{name}: {len(values)} numbers for {layers} {kind}",
        f"one for all or {layers} are expected",
    )
