"""`rectifold show`: what a network looks like."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from rectifold.cli.documented import command
from rectifold.cli.inputs import read_network
from rectifold.cli.options import GivenNetwork, Report, force_option, json_report, source
from rectifold.cli.output import console
from rectifold.cli.targets import require_outputs
from rectifold.cli.values import as_value
from rectifold.errors import InputError
from rectifold.ir.canonical import canonical_text, digest
from rectifold.ir.network import Network
from rectifold.language.printer import print_network
from rectifold.reports.json import sizes_json
from rectifold.reports.tables import network_table
from rectifold.runtime.json import JsonObject
from rectifold.runtime.status import Status


@dataclass(frozen=True)
class PrintForm:
    """In which form the network is printed, if not as a table."""

    text: bool
    formula: bool
    latex: bool
    canonical: bool


_print_form = as_value(
    "form",
    PrintForm,
    click.option(
        "--text", is_flag=True, help="print the network in the language, with every number"
    ),
    click.option(
        "--formula", is_flag=True, help="print each output as one formula (small networks)"
    ),
    click.option("--latex", is_flag=True, help="the same in LaTeX"),
    click.option(
        "--canonical",
        is_flag=True,
        help="print the canonical form (what certificates are bound to)",
    ),
)


@dataclass(frozen=True)
class Drawn:
    """Where NET is drawn, and which network below it."""

    plot_file: str | None
    beside_file: str | None
    force: bool


_drawn = as_value(
    "drawn",
    Drawn,
    click.option(
        "--plot", "plot_file", metavar="FILE", help="draw the network as .png, .svg or .pdf"
    ),
    click.option(
        "--beside",
        "beside_file",
        metavar="NET2",
        help="--plot: draw this one below (before, after)",
    ),
    force_option,
)


@command("show")
@source
@_print_form
@_drawn
@json_report
def show_command(source: GivenNetwork, form: PrintForm, drawn: Drawn, report: Report) -> int:
    """Look at NET: layers, sizes, digest."""
    if drawn.beside_file and not drawn.plot_file:
        raise InputError("--beside names a second network to draw; name the picture with --plot")
    inputs = [source.network, source.domain_spec, drawn.beside_file]
    names = {"--json": report.json_target, "--plot": drawn.plot_file}
    require_outputs(names, inputs, force=drawn.force)
    network, domain = read_network(
        source.network, source.domain_spec, quiet=False, may_be_empty=True
    )
    network = network.with_domain(domain)
    if drawn.plot_file:
        _draw(network, drawn)
    if form.canonical:
        click.echo(canonical_text(network))
    elif form.text:
        click.echo(print_network(network), nl=False)
    elif form.formula or form.latex:
        _print_formulas(network, latex=form.latex)
    else:
        report.write(show_json(network))
        if report.is_on_screen:
            _print_table(network)
    return Status.DONE


def _draw(network: Network, drawn: Drawn) -> None:
    from rectifold.reports.pictures.networks import draw_networks  # matplotlib is an extra

    others = [drawn.beside_file] if drawn.beside_file else []
    read = [read_network(file, None, quiet=False, place=0, may_be_empty=True) for file in others]
    draw_networks([network, *(other for other, _ in read)], Path(drawn.plot_file or ""))
    click.echo(f"wrote {drawn.plot_file}", err=True)


def _print_formulas(network: Network, *, latex: bool) -> None:
    from rectifold.reports.formula import as_latex, formulas  # sympy takes a second to import

    for k, expression in enumerate(formulas(network)):
        click.echo(f"{network.output}[{k}] = {as_latex(expression) if latex else expression}")


def show_json(network: Network) -> JsonObject:
    """Stable keys."""
    return {
        "name": network.name,
        "inputs": network.input_size,
        "outputs": network.output_size,
        "digest": digest(network),
        "sizes": sizes_json(network.sizes),
        "depth": network.depth,
        "chain": network.is_chain,
        "domain": None if network.domain is None else network.domain.describe(),
    }


def _print_table(network: Network) -> None:
    out = console()
    out.print(network_table(network))
    domain = "not stated" if network.domain is None else network.domain.describe()
    out.print(f"domain: {domain}", markup=False)
    out.print(f"digest: {digest(network)}")
