"""`rectifold verify`: two networks, one question, one answer."""

from __future__ import annotations

import io
import json
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import numpy as np

from rectifold.cascade import require_domain
from rectifold.cli.common import (
    DONE,
    REFUTED,
    UNDECIDED,
    domain_option,
    force_option,
    json_option,
    limits_from,
    polite,
    quiet_option,
    worker_options,
    write_json,
)
from rectifold.cli.inputs import opened
from rectifold.cli.progress import shown
from rectifold.emitters.artifact import refuse_existing, write_whole
from rectifold.equivalence import Closest, Comparison, Different, Equal, Unknown, closest, compare, compare_argmax
from rectifold.errors import InputError
from rectifold.exact import parse_rational
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_float
from rectifold.ir.network import Network

_SHOWN = 12  # inputs of a counterexample on the screen


@click.command("verify")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@domain_option
@click.option(
    "--within", metavar="EPS", help="allow each output to differ by EPS (one number, or one per output: 0.1,0.2)"
)
@click.option("--argmax", is_flag=True, help="ask only whether the largest output is the same one")
@click.option("--margin", metavar="M", help="with --argmax: only where the largest output of A leads by more than M")
@click.option("--tightest", is_flag=True, help="find certified bounds on the largest difference until the time limit")
@click.option("--float", "in_floats", is_flag=True, help="evaluate a counterexample in float32 and float64 too")
@click.option(
    "--counterexample", "counterexample_file", metavar="FILE", help="write a counterexample to FILE (.json or .npy)"
)
@click.option("--certificate", "certificate_file", metavar="FILE", help="write the certificate of the answer to FILE")
@worker_options
@click.option("--time-limit", type=click.FloatRange(min=0), metavar="S", help="end the proofs after S seconds")
@click.option("--seed", default=0, show_default=True, help="seed of the search for a counterexample")
@json_option
@force_option
@quiet_option
@polite
def verify_command(
    a: str, b: str, domain_spec: str | None, within: str | None, argmax: bool, margin: str | None, tightest: bool,
    in_floats: bool, counterexample_file: str | None, certificate_file: str | None, jobs: int, scheduler: str | None,
    log_file: str | None, time_limit: float | None, seed: int, json_target: str | None, force: bool, quiet: bool,
) -> int:  # fmt: skip
    """Decide whether A and B are the same function on the domain, within EPS, or in their argmax."""
    started = time.monotonic()
    _require_one_question(within, argmax=argmax, margin=margin, tightest=tightest, certificate_file=certificate_file)
    for target in (counterexample_file, certificate_file):
        if target:
            refuse_existing(Path(target), force=force)
    first, domain = opened(a, domain_spec, quiet=quiet)
    second, _ = opened(b, None, quiet=quiet)
    domain = common_domain(first, second, domain)
    limits = limits_from(time_limit, jobs, scheduler, log_file)
    if tightest:
        found = closest(first, second, domain, limits=limits, seed=seed)
        _keep(certificate_file, found.certificate.text)
        write_json(json_target, closest_json(found) | {"seconds": time.monotonic() - started})
        if not quiet and json_target != "-":
            click.echo(closest_text(found))
        return DONE
    tolerance = [parse_rational(word) for word in (within or "0").split(",")]
    with shown(quiet=quiet) as progress:
        if argmax:
            lead = parse_rational(margin or "0")
            result = compare_argmax(first, second, domain, margin=lead, limits=limits, seed=seed, progress=progress)
        else:
            allowed = tolerance[0] if len(tolerance) == 1 else tolerance
            result = compare(first, second, domain, within=allowed, limits=limits, seed=seed, progress=progress)
    extra = _float_check(first, second, result) if in_floats else {}
    if isinstance(result, Different) and counterexample_file:
        _write_counterexample(Path(counterexample_file), result)
    if isinstance(result, Equal) and result.certificate is not None:
        _keep(certificate_file, result.certificate.text)
    seconds = time.monotonic() - started
    write_json(json_target, verify_json(result, tolerance, argmax=argmax) | extra | {"seconds": seconds})
    if not quiet and json_target != "-":
        click.echo(verify_text(result, tolerance, argmax=argmax))
        for name, value in extra.get("floats", {}).items():
            click.echo(f"  in {name} A - B is {value}")
        if certificate_file and isinstance(result, Equal):
            click.echo(_certificate_text(result, certificate_file))
    match result:
        case Equal():
            return DONE
        case Different():
            return REFUTED
        case Unknown():
            return UNDECIDED


def _require_one_question(
    within: str | None, *, argmax: bool, margin: str | None, tightest: bool, certificate_file: str | None
) -> None:
    asked = [
        name
        for name, given in (("--within", within is not None), ("--argmax", argmax), ("--tightest", tightest))
        if given
    ]
    if len(asked) > 1:
        raise InputError(f"{' and '.join(asked)} are different questions; ask one of them")
    if margin is not None and not argmax:
        raise InputError("--margin goes with --argmax")
    if argmax and certificate_file:
        raise InputError("there are certificates of equality and of --within, not of --argmax; leave out --certificate")


def _keep(file: str | None, text: str) -> None:
    if file:
        write_whole(Path(file), text.encode("ascii"))


def common_domain(a: Network, b: Network, domain: Domain | None) -> Domain:
    """The one asked for, else the one that A (or B) states; two different ones are a mistake to be resolved by the user."""
    if domain is not None and a.domain is not domain:
        return domain
    stated = [n.domain for n in (a, b) if n.domain is not None]
    if len(stated) == 2 and stated[0] != stated[1]:
        raise InputError("the two networks state different domains; say which one is meant with --domain")
    return require_domain(a, stated[0] if stated else None)


