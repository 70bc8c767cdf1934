"""`rectifold run`: the outputs at one point."""

from __future__ import annotations

from typing import Any

import click
import numpy as np

from rectifold.cli.inputs import opened, point_from
from rectifold.cli.options import json_option, network_argument
from rectifold.cli.output import write_json
from rectifold.cli.status import DONE
from rectifold.cli.targets import require_outputs
from rectifold.errors import InputError
from rectifold.ir.evaluate import evaluate, evaluate_float


@click.command("run")
@network_argument
@click.argument("point", metavar="INPUT")
@click.option("--exact", is_flag=True, help="exact rational arithmetic")
@json_option
def run_command(network: str, point: str, exact: bool, json_target: str | None) -> int:
    """Evaluate NET at INPUT: "1/3, 0.25", a .npy file, or - for standard input."""
    require_outputs({"--json": json_target}, [network, point], force=False)
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
