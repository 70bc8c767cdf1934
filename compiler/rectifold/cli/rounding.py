"""What the code of a format may be off by, and the refusal where its numbers may overflow."""

from __future__ import annotations

from math import isfinite

import click

from rectifold.bounds.code_error import ARITHMETICS, rounding_error
from rectifold.cli.targets import To
from rectifold.emitters.observed import Observed, observed_error
from rectifold.emitters.table import FORMATS, written_form
from rectifold.errors import InputError
from rectifold.facts.facts import Facts
from rectifold.formats.float_range import COMPUTED
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.operations.compiling import Compiled
from rectifold.runtime.deadline import Deadline, TimeUp

_WIDER_FORMAT = {
    "float32": "write float64 (--to onnx64, python or numpy, or --precision float64)",
    "mixed": "write .relu, which is exact",
    "float64": "write .relu, which is exact",
}


def certify_rounding(
    network: Network,
    domain: Domain | None,
    facts: Facts | None,
    chosen: str,
    precision: str | None,
) -> tuple[float, ...] | None:
    """Per output what the code may be off by on the domain.

    None where nothing is rounded (no precision), or no domain is known. Raises InputError where a
    value may leave the range of the format on a bounded domain.
    """
    if precision is None or domain is None:
        return None
    leaky = written_form(network, chosen).slopes
    in_order = FORMATS[chosen].order_is_ours
    found = rounding_error(network, domain, facts, precision, leaky, in_order=in_order)
    if found.overflow is not None and FORMATS[chosen].computes:
        raise InputError(
            f"layer {found.overflow} may exceed the range of {COMPUTED[precision]} "
            f"(about {ARITHMETICS[precision].largest:.2g}) on the domain; "
            f"{_WIDER_FORMAT[precision]}, or give a smaller --domain"
        )
    return tuple(found.per_output.tolist())


def rounding_in_time(
    network: Network, facts: Facts | None, to: To, deadline: Deadline
) -> tuple[float, ...] | None:
    """As `certify_rounding`, on the domain of the facts, or of the network where there are none.

    None where the deadline passes before; a line says so.
    """
    domain = network.domain if facts is None else facts.domain
    try:
        with deadline.interrupting():
            precision = to.precision(network)
            return certify_rounding(network, domain, facts, to.chosen, precision)
    except TimeUp:
        click.echo("note: the time was up before the rounding of the code was bounded", err=True)
        return None


def observed_in_time(compiled: Compiled, to: To, deadline: Deadline) -> Observed | None:
    """The errors seen at points of the domain; None too where the deadline passes before."""
    try:
        with deadline.interrupting():
            deadline.check()
            domain = compiled.facts.domain
            precision = to.precision(compiled.network)
            return observed_error(compiled.source, compiled.network, domain, to.chosen, precision)
    except TimeUp:
        return None


def largest_bound(bound: tuple[float, ...] | None, chosen: str) -> float | None:
    """The worst of the outputs: 0 for an exact format, None where no finite bound is known."""
    if not FORMATS[chosen].precisions:
        return 0.0
    if bound is None:
        return None
    largest = max(bound, default=0.0)
    return largest if isfinite(largest) else None
