"""`rectifold show`: what a network looks like."""

from __future__ import annotations

import click

from rectifold.cli.inputs import opened
from rectifold.cli.options import domain_option, json_option, network_argument
from rectifold.cli.output import console, write_json
from rectifold.cli.status import DONE
from rectifold.cli.targets import require_outputs
from rectifold.ir.canonical import canonical_text, digest
from rectifold.language.printer import print_network
from rectifold.reports.tables import network_table, sizes_json


@click.command("show")
@network_argument
@click.option("--text", is_flag=True, help="print the network in the language, with every number")
@click.option("--formula", is_flag=True, help="print each output as one formula (small networks)")
@click.option("--latex", is_flag=True, help="the same in LaTeX")
@click.option(
    "--canonical", is_flag=True, help="print the canonical form (what certificates are bound to)"
)
@domain_option
@json_option
def show_command(
    network: str, text: bool, formula: bool, latex: bool, canonical: bool, domain_spec: str | None, json_target: str | None
) -> int:  # fmt: skip
    """Look at NET: layers, sizes, digest."""
    require_outputs({"--json": json_target}, [network, domain_spec], force=False)
    source, domain = opened(network, domain_spec, quiet=False, may_be_empty=True)
    source = source.with_domain(domain)
    if canonical:
        click.echo(canonical_text(source))
        return DONE
    if text:
        click.echo(print_network(source), nl=False)
        return DONE
    if formula or latex:
        from rectifold.reports.formula import as_latex, formulas  # sympy takes a second to import

        for k, expression in enumerate(formulas(source)):
            click.echo(f"{source.output}[{k}] = {as_latex(expression) if latex else expression}")
        return DONE
    result = {
        "name": source.name, "inputs": source.input_size, "outputs": source.output_size, "digest": digest(source),
        "sizes": sizes_json(source.sizes), "depth": source.depth, "chain": source.is_chain,
        "domain": None if domain is None else domain.describe(),
    }  # fmt: skip
    write_json(json_target, result)
    if json_target != "-":
        out = console()
        out.print(network_table(source))
        out.print(f"domain: {'not stated' if domain is None else domain.describe()}", markup=False)
        out.print(f"digest: {digest(source)}")
    return DONE
