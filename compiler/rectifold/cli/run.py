"""`rectifold run`: the outputs at one point."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import click
import numpy as np

from rectifold.cli.inputs import opened, point_from
from rectifold.cli.options import domain_option, json_option, network_argument
from rectifold.cli.output import write_json
from rectifold.cli.status import DONE
from rectifold.cli.targets import require_outputs
from rectifold.errors import InputError
from rectifold.exact.numerals import counted, exact_text, nearest_float, readable
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate, evaluate_float

_POINT = re.compile(r"-(?:\d|\.\d).*", re.DOTALL)


class _PointCommand(click.Command):
    """A command whose argument may begin with a minus, which is no option then: run NET "-1,0"."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            return super().parse_args(ctx, args)
        points = [word for word in args if _POINT.fullmatch(word)]
        return super().parse_args(
            ctx, [*(word for word in args if word not in points), "--", *points]
        )


@click.command("run", cls=_PointCommand)
@network_argument
@click.argument("point", metavar="INPUT")
@click.option("--exact", is_flag=True, help="exact rational arithmetic")
@domain_option
@json_option
def run_command(
    network: str, point: str, exact: bool, domain_spec: str | None, json_target: str | None
) -> int:
    """Evaluate NET at INPUT: "1/3, 0.25", a .npy file, or - for standard input.

    The network is evaluated outside its domain too (no statement about it holds there); a note says so.
    """
    require_outputs({"--json": json_target}, [network, point, domain_spec], force=False)
    source, domain = opened(network, domain_spec, quiet=False, may_be_empty=True)
    values = point_from(point)
    if len(values) != source.input_size:
        raise InputError(
            f"{source.name} has {counted(source.input_size, 'input')}, but {counted(len(values), 'number')} "
            f"{'is' if len(values) == 1 else 'are'} given"
        )
    outside = None if domain is None else _outside(domain, values)
    if outside is not None:
        click.echo(f"note: the point lies outside the domain: {outside}", err=True)
    output: list[Any]
    if exact:
        output = [exact_text(v) for v in evaluate(source, values)]
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            output = evaluate_float(source, np.array([nearest_float(v) for v in values])).tolist()
    inside = None if domain is None else outside is None
    write_json(json_target, {"output": output, "exact": exact, "inside": inside})
    if json_target != "-":
        click.echo("\n".join(map(str, output)))
    return DONE


def _outside(domain: Domain, point: Sequence[Fraction]) -> str | None:
    """Which range or constraint the point does not keep; None for a point of the domain."""
    for k, (low, value, high) in enumerate(zip(domain.lower, point, domain.upper, strict=True)):
        if low is not None and value < low:
            return f"input {k} is {readable(value)}, below {readable(low)}"
        if high is not None and value > high:
            return f"input {k} is {readable(value)}, above {readable(high)}"
    broken = [k for k, row in enumerate(domain.constraints) if not row.holds_at(point)]
    return (
        f"it breaks linear constraint {broken[0] + 1} of {len(domain.constraints)}"
        if broken
        else None
    )
