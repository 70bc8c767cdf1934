"""The answers of `prove`: one sentence, and what shows it.

the property holds: no point of its domain meets an unsafe case
refuted: at this point of the domain all conditions of case 1 are met, exactly
"""

from __future__ import annotations

from typing import assert_never

from rectifold.cli.answers import outputs_text, point_lines
from rectifold.exact.numerals import exact_texts
from rectifold.ir.property import Property
from rectifold.properties.answers import Answer, Holds, Refuted, Undecided
from rectifold.runtime.json import JsonObject


def prove_text(answer: Answer, asked: Property) -> str:
    """The answer for people."""
    match answer:
        case Holds():
            kept = answer.replayed or "was not replayed here"
            return f"{_sentence(answer, asked)}\n  the certificate {kept}"
        case Refuted():
            values = ", ".join(
                f"y[{k}] = {outputs_text(answer.outputs, k, every=False)}"
                for k in range(len(answer.outputs))
            )
            return "\n".join([_sentence(answer, asked), *point_lines(answer.point), f"  {values}"])
        case Undecided():
            return _sentence(answer, asked)
        case _:
            assert_never(answer)


def prove_json(answer: Answer, asked: Property) -> JsonObject:
    """The documented result of `prove`."""
    told: JsonObject = {
        "statement": _sentence(answer, asked),
        "counterexample": None,
        "certificate": None,
        "cases": asked.cases,
    }
    match answer:
        case Holds():
            certificate = answer.replayed or "not replayed"
            told |= {"verdict": "holds", "trusted": answer.trusted, "certificate": certificate}
        case Refuted():
            told |= {"verdict": "refuted", "counterexample": counterexample_json(answer)}
        case Undecided():
            told |= {"verdict": "undecided", "proved": answer.proved, "reason": answer.reason}
        case _:
            assert_never(answer)
    return told


def counterexample_json(answer: Refuted) -> JsonObject:
    """The point, what the network gives there, and which case is met; parts and cases from 0."""
    return {
        "input": exact_texts(answer.point),
        "outputs": exact_texts(answer.outputs),
        "part": answer.part,
        "case": answer.case,
    }


def _sentence(answer: Answer, asked: Property) -> str:
    match answer:
        case Holds():
            where = "its domain" if len(asked.parts) == 1 else "its domains"
            cases = "its unsafe case" if asked.cases == 1 else "an unsafe case"
            return f"{asked.name} holds: no point of {where} meets {cases}"
        case Refuted():
            which = "its unsafe case" if asked.cases == 1 else f"case {answer.case + 1}"
            of = "" if len(asked.parts) == 1 else f" of part {answer.part + 1}"
            return f"{asked.name} is refuted: at this point {which}{of} is met, exactly"
        case Undecided():
            return f"{asked.name} is undecided: {answer.reason}"
        case _:
            assert_never(answer)
