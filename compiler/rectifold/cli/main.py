"""The command line: read, one library call, report, exit status."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import numpy as np

import rectifold_check
from rectifold.bounds.codeerror import code_error
from rectifold.cascade import prove, require_domain
from rectifold.certificates import Certificate, certify, check_certificate
from rectifold.cli.common import (
    DONE,
    REFUTED,
    UNDECIDED,
    console,
    domain_option,
    force_option,
    json_option,
    limits_from,
    polite,
    proof_options,
    quiet_option,
    write_json,
)
from rectifold.cli.geometry import certified_shallow, regions_command, shallow_command, shallow_json, write_shallow
from rectifold.cli.inputs import opened, point_from
from rectifold.cli.progress import shown
from rectifold.cli.verify import verify_command
from rectifold.emitters.artifact import refuse_existing, write_artifact, write_whole
from rectifold.emitters.program import Origin
from rectifold.emitters.table import EMITTERS, format_for
from rectifold.errors import InputError
from rectifold.formats.load import load
from rectifold.ir.canonical import canonical_text, digest, domain_text
from rectifold.ir.evaluate import evaluate, evaluate_float
from rectifold.passes.rewritten import Options
from rectifold.pipeline import Compiled, compile_network
from rectifold.proof.facts import Facts
from rectifold.report import (
    compile_table,
    compiled_json,
    network_table,
    seconds_text,
    shallow_table,
    sizes_json,
    stability_json,
    stability_table,
)
from rectifold.syntax.printer import print_network
from rectifold.two_layers.construct import shallow_network

_NETWORK = click.argument("network", metavar="NET")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rectifold")
def main() -> None:
    """A compiler for ReLU networks: provably equal, smaller networks, certificates and standalone code."""


@main.command("compile")
@_NETWORK
@click.option("-o", "--output", required=True, metavar="OUT", help="the file to write")
@click.option("--to", "wanted", metavar="FORMAT", help=f"{', '.join(EMITTERS)}; taken from OUT's suffix when left out")
@domain_option
@click.option("--certificate", "certificate_file", metavar="FILE", help="write the certificate to FILE")
@click.option("--no-certificate", is_flag=True, help="make and check no certificate (the result is then unchecked)")
@click.option("--plain/--skips", default=True, help="a chain stays a chain, or skip edges may carry linear parts")
@click.option(
    "--objective",
    type=click.Choice(["macs", "weights", "units"]),
    default="macs",
    show_default=True,
    help="what to make small",
)
@proof_options
@json_option
@force_option
@quiet_option
@click.option(
    "--shallow", is_flag=True, help="write the result with at most two hidden layers (see the command shallow)"
)
@click.option("-v", "--verbose", is_flag=True, help="list every rewrite")
@polite
def compile_command(
    network: str, output: str, wanted: str | None, domain_spec: str | None, certificate_file: str | None,
    no_certificate: bool, plain: bool, objective: Any, prover: Any, time_limit: float | None, seed: int, jobs: int,
    scheduler: str | None, log_file: str | None,
    json_target: str | None, force: bool, quiet: bool, shallow: bool, verbose: bool,
) -> int:  # fmt: skip
    """Rewrite NET into a smaller network that is the same function on the domain."""
    started = time.monotonic()
    path, chosen = Path(output), format_for(Path(output), wanted)
    for target in [path] + ([Path(certificate_file)] if certificate_file else []):
        refuse_existing(target, force=force)
    source, domain = opened(network, domain_spec, quiet=quiet)
    with shown(quiet=quiet) as progress:
        compiled = compile_network(
            source, require_domain(source, domain), prover=prover, options=Options(skips=not plain, objective=objective),
            limits=limits_from(time_limit, jobs, scheduler, log_file), seed=seed, progress=progress,
        )  # fmt: skip
        if progress is not None and not no_certificate:
            progress("making and checking the certificate", 0, 1)
        certificate, verdict = (None, None) if no_certificate else _certified(compiled)
    if verdict is not None and not verdict.holds:
        click.echo(f"error: the checker refuses the certificate ({verdict.reason}); nothing was written", err=True)
        return UNDECIDED
    origin = _origin(compiled, chosen, verdict)
    folded = shallow_network(compiled.network, compiled.facts.domain, seconds=time_limit) if shallow else None
    if folded is not None and certificate_file:
        proved = certified_shallow(source, folded, compiled.facts.domain, required=True)
        assert proved is not None
        certificate, verdict = proved
    if folded is not None:
        files, shallow_bound = write_shallow(folded, path, chosen, of=compiled.source, force=force)
    else:
        files = write_artifact(EMITTERS[chosen](compiled.network, origin, path.name), path, force=force)
    if certificate_file and certificate is not None:
        write_whole(Path(certificate_file), certificate.text.encode("ascii"))
    result = compiled_json(compiled) | _compile_extra(compiled, origin, certificate_file, verdict, files, started)
    if folded is not None:
        result["shallow"] = shallow_json(folded)
        result["error_bound"] = shallow_bound
        if not certificate_file:
            result["certificate"]["about"] = "the rewriting, before --shallow"
    write_json(json_target, result)
    if folded is not None and not quiet and json_target != "-":
        console().print(shallow_table(folded))
        click.echo(f"shallow: {folded.statement}")
    if not quiet and json_target != "-":
        about = (
            "certificate of the rewriting (before --shallow)"
            if folded is not None and not certificate_file
            else "certificate"
        )
        _print_compiled(compiled, origin, verdict, files, verbose=verbose, about=about, is_shallow=folded is not None)
    return DONE if compiled.facts.complete else UNDECIDED


def _certified(compiled: Compiled) -> tuple[Certificate, rectifold_check.Verdict]:
    certificate = certify(compiled)
    return certificate, check_certificate(compiled, certificate)


def _origin(compiled: Compiled, chosen: str, verdict: rectifold_check.Verdict | None) -> Origin:
    precision = "float32" if chosen == "onnx" else "float64"
    bound = code_error(compiled.network, compiled.facts.domain, compiled.kept, precision)
    checked = "not checked by a certificate" if verdict is None else f"the certificate {verdict.status}"
    statement = f"equal to the source on the domain, as exact networks ({checked})"
    return Origin(digest(compiled.source), compiled.source.sizes, tuple(bound.tolist()), statement, precision)


def _compile_extra(
    compiled: Compiled, origin: Origin, file: str | None, verdict: rectifold_check.Verdict | None, files: list[Path],
    started: float,
) -> dict[str, Any]:  # fmt: skip
    bound = max(origin.error_bound or (), default=0.0)
    return {
        "certificate": {
            "file": file,
            "verdict": verdict.status if verdict is not None else "not made",
            "trusted": verdict.trusted if verdict is not None else 0,
        },
        "error_bound": bound if np.isfinite(bound) else None,
        "files": [str(f) for f in files],
        "seconds": time.monotonic() - started,
    }


def _print_compiled(
    compiled: Compiled,
    origin: Origin,
    verdict: rectifold_check.Verdict | None,
    files: list[Path],
    *,
    verbose: bool,
    about: str,
    is_shallow: bool,
) -> None:
    out = console()
    out.print(compile_table(compiled))
    if verbose:
        for step in compiled.steps:
            out.print(f"  {step}", markup=False)
    out.print(f"{compiled.source.shape_text()} → {compiled.network.shape_text()}", markup=False)
    out.print(seconds_text(compiled.seconds))
    if not compiled.facts.complete:
        out.print("The search was ended early: what is proved so far was applied.")
    out.print(f"{about}: " + (_verdict_text(verdict) if verdict is not None else "not made"))
    bound = max(origin.error_bound or (), default=0.0)
    if np.isfinite(bound) and not is_shallow:
        out.print(f"rounding of the written code: at most {bound:.3g} on the domain, per output")
    out.print("wrote " + ", ".join(str(f) for f in files), markup=False, soft_wrap=True)


@main.command("emit")
@_NETWORK
@click.option("-o", "--output", required=True, metavar="OUT", help="the file to write")
@click.option("--to", "wanted", metavar="FORMAT", help=f"{', '.join(EMITTERS)}; taken from OUT's suffix when left out")
@domain_option
@force_option
@quiet_option
@polite
def emit_command(
    network: str, output: str, wanted: str | None, domain_spec: str | None, force: bool, quiet: bool
) -> int:
    """Write code for NET as it is."""
    path, chosen = Path(output), format_for(Path(output), wanted)
    refuse_existing(path, force=force)
    source, domain = opened(network, domain_spec, quiet=quiet)
    source = source.with_domain(domain)
    precision = "float32" if chosen == "onnx" else "float64"
    bound = None if domain is None else tuple(code_error(source, domain, None, precision).tolist())
    origin = Origin(digest(source), source.sizes, bound, precision=precision)
    files = write_artifact(EMITTERS[chosen](source, origin, path.name), path, force=force)
    if not quiet:
        click.echo("wrote " + ", ".join(str(f) for f in files))
    return DONE


@main.command("stability")
@_NETWORK
@domain_option
@proof_options
@click.option("--plot", "plot_file", metavar="FILE", help="draw the phases per layer as .png or .svg")
@force_option
@json_option
@quiet_option
@polite
def stability_command(
    network: str, domain_spec: str | None, prover: Any, time_limit: float | None, seed: int, jobs: int,
    scheduler: str | None, log_file: str | None, plot_file: str | None, force: bool, json_target: str | None, quiet: bool,
) -> int:  # fmt: skip
    """Table of active, inactive, unstable and open units per layer."""
    started = time.monotonic()
    if plot_file:
        refuse_existing(Path(plot_file), force=force)
    source, domain = opened(network, domain_spec, quiet=quiet)
    with shown(quiet=quiet) as progress:
        limits = limits_from(time_limit, jobs, scheduler, log_file)
        facts = prove(source, domain, prover=prover, limits=limits, seed=seed, progress=progress)
    if plot_file:
        from rectifold.pictures import draw_phases  # matplotlib is an extra

        draw_phases(source, facts, Path(plot_file))
    write_json(json_target, stability_json(source, facts) | {"seconds": time.monotonic() - started})
    if not quiet and json_target != "-":
        out = console()
        out.print(stability_table(source, facts))
        out.print(seconds_text(facts.seconds))
        if plot_file:
            out.print(f"wrote {plot_file}", markup=False)
    return DONE if _all_decided(facts) else UNDECIDED


def _all_decided(facts: Facts) -> bool:
    return facts.complete and not any(known.open.any() for known in facts.layers.values())


@main.command("check")
@_NETWORK
@click.argument("certificate", metavar="CERTIFICATE")
@click.option(
    "--result",
    "result_file",
    metavar="FILE",
    help="the compiled network (.relu), to see that the certificate is about it",
)
@domain_option
@json_option
@quiet_option
@polite
def check_command(
    network: str,
    certificate: str,
    result_file: str | None,
    domain_spec: str | None,
    json_target: str | None,
    quiet: bool,
) -> int:
    """Replay CERTIFICATE against NET with the independent checker."""
    started = time.monotonic()
    source, domain = opened(network, domain_spec, quiet=quiet)
    try:
        lines = Path(certificate).read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{certificate} is no readable certificate ({error})") from None
    other = canonical_text(load(result_file).network) if result_file else None
    verdict = rectifold_check.check(canonical_text(source), domain_text(require_domain(source, domain)), lines, other)
    result = {"verdict": verdict.status, "trusted": verdict.trusted, "reason": verdict.reason}
    write_json(json_target, result | {"seconds": time.monotonic() - started})
    if not quiet and json_target != "-":
        click.echo(_verdict_text(verdict))
    return DONE if verdict.holds else REFUTED


def _verdict_text(verdict: rectifold_check.Verdict) -> str:
    if verdict.status == "holds given trusted claims":
        return f"holds, given {verdict.trusted} trusted claims"
    return verdict.status + (f": {verdict.reason}" if verdict.reason else "")


@main.command("show")
@_NETWORK
@click.option("--text", is_flag=True, help="print the network in the language, with every number")
@click.option("--formula", is_flag=True, help="print each output as one formula (small networks)")
@click.option("--latex", is_flag=True, help="the same in LaTeX")
@click.option("--canonical", is_flag=True, help="print the canonical form (what certificates are bound to)")
@domain_option
@json_option
@polite
def show_command(
    network: str, text: bool, formula: bool, latex: bool, canonical: bool, domain_spec: str | None, json_target: str | None
) -> int:  # fmt: skip
    """Look at NET: layers, sizes, digest."""
    source, domain = opened(network, domain_spec, quiet=False)
    source = source.with_domain(domain)
    if canonical:
        click.echo(canonical_text(source))
        return DONE
    if text:
        click.echo(print_network(source), nl=False)
        return DONE
    if formula or latex:
        from rectifold.formula import as_latex, formulas  # sympy takes a second to import

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


@main.command("run")
@_NETWORK
@click.argument("point", metavar="INPUT")
@click.option("--exact", is_flag=True, help="exact rational arithmetic")
@json_option
@polite
def run_command(network: str, point: str, exact: bool, json_target: str | None) -> int:
    """Evaluate NET at INPUT: "1/3, 0.25", a .npy file, or - for standard input."""
    source, _ = opened(network, None, quiet=False)
    values = point_from(point)
    if len(values) != source.input_size:
        raise InputError(f"{source.name} has {source.input_size} inputs, {len(values)} numbers are given")
    output: list[Any]
    if exact:
        output = [str(v) for v in evaluate(source, values)]
    else:
        output = evaluate_float(source, np.array([float(v) for v in values])).tolist()
    write_json(json_target, {"output": output, "exact": exact})
    if json_target != "-":
        click.echo("\n".join(map(str, output)))
    return DONE


main.add_command(verify_command)
main.add_command(regions_command)
main.add_command(shallow_command)
