"""Z3 over exact rationals, for what nothing else settled.

    is z > 0 somewhere?     sat: a point, evaluated exactly       unsat: z ≤ 0, on Z3's word

Sound for signs that are seen; what Z3 proves is recorded as its word, a trusted claim.
"""

from __future__ import annotations

import time
from fractions import Fraction
from typing import assert_never

import numpy as np

from rectifold.exact.matrix import Matrix
from rectifold.exact.numerals import nearest_float
from rectifold.facts.methods import Method
from rectifold.ir.evaluate import trace
from rectifold.prover.layer import LayerState
from rectifold.prover.state import ProofState
from rectifold.smt.process import NoAnswer, Sat, SmtAnswer, Unsat
from rectifold.smt.stability import ask_sign, is_exact_point


def run(state: ProofState, layer: LayerState) -> None:
    """Both signs of every open unit, while questions are answered and the cone is small enough."""
    effort, is_last_resort = state.effort, state.settings.prover == "auto"
    units, weights = state.cone_cost(layer.name)
    if is_last_resort and (units > effort.z3_units or weights > effort.z3_weights):
        return
    failures = 0
    with state.timed("z3"):
        for k in layer.open():
            for sign in (1, -1):
                if layer.settled()[k] or layer.seen(sign)[k]:
                    continue
                failures += isinstance(_ask(state, layer, int(k), sign), NoAnswer)
                if is_last_resort and failures >= effort.z3_failures:
                    return
        layer.label("z3")


def _ask(state: ProofState, layer: LayerState, unit: int, sign: int) -> SmtAnswer:
    """Is sign·z > 0 at some point? The answer is taken over before it is returned."""
    state.check_time()
    seconds = min(state.settings.run.limits.z3_seconds, state.z3_left, state.time_left())
    if seconds <= 0:
        return NoAnswer("the time for Z3 is spent")
    started = time.monotonic()
    answer = ask_sign(state.solver, state.bounds, layer.name, unit, sign, seconds)
    state.z3_left -= time.monotonic() - started
    match answer:
        case Unsat():
            layer.tighten(sign, np.array([unit]), np.zeros(1), Method.Z3)
        case Sat(point) if is_exact_point(point, state.domain):
            _confirm_exactly(state, layer, unit, sign, point)
        case Sat() | NoAnswer():
            pass
        case _:
            assert_never(answer)
    return answer


def _confirm_exactly(
    state: ProofState, layer: LayerState, unit: int, sign: int, point: tuple[Fraction, ...]
) -> None:
    """The sign is seen if exact evaluation at the point says so."""
    value = trace(state.network, Matrix.column(point), with_activations=False)[layer.name].entry(
        unit, 0
    )
    if sign * value > 0:
        layer.seen(sign)[unit] = True
        found = np.array([[nearest_float(v) for v in point]])
        state.witnesses.add(state.witnesses.admitted(found), 1)
