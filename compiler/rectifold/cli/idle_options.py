"""Options of `rectifold train` that would do nothing: details of a technique that is off.

--stability-bounds slopes  without --stability   →   an error, not a run that ignores it

A recipe's numbers count as given for what is on, and not as details that somebody asked for.
"""

from __future__ import annotations

import click
from click.core import ParameterSource

from rectifold.errors import InputError
from rectifold.training.config import TrainingConfig


def require_no_idle_option(context: click.Context, config: TrainingConfig) -> None:
    """Raises InputError for a detail that was typed where what it belongs to is 0 or left out."""
    for technique, is_on, details in _techniques(config):
        typed = [name for name in details if not is_on and _is_typed(context, name)]
        if typed:
            option = _option(context, typed[0])
            raise InputError(
                f"{option} is a detail of {technique}, which is 0 or not given; give {technique} "
                f"too, or leave {option} out"
            )


def _techniques(config: TrainingConfig) -> tuple[tuple[str, bool, tuple[str, ...]], ...]:
    """The option of each technique, whether it is on, and the parameters of its details."""
    taught = config.distillation.teacher is not None
    sparsity = config.sparsity
    return (
        ("--l1", any(sparsity.l1), ("l1_step",)),
        ("--group", any(sparsity.group), ("groups",)),
        ("--stability", any(config.stability.weight), ("bounds", "form", "radius", "rising")),
        ("--attack-eps", config.adversary.eps > 0, ("steps", "step")),
        ("--teacher", taught, ("part", "temperature")),
        ("--channels", bool(config.architecture.channels), ("kernel", "stride")),
        ("--finetune", config.schedule.finetune > 0, ("finetune_rate",)),
    )


def _is_typed(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _option(context: click.Context, name: str) -> str:
    """How the command line spells a parameter."""
    return next(p.opts[0] for p in context.command.params if p.name == name)
