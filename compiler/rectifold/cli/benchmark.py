"""`emit --benchmark`: what is measured, of which code, and how it is told.

--benchmark host          the emitted code on this machine, beside onnxruntime
--benchmark cortex-m4     C for a small device: bytes by its compiler, instructions under QEMU
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from rectifold.cli.host_benchmark import (
    ALL_FORMATS,
    HostRow,
    beside_reference,
    candidates,
    host_rows,
)
from rectifold.cli.options import Output
from rectifold.cli.output import console
from rectifold.cli.progress import progress_line
from rectifold.cli.targets import To
from rectifold.cli.values import as_value
from rectifold.effort.running import ToolEffort
from rectifold.emitters.artifact import Artifact
from rectifold.emitters.measured.device import DEVICES, DeviceRow, Unit, device_rows
from rectifold.emitters.measured.host import RUNNERS, Candidate
from rectifold.emitters.measured.points import points_to_measure
from rectifold.emitters.table import FORMATS
from rectifold.errors import InputError
from rectifold.ir.network import Network
from rectifold.reports.benchmarks import CostTable, device_table, host_table
from rectifold.runtime.compilers import c_compiler
from rectifold.runtime.json import JsonObject


@dataclass(frozen=True)
class Measuring:
    """What is to be measured (`target` None: nothing), and the C compiler that the user names."""

    target: str | None
    cc: str | None

    def unnamed(self, wanted: str | None) -> str:
        """The name of a network that is measured and not kept."""
        known = wanted if wanted is not None and wanted in FORMATS else "c"
        return f"network{FORMATS[known].suffix}"

    def others(self, output: Output, chosen: str) -> list[str]:
        """What is run beside the chosen format: all, where none is asked for."""
        is_asked = output.wanted is not None or output.output is not None
        return [] if is_asked else [name for name in ALL_FORMATS if name != chosen]

    def require_fits(self, chosen: str) -> None:
        """Raises InputError where the format is no C, and C is what the options are about, and
        where the named compiler is not there.
        """
        if self.target == "host" and chosen not in RUNNERS:
            raise InputError(
                f"--benchmark runs {', '.join(RUNNERS)}, and {chosen} is not run; give --to c"
            )
        is_c = FORMATS[chosen].suffix == ".c"
        if self.target in DEVICES and not is_c:
            raise InputError(
                f"--benchmark {self.target} measures C, and {chosen} is no C; give --to c"
            )
        if self.cc is not None and not is_c:
            raise InputError(f"--cc names a C compiler, and {chosen} is no C; leave it out")
        if self.cc is not None:
            c_compiler(self.cc)


@dataclass(frozen=True)
class Measured:
    """What was measured on `target`, at how many points, and what could not be."""

    target: str
    points: int
    device: Sequence[DeviceRow]
    host: Sequence[HostRow]
    notes: Sequence[str]


measuring = as_value(
    "measuring",
    Measuring,
    click.option(
        "--benchmark",
        "target",
        is_flag=False,
        flag_value="host",
        type=click.Choice(["host", *DEVICES]),
        help="measure the code: on this machine (host, when nothing follows), or for a device",
    ),
    click.option("--cc", metavar="NAME", help="the C compiler to measure with"),
)


def measured_on_device(
    network: Network, artifact: Artifact, how: Measuring, *, quiet: bool
) -> Measured:
    """Measures C for a small device. Precondition: `how.target` is one."""
    assert how.target is not None
    points = points_to_measure(network, ToolEffort.device_points)
    with progress_line(quiet=quiet) as progress:
        rows, notes = device_rows(Unit(artifact, points), how.target, how.cc, progress)
    if not points and rows:
        notes = [*notes, "instructions were not counted: no float32 point of the domain was found"]
    return Measured(how.target, len(points), rows, (), notes)


def measured_here(
    network: Network, own: Candidate, to: To, others: Sequence[str], source: str, how: Measuring
) -> Measured:
    """Measures `own` and code in `others` on this machine, beside onnxruntime on the source, or
    where that is no ONNX on the network as ONNX.
    """
    with progress_line(quiet=to.quiet) as progress:
        model = Path(source) if source.lower().endswith(".onnx") else None
        formats = list(others)
        if model is None and not {"onnx", "onnx64"} & {own.chosen, *others}:
            formats.append("onnx")
        ours, refused = candidates(network, to, formats)
        field = beside_reference([own, *ours], model)
        rows, points, notes = host_rows(network, field, c_compiler(how.cc), progress)
    return Measured("host", points, (), rows, [*refused, *notes])


def measured_json(done: Measured) -> JsonObject:
    """The documented object."""
    return {
        "target": done.target,
        "points": done.points,
        "device": [asdict(row) for row in done.device],
        "host": [asdict(row) for row in done.host],
        "notes": list(done.notes),
    }


def measured_tables(done: Measured) -> list[CostTable]:
    """What was measured, as tables."""
    tables = []
    if done.device:
        tables.append(device_table(DEVICES[done.target].says, done.device, done.points))
    if done.host:
        tables.append(host_table(done.host, done.points))
    return tables


def print_measured(done: Measured | None) -> None:
    """The table, and why something is not in it."""
    if done is None:
        return
    out = console()
    for table in measured_tables(done):
        out.print(table.on_screen())
    for note in done.notes:
        out.print(note, markup=False, soft_wrap=True)
