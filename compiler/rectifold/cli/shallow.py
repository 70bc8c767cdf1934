"""`rectifold shallow`: at most two hidden layers."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import click

from rectifold.certificate.file import Certificate
from rectifold.certificate.within import certify_equal_by_cells
from rectifold.cli.documented import command
from rectifold.cli.inputs import read_loaded
from rectifold.cli.numbers import number_of
from rectifold.cli.options import (
    GivenNetwork,
    Output,
    Proof,
    Report,
    certificate_option,
    memory_limit_option,
    network_output,
    report,
    shallow_proof,
    source,
)
from rectifold.cli.output import console
from rectifold.cli.pages import command_line, file_pictures, recheck_command
from rectifold.cli.progress import progress_line
from rectifold.cli.rounding import largest_bound, rounding_in_time, rounding_text
from rectifold.cli.targets import To, certificate_bytes, network_target, require_outputs
from rectifold.cli.times import Times
from rectifold.cli.values import as_value
from rectifold.effort.proofs import CertificateEffort
from rectifold.effort.running import CommandEffort
from rectifold.emitters.artifact import Artifact, write_artifact
from rectifold.emitters.header import Origin
from rectifold.emitters.milp.program import PROGRAMS
from rectifold.errors import InputError, Unfinished
from rectifold.formats.interface import Interface, with_tail
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.prover.cascade import require_domain
from rectifold.reports.pages.about import certificate_section, shallow_page
from rectifold.reports.pages.model import Page
from rectifold.reports.pictures.errors import draw_errors
from rectifold.reports.pictures.shallow import draw_sheets, draw_strips
from rectifold.reports.tables import shallow_table
from rectifold.runtime.deadline import Deadline
from rectifold.runtime.files import write_files
from rectifold.runtime.json import JsonObject
from rectifold.runtime.run import Limits, Progress, Run
from rectifold.runtime.status import Status
from rectifold.two_layers.shallow import KINDS, Kind, Shallow, WantedForm, shallow_form
from rectifold_check import Verdict
from rectifold_check.limits import MOST_CELL_INPUTS

_STRIPS_GAIN = Fraction(1000)  # M of the gates in a picture of strips, where --gain gives none


@dataclass(frozen=True)
class ShallowForm:
    """Which shallow form is wanted, its certificate, and its pictures."""

    kind: Kind | None
    accuracy: Fraction
    gain: Fraction | None
    certificate_file: str | None
    plot_file: str | None
    strips_file: str | None
    errors_file: str | None

    @property
    def pictures(self) -> dict[str, str | None]:
        return {
            "--plot": self.plot_file,
            "--plot-strips": self.strips_file,
            "--plot-errors": self.errors_file,
        }


_shallow_form = as_value(
    "form",
    ShallowForm,
    click.option(
        "--kind",
        type=click.Choice(KINDS),
        help="which form to write (default: the smallest exact one, else centred); three: exact "
        "with three hidden layers",
    ),
    click.option(
        "--accuracy",
        callback=number_of,
        default="1/100",
        show_default=True,
        metavar="SHARE",
        help="of the volume on which a gated form may be wrong",
    ),
    click.option(
        "--gain",
        metavar="M",
        callback=number_of,
        help="M of a gated form, instead of the one that the accuracy needs",
    ),
    certificate_option("write the certificate that the exact form equals NET to FILE"),
    click.option(
        "--plot",
        "plot_file",
        metavar="FILE",
        help="draw the regions with the sheets of the exact form (two free inputs)",
    ),
    click.option(
        "--plot-strips",
        "strips_file",
        metavar="FILE",
        help="draw where the classic and the centred gate are wrong (two free inputs)",
    ),
    click.option(
        "--plot-errors",
        "errors_file",
        metavar="FILE",
        help="draw the error of every form against M",
    ),
)


@command("shallow")
@source
@network_output(required=False, text="the file to write (left out: only the table)")
@_shallow_form
@shallow_proof
@report
@memory_limit_option
def shallow_command(
    source: GivenNetwork, output: Output, form: ShallowForm, proof: Proof, report: Report
) -> int:
    """Rewrite NET with at most two hidden layers: exact where inputs are read in up to five
    directions, or where it is a sum of maxima of up to six forms; else gated.

    The time limit is that of the whole command.
    """
    to = network_target(output, quiet=report.quiet) if output.output else None
    names = {"--certificate": form.certificate_file, **form.pictures, "--json": report.json_target}
    inputs = [source.network, source.domain_spec]
    require_outputs(names, inputs, force=output.force, network=to.target if to else None)
    with proof.times.before("the network was read"):
        loaded, domain = read_loaded(source.network, source.domain_spec, quiet=report.quiet)
        network = loaded.network
        domain = require_domain(network, domain)
    to = None if to is None else to.called_as(loaded.interface)
    with progress_line(quiet=report.quiet) as progress:
        result = _shallow(network, domain, form, proof, progress)
        if progress is not None:
            progress("making and checking the certificate", 0, 0)
        is_required = form.certificate_file is not None
        proved, in_time = certify_form(
            network, domain, result, proof.times, required=is_required, run=Run(progress=progress)
        )
    beside = certificate_bytes(form.certificate_file, proved[0] if proved else None)
    files, bound = _write(result, network, to, beside, proof.times.end, force=output.force)
    with proof.times.before("the pictures were drawn"):
        _draw_pictures(network, domain, form)
    verdict = "not made" if proved is None else proved[1].status
    interface = None if to is None else to.interface
    told = shallow_json(result, interface)
    told |= {"certificate": verdict, "error_bound": bound}
    report.write(told, lambda: _page(result, domain, source, form, verdict))
    if report.is_on_screen and output.output != "-":
        console().print(shallow_table(result))
        files += [Path(name) for name in form.pictures.values() if name]
        lines = [*_lines(result, to, verdict, bound), *(f"wrote {path}" for path in files)]
        if proved is not None and form.certificate_file and proved[0].work:
            lines.append(proved[0].work_text)
        click.echo("\n".join(lines))
    return Status.DONE if in_time else Status.UNDECIDED


def _page(
    result: Shallow, domain: Domain, source: GivenNetwork, form: ShallowForm, verdict: str
) -> Page:
    recheck = recheck_command(source.network, form.certificate_file, source.domain_spec)
    proof = certificate_section(verdict, recheck)
    sections = [proof, *file_pictures(list(form.pictures.values()))]
    return shallow_page(result, domain.describe(), sections, command_line())


def _shallow(
    network: Network, domain: Domain, form: ShallowForm, proof: Proof, progress: Progress | None
) -> Shallow:
    with proof.times.before("the shallow form was built"):
        wanted = WantedForm(form.kind, form.accuracy, form.gain)
        run = Run(Limits(proof.seconds), progress=progress)
        regions = regions_to_certify(required=form.certificate_file is not None)
        return shallow_form(network, domain, wanted, run, regions)


def regions_to_certify(*, required: bool) -> int:
    """Up to how many regions a form has a certificate, where there can be one."""
    return sys.maxsize if required else CommandEffort.certified_regions


CertifiedForm = tuple[Certificate, Verdict]


def certify_form(
    network: Network,
    domain: Domain,
    result: Shallow,
    times: Times,
    *,
    required: bool,
    run: Run = Run(),
) -> tuple[CertifiedForm | None, bool]:
    """The certificate where there is one, and whether there was time to make and check it.

    The `times` end it, and `run` hears how far it is. Raises Unfinished where one is `required`
    and there was not.
    """
    try:
        with times.before("the certificate was made and checked"):
            return certify_shallow(network, result, domain, required=required, run=run), True
    except Unfinished as ended:
        if required:
            raise
        click.echo(f"note: {ended}; the form is not checked by a certificate", err=True)
        return None, False


def _draw_pictures(network: Network, domain: Domain, form: ShallowForm) -> None:
    if form.plot_file:
        draw_sheets(network, domain, Path(form.plot_file))
    if form.strips_file:
        draw_strips(network, domain, Path(form.strips_file), form.gain or _STRIPS_GAIN)
    if form.errors_file:
        draw_errors(network, domain, Path(form.errors_file))


def _write(
    result: Shallow,
    network: Network,
    to: To | None,
    beside: tuple[Path, bytes] | None,
    deadline: Deadline,
    *,
    force: bool,
) -> tuple[list[Path], float | None]:
    """Writes the form, if it is wanted, and its certificate: the files, and what the code may be
    off by (None: not known, or nothing is written).
    """
    files = [] if beside is None else [beside[0]]
    if to is not None:
        origin = shallow_origin(result, network, to, deadline)
        _, emitted = write_shallow(result, to, origin, force=force, beside=beside)
        return [*emitted, *files], largest_bound(origin.error_bound, to.chosen)
    if beside is not None:
        write_files(dict([beside]), force=force)
    return files, None


def _lines(result: Shallow, to: To | None, verdict: str, bound: float | None) -> list[str]:
    """What holds of the form, and how far its code may be off: an exact format rounds nothing."""
    lines = [with_tail(result.statement, None if to is None else to.interface)]
    if result.exact:
        lines.append(f"certificate: {verdict}")
    if to is not None and bound:
        lines.append(rounding_text(bound, is_program=to.chosen in PROGRAMS))
    return lines


def shallow_origin(result: Shallow, of: Network, to: To, deadline: Deadline) -> Origin:
    """What the written form says about itself; its rounding is bounded where there is time."""
    rounding = rounding_in_time(result.network, None, to, deadline)
    statement = f"a shallow form ({result.kind}): {result.statement}"
    precision = to.precision(result.network) or "float64"
    return Origin(
        digest(of),
        of.sizes,
        rounding.bound,
        statement,
        precision,
        to.interface,
        integers=rounding.integers,
    )


def write_shallow(
    result: Shallow, to: To, origin: Origin, *, force: bool, beside: tuple[Path, bytes] | None
) -> tuple[Artifact, list[Path]]:
    """Emit a shallow network like any other; what was written, and where."""
    artifact = to.emitted(result.network, origin)
    return artifact, write_artifact(artifact, to.path, force=force, certificate=beside)


def certify_shallow(
    source: Network, result: Shallow, domain: Domain, *, required: bool, run: Run = Run()
) -> tuple[Certificate, Verdict] | None:
    """The certificate that an exact form equals `source`, and the checker's verdict.

    None for a form that is not exact, and for a large one unless it is `required`. Raises
    InputError if it is required and there is none, ClaimRefused if the checker does not accept it.
    """
    if not result.exact or result.regions > regions_to_certify(required=required):
        if required:
            raise InputError(
                f"the {result.kind} form is not exact, so there is no certificate; "
                "leave out --certificate"
            )
        return None
    proved = certify_equal_by_cells(source, result.network, domain, run)
    if proved is None and required:
        raise InputError(
            "the certificate of this form would need more than "
            f"{CertificateEffort.most_cells:,} cells, or inputs are read in more than "
            f"{MOST_CELL_INPUTS} directions; leave out --certificate, or take a smaller domain"
        )
    return proved


def shallow_json(result: Shallow, interface: Interface | None) -> JsonObject:
    """Stable keys; `interface`: of the model whose tail is kept.

    Without a form whose units are a number that Python neither writes nor reads (`int` of more than
    4,300 digits): that of all on-off patterns of very many units.
    """
    most = 10**sys.int_info.default_max_str_digits
    forms = {k: own for k, own in result.alternatives.items() if max(own, default=0) < most}
    return {
        "exact": result.exact,
        "kind": result.kind,
        "hidden": result.hidden,
        "alternatives": forms,
        "regions": result.regions,
        "statement": with_tail(result.statement, interface),
        "seconds": result.seconds,
    }
