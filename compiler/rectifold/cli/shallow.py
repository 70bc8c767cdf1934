"""`rectifold shallow`: at most two hidden layers."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import numpy as np

from rectifold.certificate.accepted import accepted
from rectifold.certificate.file import Certificate
from rectifold.certificate.within import MOST_CELLS, certify_by_cells
from rectifold.cli.inputs import opened
from rectifold.cli.options import (
    domain_option,
    force_option,
    json_option,
    memory_limit_option,
    network_argument,
    quiet_option,
    time_limit_option,
)
from rectifold.cli.output import console, write_json
from rectifold.cli.progress import shown
from rectifold.cli.rounding import certified_rounding, precision_of
from rectifold.cli.status import DONE
from rectifold.cli.targets import certificate_bytes, network_target, require_outputs
from rectifold.emitters.artifact import write_artifact
from rectifold.emitters.program import Origin
from rectifold.emitters.table import EMITTERS
from rectifold.errors import InputError
from rectifold.exact.literals import parse_rational
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.prover.cascade import require_domain
from rectifold.reports.pictures import draw_errors, draw_sheets, draw_strips
from rectifold.reports.tables import shallow_table
from rectifold.runtime.files import write_files
from rectifold.two_layers.shallow import KINDS, Shallow, shallow_network
from rectifold_check import Verdict

_CERTIFIED_REGIONS = 500  # up to which an exact form is certified without being asked


@click.command("shallow")
@network_argument
@click.option("-o", "--output", metavar="OUT", help="the file to write (left out: only the table)")
@click.option(
    "--to",
    "wanted",
    metavar="FORMAT",
    help=f"{', '.join(EMITTERS)}; taken from OUT's suffix when left out",
)
@domain_option
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    help="which form to write (default: the smallest exact one, else centred)",
)
@click.option(
    "--accuracy",
    default="1/100",
    show_default=True,
    metavar="SHARE",
    help="of the volume on which a gated form may be wrong",
)
@click.option(
    "--gain", metavar="M", help="M of a gated form, instead of the one that the accuracy needs"
)
@time_limit_option("search")
@click.option(
    "--certificate",
    "certificate_file",
    metavar="FILE",
    help="write the certificate that the exact form equals NET to FILE",
)
@click.option(
    "--plot",
    "plot_file",
    metavar="FILE",
    help="draw the regions with the sheets of the exact form (two free inputs)",
)
@click.option(
    "--plot-strips",
    "strips_file",
    metavar="FILE",
    help="draw where the classic and the centred gate are wrong (two free inputs)",
)
@click.option(
    "--plot-errors", "errors_file", metavar="FILE", help="draw the error of every form against M"
)
@json_option
@force_option
@memory_limit_option
@quiet_option
def shallow_command(
    network: str, output: str | None, wanted: str | None, domain_spec: str | None, kind: Any, accuracy: str,
    gain: str | None, time_limit: float | None, certificate_file: str | None, plot_file: str | None, strips_file: str | None,
    errors_file: str | None, json_target: str | None, force: bool, quiet: bool,
) -> int:  # fmt: skip
    """Rewrite NET with at most two hidden layers: exact for up to three free inputs, gated for more."""
    pictures = [Path(file) for file in (plot_file, strips_file, errors_file) if file]
    _, chosen, target = (
        network_target(output, wanted, quiet=quiet) if output else (None, None, None)
    )
    names = {
        "--certificate": certificate_file, "--plot": plot_file, "--plot-strips": strips_file,
        "--plot-errors": errors_file, "--json": json_target,
    }  # fmt: skip
    require_outputs(names, [network, domain_spec], force=force, network=target)
    source, domain = opened(network, domain_spec, quiet=quiet)
    domain = require_domain(source, domain)
    chosen_gain = None if gain is None else parse_rational(gain)
    with shown(quiet=quiet) as progress:
        result = shallow_network(
            source, domain, kind=kind, accuracy=parse_rational(accuracy), gain=chosen_gain, seconds=time_limit,
            progress=progress,
        )  # fmt: skip
        if progress is not None:
            progress("making and checking the certificate", 0, 1)
        proved = certified_shallow(source, result, domain, required=certificate_file is not None)
    beside = certificate_bytes(certificate_file, proved[0] if proved else None)
    files: list[Path] = []
    if output and chosen:
        files, _ = write_shallow(
            result, Path(output), chosen, of=source, force=force, certificate=beside
        )
    elif beside is not None:
        write_files(dict([beside]), force=force)
    files += [] if beside is None else [beside[0]]
    if plot_file:
        draw_sheets(source, domain, Path(plot_file))
    if strips_file:
        draw_strips(source, domain, Path(strips_file), chosen_gain or Fraction(1000))
    if errors_file:
        draw_errors(source, domain, Path(errors_file))
    verdict = "not made" if proved is None else proved[1].status
    write_json(json_target, shallow_json(result) | {"certificate": verdict})
    if not quiet and "-" not in (json_target, output):
        console().print(shallow_table(result))
        click.echo(result.statement)
        if result.exact:
            click.echo(f"certificate: {verdict}")
        for path in [*files, *pictures]:
            click.echo(f"wrote {path}")
    return DONE


def write_shallow(
    result: Shallow,
    path: Path,
    chosen: str,
    *,
    of: Network,
    force: bool,
    certificate: tuple[Path, bytes] | None,
) -> tuple[list[Path], float | None]:
    """Emit a shallow network like any other, as a form of `of`: the files, and the certified rounding bound of the code."""
    assert result.network.domain is not None
    bound = certified_rounding(result.network, result.network.domain, None, chosen)
    statement = f"a shallow form ({result.kind}): {result.statement}"
    origin = Origin(digest(of), of.sizes, bound, statement, precision_of(chosen))
    files = write_artifact(
        EMITTERS[chosen](result.network, origin, path.name),
        path,
        force=force,
        certificate=certificate,
    )
    largest = max(bound or (), default=0.0)
    return files, largest if np.isfinite(largest) else None


def certified_shallow(
    source: Network, result: Shallow, domain: Domain, *, required: bool
) -> tuple[Certificate, Verdict] | None:
    """The certificate that an exact form equals `source`, and the checker's verdict. Left out for large forms unless `required`.

    Raises InputError if it is required and there is none, ClaimRefused if the checker does not accept it.
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
            raise InputError(
                f"the certificate of this form would need more than {MOST_CELLS:,} cells"
            )
        return None
    return certificate, accepted(source, result.network, domain, certificate)


def shallow_json(result: Shallow) -> dict[str, Any]:
    """Stable keys."""
    return {
        "exact": result.exact, "kind": result.kind, "hidden": result.hidden, "alternatives": result.alternatives,
        "regions": result.regions, "statement": result.statement, "seconds": result.seconds,
    }  # fmt: skip
