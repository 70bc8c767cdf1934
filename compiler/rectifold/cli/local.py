"""`rectifold local`: what a network is on a small box around each sample of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import click
import numpy as np

from rectifold.cli.documented import command
from rectifold.cli.inputs import read_network
from rectifold.cli.local_compiled import (
    CompiledSample,
    Folder,
    compile_samples,
    compiled_lines,
)
from rectifold.cli.numbers import number_of, whole
from rectifold.cli.options import (
    GivenNetwork,
    Proof,
    Report,
    force_option,
    local_proof,
    memory_limit_option,
    report,
    source,
)
from rectifold.cli.output import console
from rectifold.cli.pages import command_line, file_pictures, state_of
from rectifold.cli.progress import progress_line
from rectifold.cli.targets import require_outputs
from rectifold.cli.values import as_value
from rectifold.data import Part, Samples, read_samples
from rectifold.errors import InputError
from rectifold.exact.numerals import counted
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.local_boxes.boxes import boxes_around
from rectifold.local_boxes.found import LocalResult
from rectifold.local_boxes.look import look_around
from rectifold.reports.local import (
    histogram_lines,
    local_json,
    local_lines,
    local_table,
    title_of,
)
from rectifold.reports.pages.about import answer_page
from rectifold.reports.pages.model import Page
from rectifold.reports.pictures.canvas import require_drawable
from rectifold.runtime.run import Run
from rectifold.runtime.status import Status


@dataclass(frozen=True)
class Around:
    """Which samples, and the boxes around them."""

    data: str
    radius: Fraction
    part: Part = "test"
    first: int | None = None
    samples: int | None = None
    no_clip: bool = False
    complete: bool = False


_AROUND = as_value(
    "around",
    Around,
    click.option(
        "--data",
        required=True,
        metavar="DATA",
        help="a folder of idx files (MNIST), an idx file, .npz, .npy, or digits (scikit-learn's)",
    ),
    click.option(
        "--radius",
        required=True,
        metavar="R",
        callback=number_of,
        help="every input may be off by R (1/255, 0.05)",
    ),
    click.option(
        "--part",
        type=click.Choice(["test", "train"]),
        default="test",
        show_default=True,
        help="which samples of the data set",
    ),
    click.option("--first", callback=whole(1), metavar="N", help="the first N samples alone"),
    click.option("--samples", callback=whole(1), metavar="N", help="N samples, chosen by --seed"),
    click.option(
        "--complete",
        is_flag=True,
        help="decide what quick bounds leave open: seconds instead of milliseconds a sample",
    ),
    click.option("--no-clip", is_flag=True, help="do not cut the boxes to the network's domain"),
)


@dataclass(frozen=True)
class Written:
    """What is written besides the JSON result."""

    picture: str | None
    folder: str | None
    force: bool


_WRITTEN = as_value(
    "written",
    Written,
    click.option("--picture", metavar="FILE", help="draw the histograms as .png, .svg or .pdf"),
    click.option(
        "--compile",
        "folder",
        metavar="DIR",
        help="compile NET on each box, too: .relu and certificate of each sample into DIR",
    ),
    force_option,
)


@command("local")
@source
@_AROUND
@local_proof
@_WRITTEN
@report
@memory_limit_option
def local_command(
    source: GivenNetwork,
    around: Around,
    proof: Proof,
    written: Written,
    report: Report,
) -> int:
    """What NET is within R of each sample of DATA: stable units, layers that collapse, classes.

    Each box is cut to the network's domain (--domain, or the one that it states). A unit is stable
    where that is proved on the sample's own box; on a box without kinks NET is one affine map. A
    class is kept where it is proved to be the greatest output on the whole box.
    """
    names = {"--picture": written.picture, "--json": report.json_target}
    inputs = [source.network, source.domain_spec, around.data]
    require_outputs(names, inputs, force=written.force)
    if written.picture is not None:
        require_drawable(Path(written.picture))
    network, domain = read_network(source.network, source.domain_spec, quiet=report.quiet)
    clip = None if around.no_clip else domain
    chosen, places = _chosen(around, proof.seed, network)
    if clip is not None and clip.constraints and not report.quiet:
        click.echo("note: boxes are cut to the domain's ranges, not its constraints", err=True)
    boxes = boxes_around(chosen.inputs.astype(np.float64), around.radius, clip, places)
    folder = Folder.of(written.folder, places, force=written.force)
    labels = None if chosen.labels is None else chosen.labels.tolist()
    with progress_line(quiet=report.quiet) as progress:
        run = Run(proof.limits(proof.seconds), proof.seed, progress)
        found = look_around(network, boxes, labels, run, complete=around.complete)
        compiled = None
        if folder is not None:
            compiled = compile_samples(
                network, boxes, found, folder, run.with_seconds(proof.seconds)
            )
    told = _Told(found.numbered(places), _title(found, around, chosen, clip), compiled)
    return told.tell(written.picture, report)


def _chosen(around: Around, seed: int, network: Network) -> tuple[Samples, np.ndarray]:
    """The samples that are wanted, and their places in the data set."""
    data = read_samples(around.data, around.part)
    data.require_numbers(network.input_size, network.name)
    if around.first is not None and around.samples is not None:
        raise InputError("--first and --samples both choose samples; give one of them")
    places = np.arange(len(data))
    if around.first is not None:
        places = places[: around.first]
    elif around.samples is not None and around.samples < len(data):
        random = np.random.default_rng(seed)
        places = np.sort(random.choice(len(data), around.samples, replace=False))
    return data.chosen(places), places


def _title(found: LocalResult, around: Around, chosen: Samples, clip: Domain | None) -> str:
    data = chosen.name if chosen.part is None else f"{chosen.name} ({chosen.part})"
    return title_of(found, data, None if clip is None else clip.describe())


@dataclass(frozen=True, eq=False)
class _Told:
    """What was found around the samples; `compiled`: what was written of each, where wanted."""

    found: LocalResult
    title: str
    compiled: Sequence[CompiledSample] | None

    @property
    def is_complete(self) -> bool:
        every = self.found.asked
        return self.found.is_complete and (self.compiled is None or len(self.compiled) == every)

    def tell(self, picture: str | None, report: Report) -> int:
        """Files, then the screen; the status."""
        if picture is not None and len(self.found):
            from rectifold.reports.pictures.local import draw_local  # matplotlib is an extra

            draw_local(self.found, self.title, Path(picture))
        told = local_json(self.found)
        if self.compiled is not None:
            told["compiled"] = [one.told() for one in self.compiled]
        status = Status.DONE if self.is_complete else Status.UNDECIDED
        report.write(told, lambda: self._page(picture, status))
        if report.is_on_screen:
            self._print(picture)
        return status

    def _page(self, picture: str | None, status: int) -> Page:
        lines = [self.title, *local_lines(self.found)]
        pictures = file_pictures([picture] if len(self.found) else [])
        return answer_page("Around samples", "", lines, state_of(status), pictures, command_line())

    def _print(self, picture: str | None) -> None:
        out, found = console(), self.found
        if len(found):
            out.print(self.title, markup=False, soft_wrap=True)
            out.print(local_table(found))
            lines = [*local_lines(found), *histogram_lines([one.kinks for one in found], "kinks")]
            if self.compiled is not None:
                lines += compiled_lines(self.compiled, found.asked)
            out.print("\n".join(lines), markup=False)
            if picture is not None:
                out.print(f"wrote {picture}", markup=False)
        if not found.is_complete:
            out.print(
                f"ended early: {len(found):,} of {counted(found.asked, 'sample')} were looked at",
                markup=False,
            )
