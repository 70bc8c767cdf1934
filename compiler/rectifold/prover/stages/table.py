"""The stages in the order in which a layer goes through them, cheapest first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rectifold.prover.layer import LayerState
from rectifold.prover.stages import boxes, climbing, linear, phases, slopes, z3
from rectifold.prover.state import ProofState


@dataclass(frozen=True)
class Stage:
    """`run` settles units of a layer, where the stage `applies`."""

    name: str
    applies: Callable[[ProofState, LayerState], bool]
    run: Callable[[ProofState, LayerState], None]


def _always(state: ProofState, layer: LayerState) -> bool:
    return True


def _bounding(state: ProofState, layer: LayerState) -> bool:
    return state.is_bounding


def _searching(state: ProofState, layer: LayerState) -> bool:
    return state.is_bounding and state.is_asked(layer)


def _by_phases(state: ProofState, layer: LayerState) -> bool:
    return _searching(state, layer) and not boxes.prefers_boxes(state, layer)


def _asking_z3(state: ProofState, layer: LayerState) -> bool:
    return state.settings.prover != "bounds" and state.is_asked(layer)


def _known_points(state: ProofState, layer: LayerState) -> None:
    """The points that showed something on layers before."""
    state.try_points(layer, state.witnesses.points, "witnesses")


STAGES = (
    Stage("witnesses", _always, _known_points),
    Stage("linear bounds", _bounding, linear.run),
    Stage("exact linear bounds", _bounding, linear.run_exactly),
    Stage("gradient search", _searching, climbing.run),
    Stage("optimised slopes", _bounding, slopes.run),
    Stage("branch and bound", _by_phases, phases.run),
    Stage("box splitting", _searching, boxes.run),
    Stage("z3", _asking_z3, z3.run),
)
