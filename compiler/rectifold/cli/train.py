"""`rectifold train`: a network that compiles to a small one, and what exact compression removes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from rectifold.cli.documented import command
from rectifold.cli.numbers import seconds, whole
from rectifold.cli.options import Report, force_option, memory_limit_option, report
from rectifold.cli.progress import progress_line
from rectifold.cli.targets import require_outputs
from rectifold.cli.times import Times
from rectifold.cli.trained import Outcome, epoch_line, print_outcome, trained_json
from rectifold.cli.training_options import training_config
from rectifold.cli.values import as_value
from rectifold.cli.written import written_file
from rectifold.data.samples import Samples
from rectifold.errors import InputError
from rectifold.ir.network import Network
from rectifold.reports.pictures.canvas import require_drawable
from rectifold.reports.pictures.training import draw_training
from rectifold.runtime.files import write_files
from rectifold.runtime.interrupts import notice_interrupts
from rectifold.runtime.status import Status
from rectifold.training.config import TrainingConfig
from rectifold.training.history import Epoch
from rectifold.training.parts import read_parts
from rectifold.training.removed import removed
from rectifold.training.run import Hooks, TrainedRun, train
from rectifold.training.watch import Watcher

_NOTICED = b"\ninterrupted: ending with what is trained so far (Ctrl-C again ends at once)\n"


@dataclass(frozen=True)
class Files:
    """What is read and written, and how long all of it may take."""

    output: str
    data: str
    time_limit: float | None
    watch: int | None
    plot_file: str | None
    force: bool


_files = as_value(
    "files",
    Files,
    written_file(required=True, text="the .onnx file to write"),
    click.option(
        "--data",
        default="digits",
        show_default=True,
        metavar="DATA",
        help="a folder of idx files (MNIST), .npz, or digits (of scikit-learn)",
    ),
    click.option(
        "--time-limit",
        callback=seconds,
        metavar="S",
        help="end the command after S seconds, with what is trained by then",
    ),
    click.option(
        "--watch",
        is_flag=False,
        flag_value="1",
        callback=whole(1),
        metavar="[N]",
        help="look after every N epochs (1): units proved stable, linear regions",
    ),
    click.option(
        "--plot", "plot_file", metavar="FILE", help="draw what is measured as .png, .svg or .pdf"
    ),
    force_option,
)


@command("train")
@_files
@training_config
@report
@memory_limit_option
def train_command(
    files: Files, config: TrainingConfig, teacher_file: str | None, report: Report
) -> int:
    """Train a ReLU network that compiles to a small one, and say what compiling removes.

    The file states its domain: `rectifold compile OUT` needs no --domain.
    """
    started = time.monotonic()
    path = _path(files)
    names = {"-o": files.output, "--plot": files.plot_file, "--json": report.json_target}
    require_outputs(names, [files.data, teacher_file], force=files.force)
    if files.plot_file:
        require_drawable(Path(files.plot_file))
    times = Times.with_certificate(files.time_limit, is_certified=True)
    with times.before("the data was read"):
        learned, tested, note = read_parts(files.data)
    if note is not None and not report.quiet:
        click.echo(f"note: {note}", err=True)
    watcher = None if files.watch is None else Watcher.of(learned, files.watch)
    run = _train(config, learned, watcher, times, report)
    watched = () if watcher is None else tuple(watcher.seen)
    write_files({path: run.onnx}, force=files.force)
    if files.plot_file:
        draw_training(run.history, watched, Path(files.plot_file))
    with progress_line(quiet=report.quiet) as progress:
        compressed = removed(run.network, times.end, progress)
    outcome = Outcome.of(run, compressed, tested, watched)
    report.write(trained_json(outcome, files.output) | {"seconds": time.monotonic() - started})
    if report.is_on_screen:
        print_outcome(outcome, [files.output, *([files.plot_file] if files.plot_file else [])])
    return Status.DONE if run.ended_early is None else Status.UNDECIDED


def _path(files: Files) -> Path:
    path = Path(files.output)
    if path.suffix != ".onnx":
        raise InputError(f"{files.output} should end in .onnx: a trained network is written so")
    return path


def _train(
    config: TrainingConfig,
    learned: Samples,
    watcher: Watcher | None,
    times: Times,
    report: Report,
) -> TrainedRun:
    schedule = config.schedule
    total = schedule.epochs + schedule.finetune

    def told(epoch: Epoch, network: Callable[[], Network]) -> None:
        if report.is_on_screen:
            click.echo(epoch_line(epoch, total))
        seen = None if watcher is None else watcher.look(epoch, network, times.work.left)
        if report.is_on_screen and seen is not None:
            click.echo(seen)

    with notice_interrupts(_NOTICED) as interrupted:

        def ended() -> str | None:
            if interrupted.is_set():
                return "Ctrl-C"
            return "the time limit" if times.work.is_over else None

        return train(config, learned, Hooks(told, ended))
