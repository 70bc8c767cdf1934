"""The largest error seen at many points: NumPy computes the layers as they are written.

    |float32 layers(x) - f(x)|   at points x of the domain        an observation, beside the bound

A bound says what can be; this says what is seen, of the result and of the source beside it. f(x) is
known to far more digits than are lost (`observed.reference`), and what is not known of it is taken
off: so no error is reported that is not there. Where sums are taken in an order of ours, as many
points as little work allows are computed in it; else, as a library adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rectifold.bounds.summation import IN_ORDER, Order
from rectifold.effort.writing import ObservedEffort
from rectifold.emitters.observed.float_layers import Array, float_outputs, ordered_outputs
from rectifold.emitters.observed.float_points import FloatPoints
from rectifold.emitters.observed.reference import Reference, Source, as_pairs
from rectifold.emitters.table import FORMATS, order_of, written_form
from rectifold.exact.conversion import Floats
from rectifold.formats.float_range import COMPUTED, STORED
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.leaky import LeakyForm
from rectifold.ir.network import Network


@dataclass(frozen=True)
class Observed:
    """The largest error seen of the result, and of the source in the same floats.

    `source`: None for integers of a smaller network, where the source was not written in any.
    `in_order`: at so many of the points the sums were taken in the code's own order.
    """

    points: int
    in_order: int
    precision: str
    result: float
    source: float | None

    @property
    def how(self) -> str:
        """What was done, in words."""
        told = f"NumPy computes the layers in {self.precision}"
        if not self.in_order:
            return told
        some = "" if self.in_order == self.points else f" at {self.in_order:,} of them"
        return f"{told}, in the code's order{some}"


def observed_error(
    source: Network, result: Network, domain: Domain, chosen: str, precision: str | None
) -> Observed | None:
    """The errors at float points of the domain, for a format that is written in floats.

    None for an exact format, where values would take long (ObservedEffort), where no float point of
    the domain was found, and where a value leaves the range of the floats.
    """
    if precision is None:
        return None
    forms = [
        written_form(one, chosen) for one in ([result] if source is result else [result, source])
    ]
    orders = [order_of(form.network, chosen, precision) for form in forms]
    watch = _Watch(forms, precision, orders, _ordered_points(forms, chosen))
    points = FloatPoints(domain, COMPUTED[precision])
    known = Source.of(source, _levels(precision))
    if known is None or not watch.all_points(points, known, _affordable(source)):
        watch = _Watch(forms, precision, orders, watch.most_ordered)
        if not watch.few_points(points, source):
            return None
    return Observed(watch.points, watch.ordered, precision, watch.worst[0], watch.worst[-1])


def _levels(precision: str) -> int:
    single = COMPUTED[precision] == "float32"
    return ObservedEffort.single_levels if single else ObservedEffort.double_levels


def _affordable(network: Network) -> int:
    work = sum(w.shape[0] * w.shape[1] for v in network.layers for w in v.weights.values()) + 1
    return min(ObservedEffort.points, ObservedEffort.work // work)


def _ordered_points(forms: Sequence[LeakyForm], chosen: str) -> int:
    if FORMATS[chosen].order is None:
        return 0
    work = sum(form.network.sizes.macs + 1 for form in forms)
    return ObservedEffort.ordered_work // work


class _Watch:
    """Forms that are computed in floats, each in its order, and the largest error seen of each."""

    def __init__(
        self,
        forms: Sequence[LeakyForm],
        precision: str,
        orders: Sequence[Order | None],
        most_ordered: int,
    ) -> None:
        self.forms = forms
        self.orders = [IN_ORDER if order is None else order for order in orders]
        self.precision = precision
        self.most_ordered = most_ordered
        self.points = self.ordered = 0
        self.worst = [0.0] * len(forms)

    def all_points(self, points: FloatPoints, known: Source, count: int) -> bool:
        """Looks at `count` points, some at a time. False where no values or no points are had."""
        for _ in range(0, count, ObservedEffort.at_once):
            some = points.some(min(ObservedEffort.at_once, count))
            found = known.at(some.T) if len(some) else None
            if found is None or not self.look(some, found):
                return False
        return self.points > 0

    def few_points(self, points: FloatPoints, source: Network) -> bool:
        """Looks at a few points, with exact values of the source. False where none are had."""
        work = ObservedEffort.exact_work // (source.sizes.macs + 1)
        few = points.exactly(min(ObservedEffort.exact_points, work)) if work else []
        exact = as_pairs(evaluate_points(source, few)) if few else None
        if exact is None:
            return False
        shape = len(few), source.input_size
        return self.look(np.array([[float(v) for v in x] for x in few]).reshape(shape), exact)

    def look(self, points: Floats, exact: Reference) -> bool:
        """Compares at these points. False where a value is not finite."""
        inputs = points.astype(COMPUTED[self.precision])
        ordered = max(min(self.most_ordered - self.ordered, len(points)), 0)
        for k, form in enumerate(self.forms):
            got = self._outputs(form, self.orders[k], inputs, ordered)
            if not np.isfinite(got).all():
                return False
            self.worst[k] = max(self.worst[k], _largest(got, exact))
        self.points += len(points)
        self.ordered += ordered
        return True

    def _outputs(self, form: LeakyForm, order: Order, inputs: Array, ordered: int) -> Array:
        """Points by outputs: the first `ordered` in our order, the others in that of a library."""
        stored = STORED[self.precision]
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            free = float_outputs(form, inputs[ordered:], stored)
            if not ordered:
                return free
            ours = ordered_outputs(form, inputs[:ordered], stored, order)
            return np.concatenate([ours, free])


def _largest(got: Array, exact: Reference) -> float:
    """The largest difference that is surely there."""
    seen = np.abs((got.T.astype(np.float64) - exact.high) - exact.low) * (1.0 - 2.0**-50)
    return float(np.maximum(seen - exact.error[:, None], 0.0).max(initial=0.0))
