"""A counterexample for other programs: its point in their floats, and what they compute there.

The exact point may be no float, and its nearest float may lie outside the domain or show nothing.
What is written and evaluated here does show the difference, exactly, at a point of the domain; or
it is said that no such point was found.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import click
import numpy as np

from rectifold.cli.answers import counterexample_json
from rectifold.cli.run_again import FLOAT_KINDS, dtype_of, ran, values_text
from rectifold.equivalence.answers import Different
from rectifold.equivalence.question import Question
from rectifold.equivalence.sentences import Asked
from rectifold.errors import InputError
from rectifold.exact.numerals import readable
from rectifold.formats.two_tails import Tails
from rectifold.ir.evaluate import evaluate, evaluate_float
from rectifold.ir.float_points import FloatPoint, float_point, input_without_floats
from rectifold.runtime.files import write_whole
from rectifold.runtime.json import JsonObject


@dataclass(frozen=True)
class AnswerFiles:
    """What is kept of the answer: a counterexample, a certificate, its trust."""

    in_floats: bool
    counterexample_file: str | None
    kind: str
    certificate_file: str | None
    allow_trusted: bool
    force: bool


@dataclass(frozen=True, eq=False)
class Counterexample:
    """The question, in which words, and the exact counterexample; the models that were read."""

    question: Question
    asked: Asked
    found: Different
    models: Tails

    def shows(self, point: Sequence[Fraction]) -> bool:
        """Does the exact pair contradict the claim at this exact point?"""
        return self.shown_by(evaluate(self.question.a, point), evaluate(self.question.b, point))

    def shown_by(self, va: Sequence[Fraction], vb: Sequence[Fraction]) -> bool:
        """Do these outputs of the two contradict the claim?"""
        if self.asked.is_argmax:
            top = max(range(len(va)), key=va.__getitem__)
            lead = va[top] - max(v for k, v in enumerate(va) if k != top)
            return lead > self.asked.margin and max(vb) > vb[top]
        allowed = zip(va, vb, self.question.tolerance, strict=True)
        return any(abs(p - q) > eps for p, q, eps in allowed)

    def in_floats(self, name: str) -> FloatPoint | None:
        """A point of the domain in these floats that shows it, near the exact one."""
        return float_point(self.question.domain, self.found.point, FLOAT_KINDS[name], self.shows)


def require_counterexample_file(file: str | None) -> None:
    """Before any work: a file for a point has a suffix that says how. Raises InputError."""
    if file is not None and Path(file).suffix not in (".json", ".npy"):
        raise InputError(
            f"--counterexample {file}: a point is written as .json (exactly) or .npy (in floats); "
            "name the file so"
        )


def kept_counterexample(refuted: Counterexample, kept: AnswerFiles) -> tuple[JsonObject, list[str]]:
    """Writes the files that are asked for: keys for the JSON result, and lines for people."""
    again = _run_again(refuted)
    extra: JsonObject = {"run_again": again}
    lines = [] if again is None else [_again_text(again, refuted)]
    if kept.in_floats:
        floats = float_json(refuted)
        extra["floats"] = floats
        lines += float_lines(refuted, floats)
    if kept.counterexample_file:
        path = Path(kept.counterexample_file)
        lines += file_lines(extra, *write_counterexample(path, refuted, kept.kind))
    return extra, lines


def file_lines(extra: JsonObject, said: str, is_written: bool) -> list[str]:
    """What is said of a counterexample's file, in JSON and as lines; a note where there is none."""
    extra["counterexample_file"] = said
    if is_written:
        return [said]
    click.echo(f"note: {said}", err=True)
    return []


def _run_again(refuted: Counterexample) -> JsonObject | None:
    """What another program computes of both models at one point in their floats that shows it."""
    models = [refuted.models.a, refuted.models.b]
    if None in models or (point := refuted.in_floats(dtype_of(models))) is None:
        return None
    found = ran(models, [point, point])
    if found is None:
        return None
    exact, sizes = found.exact, [refuted.question.a.output_size] * 2
    told: JsonObject = {"program": found.program, "input": point.tolist()}
    told |= {name: list(values) for name, values in zip("ab", found.values, strict=True)}
    is_shown = exact is not None and [len(v) for v in exact] == sizes and refuted.shown_by(*exact)
    return told | {"shown": is_shown}


