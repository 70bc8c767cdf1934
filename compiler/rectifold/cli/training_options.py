"""The options of `rectifold train`: they arrive as one argument, a TrainingConfig.

--recipe                      the defaults of the others
--widths, --channels          what is trained        --l1, --group, --prune     what becomes zero
--epochs, --rate, --seed      how                    --stability, --attack-eps, --teacher, --shift
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import wraps
from typing import get_args

import click

from rectifold.cli.idle_options import require_no_idle_option
from rectifold.cli.values import Command, Decorator, as_value
from rectifold.formats.load import load
from rectifold.training.config import (
    Adversary,
    Architecture,
    BoundKind,
    Distillation,
    Groups,
    L1Step,
    Schedule,
    Sparsity,
    Stability,
    StabilityForm,
    TrainingConfig,
)
from rectifold.training.recipes import DIGITS, RECIPES


@dataclass(frozen=True)
class _Taught:
    """The teacher's file, and how much is learned from it."""

    teacher_file: str | None
    part: float
    temperature: float

    def distillation(self) -> Distillation:
        if self.teacher_file is None:
            return Distillation(None, self.part, self.temperature)
        teacher = load(self.teacher_file).network
        return Distillation(teacher, self.part, self.temperature)


def _take_defaults(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Makes the numbers of a recipe the defaults of the options that are read after this one."""
    if value is None:
        return
    config = RECIPES[value].config
    defaults: dict[str, object] = dict(ctx.default_map or {})
    for part in (config.schedule, config.sparsity, config.stability):
        given = {field.name: getattr(part, field.name) for field in fields(part)}
        defaults |= {k: _listed(v) if isinstance(v, tuple) else v for k, v in given.items()}
    ctx.default_map = defaults


def _whole_numbers(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    """The numbers of a list such as 100,100; none for "". Raises BadParameter."""
    try:
        return tuple(int(word) for word in value.split(",")) if value.strip() else ()
    except ValueError:
        raise click.BadParameter(f"{value!r} is no list of whole numbers, like 100,100") from None


def _numbers(ctx: click.Context, param: click.Parameter, value: str) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in value.split(","))
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is no number, like 1e-4, and no list of numbers, like 1e-4,1e-4,0"
        ) from None


def _listed(values: tuple[int, ...] | tuple[float, ...]) -> str:
    return ",".join(f"{value:g}" for value in values)


def _number(option: str, field: str, default: float, text: str) -> Decorator:
    return click.option(
        option, field, type=float, default=default, show_default=True, metavar="X", help=text
    )


def _count(option: str, field: str, default: int, text: str) -> Decorator:
    return click.option(
        option, field, type=int, default=default, show_default=True, metavar="N", help=text
    )


def _choice(option: str, field: str, kind: object, default: str, text: str) -> Decorator:
    known = click.Choice(get_args(kind))
    return click.option(option, field, type=known, default=default, show_default=True, help=text)


_architecture = as_value(
    "architecture",
    Architecture,
    click.option(
        "--widths",
        default=_listed(Architecture.widths),
        show_default=True,
        callback=_whole_numbers,
        metavar="N,N",
        help="units of each dense hidden layer",
    ),
    click.option(
        "--channels",
        default="",
        callback=_whole_numbers,
        metavar="N,N",
        help="convolutions before them, with so many channels each (images only)",
    ),
    _count("--kernel", "kernel", Architecture.kernel, "rows and columns of a kernel (odd)"),
    _count("--stride", "stride", Architecture.stride, "stride of a convolution"),
)
_schedule = as_value(
    "schedule",
    Schedule,
    _count("--epochs", "epochs", Schedule.epochs, "passes over the samples"),
    _count(
        "--finetune", "finetune", DIGITS.schedule.finetune, "epochs after them, with zeros frozen"
    ),
    _count("--batch", "batch", Schedule.batch, "samples of one step"),
    _count(
        "--epoch-samples",
        "epoch_samples",
        Schedule.epoch_samples,
        "an epoch learns N at least, going through a smaller data set several times",
    ),
    _number("--rate", "rate", Schedule.rate, "first rate of SGD, from which a cosine falls"),
    _number("--finetune-rate", "finetune_rate", Schedule.finetune_rate, "the same, to fine-tune"),
    _number("--momentum", "momentum", Schedule.momentum, "momentum of SGD"),
    _number("--weight-decay", "weight_decay", Schedule.weight_decay, "weight decay of SGD"),
    _number(
        "--validation", "validation", Schedule.validation, "part of the samples to validate on"
    ),
    click.option(
        "--keep-best", is_flag=True, help="keep the epoch that is best on them, not the last"
    ),
    _count("--seed", "seed", Schedule.seed, "seed of weights, order and every random choice"),
    _count("--threads", "threads", Schedule.threads, "threads of PyTorch"),
)
_sparsity = as_value(
    "sparsity",
    Sparsity,
    click.option(
        "--l1",
        default=_listed(DIGITS.sparsity.l1),
        show_default=True,
        callback=_numbers,
        metavar="X[,X]",
        help="L1 penalty of the weights, one number or one for each layer",
    ),
    _choice("--l1-step", "l1_step", L1Step, Sparsity.l1_step, "proximal steps give exact zeros"),
    click.option(
        "--group",
        default=_listed(DIGITS.sparsity.group),
        show_default=True,
        callback=_numbers,
        metavar="X[,X]",
        help="penalty of whole units, one number or one for each hidden layer",
    ),
    _choice("--groups", "groups", Groups, Sparsity.groups, "rows: reads; columns: is read by"),
    _number("--prune", "prune", Sparsity.prune, "part of the weights that is 0 from fine-tuning"),
    click.option(
        "--drop-dead/--keep-dead",
        "drop_dead",
        default=Sparsity.drop_dead,
        show_default=True,
        help="cut off units that are 0 on all samples, at the start of an epoch",
    ),
)
_stability = as_value(
    "stability",
    Stability,
    click.option(
        "--stability",
        "weight",
        default=_listed(Stability.weight),
        show_default=True,
        callback=_numbers,
        metavar="X[,X]",
        help="weight of the loss on unstable units, one number or one for each hidden layer",
    ),
    _choice(
        "--stability-bounds", "bounds", BoundKind, Stability.bounds, "the bounds that it is of"
    ),
    _choice("--stability-form", "form", StabilityForm, Stability.form, "what it is of bounds"),
    click.option(
        "--stability-radius",
        "radius",
        type=float,
        metavar="X",
        help="bounds are of boxes around samples (left out: of the domain)",
    ),
    click.option(
        "--stability-rising",
        "rising",
        is_flag=True,
        help="the weight grows from 0 over the epochs before fine-tuning",
    ),
)
_adversary = as_value(
    "adversary",
    Adversary,
    _number("--attack-eps", "eps", Adversary.eps, "samples are moved by up to X (PGD)"),
    _count("--attack-steps", "steps", Adversary.steps, "steps of an attack"),
    click.option(
        "--attack-step", "step", type=float, metavar="X", help="size of a step [2.5 eps / steps]"
    ),
)
_taught = as_value(
    "taught",
    _Taught,
    click.option(
        "--teacher", "teacher_file", metavar="NET", help="learn from the outputs of this network"
    ),
    _number("--teacher-part", "part", Distillation.part, "part of the loss that is the teacher's"),
    _number("--temperature", "temperature", Distillation.temperature, "softens its outputs"),
)


def training_config(command: Command) -> Command:
    """A decorator: all options of a run, handed over as the argument `config`; the name of the
    teacher's file as `teacher_file`.
    """

    @wraps(command)
    def gathered(
        architecture: Architecture,
        schedule: Schedule,
        sparsity: Sparsity,
        taught: _Taught,
        **given: object,
    ) -> object:
        stability, adversary, shift = (given.pop(k) for k in ("stability", "adversary", "shift"))
        assert isinstance(stability, Stability)
        assert isinstance(adversary, Adversary)
        assert isinstance(shift, int)
        config = TrainingConfig(
            architecture, schedule, sparsity, stability, adversary, taught.distillation(), shift
        )
        require_no_idle_option(click.get_current_context(), config)
        return command(config=config, teacher_file=taught.teacher_file, **given)

    recipe = click.option(
        "--recipe",
        type=click.Choice(tuple(RECIPES)),
        is_eager=True,
        expose_value=False,
        callback=_take_defaults,
        help="take the numbers that are not given from this recipe",
    )
    shift = _count("--shift", "shift", 0, "images are moved by up to N pixels")
    with_rest = _stability(_adversary(_taught(shift(gathered))))
    return recipe(_architecture(_schedule(_sparsity(with_rest))))
