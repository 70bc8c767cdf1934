"""Prove, then rewrite to a fixed point.

    network, domain  →  facts  →  passes until nothing changes  →  smaller network

The smaller network is equal to the first one on the domain. In check mode the network is evaluated
exactly before and after every single step at sample points.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Unpack

from rectifold.effort.running import CompileEffort
from rectifold.facts.facts import Facts
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from rectifold.ir.sampling import sample_points
from rectifold.passes.accuracy import Declined
from rectifold.passes.result import Options, Rewritten, Step
from rectifold.passes.table import PASSES
from rectifold.prover.cascade import prove_layers, require_domain
from rectifold.prover.state import Prover, Settings
from rectifold.runtime.deadline import Deadline, TimeUp
from rectifold.runtime.run import Run, RunChoices
from rectifold.runtime.shown import Plotted


class RewriteError(AssertionError):
    """A rewrite changed the function at a point: a bug of ours, never the user's mistake."""


@dataclass(frozen=True, eq=False)
class Compiled(Plotted):
    """A compiled network with everything that is known about it."""

    source: Network  # with the domain
    network: Network  # equal to the source on that domain
    facts: Facts  # about the source's units
    kept: Facts  # about the result's units
    steps: tuple[Step, ...]
    seconds: Mapping[str, float]
    rewritten: bool = True  # to the end; False when the time was up before
    declined: tuple[Declined, ...] = ()  # not taken, as the rounding error would grow

    def __repr__(self) -> str:
        return f"<Compiled {self.source.shape_text()} → {self.network.shape_text()}>"


def compile_network(
    network: Network,
    domain: Domain | None = None,
    *,
    prover: Prover = "auto",
    options: Options = Options(),
    check: bool = False,
    deadline: Deadline = Deadline(),
    **choices: Unpack[RunChoices],
) -> Compiled:
    """A network that is the same function on `domain` and no larger.

    `deadline`: of proofs and rewriting together. Proofs take at most two thirds of the time that is
    left, and what is rewritten by then is the answer.

    Raises InputError without a domain, RewriteError if check mode finds a difference (a bug).
    """
    chosen = require_domain(network, domain)
    source = network.with_domain(chosen)
    facts = proved(source, prover=prover, deadline=deadline, **choices)
    run = Run(**choices)
    count = run.effort.compiling.checked_points if check else 0
    return rewrite(source, facts, options, sample_points(chosen, count, run.seed), deadline)


def proved(
    source: Network,
    *,
    prover: Prover = "auto",
    deadline: Deadline = Deadline(),
    **choices: Unpack[RunChoices],
) -> Facts:
    """The first half of `compile_network`: facts about a network on the domain that it states."""
    run = _before(deadline, Run(**choices))
    return prove_layers(source, require_domain(source, None), Settings(prover, run))


def rewrite(
    source: Network,
    facts: Facts,
    options: Options,
    samples: Sequence[list[Fraction]] = (),
    deadline: Deadline = Deadline(),
    start: Rewritten | None = None,
) -> Compiled:
    """The second half of `compile_network`: from a network with its domain and facts about it.

    `options` may have been measured on the source before. `start`: a network that is equal to the
    source on the domain, with facts about its units, from which the rewriting starts instead.
    Raises RewriteError if a step changes the value at one of the samples.
    """
    started = time.monotonic()
    if options.accuracy is None:
        options = options.measured_on(source, facts.domain)
    first = start or Rewritten(source, facts)
    result, steps, rewritten = _fixed_point(first, options, samples, deadline)
    seconds = dict(facts.seconds) | {"rewriting": time.monotonic() - started}
    declined = result.declined
    return Compiled(
        source, result.network, facts, result.facts, steps, seconds, rewritten, declined
    )


def _before(deadline: Deadline, run: Run) -> Run:
    """The run, with at most the proofs' share of the time until the deadline."""
    left = run.effort.compiling.share_of_proofs * deadline.left
    seconds = min(left, inf if run.limits.seconds is None else run.limits.seconds)
    return run if seconds == inf else run.with_seconds(seconds)


def _fixed_point(
    state: Rewritten, options: Options, samples: Sequence[list[Fraction]], deadline: Deadline
) -> tuple[Rewritten, tuple[Step, ...], bool]:
    """The last network, all steps to it, and whether no pass changes it any more."""
    steps: list[Step] = []
    expected = evaluate_points(state.network, samples)
    for _ in range(CompileEffort.most_steps):
        after = _in_time(state, options, deadline)
        if after is None or not after.steps:
            return after or state, tuple(steps), after is not None
        state = after
        steps += state.steps
        if samples and evaluate_points(state.network, samples) != expected:
            raise RewriteError(f"{state.steps[-1]} changed the function")
    raise RewriteError("the rewriting does not end")


def _in_time(state: Rewritten, options: Options, deadline: Deadline) -> Rewritten | None:
    """One step, or None when the time is up before it is done."""
    try:
        with deadline.interrupting():
            deadline.check()
            return _one_step(state, options)
    except TimeUp:
        return None


def _one_step(state: Rewritten, options: Options) -> Rewritten:
    """The first pass that changes something; else what the passes declined."""
    declined: list[Declined] = []
    for name in PASSES:
        result = _applied(name, state, options)
        if result.steps:
            return result
        declined += result.declined
    return Rewritten(state.network, state.facts, declined=tuple(declined))


def _applied(name: str, state: Rewritten, options: Options) -> Rewritten:
    """What a pass does, left out where it makes numbers that would have to be rounded."""
    result = PASSES[name](state.network, state.facts, options)
    while result.steps and not options.keeps_numbers(state.network, result.network):
        fewer = options.without(name, [step.layer for step in result.steps])
        if fewer == options:
            return Rewritten(state.network, state.facts)
        options = fewer
        result = PASSES[name](state.network, state.facts, options)
    return result
