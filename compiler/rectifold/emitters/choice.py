"""A tail that ends in a choice among outputs, decided without exp: for code without a math library.

    softmax, argmax             becomes      argmax of the values before the softmax
    sigmoid, 1 - p and p, argmax             1 where the value is above 0

Sound because softmax, log softmax, sigmoid and tanh keep the order of what they are applied to, and
sigmoid(h) > 1/2 where h > 0. Where floats round two probabilities to one number, the source takes
the first of them, and this the larger one.
"""

from __future__ import annotations

from dataclasses import dataclass

from rectifold.formats.tail import Step, Tail

_IN_GROUPS = ("softmax", "log_softmax")  # keep the order within each group
_ONE_BY_ONE = ("sigmoid", "tanh")  # keep the order of all


@dataclass(frozen=True)
class Choice:
    """Of each group of entries the place of the largest, or least; of one number whether it is
    above 0 (`step` None). `labels`: what stands for the places, where anything does.
    """

    step: Step | None
    labels: tuple[int, ...]


def choice_of(tail: Tail) -> Choice | None:
    """The choice that the tail makes; None where it gives other numbers."""
    steps = list(tail.steps)
    labels = steps.pop().numbers if steps[-1].function == "label" else ()
    if not steps or steps[-1].function not in ("argmax", "argmin"):
        return None
    last = steps.pop()
    if [step.function for step in steps] == ["sigmoid", "both_classes"]:
        return Choice(None, labels) if last.function == "argmax" else None
    return Choice(last, labels) if all(_keeps(step, last) for step in steps) else None


def _keeps(step: Step, last: Step) -> bool:
    if step.function in _ONE_BY_ONE:
        return True
    same = (step.outer, step.length, step.inner) == (last.outer, last.length, last.inner)
    return step.function in _IN_GROUPS and same