def _again_text(told: JsonObject, refuted: Counterexample) -> str:
    dtype = dtype_of([refuted.models.a, refuted.models.b])
    a, b = (values_text(values) for values in (told["a"], told["b"]) if isinstance(values, list))
    shown = "shows it too" if told["shown"] else "does not show it, for its sums are rounded"
    at = f"  at a {dtype} point near it {told['program']}"
    return f"{at} computes {a} of A and {b} of B, which {shown}"


def write_counterexample(path: Path, refuted: Counterexample, name: str) -> tuple[str, bool]:
    """Write the exact point (.json) or one in floats called `name` (.npy).

    A line on what was done, and whether it was written.
    """
    if path.suffix != ".npy":
        text = json.dumps(counterexample_json(refuted.found), indent=2) + "\n"
        write_whole(path, text.encode("ascii"))
        return f"wrote {path} (the exact point)", True
    point = refuted.in_floats(name)
    if point is None:
        return (
            f"{path} was not written: {_why_none(refuted, name)}; "
            "--counterexample FILE.json has the exact point",
            False,
        )
    buffer = io.BytesIO()
    np.save(buffer, point)
    write_whole(path, buffer.getvalue())
    return f"wrote {path} (a {name} point of the domain; {_difference_there(refuted, point)})", True


def float_json(refuted: Counterexample) -> dict[str, JsonObject | None]:
    """Per kind of floats such a point, and what plain programs in these floats compute there.

    None where there is no such point.
    """
    return {
        name: None
        if (x := refuted.in_floats(name)) is None
        else _computed_in_floats(refuted, name, x)
        for name in FLOAT_KINDS
    }


def float_lines(refuted: Counterexample, told: Mapping[str, JsonObject | None]) -> list[str]:
    """The same for people."""
    return [f"  in {name} {_values_line(refuted, name, values)}" for name, values in told.items()]


def _computed_in_floats(refuted: Counterexample, name: str, point: FloatPoint) -> JsonObject:
    with np.errstate(all="ignore"):
        va, vb = (
            evaluate_float(n, point, FLOAT_KINDS[name]).astype(np.float64)
            for n in (refuted.question.a, refuted.question.b)
        )
        told: JsonObject = {"input": point.tolist()}
        if refuted.asked.is_argmax:
            return told | {"a": int(np.argmax(va)), "b": int(np.argmax(vb))}
        k = refuted.found.output
        return told | {"difference": float(va[k] - vb[k])}


def _values_line(refuted: Counterexample, name: str, values: JsonObject | None) -> str:
    if values is None:
        return f"there is no answer: {_why_none(refuted, name)}"
    if refuted.asked.is_argmax:
        return f"the largest output of A is output {values['a']}, of B output {values['b']}"
    return f"A - B is {values['difference']} at output {refuted.found.output}"


def _difference_there(refuted: Counterexample, point: FloatPoint) -> str:
    exact = [Fraction(float(v)) for v in point]
    question = refuted.question
    va, vb = evaluate(question.a, exact), evaluate(question.b, exact)
    if refuted.asked.is_argmax:
        top, rival = (max(range(len(v)), key=v.__getitem__) for v in (va, vb))
        return f"the largest output of A is output {top}, of B output {rival}, exactly"
    worst = max(range(len(va)), key=lambda k: abs(va[k] - vb[k]))
    return f"output {worst} differs by {readable(va[worst] - vb[worst])}, exactly"


def _why_none(refuted: Counterexample, name: str) -> str:
    k = input_without_floats(refuted.question.domain, FLOAT_KINDS[name])
    if k is not None:
        return f"the range of input {k} holds no {name} number"
    return f"no {name} point of the domain that shows the difference was found near the exact one"
