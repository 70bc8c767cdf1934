"""`rectifold regions`: the linear regions of a network."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import numpy as np

from rectifold.cli.inputs import opened, point_from
from rectifold.cli.options import (
    domain_option,
    force_option,
    json_option,
    memory_limit_option,
    network_argument,
    quiet_option,
    share_options,
    time_limit_option,
)
from rectifold.cli.output import console, write_json
from rectifold.cli.status import DONE, UNDECIDED
from rectifold.cli.targets import require_outputs
from rectifold.errors import InputError
from rectifold.exact.numerals import counted, exact_text, nearest_float, readable
from rectifold.ir.domain import Domain
from rectifold.linear_regions.counting import counted_regions
from rectifold.linear_regions.summary import Regions, linear_regions, upper_bounds
from rectifold.prover.cascade import require_domain
from rectifold.reports.pictures import draw_regions
from rectifold.reports.tables import large_bound, regions_table
from rectifold.runtime.files import write_whole

_SLICE = click.option(
    "--slice",
    "slice_spec",
    metavar="I,J",
    help="vary only these inputs (numbers from 0), fix the others",
)
_AT = click.option(
    "--at",
    "at_spec",
    metavar="POINT",
    help="where a slice fixes the others: numbers or a .npy file (default: the middle)",
)


@click.command("regions")
@network_argument
@domain_option
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="end the search after N regions"
)
@time_limit_option("search")
@share_options
@_SLICE
@_AT
@click.option(
    "--npz",
    "npz_file",
    metavar="FILE",
    help="write phases, gradients, constants and vertices to FILE (float64)",
)
@click.option("--formula", is_flag=True, help="print each output as a piecewise formula")
@click.option(
    "--count",
    "count_only",
    is_flag=True,
    help="count the regions without keeping them: for millions",
)
@click.option("--latex", is_flag=True, help="the same in LaTeX")
@click.option(
    "--plot", "plot_file", metavar="FILE", help="draw one or two free inputs as .png or .svg"
)
@click.option(
    "--colour",
    type=click.Choice(["gradient", "pattern", "output"]),
    default="gradient",
    show_default=True,
)
@json_option
@force_option
@memory_limit_option
@quiet_option
def regions_command(
    network: str, domain_spec: str | None, limit: int | None, time_limit: float | None, jobs: int, scheduler: str | None,
    slice_spec: str | None,
    at_spec: str | None, npz_file: str | None, formula: bool, latex: bool, plot_file: str | None, colour: Any, count_only: bool,
    json_target: str | None, force: bool, quiet: bool,
) -> int:  # fmt: skip
    """Count and list the linear regions of NET, exactly: with vertices for at most five free inputs, else by linear programs."""
    names = {"--npz": npz_file, "--plot": plot_file, "--json": json_target}
    require_outputs(names, [network, domain_spec, at_spec], force=force)
    source, domain = opened(network, domain_spec, quiet=quiet)
    domain = _sliced(require_domain(source, domain), slice_spec, at_spec)
    if count_only:
        if npz_file or plot_file or formula or latex or limit is not None:
            raise InputError(
                "--count keeps no regions: leave out --limit, --npz, --plot, --formula and --latex, or --count"
            )
        started = time.monotonic()
        counted = counted_regions(
            source, domain, seconds=time_limit, jobs=jobs, scheduler=scheduler
        )
        seconds = time.monotonic() - started
        write_json(
            json_target, {"count": counted.count, "complete": counted.complete, "seconds": seconds}
        )
        if not quiet and json_target != "-":
            click.echo(f"{counted.text} ({seconds:.1f} s)")
        return DONE if counted.complete else UNDECIDED
    found = linear_regions(
        source, domain, limit=limit, seconds=time_limit, jobs=jobs, scheduler=scheduler
    )
    if npz_file:
        write_whole(Path(npz_file), _npz(found))
    if plot_file:
        draw_regions(found, Path(plot_file), colour)
    write_json(json_target, regions_json(found) if json_target else {})
    if not quiet and json_target != "-":
        if formula or latex:
            _print_formulas(found, latex=latex)
        else:
            console().print(regions_table(found))
            _print_bounds(found)
            for file in (npz_file, plot_file):
                if file:
                    click.echo(f"wrote {file}")
    return DONE if found.complete else UNDECIDED


def _sliced(domain: Domain, spec: str | None, at: str | None) -> Domain:
    if spec is None:
        if at is not None:
            raise InputError("--at says where a slice lies; say which inputs vary with --slice")
        return domain
    try:
        kept = sorted({int(word) for word in spec.split(",")})
    except ValueError:
        raise InputError(f"--slice {spec!r} is no list of input numbers, like 0,3") from None
    if not kept or kept[0] < 0 or kept[-1] >= domain.size:
        raise InputError(
            f"--slice {spec!r} names inputs that are not there: they are numbered 0 to {domain.size - 1}"
        )
    if at is None and not domain.is_bounded:
        raise InputError(
            "a slice of an unbounded domain has no middle; say where it lies with --at"
        )
    point = (
        point_from(at)
        if at is not None
        else [
            (a + b) / 2
            for a, b in zip(domain.lower, domain.upper, strict=True)
            if a is not None and b is not None
        ]
    )
    if len(point) != domain.size:
        raise InputError(
            f"--at gives {counted(len(point), 'number')}, the domain has {counted(domain.size, 'input')}"
        )
    for k, value in enumerate(point):
        low, high = domain.lower[k], domain.upper[k]
        if k not in kept and (
            (low is not None and value < low) or (high is not None and value > high)
        ):
            raise InputError(f"--at puts input {k} at {readable(value)}, outside its range")
    ends = [
        tuple(end if k in kept else point[k] for k, end in enumerate(side))
        for side in (domain.lower, domain.upper)
    ]
    return Domain(ends[0], ends[1], domain.constraints)


def regions_json(found: Regions) -> dict[str, Any]:
    """Stable keys; exact numbers are strings."""
    return {
        "count": len(found), "complete": found.complete, "undecided": found.undecided, "seconds": found.seconds, "free_inputs": list(found.free),
        "by_layer": found.by_layer, "affine_maps": found.affine_maps,
        "regions": [
            {
                "phases": {name: "".join(map(str, p)) for name, p in region.phases.items()},
                "affine": [_texts(form) for form in region.affine],
                "vertices": None if region.vertices is None else [_texts(vertex) for vertex in region.vertices],
                "interior_point": _texts(region.interior_point),
            }
            for region in found
        ],
    }  # fmt: skip


def _texts(values: Sequence[Fraction]) -> list[str]:
    return [exact_text(v) for v in values]


def _npz(found: Regions) -> bytes:
    phases = [b"".join(region.phases.values()) for region in found]
    affine = np.array(
        [[[nearest_float(v) for v in form] for form in region.affine] for region in found]
    )
    affine = affine.reshape(len(found), found.network.output_size, len(found.free) + 1)
    sizes = [len(region.vertices or []) for region in found]
    vertices = [
        [nearest_float(v) for v in vertex] for region in found for vertex in region.vertices or []
    ]
    points = [[nearest_float(v) for v in region.interior_point] for region in found]
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        phases=np.array([list(p) for p in phases], dtype=np.uint8),
        gradients=affine[:, :, :-1],
        constants=affine[:, :, -1],
        vertices=np.array(vertices).reshape(len(vertices), len(found.free)),
        first_vertex=np.cumsum([0, *sizes]),
        interior_points=np.array(points).reshape(len(found), len(found.free)),
        free_inputs=np.array(found.free, dtype=np.int64),
        complete=np.array(found.complete),
    )
    return buffer.getvalue()


def _print_formulas(found: Regions, *, latex: bool) -> None:
    from rectifold.reports.formula import as_latex, piecewise  # sympy takes a second to import

    if not found.complete:
        click.echo("note: the list of regions is partial, and so are the formulas", err=True)
    for k, expression in enumerate(piecewise(found)):
        click.echo(f"{found.network.output}[{k}] = {as_latex(expression) if latex else expression}")


def _print_bounds(found: Regions) -> None:
    if found.network.is_chain:
        bounds = upper_bounds(found.network, len(found.free))
        click.echo(
            "upper bounds: "
            + ", ".join(f"{name} {large_bound(value)}" for name, value in bounds.items())
        )
