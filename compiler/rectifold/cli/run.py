"""`rectifold run`: the outputs at one point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from rectifold.cli.documented import Documented
from rectifold.cli.inputs import point_from, read_loaded
from rectifold.cli.options import GivenNetwork, Report, json_report, source
from rectifold.cli.targets import require_outputs
from rectifold.errors import InputError
from rectifold.exact.numerals import counted, exact_texts, nearest_float, readable
from rectifold.formats.interface import tail_words
from rectifold.formats.load import Loaded
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate, trace_float
from rectifold.ir.network import Network
from rectifold.runtime.json import JsonObject
from rectifold.runtime.status import Status

Array = npt.NDArray[Any]  # of numbers or labels

_END_OF_OPTIONS = "--"
_HELP = "-h"  # the one option of a single letter


class PointCommand(Documented):
    """A command whose argument may begin with a minus, and is no option then.

    run NET "-1,0"      run NET "-inf,0"      run NET --domain "[-1,1]" "-x,0"
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if _END_OF_OPTIONS in args:
            return super().parse_args(ctx, args)
        points = set(self._point_places(args))
        others = [word for k, word in enumerate(args) if k not in points]
        after = [args[k] for k in sorted(points)]
        return super().parse_args(ctx, [*others, _END_OF_OPTIONS, *after])

    def _point_places(self, args: list[str]) -> Iterator[int]:
        """Where a word stands that begins with one minus, is no option and no option's value."""
        known = {name: p for p in self.params for name in p.opts + p.secondary_opts}
        takes_next = False
        for k, word in enumerate(args):
            if takes_next:
                takes_next = False
            elif word.startswith("--") or word == _HELP:
                option = known.get(word)
                takes_next = isinstance(option, click.Option) and not option.is_flag
            elif word.startswith("-") and len(word) > 1:
                yield k


@click.command("run", cls=PointCommand)
@source
@click.argument("point", metavar="INPUT")
@click.option("--exact", is_flag=True, help="exact rational arithmetic")
@json_report
def run_command(source: GivenNetwork, point: str, exact: bool, report: Report) -> int:
    """Evaluate NET at INPUT: "1/3, 0.25", a .npy file, or - for standard input.

    The network is evaluated outside its domain too (no statement about it holds there); a note
    says so. Where a tail follows it in an ONNX model (Softmax), the outputs behind it come after
    the values before it, in floats.
    """
    inputs = [source.network, point, source.domain_spec]
    require_outputs({"--json": report.json_target}, inputs, force=False)
    loaded, domain = read_loaded(source.network, source.domain_spec, quiet=False, may_be_empty=True)
    network = loaded.network
    values = point_from(point)
    if len(values) != network.input_size:
        raise InputError(
            f"{network.name} has {counted(network.input_size, 'input')}, "
            f"but {counted(len(values), 'number')} {'is' if len(values) == 1 else 'are'} given"
        )
    outside = None if domain is None else _outside(domain, values)
    if outside is not None:
        click.echo(f"note: the point lies outside the domain: {outside}", err=True)
    output = _exact_words(network, values) if exact else _float_outputs(network, values)
    inside = None if domain is None else outside is None
    behind = _behind(loaded, values, exact=exact)
    told = {name: array.ravel().tolist() for name, array in behind.items()}
    said: JsonObject = {"output": output, "exact": exact, "inside": inside}
    if told:
        said["behind_tail"] = told
    report.write(said)
    if report.is_on_screen:
        click.echo("\n".join(_lines(loaded, list(map(str, output)), told)))
    return Status.DONE


def _exact_words(network: Network, point: Sequence[Fraction]) -> list[str]:
    return exact_texts(evaluate(network, point))


def _float_outputs(network: Network, point: Sequence[Fraction]) -> list[float]:
    """Raises InputError where a value at the point, also of a hidden unit, is no float64."""
    floats = np.array([[nearest_float(v) for v in point]])
    with np.errstate(over="ignore", invalid="ignore"):
        values = trace_float(network, floats)
    for name, found in values.items():
        if not np.isfinite(found).all():
            number = int(np.argmin(np.isfinite(found[0])))
            what = "input" if name == network.input_name else f"{name!r}: unit"
            raise InputError(
                f"{what} {number} is beyond the range of float64 at this point, so floats say "
                f"nothing of the outputs; --exact evaluates numbers of any size"
            )
    return list(values[network.output][0].tolist())


def _behind(loaded: Loaded, point: Sequence[Fraction], *, exact: bool) -> dict[str, Array]:
    """The outputs of a model with a tail, by name; the values before it are rounded to its type."""
    interface = loaded.interface
    if interface is None or not interface.tail:
        return {}
    from rectifold.objects.predicting import end_arrays  # onnx takes 0.3 s to import
    from rectifold.objects.tails import run_tail

    values = (
        [nearest_float(v) for v in evaluate(loaded.network, point)]
        if exact
        else _float_outputs(loaded.network, point)
    )
    found = run_tail(interface, end_arrays(np.array([values]), interface.ends))
    return {port.name: found[port.name] for port in interface.outputs}


def _lines(loaded: Loaded, output: list[str], behind: dict[str, list[object]]) -> list[str]:
    """The outputs; with a tail, which of them stand before and which behind it."""
    if not behind:
        return output
    lines = [f"before the tail ({tail_words(loaded.interface)}):", *output]
    for name, values in behind.items():
        lines += [f"{name}, behind it:", *map(str, values)]
    return lines


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
