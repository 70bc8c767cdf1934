"""Options that several commands share, and the values in which they arrive.

Source    NET, --domain                                  how networks are read besides: inputs.py
Output    -o, --to, --force                              the network that is written
Proof     --prover, --time-limit, --seed, --jobs, ...    how long to search, and where
Report    --json, --quiet                                what is said
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import click

from rectifold.cli.numbers import JOBS, number_of, seed, time_limit, whole
from rectifold.cli.output import require_page_name, write_json, write_page
from rectifold.cli.reading import reading_options
from rectifold.cli.times import Times
from rectifold.cli.values import Command, Decorator, as_value
from rectifold.cli.written import written_file
from rectifold.emitters.precision import PRECISIONS
from rectifold.emitters.table import FORMATS
from rectifold.prover.state import Prover
from rectifold.reports.pages.model import Page
from rectifold.runtime.json import JsonObject
from rectifold.runtime.memory import limit_memory
from rectifold.runtime.run import Limits

TARGETS = "rectifold.targets"  # where what the command writes stands there

# ---- values -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GivenNetwork:
    """The network that a command reads, and the domain asked for."""

    network: str
    domain_spec: str | None


@dataclass(frozen=True)
class Output:
    """The network that a command writes: where (`output` None: nowhere), in which format.

    `plain_onnx`: an ONNX file with names of ours, not called as the source was. `precision`: the
    floats, if they are asked for. `single_file`: without a header and weights beside. `max_error`:
    that of integers, if one is asked for.
    """

    output: str | None
    wanted: str | None
    force: bool
    plain_onnx: bool = False
    precision: str | None = None
    single_file: bool = False
    max_error: Fraction | None = None


@dataclass(frozen=True)
class Proof:
    """How long a command may search, where, and from which seed; made when the command begins."""

    prover: Prover = "auto"
    time_limit: float | None = None
    seed: int = 0
    jobs: int = 1
    scheduler: str | None = None
    log_file: str | None = None
    times: Times = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", Times.of(self.time_limit))

    @property
    def seconds(self) -> float | None:
        """What is left of the time limit now; None without one."""
        return None if self.time_limit is None else self.times.work.left

    def limits(self, seconds: float | None) -> Limits:
        log = None if self.log_file is None else Path(self.log_file)
        return Limits(seconds, jobs=self.jobs, scheduler=self.scheduler, log=log)


@dataclass(frozen=True)
class Report:
    """Where the result is told: as JSON, and on the screen."""

    json_target: str | None
    quiet: bool = False
    page_file: str | None = None

    @property
    def is_on_screen(self) -> bool:
        """Are tables and sentences for people wanted?"""
        return not self.quiet and self.json_target != "-"

    @property
    def is_told(self) -> bool:
        """Is anything said of the result?"""
        return bool(self.json_target or self.page_file) or not self.quiet

    def write(self, result: JsonObject, page: Callable[[], Page] | None = None) -> None:
        """The JSON result, and the page of it (else one of what it says), where they are wanted."""
        write_json(self.json_target, result)
        if self.page_file is not None:
            write_page(self.page_file, result, page)
            if self.is_on_screen:
                click.echo(f"wrote {self.page_file}", err=True)


# ---- single options -----------------------------------------------------------------------------


def domain_option(command: Command) -> Command:
    text = (
        'the input set: "[0,1]", "[[0,1],[-1,1]]", box.vnnlib, other.relu, "point.npy±0.05" or all'
    )
    return click.option("--domain", "domain_spec", metavar="SPEC", help=text)(command)


def force_option(command: Command) -> Command:
    return click.option("--force", is_flag=True, help="overwrite existing files")(command)


def quiet_option(command: Command) -> Command:
    return click.option(
        "--quiet", is_flag=True, help="print nothing but errors and the JSON result"
    )(command)


def allow_trusted_option(command: Command) -> Command:
    text = "exit status 0 (instead of 4) even if some claims rest on a solver's word"
    return click.option("--allow-trusted", is_flag=True, help=text)(command)


def certificate_option(text: str) -> Decorator:
    return click.option("--certificate", "certificate_file", metavar="FILE", help=text)


def memory_limit_option(command: Command) -> Command:
    """--memory-limit, which holds from when the options are read."""

    def limit(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
        megabytes = whole(1)(ctx, param, value)
        if megabytes is not None:
            limit_memory(megabytes)

    text = "end with an error when a process needs more than MB megabytes"
    return click.option(
        "--memory-limit",
        metavar="MB",
        expose_value=False,
        callback=limit,
        help=text,
    )(command)


_JSON = click.option(
    "--json",
    "json_target",
    metavar="FILE|-",
    help="write the result as JSON to FILE (- for standard output)",
)
_PAGE = click.option(
    "--report",
    "page_file",
    metavar="FILE",
    callback=require_page_name,
    help="write the result as one page to FILE.html, to look at and to pass on",
)


def _names_of(
    known: Sequence[str],
) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """What Tab offers for an option whose values are these names."""
    return lambda ctx, param, incomplete: [name for name in known if name.startswith(incomplete)]


_TO = click.option(
    "--to",
    "wanted",
    metavar="FORMAT",
    shell_complete=_names_of(tuple(FORMATS)),
    help=f"{', '.join(FORMATS)}; taken from OUT's suffix when left out",
)
_PRECISION = click.option(
    "--precision",
    metavar="FLOATS",
    shell_complete=_names_of(tuple(PRECISIONS)),
    help=f"{', '.join(PRECISIONS)} (float32 weights, float64 sums); left out: what the format "
    "has, and mixed where it can and no weight is rounded by it",
)
_SINGLE_FILE = click.option(
    "--single-file", is_flag=True, help="C: declarations and code in OUT, without a header beside"
)


_MAX_ERROR = click.option(
    "--max-error",
    metavar="E",
    callback=number_of,
    help="c-int16, c-int32: the smallest words with which every output is certified within E",
)
_PROVER = click.option(
    "--prover",
    type=click.Choice(["auto", "bounds", "z3"]),
    default="auto",
    show_default=True,
    help="auto: all stages; bounds: no solver; z3: exact intervals and Z3 alone",
)
_SCHEDULER = click.option(
    "--scheduler", metavar="ADDRESS", help="a Dask scheduler whose workers share the work"
)


def _log(text: str) -> Decorator:
    return click.option("--log", "log_file", metavar="FILE", help=text)


_LOG = _log("append what is proved to FILE, and check and use what it has already")
_COUNT_LOG = _log("append the regions of each part to FILE, and take those it has as they are")

_PLAIN_ONNX = click.option(
    "--plain-onnx",
    is_flag=True,
    help="ONNX with one flat input and output, not called as the ONNX file that is read",
)


# ---- the decorators of commands -----------------------------------------------------------------

source = as_value(
    "source",
    GivenNetwork,
    click.argument("network", metavar="NET"),
    reading_options(1),
    domain_option,
)
report = as_value("report", Report, _JSON, _PAGE, quiet_option)
json_report = as_value("report", Report, _JSON)
proof = as_value(
    "proof",
    Proof,
    _PROVER,
    time_limit("work"),
    seed("random search for witnesses"),
    JOBS,
    _SCHEDULER,
    _LOG,
)
pair_proof = as_value(
    "proof",
    Proof,
    JOBS,
    _SCHEDULER,
    _LOG,
    time_limit("command"),
    seed("search for a counterexample"),
)
region_proof = as_value("proof", Proof, time_limit("command"), JOBS, _SCHEDULER, _COUNT_LOG)
local_proof = as_value(
    "proof", Proof, time_limit("command"), seed("choice of samples"), JOBS, _SCHEDULER
)
shallow_proof = as_value("proof", Proof, time_limit("command"))


def network_output(*, required: bool, text: str = "the file to write") -> Decorator:
    """The options of the network that is written, as an argument `output`."""
    where = written_file(required=required, text=text)
    how = (_TO, _PRECISION, _MAX_ERROR, _SINGLE_FILE, _PLAIN_ONNX, force_option)
    return as_value("output", Output, where, *how)
