"""What is said of an approximation: which guarantee holds, and how it came about."""

from __future__ import annotations

from fractions import Fraction

from rectifold.approximate.approximated import Approximation
from rectifold.approximate.kept import LargestOutput
from rectifold.exact.numerals import counted, round_down, round_up
from rectifold.runtime.json import JsonObject


def approximation_json(found: Approximation) -> JsonObject:
    """The documented keys, which replace those of an exact result. Numbers are rounded up."""
    if found.kept is not None:
        return _kept_json(found, found.kept)
    return {
        "guarantee": "within",
        "tolerance": [round_up(v) for v in found.tolerance],
        "certified_error": [round_up(v) for v in found.certified],
        "moves": dict(found.moves),
    }


def _kept_json(found: Approximation, kept: LargestOutput) -> JsonObject:
    """The same where the largest output is kept."""
    return {
        "guarantee": "argmax",
        "margin": round_up(Fraction(0) if kept.lead is not None else kept.margin),
        "lead": None if kept.lead is None else round_down(kept.lead),
        "certified_margin": round_up(max(found.certified)) if found.certified else None,
        "moves": dict(found.moves),
    }


def approximation_lines(found: Approximation) -> list[str]:
    """The guarantee in one line, and the edits in another."""
    edits = ", ".join(f"{kind}: {count:,}" for kind, count in found.moves.items())
    return [
        f"guarantee: {found.guarantee}",
        f"edits: {edits or 'none'} ({counted(len(found.history), 'edited network')} bounded)",
    ]
