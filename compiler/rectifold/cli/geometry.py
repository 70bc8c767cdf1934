"""The commands about linear regions and shallow networks."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import numpy as np

from rectifold.bounds.codeerror import code_error
from rectifold.cascade import require_domain
from rectifold.certificates import MOST_CELLS, Certificate, certify_by_cells
from rectifold.cli.common import (
    DONE,
    UNDECIDED,
    console,
    domain_option,
    force_option,
    json_option,
    polite,
    quiet_option,
    share_options,
    write_json,
)
from rectifold.cli.inputs import opened, point_from
from rectifold.emitters.artifact import refuse_existing, write_artifact, write_whole
from rectifold.emitters.program import Origin
from rectifold.emitters.table import EMITTERS, format_for
from rectifold.errors import InputError
from rectifold.exact import parse_rational
from rectifold.ir.canonical import canonical_text, digest, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.summary import Regions, linear_regions, upper_bounds
from rectifold.pictures import draw_errors, draw_regions, draw_sheets, draw_strips
from rectifold.report import large, regions_table, shallow_table
from rectifold.two_layers.construct import KINDS, Shallow, shallow_network
from rectifold_check import Verdict, check

_CERTIFIED_REGIONS = 500  # up to which an exact form is certified without being asked

_NETWORK = click.argument("network", metavar="NET")
_TIME_LIMIT = click.option(
    "--time-limit", type=click.FloatRange(min=0), metavar="S", help="end the search after S seconds"
)
_SLICE = click.option(
    "--slice", "slice_spec", metavar="I,J", help="vary only these inputs (numbers from 0), fix the others"
)
_AT = click.option(
    "--at",
    "at_spec",
    metavar="POINT",
    help="where a slice fixes the others: numbers or a .npy file (default: the middle)",
)


@click.command("regions")
@_NETWORK
@domain_option
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="end the search after N regions")
@_TIME_LIMIT
@share_options
@_SLICE
@_AT
@click.option(
    "--npz", "npz_file", metavar="FILE", help="write phases, gradients, constants and vertices to FILE (float64)"
)
@click.option("--formula", is_flag=True, help="print each output as a piecewise formula")
@click.option("--latex", is_flag=True, help="the same in LaTeX")
@click.option("--plot", "plot_file", metavar="FILE", help="draw one or two free inputs as .png or .svg")
@click.option("--colour", type=click.Choice(["gradient", "pattern", "output"]), default="gradient", show_default=True)
@json_option
@force_option
@quiet_option
@polite
def regions_command(
    network: str, domain_spec: str | None, limit: int | None, time_limit: float | None, jobs: int, scheduler: str | None,
    slice_spec: str | None,
    at_spec: str | None, npz_file: str | None, formula: bool, latex: bool, plot_file: str | None, colour: Any,
    json_target: str | None, force: bool, quiet: bool,
) -> int:  # fmt: skip
    """Count and list the linear regions of NET, exactly: with vertices for at most five free inputs, else by linear programs."""
    for file in (npz_file, plot_file):
        if file:
            refuse_existing(Path(file), force=force)
    source, domain = opened(network, domain_spec, quiet=quiet)
    domain = _sliced(require_domain(source, domain), slice_spec, at_spec)
    found = linear_regions(source, domain, limit=limit, seconds=time_limit, jobs=jobs, scheduler=scheduler)
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
        raise InputError(f"--slice {spec!r} names inputs that are not there: they are numbered 0 to {domain.size - 1}")
    if at is None and not domain.is_bounded:
        raise InputError("a slice of an unbounded domain has no middle; say where it lies with --at")
    point = (
        point_from(at)
        if at is not None
        else [(a + b) / 2 for a, b in zip(domain.lower, domain.upper, strict=True) if a is not None and b is not None]
    )
    if len(point) != domain.size:
        raise InputError(f"--at gives {len(point)} numbers, the domain has {domain.size} inputs")
    for k, value in enumerate(point):
        low, high = domain.lower[k], domain.upper[k]
        if k not in kept and ((low is not None and value < low) or (high is not None and value > high)):
            raise InputError(f"--at puts input {k} at {value}, outside its range")
    ends = [
        tuple(end if k in kept else point[k] for k, end in enumerate(side)) for side in (domain.lower, domain.upper)
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
                "affine": [[str(v) for v in form] for form in region.affine],
                "vertices": None if region.vertices is None else [[str(v) for v in vertex] for vertex in region.vertices],
                "interior_point": [str(v) for v in region.interior_point],
            }
            for region in found
        ],
    }  # fmt: skip


def _npz(found: Regions) -> bytes:
    phases = [b"".join(region.phases.values()) for region in found]
    affine = np.array([[[float(v) for v in form] for form in region.affine] for region in found])
    affine = affine.reshape(len(found), found.network.output_size, len(found.free) + 1)
    sizes = [len(region.vertices or []) for region in found]
    vertices = [[float(v) for v in vertex] for region in found for vertex in region.vertices or []]
    points = [[float(v) for v in region.interior_point] for region in found]
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
    from rectifold.formula import as_latex, piecewise  # sympy takes a second to import

    if not found.complete:
        click.echo("note: the list of regions is partial, and so are the formulas", err=True)
    for k, expression in enumerate(piecewise(found)):
        click.echo(f"{found.network.output}[{k}] = {as_latex(expression) if latex else expression}")


def _print_bounds(found: Regions) -> None:
    if found.network.is_chain:
        bounds = upper_bounds(found.network, len(found.free))
        click.echo("upper bounds: " + ", ".join(f"{name} {large(value)}" for name, value in bounds.items()))


@click.command("shallow")
@_NETWORK
@click.option("-o", "--output", metavar="OUT", help="the file to write (left out: only the table)")
@click.option("--to", "wanted", metavar="FORMAT", help=f"{', '.join(EMITTERS)}; taken from OUT's suffix when left out")
@domain_option
@click.option(
    "--kind", type=click.Choice(KINDS), help="which form to write (default: the smallest exact one, else centred)"
)
@click.option(
    "--accuracy",
    default="1/100",
    show_default=True,
    metavar="SHARE",
    help="of the volume on which a gated form may be wrong",
)
@click.option("--gain", metavar="M", help="M of a gated form, instead of the one that the accuracy needs")
@_TIME_LIMIT
@click.option(
    "--certificate",
    "certificate_file",
    metavar="FILE",
    help="write the certificate that the exact form equals NET to FILE",
)
@click.option(
    "--plot", "plot_file", metavar="FILE", help="draw the regions with the sheets of the exact form (two free inputs)"
)
@click.option(
    "--plot-strips",
    "strips_file",
    metavar="FILE",
    help="draw where the classic and the centred gate are wrong (two free inputs)",
)
@click.option("--plot-errors", "errors_file", metavar="FILE", help="draw the error of every form against M")
@json_option
@force_option
@quiet_option
@polite
def shallow_command(
    network: str, output: str | None, wanted: str | None, domain_spec: str | None, kind: Any, accuracy: str,
    gain: str | None, time_limit: float | None, certificate_file: str | None, plot_file: str | None, strips_file: str | None,
    errors_file: str | None, json_target: str | None, force: bool, quiet: bool,
) -> int:  # fmt: skip
    """Rewrite NET with at most two hidden layers: exact for up to three free inputs, gated for more."""
    pictures = [Path(file) for file in (plot_file, strips_file, errors_file) if file]
    for file in (output, certificate_file, *pictures):
        if file:
            refuse_existing(Path(file), force=force)
    chosen = format_for(Path(output), wanted) if output else None
    source, domain = opened(network, domain_spec, quiet=quiet)
    domain = require_domain(source, domain)
    chosen_gain = None if gain is None else parse_rational(gain)
    result = shallow_network(
        source, domain, kind=kind, accuracy=parse_rational(accuracy), gain=chosen_gain, seconds=time_limit
    )
    proved = certified_shallow(source, result, domain, required=certificate_file is not None)
    files = write_shallow(result, Path(output), chosen, of=source, force=force)[0] if output and chosen else []
    if certificate_file and proved is not None:
        files.append(Path(certificate_file))
        write_whole(files[-1], proved[0].text.encode("ascii"))
    if plot_file:
        draw_sheets(source, domain, Path(plot_file))
    if strips_file:
        draw_strips(source, domain, Path(strips_file), chosen_gain or Fraction(1000))
    if errors_file:
        draw_errors(source, domain, Path(errors_file))
    verdict = "not made" if proved is None else proved[1].status
    write_json(json_target, shallow_json(result) | {"certificate": verdict})
    if not quiet and json_target != "-":
        console().print(shallow_table(result))
        click.echo(result.statement)
        if result.exact:
            click.echo(f"certificate: {verdict}")
        for path in [*files, *pictures]:
            click.echo(f"wrote {path}")
    return DONE


def write_shallow(
    result: Shallow, path: Path, chosen: str, *, of: Network, force: bool
) -> tuple[list[Path], float | None]:
    """Emit a shallow network like any other, as a form of `of`: the files, and the certified rounding bound of the code."""
    precision = "float32" if chosen == "onnx" else "float64"
    assert result.network.domain is not None
    bound = tuple(code_error(result.network, result.network.domain, None, precision).tolist())
    statement = f"a shallow form ({result.kind}): {result.statement}"
    origin = Origin(digest(of), of.sizes, bound, statement, precision)
    files = write_artifact(EMITTERS[chosen](result.network, origin, path.name), path, force=force)
    largest = max(bound, default=0.0)
    return files, largest if np.isfinite(largest) else None


def certified_shallow(
    source: Network, result: Shallow, domain: Domain, *, required: bool
) -> tuple[Certificate, Verdict] | None:
    """The certificate that an exact form equals `source`, and the checker's verdict. Left out for large forms unless `required`.

    Raises InputError if it is required and there is none.
    """
    if not result.exact or (not required and result.regions > _CERTIFIED_REGIONS):
        if required:
            raise InputError(
                f"the {result.kind} form is not exact, so there is no certificate; leave out --certificate"
            )
        return None
    zero = [Fraction(0)] * source.output_size
    certificate = certify_by_cells(source, result.network, domain, zero)
    if certificate is None:
        if required:
            raise InputError(f"the certificate of this form would need more than {MOST_CELLS:,} cells")
        return None
    texts = canonical_text(source), domain_text(domain), canonical_text(result.network)
    return certificate, check(texts[0], texts[1], certificate.lines, texts[2])


def shallow_json(result: Shallow) -> dict[str, Any]:
    """Stable keys."""
    return {
        "exact": result.exact, "kind": result.kind, "hidden": result.hidden, "alternatives": result.alternatives,
        "regions": result.regions, "statement": result.statement, "seconds": result.seconds,
    }  # fmt: skip