# ---- reports --------------------------------------------------------------------------------------


def verify_json(result: Comparison, tolerance: list[Fraction], *, argmax: bool) -> dict[str, Any]:
    """The documented result of `verify`."""
    match result:
        case Equal():
            upper = None if argmax else str(max(tolerance))
            certificate = None if result.certificate is None else result.replayed or "not replayed"
            return {
                "verdict": result.verdict, "bound": {"lower": None, "upper": upper}, "counterexample": None,
                "trusted": result.trusted, "reason": result.reason, "certificate": certificate,
            }  # fmt: skip
        case Different():
            return {
                "verdict": "different", "bound": {"lower": str(abs(result.difference)), "upper": None},
                "counterexample": _counterexample_json(result), "certificate": None,
            }  # fmt: skip
        case Unknown():
            return {
                "verdict": "undecided", "bound": {"lower": str(result.largest), "upper": None}, "counterexample": None,
                "certificate": None, "reason": result.reason, "share": result.share,
            }  # fmt: skip


def verify_text(result: Comparison, tolerance: list[Fraction], *, argmax: bool) -> str:
    """The answer for people."""
    match result:
        case Equal():
            what = "same argmax" if argmax else "equal" if not any(tolerance) else f"within {_joined(tolerance)}"
            trust = f" (given {result.trusted} trusted claim)" if result.trusted else ""
            return f"{what} on the domain{trust}: {result.reason}{_replayed_text(result)}"
        case Different():
            if argmax:
                top, rival = result.output, max(range(len(result.b)), key=result.b.__getitem__)
                lines = [
                    f"different: output {top} is the largest of A, but output {rival} is the largest of B, at this exact point"
                ]
            else:
                lines = [
                    f"different: output {result.output} differs by {float(result.difference):.6g} at this exact point"
                ]
            lines += [f"  x[{k}] = {v}" for k, v in enumerate(result.point[:_SHOWN])]
            lines += [f"  ... {len(result.point) - _SHOWN} more inputs"] if len(result.point) > _SHOWN else []
            lines.append(f"  A gives {_outputs(result.a, result.output, every=argmax)}")
            lines.append(f"  B gives {_outputs(result.b, result.output, every=argmax)}")
            return "\n".join(lines)
        case Unknown():
            return f"undecided: {result.reason} (largest difference seen {float(result.largest):.3g})"


def _outputs(values: tuple[Fraction, ...], output: int, *, every: bool) -> str:
    return ", ".join(f"{float(v):.9g}" for v in values) if every else str(values[output])


def _joined(tolerance: list[Fraction]) -> str:
    return ", ".join(map(str, tolerance))


def _replayed_text(result: Equal) -> str:
    if result.certificate is None:
        return ""
    if result.replayed is None:
        return " (the certificate was not replayed here: it would take long; rectifold check does it)"
    return f", and the certificate {result.replayed}"


def _certificate_text(result: Equal, file: str) -> str:
    if result.certificate is None:
        return f"no certificate was written: this answer ({result.reason}) has none"
    return f"wrote {file} ({len(result.certificate.text) / 1e6:.2f} MB)"


def closest_json(found: Closest) -> dict[str, Any]:
    """The documented result of `verify --tightest`."""
    return {
        "verdict": "within", "complete": found.complete,
        "bound": {"lower": str(found.lower), "upper": str(found.upper)},
        "per_output": [str(v) for v in found.per_output],
        "counterexample": {
            "input": [str(v) for v in found.point], "a": [str(v) for v in found.a], "b": [str(v) for v in found.b],
        },
        "boxes": found.boxes, "certificate": found.replayed or "not replayed",
        "history": [list(row) for row in found.history],
    }  # fmt: skip


def closest_text(found: Closest) -> str:
    """The bounds for people."""
    state = "" if found.complete else " when the time was up"
    lines = [
        f"the largest difference lies between {float(found.lower):.9g} (attained) and {float(found.upper):.9g} (proved){state}"
    ]
    lines += [f"  output {j}: at most {float(v):.9g}" for j, v in enumerate(found.per_output)]
    kept = f"the certificate {found.replayed}" if found.replayed else "its certificate was not replayed here"
    lines.append(f"{found.boxes:,} sub-box{'es' if found.boxes != 1 else ''}; {kept}")
    return "\n".join(lines)


def _float_check(a: Network, b: Network, result: Comparison) -> dict[str, Any]:
    """What plain float programs say at the counterexample."""
    if not isinstance(result, Different):
        return {}
    point = np.array([float(v) for v in result.point])
    floats = {
        name: float(evaluate_float(a, point, kind)[result.output] - evaluate_float(b, point, kind)[result.output])
        for name, kind in (("float32", np.float32), ("float64", np.float64))
    }
    return {"floats": floats}


def _counterexample_json(result: Different) -> dict[str, Any]:
    return {
        "input": [str(v) for v in result.point],
        "a": [str(v) for v in result.a],
        "b": [str(v) for v in result.b],
        "output": result.output,
    }


def _write_counterexample(path: Path, result: Different) -> None:
    if path.suffix == ".npy":
        buffer = io.BytesIO()
        np.save(buffer, np.array([float(v) for v in result.point]))
        write_whole(path, buffer.getvalue())
    else:
        write_whole(path, (json.dumps(_counterexample_json(result), indent=2) + "\n").encode("ascii"))
