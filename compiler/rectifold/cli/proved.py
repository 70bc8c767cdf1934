"""The answers of `prove`: one sentence, and what shows it.

the property holds: no point of its domain meets an unsafe case
refuted: at this point of the domain all conditions of case 1 are met, exactly
"""

from __future__ import annotations

from fractions import Fraction
from typing import assert_never

from rectifold.cli.answers import outputs_text, point_lines
from rectifold.cli.asked import Question
from rectifold.exact.numerals import exact_texts
from rectifold.ir.pairs import points_of_pair
from rectifold.ir.property import Property
from rectifold.properties.answers import Answer, Holds, Refuted, Undecided
from rectifold.runtime.json import JsonObject


def prove_text(answer: Answer, question: Question) -> str:
    """The answer for people."""
    match answer:
        case Holds():
            kept = answer.replayed or "was not replayed here"
            return f"{_sentence(answer, question)}\n  the certificate {kept}"
        case Refuted():
            return "\n".join([_sentence(answer, question), *_point_lines(answer, question)])
        case Undecided():
            return _sentence(answer, question)
        case _:
            assert_never(answer)


def _point_lines(answer: Refuted, question: Question) -> list[str]:
    """The point, or the two of a pair, and the outputs there."""
    if question.beside is None:
        return [*point_lines(answer.point), f"  {_outputs(answer.outputs, 'y')}"]
    x, other = points_of_pair(answer.point, question.asked.second)
    second, first = "y'", question.loaded.network.output_size
    return [
        *point_lines(x),
        *point_lines(other, "x'"),
        f"  {_outputs(answer.outputs[:first], 'y')}",
        f"  {_outputs(answer.outputs[first:], second)}",
    ]


def _outputs(values: tuple[Fraction, ...], name: str) -> str:
    return ", ".join(
        f"{name}[{k}] = {outputs_text(values, k, every=False)}" for k in range(len(values))
    )


def prove_json(answer: Answer, question: Question) -> JsonObject:
    """The documented result of `prove`."""
    told: JsonObject = {
        "statement": _sentence(answer, question),
        "counterexample": None,
        "certificate": None,
        "cases": question.asked.cases,
    }
    match answer:
        case Holds():
            certificate = answer.replayed or "not replayed"
            told |= {"verdict": "holds", "trusted": answer.trusted, "certificate": certificate}
        case Refuted():
            shown = counterexample_json(answer, question.asked, is_pair=question.beside is not None)
            told |= {"verdict": "refuted", "counterexample": shown}
        case Undecided():
            told |= {"verdict": "undecided", "proved": answer.proved, "reason": answer.reason}
        case _:
            assert_never(answer)
    return told


def counterexample_json(answer: Refuted, asked: Property, *, is_pair: bool) -> JsonObject:
    """The point, what the network gives there, and which case is met; parts and cases from 0.

    Of a pair, both points, one after the other: x, then x'.
    """
    point = answer.point
    if is_pair:
        x, other = points_of_pair(answer.point, asked.second)
        point = (*x, *other)
    return {
        "input": exact_texts(point),
        "outputs": exact_texts(answer.outputs),
        "part": answer.part,
        "case": answer.case,
    }


def _sentence(answer: Answer, question: Question) -> str:
    match answer:
        case Holds():
            where = "its domain" if len(question.asked.parts) == 1 else "its domains"
            what = "point" if question.beside is None else "pair of points"
            cases = "its unsafe case" if question.asked.cases == 1 else "an unsafe case"
            return f"{question.asked.name} holds: no {what} of {where} meets {cases}"
        case Refuted():
            these = "this point" if question.beside is None else "these two points"
            which = "its unsafe case" if question.asked.cases == 1 else f"case {answer.case + 1}"
            of = "" if len(question.asked.parts) == 1 else f" of part {answer.part + 1}"
            return f"{question.asked.name} is refuted: at {these} {which}{of} is met, exactly"
        case Undecided():
            return f"{question.asked.name} is undecided: {answer.reason}"
        case _:
            assert_never(answer)
