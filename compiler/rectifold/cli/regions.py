"""`rectifold regions`: the linear regions of a network."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import click
import numpy as np

from rectifold.cli.documented import command
from rectifold.cli.inputs import read_network
from rectifold.cli.numbers import whole
from rectifold.cli.options import (
    GivenNetwork,
    Proof,
    Report,
    force_option,
    memory_limit_option,
    region_proof,
    report,
    source,
)
from rectifold.cli.output import console
from rectifold.cli.pages import command_line, region_pictures
from rectifold.cli.progress import progress_line
from rectifold.cli.slices import Slice, slice_domain, slice_options
from rectifold.cli.targets import require_outputs
from rectifold.cli.values import as_value
from rectifold.effort.geometry import REGION_EFFORT
from rectifold.errors import InputError
from rectifold.exact.numerals import exact_text, exact_texts, nearest_float
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.counts import count_regions
from rectifold.linear_regions.polytope import Vertex
from rectifold.linear_regions.region import AnyRegion, Region, coordinates
from rectifold.linear_regions.summary import Regions, list_regions
from rectifold.linear_regions.upper_bounds import upper_bounds
from rectifold.prover.cascade import require_domain
from rectifold.reports.pages.about import regions_page
from rectifold.reports.pictures.regions import Colour, draw_regions, require_few
from rectifold.reports.tables import large_bound, regions_table
from rectifold.runtime.files import write_whole
from rectifold.runtime.json import JsonObject
from rectifold.runtime.run import Run
from rectifold.runtime.status import Status


@dataclass(frozen=True)
class Found:
    """What is done with the regions: how many are wanted, where they go, how they are shown."""

    limit: int | None
    count_only: bool
    npz_file: str | None
    volumes: bool
    formula: bool
    latex: bool
    plot_file: str | None
    colour: Colour
    force: bool

    @property
    def files(self) -> list[str]:
        return [file for file in (self.npz_file, self.plot_file) if file]

    @property
    def keeps_regions(self) -> bool:
        shown = self.formula or self.latex or self.volumes
        return bool(self.files or shown or self.limit is not None)


_found = as_value(
    "wanted",
    Found,
    click.option("--limit", callback=whole(1), metavar="N", help="end the search after N regions"),
    click.option(
        "--npz",
        "npz_file",
        metavar="FILE",
        help="write phases, gradients, constants and vertices to FILE (float64)",
    ),
    click.option(
        "--volumes",
        is_flag=True,
        help="with --json, --npz: the volume of each region too, for at most five free inputs",
    ),
    click.option("--formula", is_flag=True, help="print each output as a piecewise formula"),
    click.option(
        "--count",
        "count_only",
        is_flag=True,
        help="count the regions without keeping them: for millions",
    ),
    click.option("--latex", is_flag=True, help="print each output as a piecewise formula in LaTeX"),
    click.option(
        "--plot",
        "plot_file",
        metavar="FILE",
        help="draw one or two free inputs as .png, .svg or .pdf",
    ),
    click.option(
        "--colour",
        type=click.Choice(["gradient", "pattern", "output"]),
        default="gradient",
        show_default=True,
    ),
    force_option,
)


@command("regions")
@source
@region_proof
@slice_options
@_found
@report
@memory_limit_option
def regions_command(
    source: GivenNetwork, proof: Proof, part: Slice, wanted: Found, report: Report
) -> int:
    """Count and list the linear regions of NET, exactly.

    With vertices for at most five free inputs, else by linear programs.
    """
    names = {
        "--npz": wanted.npz_file,
        "--plot": wanted.plot_file,
        "--json": report.json_target,
        "--log": proof.log_file,
    }
    inputs = [source.network, source.domain_spec, part.at_spec]
    require_outputs(names, inputs, force=wanted.force)
    with proof.times.before("the network was read"):
        network, domain = read_network(source.network, source.domain_spec, quiet=report.quiet)
        domain = slice_domain(require_domain(network, domain), part)
    if wanted.count_only:
        return _count_only(network, domain, proof, wanted, report)
    return _list(network, domain, proof, wanted, report)


def _count_only(
    network: Network, domain: Domain, proof: Proof, wanted: Found, report: Report
) -> int:
    if wanted.keeps_regions:
        raise InputError(
            "--count keeps no regions: leave out --limit, --npz, --volumes, --plot, --formula and "
            "--latex, or --count"
        )
    started = time.monotonic()
    with (
        proof.times.before("a region was counted"),
        progress_line(quiet=report.quiet) as progress,
    ):
        run = Run(proof.limits(proof.seconds), progress=progress)
        found = count_regions(network, domain, run=run)
    seconds = time.monotonic() - started
    result: JsonObject = {
        "count": found.count,
        "complete": found.complete,
        "undecided": found.undecided,
        "seconds": seconds,
    }
    report.write(result if proof.log_file is None else result | {"from_log": found.from_log})
    if report.is_on_screen:
        click.echo(f"{found.text} ({seconds:.1f} s)")
    return Status.DONE if found.complete else Status.UNDECIDED


def _list(network: Network, domain: Domain, proof: Proof, wanted: Found, report: Report) -> int:
    if wanted.plot_file:
        require_few(domain.size - len(domain.fixed))
    if wanted.volumes:
        _require_volumes(domain, wanted, report)
    with proof.times.before("the regions could be listed"):
        with progress_line(quiet=report.quiet) as progress:
            run = Run(proof.limits(proof.seconds), progress=progress)
            found = list_regions(network, domain, limit=wanted.limit, run=run)
        if wanted.npz_file:
            write_whole(Path(wanted.npz_file), _npz(found, volumes=wanted.volumes))
        if wanted.plot_file:
            draw_regions(found, Path(wanted.plot_file), wanted.colour)
        is_written = report.json_target or report.page_file
        result = regions_json(found, volumes=wanted.volumes) if is_written else {}
        formulas = _formulas(found, wanted) if report.is_on_screen else []
    report.write(result, lambda: regions_page(found, region_pictures(found), command_line()))
    if found.from_log and not report.quiet:
        click.echo(f"note: {found.from_log:,} regions are from the log", err=True)
    if report.is_on_screen:
        _print_regions(found, wanted, formulas)
    return Status.DONE if found.complete else Status.UNDECIDED


def _require_volumes(domain: Domain, wanted: Found, report: Report) -> None:
    if not (report.json_target or wanted.npz_file):
        raise InputError(
            "--volumes go into files, and none is to be written: give --json FILE or --npz FILE too"
        )
    free, most = domain.size - len(domain.fixed), REGION_EFFORT.vertex_inputs
    if free > most:
        raise InputError(
            f"--volumes are computed from corners, which are found for at most {most} inputs that "
            f"vary, and {free} vary here: leave it out, fix some (a range [v, v]), or give --slice"
        )


def regions_json(found: Regions, *, volumes: bool = False) -> JsonObject:
    """Stable keys; exact numbers are strings."""
    known: dict[Vertex, list[str]] = {}
    return {
        "count": len(found),
        "complete": found.complete,
        "undecided": found.undecided,
        "seconds": found.seconds,
        "free_inputs": list(found.free),
        "by_layer": found.by_layer,
        "affine_maps": found.affine_maps,
        "regions": [_region_json(region, known) | _volume(region, volumes) for region in found],
    }


def _region_json(region: AnyRegion, known: dict[Vertex, list[str]]) -> JsonObject:
    """`known`: the texts of corners, which many regions share."""
    corners = region.corners
    return {
        "phases": {name: "".join(map(str, p)) for name, p in region.phases.items()},
        "affine": [exact_texts(form) for form in region.affine],
        "vertices": None if corners is None else [_corner_texts(v, known) for v in corners],
        "interior_point": exact_texts(region.interior_point),
    }


def _volume(region: AnyRegion, wanted: bool) -> JsonObject:
    return {"volume": exact_text(region.volume)} if wanted and isinstance(region, Region) else {}


def _corner_texts(corner: Vertex, known: dict[Vertex, list[str]]) -> list[str]:
    found = known.get(corner)
    if found is None:
        found = known[corner] = exact_texts(coordinates(corner))
    return found


def _npz(found: Regions, *, volumes: bool) -> bytes:
    affine = np.array(
        [[[nearest_float(v) for v in form] for form in region.affine] for region in found]
    )
    affine = affine.reshape(len(found), found.network.output_size, len(found.free) + 1)
    corners = [region.corners or [] for region in found]
    vertices = [[nearest_float(Fraction(x, v[-1])) for x in v[:-1]] for own in corners for v in own]
    points = [[nearest_float(v) for v in region.interior_point] for region in found]
    sizes = [nearest_float(region.volume) for region in found.with_vertices] if volumes else []
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        phases=np.array([list(b"".join(r.phases.values())) for r in found], dtype=np.uint8),
        gradients=affine[:, :, :-1],
        constants=affine[:, :, -1],
        vertices=np.array(vertices).reshape(len(vertices), len(found.free)),
        first_vertex=np.cumsum([0, *map(len, corners)]),
        interior_points=np.array(points).reshape(len(found), len(found.free)),
        free_inputs=np.array(found.free, dtype=np.int64),
        complete=np.array(found.complete),
        volumes=np.array(sizes),  # none where they were not asked for
    )
    return buffer.getvalue()


def _formulas(found: Regions, wanted: Found) -> list[str]:
    """One line per output, where formulas are asked for."""
    if not (wanted.formula or wanted.latex):
        return []
    from rectifold.reports.formula import as_latex, piecewise  # sympy takes a second to import

    if not found.complete:
        click.echo("note: the list of regions is partial, and so are the formulas", err=True)
    written = as_latex if wanted.latex else str
    return [
        f"{found.network.output}[{k}] = {written(expression)}"
        for k, expression in enumerate(piecewise(found))
    ]


def _print_regions(found: Regions, wanted: Found, formulas: Sequence[str]) -> None:
    for line in formulas:
        click.echo(line)
    if wanted.formula or wanted.latex:
        return
    console().print(regions_table(found))
    if found.network.is_chain:
        bounds = upper_bounds(found.network, len(found.free))
        words = ", ".join(f"{name} {large_bound(value)}" for name, value in bounds.items())
        click.echo(f"upper bounds: {words}")
    for file in wanted.files:
        click.echo(f"wrote {file}")
