"""What is said of an approximation: which guarantee holds, and how it came about."""

from __future__ import annotations

from rectifold.approximate.approximated import Approximation
from rectifold.exact.numerals import counted, round_up
from rectifold.runtime.json import JsonObject


def approximation_json(found: Approximation) -> JsonObject:
    """The documented keys, which replace those of an exact result. Numbers are rounded up."""
    return {
        "guarantee": "within",
        "tolerance": [round_up(v) for v in found.tolerance],
        "certified_error": [round_up(v) for v in found.certified],
        "moves": dict(found.moves),
    }


def approximation_lines(found: Approximation) -> list[str]:
    """The guarantee in one line, and the edits in another."""
    edits = ", ".join(f"{kind}: {count:,}" for kind, count in found.moves.items())
    return [
        f"guarantee: {found.guarantee}",
        f"edits: {edits or 'none'} ({counted(len(found.history), 'edited network')} bounded)",
    ]
