"""The cascade: every unit of every layer, by the cheapest stage that settles it.

Layer by layer, so bounds proven in one layer feed the next, through the stages of `STAGES`; each
sees only what is still open. While units are open and there is time, rounds follow. A unit that
nothing settles stays open, which only means that it is kept.
"""

from __future__ import annotations

from math import inf

from rectifold.bounds.threads import on_few_threads
from rectifold.errors import InputError
from rectifold.exact.numerals import counted
from rectifold.facts.facts import Facts
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.prover.layer import LayerState
from rectifold.prover.resume import resume
from rectifold.prover.rounds import run_rounds
from rectifold.prover.stages.table import STAGES
from rectifold.prover.state import OutOfTimeError, ProofState, Prover, Settings
from rectifold.runtime.caps import CAPS
from rectifold.runtime.deadline import Deadline, TimeUp
from rectifold.runtime.run import Limits, Progress, Run
from rectifold.smt.process import Solver


def require_domain(network: Network, domain: Domain | None) -> Domain:
    """The domain to prove on. Raises InputError if there is none."""
    chosen = domain if domain is not None else network.domain
    if chosen is None:
        raise InputError(
            f"{network.name} states no domain, and most facts hold on a domain only; give one for "
            f"{counted(network.input_size, 'input')}, for example {_examples(network.input_size)}, "
            'domain="box.vnnlib", or domain="all"'
        )
    return chosen


def _examples(inputs: int) -> str:
    """Domains of so many inputs: one range for all, and one for each where they fit a line."""
    same = 'domain="[0,1]" (the same range for each)'
    if not 1 < inputs <= CAPS.listed_ranges:
        return same
    each = ",".join(["[0,1]", *["[-1,1]"] * (inputs - 1)])
    return f'{same}, domain="[{each}]"'


def prove(
    network: Network,
    domain: Domain | None = None,
    *,
    prover: Prover = "auto",
    limits: Limits = Limits(),
    seed: int = 0,
    progress: Progress | None = None,
) -> Facts:
    """Facts about every relu unit of `network` on `domain` (default: the network's own).

    `prover`: "bounds" uses no solver, "z3" uses Z3 alone behind exact intervals, "auto" all stages.
    An interrupt (Ctrl-C) or the time limit ends with what is proved so far and `complete` False.

    Raises InputError when there is no domain, or when it is proved empty.
    """
    return prove_layers(network, domain, Settings(prover, Run(limits, seed, progress)))


def prove_layers(network: Network, domain: Domain | None, settings: Settings) -> Facts:
    """As `prove`; a layer outside `settings.asked` is bounded only as far as the others need."""
    return _prove(network, require_domain(network, domain), settings)


@on_few_threads
def _prove(network: Network, domain: Domain, settings: Settings) -> Facts:
    running = settings.run.effort.running
    with Solver(effort=running) as solver, settings.run.workers() as workers:
        state = ProofState(network, domain, settings, solver, workers)
        complete = _run(state)
    facts = {v.name: state.layers[v.name].facts() for v in network.relu_layers}
    return Facts(
        domain, facts, state.witnesses.points, state.seconds, tuple(state.record), complete
    )


def _run(state: ProofState) -> bool:
    """All layers, then rounds; False where the time or an interrupt ended it."""
    seconds = state.settings.run.limits.seconds
    deadline = Deadline(state.started + (inf if seconds is None else seconds))
    try:
        with deadline.interrupting():
            _start_points(state)
            resume(state)
            for k, layer in enumerate(state.network.layers):
                state.tell(f"proving layer {layer.name}", k)
                _prove_layer(state, layer.name, is_relu=layer.is_relu)
            run_rounds(state)
    except (KeyboardInterrupt, OutOfTimeError, TimeUp):
        _finish_cheaply(state)
        return False
    return True


def _start_points(state: ProofState) -> None:
    """Random points and corners, which show signs before anything is proved."""
    with state.timed("witnesses"):
        count = (
            state.effort.points if state.settings.prover != "z3" else state.effort.least_z3_points
        )
        state.witnesses.add(state.witnesses.fresh(count), count)


def _prove_layer(state: ProofState, name: str, *, is_relu: bool) -> None:
    """Intervals, then every stage that applies; what is proved is stored, whatever ends it."""
    with state.timed("interval"):
        if not is_relu:
            state.set_linear(name)
            return
        layer: LayerState = state.start(name)
    try:
        layer.label("interval")
        for stage in STAGES:
            if stage.applies(state, layer):
                state.tell_stage(stage.name, layer)
                stage.run(state, layer)
    finally:
        state.store(layer)


def _finish_cheaply(state: ProofState) -> None:
    """Intervals for the layers that were not reached: everything there is undecided, and kept."""
    for layer in state.network.layers:
        if layer.name in state.bounds.lower:
            continue
        if layer.is_relu:
            state.start(layer.name).label("interval")
        else:
            state.set_linear(layer.name)
