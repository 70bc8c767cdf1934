"""The answers of `verify`: one sentence (equivalence/sentences.py), and what shows it.

Exact numbers are shown exactly where that is short. A bound is rounded outward, a point is
shortened for the eye (its exact coordinates are in --json and --counterexample FILE.json).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import assert_never

from rectifold.equivalence.answers import Closest, Comparison, Different, Equal, Unknown
from rectifold.equivalence.sentences import Asked, sentence
from rectifold.equivalence.ties import TiedOutputs
from rectifold.exact.numerals import (
    about,
    at_least,
    at_most,
    counted,
    exact_text,
    exact_texts,
    readable,
)
from rectifold.runtime.caps import CAPS
from rectifold.runtime.json import JsonObject

Said = Callable[[str], str]  # a sentence about two networks, as it is said of their models


def verify_text(result: Comparison, asked: Asked, said: Said) -> str:
    """The answer for people."""
    lines = [said(sentence(result, asked))]
    match result:
        case Equal() if asked.is_argmax and not result.with_ties:
            lines.append(f"  {_tie_text(result.tie)}")
        case Different():
            lines += point_lines(result.point)
            lines.append(
                f"  A gives {outputs_text(result.a, result.output, every=asked.is_argmax)}"
            )
            lines.append(
                f"  B gives {outputs_text(result.b, result.output, every=asked.is_argmax)}"
            )
        case Equal() | Unknown():
            pass
        case _:
            assert_never(result)
    return "\n".join(lines)


def verify_json(result: Comparison, asked: Asked, said: Said) -> JsonObject:
    """The documented result of `verify`."""
    told: JsonObject = {
        "statement": said(sentence(result, asked)),
        "counterexample": None,
        "certificate": None,
    }
    match result:
        case Equal():
            upper = None if asked.is_argmax else exact_text(max(asked.tolerance))
            certificate = None if result.certificate is None else result.replayed or "not replayed"
            told |= {
                "verdict": result.verdict,
                "bound": {"lower": None, "upper": upper},
                "trusted": result.trusted,
                "reason": result.reason,
                "certificate": certificate,
            }
            if asked.is_argmax:
                told |= {
                    "margin": exact_text(asked.margin),
                    "with_ties": result.with_ties,
                    "tie": _tie_json(result.tie),
                }
        case Different():
            lower = None if asked.is_argmax else exact_text(abs(result.difference))
            told |= {
                "verdict": "different",
                "bound": {"lower": lower, "upper": None},
                "counterexample": counterexample_json(result),
            }
        case Unknown():
            told |= {
                "verdict": "undecided",
                "bound": {"lower": exact_text(result.largest), "upper": None},
                "reason": result.reason,
                "share": result.share,
            }
        case _:
            assert_never(result)
    return told


def certificate_text(result: Equal, file: str) -> str:
    if result.certificate is None:
        return f"no certificate was written: this answer ({result.reason}) has none"
    made = result.certificate
    size = f"wrote {file} ({len(made.text) / 1e6:.2f} MB)"
    return f"{size}; {made.work_text}" if made.work else size


def counterexample_json(result: Different) -> JsonObject:
    return {
        "input": exact_texts(result.point),
        "a": exact_texts(result.a),
        "b": exact_texts(result.b),
        "output": result.output,
    }


# ---- ties ---------------------------------------------------------------------------------------


def _tie_text(tie: TiedOutputs | None) -> str:
    if tie is None:
        return (
            "ties are not excluded: other outputs of B may equal it (no such point was seen), "
            "and where outputs of A tie nothing is said"
        )
    at = ", ".join(f"x[{k}] = {readable(v)}" for k, v in enumerate(tie.point[: CAPS.shown_inputs]))
    more = ", ..." if len(tie.point) > CAPS.shown_inputs else ""
    return (
        f"ties are not excluded: output {tie.winner} is the largest of A, "
        f"but outputs {_and(tie.tied)} of B are equal at {at}{more}; "
        "where outputs of A tie nothing is said"
    )


def _tie_json(tie: TiedOutputs | None) -> JsonObject | None:
    return (
        None
        if tie is None
        else {"input": exact_texts(tie.point), "winner": tie.winner, "tied": list(tie.tied)}
    )


# ---- the tightest bound -------------------------------------------------------------------------


def closest_json(found: Closest, said: Said) -> JsonObject:
    """The documented result of `verify --tightest`."""
    return {
        "verdict": "within",
        "complete": found.complete,
        "statement": said(closest_sentence(found)),
        "bound": {"lower": exact_text(found.lower), "upper": exact_text(found.upper)},
        "per_output": exact_texts(found.per_output),
        "counterexample": {
            "input": exact_texts(found.point),
            "a": exact_texts(found.a),
            "b": exact_texts(found.b),
        },
        "boxes": found.boxes,
        "certificate": found.replayed or "not replayed",
        "history": [list(row) for row in found.history],
    }


def closest_sentence(found: Closest) -> str:
    """The two bounds, rounded outward."""
    state = "" if found.complete else " when the time was up"
    return (
        f"the largest difference lies between {at_least(found.lower, 9)} (attained) and "
        f"{at_most(found.upper, 9)} (proved){state}"
    )


def closest_text(found: Closest, said: Said) -> str:
    """The bounds for people."""
    lines = [said(closest_sentence(found))]
    lines += [f"  output {j}: at most {at_most(v, 9)}" for j, v in enumerate(found.per_output)]
    kept = (
        f"the certificate {found.replayed}"
        if found.replayed
        else "its certificate was not replayed here"
    )
    boxes = f"{found.boxes:,} sub-box{'es' if found.boxes != 1 else ''}"
    return "\n".join([*lines, f"{boxes}; {kept}"])


# ---- words --------------------------------------------------------------------------------------


def point_lines(point: Sequence[Fraction], name: str = "x") -> list[str]:
    """The first coordinates, a line each, shortened for the eye."""
    lines = [f"  {name}[{k}] = {readable(v)}" for k, v in enumerate(point[: CAPS.shown_inputs])]
    left = len(point) - CAPS.shown_inputs
    return [*lines, f"  ... {counted(left, 'more input')}"] if left > 0 else lines


def outputs_text(values: tuple[Fraction, ...], output: int, *, every: bool) -> str:
    """All outputs shortened, or this one exactly where that is short."""
    return ", ".join(about(v, 9) for v in values) if every else readable(values[output])


def _and(numbers: Sequence[int]) -> str:
    *first, last = map(str, numbers)
    return f"{', '.join(first)} and {last}" if first else last
