"""A question about two networks, and the one network in which it is asked.

    A, B, ε on a domain   →   is [A − B − ε; B − A − ε] ≤ 0 there?

`Excess` is that network (or another one with rows that must be ≤ 0, for the argmax) with bounds on
the whole domain. It is attacked here with points; they are floats, and whoever asked evaluates them
exactly.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

import numpy as np

from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import bounded
from rectifold.bounds.threads import threads_for
from rectifold.effort.equivalence import AttackSize
from rectifold.equivalence.pairing import guess_pairing
from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.exact.numerals import counted
from rectifold.ir.domain import Domain
from rectifold.ir.joint import LAST, names_of
from rectifold.ir.network import Network
from rectifold.ir.unit_pairing import Pairing
from rectifold.runtime.run import Run
from rectifold.search.boxes.argmax import ArgmaxRefuter
from rectifold.search.witnesses import Witnesses

P = ParamSpec("P")
Decided = TypeVar("Decided")


@dataclass(frozen=True, eq=False)
class Question:
    """Two networks on a domain, with a tolerance per output where it asks about one."""

    a: Network
    b: Network
    domain: Domain
    tolerance: tuple[Fraction, ...] = ()

    @staticmethod
    def of(
        a: Network,
        b: Network,
        domain: Domain,
        within: Fraction | Sequence[Fraction] = Fraction(0),
    ) -> Question:
        """`within`: one tolerance, or one per output.

        Raises InputError if the networks have different numbers of inputs or outputs, or `within`
        is negative or of another length.
        """
        require_comparable(a, b, domain)
        return Question(a, b, domain, _per_output(within, a.output_size))

    @property
    def is_exact(self) -> bool:
        """Does it ask whether the two are equal?"""
        return not any(self.tolerance)

    @property
    def units(self) -> int:
        return self.a.sizes.units + self.b.sizes.units

    @property
    def weights(self) -> int:
        return self.a.sizes.weights + self.b.sizes.weights

    @property
    def varying_inputs(self) -> int:
        return self.domain.size - len(self.domain.fixed)

    def pairing(self, run: Run) -> Pairing:
        """A guess which units of both are close to each other."""
        return guess_pairing(self.a, self.b, self.domain, run)


def with_few_threads(
    function: Callable[Concatenate[Question, P], Decided],
) -> Callable[Concatenate[Question, P], Decided]:
    """The function, with `threads_for` the networks of its question."""

    @wraps(function)
    def limited(question: Question, /, *args: P.args, **kwargs: P.kwargs) -> Decided:
        with threads_for(question.a, question.b):
            return function(question, *args, **kwargs)

    return limited


def require_comparable(a: Network, b: Network, domain: Domain) -> None:
    """Raises InputError if inputs, outputs or the domain's ranges differ in number."""
    if a.input_size != b.input_size:
        raise InputError(
            f"{a.name} has {counted(a.input_size, 'input')}, but {b.name} has {b.input_size}"
        )
    if a.output_size != b.output_size:
        raise InputError(
            f"{a.name} has {counted(a.output_size, 'output')}, but {b.name} has {b.output_size}"
        )
    if domain.size != a.input_size:
        raise InputError(
            f"the domain has {counted(domain.size, 'range')}, "
            f"but the networks have {counted(a.input_size, 'input')}"
        )


def _per_output(within: Fraction | Sequence[Fraction], outputs: int) -> tuple[Fraction, ...]:
    values = (within,) * outputs if isinstance(within, Fraction) else tuple(within)
    if len(values) != outputs:
        raise InputError(
            f"{counted(len(values), 'tolerance')} given, "
            f"but the networks have {counted(outputs, 'output')}"
        )
    for value in values:
        if value < 0:
            raise InputError(f"the tolerance {value} is negative")
    return values


class Excess:
    """A joined network whose last layer must be ≤ 0 on a domain, with bounds on all of it."""

    def __init__(
        self, network: Network, domain: Domain, pairing: Pairing, run: Run, deadline: float
    ) -> None:
        """`pairing` names layers of `network` with close units; `deadline` in monotonic seconds."""
        self.pairing = pairing
        self.bounds = bounded(network, domain, names_of(pairing))
        self.witnesses = Witnesses(self.bounds, run.seed, [])
        self.effort = run.effort.equivalence
        self.deadline = deadline

    @property
    def refuter(self) -> ArgmaxRefuter | None:
        """What refutes a query, where it is not a sign."""
        return None

    def attack(self, size: AttackSize, kept: int) -> Floats | None:
        """Points, `kept` at most, at which some unit of the last layer is `seen` above 0."""
        points = self._sample(size)
        if points is None:
            return None
        found = self._positive(points, kept)
        return found if found is not None else self._positive(self._climb(points, size), kept)

    def climb(self, size: AttackSize) -> Floats:
        """Random points and climbs from the best of them.

        None (0×n) in a domain that is hard to meet.
        """
        points = self._sample(size)
        if points is None:
            return no_points(self.bounds)
        return np.vstack([points, self._climb(points, size)])

    def _climb(self, points: Floats, size: AttackSize) -> Floats:
        values = self.witnesses.trace(points, LAST).values[LAST]
        best = np.argsort(-values, axis=0)[: size.starts]
        rows = np.repeat(np.arange(values.shape[1])[None, :], len(best), axis=0).ravel()
        return self.climbed(points[best.ravel()], rows, size.steps)

    def seen(self, points: Floats) -> Floats:
        """Values of the last layer, points × units; -infinity where none is certainly positive."""
        traced = self.witnesses.trace(points, LAST)
        return np.where(traced.signs(LAST)[0], traced.values[LAST], -np.inf)

    def climbed(self, start: Floats, units: Indices, steps: int) -> Floats:
        """Where climbs of the last layer's units[k] from start[k] end."""
        return self.witnesses.ascend(LAST, units, 1.0, start, steps)

    def _sample(self, size: AttackSize) -> Floats | None:
        """Half uniform, half corners, in portions, so that the time limit is kept.

        None when there are none.
        """
        parts: list[Floats] = []
        portion = self.effort.portion
        for start in range(0, size.samples, portion):
            if parts and time.monotonic() > self.deadline:
                break
            fresh = self.witnesses.fresh(min(portion, size.samples - start))
            if not len(fresh):
                continue
            values = self.witnesses.trace(fresh, LAST).values[LAST]
            parts.append(fresh[np.unique(np.argsort(-values, axis=0)[: 2 * size.starts])])
        return np.vstack(parts) if parts else None

    def _positive(self, points: Floats, kept: int) -> Floats | None:
        if not len(points):
            return None
        value = self.seen(points).max(axis=1)
        order = np.argsort(-value)[:kept]
        return points[order] if value[order[0]] > 0 else None


def no_points(bounds: Bounds) -> Floats:
    """0×n: points of a domain, none of them."""
    return np.zeros((0, bounds.network.input_size))
