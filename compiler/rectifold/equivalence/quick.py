"""A quick bound on max |A_j − B_j|: after so many boxes or parts, not after so many seconds.

    A, B   →   bounds of the gap network, as `tightest` begins with them   →   upper, and evidence

No point is searched for that reaches the bound; so nothing is told of how close it is, and the same
question has the same answer. Sound as `tightest` is, whose searches these are.
"""

from __future__ import annotations

from fractions import Fraction
from math import inf

from rectifold.bounds.substitution import bounded
from rectifold.equivalence.question import Question, no_points, with_few_threads
from rectifold.equivalence.tightest import Tightest, proved_bounds
from rectifold.ir.joint import LAST, gap, names_of
from rectifold.ir.unit_pairing import arrange
from rectifold.runtime.run import Run
from rectifold.search.boxes.largest import TightestSearch
from rectifold.search.boxes.unit_splits import PhaseSearch
from rectifold.search.witnesses import Witnesses


@with_few_threads
def quick_bound(question: Question, run: Run, most_boxes: int) -> Tightest:
    """Bounds from at most about `most_boxes` boxes (few inputs) or parts of phases (many).

    Precondition: the domain is bounded. Raises InputError where the numbers are too large.
    """
    a, b = question.a, question.b
    pairing = question.pairing(run)
    network = gap(*arrange(a, b, pairing), [Fraction(0)] * a.output_size)
    bounds = bounded(network, question.domain, names_of(pairing))
    few = question.varying_inputs <= run.effort.equivalence.few_inputs
    kind = TightestSearch if few else PhaseSearch
    witnesses = Witnesses(bounds, run.seed, [])
    search = kind(bounds, witnesses, LAST, no_points(bounds), effort=run.effort.boxes)
    search.begin()
    search.go_on(inf, most_boxes)
    found = search.outcome()
    upper, signs = proved_bounds(bounds, found, a.output_size)
    history = tuple(found.history)
    return Tightest(upper, None, Fraction(0), found.boxes, found.complete, signs, pairing, history)
