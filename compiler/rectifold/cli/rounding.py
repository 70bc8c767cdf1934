"""What the code of a format may be off by, and the refusal where its numbers may overflow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

import click

from rectifold.bounds.arithmetic import ARITHMETICS
from rectifold.bounds.code_error import rounding_error
from rectifold.bounds.threads import on_few_threads
from rectifold.cli.targets import To
from rectifold.effort.integers import IntegerEffort
from rectifold.emitters.integer.choice import integers_of
from rectifold.emitters.integer.observed import observed_integers
from rectifold.emitters.milp.program import PROGRAMS, deviations
from rectifold.emitters.observed.observed import Observed, observed_error
from rectifold.emitters.table import FORMATS, order_of, written_form
from rectifold.errors import InputError, Unfinished
from rectifold.exact.numerals import at_most
from rectifold.facts.facts import Facts
from rectifold.formats.float_range import COMPUTED
from rectifold.integers.choose import Certified
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.operations.compiling import Compiled
from rectifold.runtime.deadline import Deadline, TimeUp

# products of small matrices, beside busy processes
seen_error = on_few_threads(observed_error)
seen_integers = on_few_threads(observed_integers)
_WIDER_FORMAT = {
    "float32": "write float64 (--to onnx64, python or numpy, or --precision float64)",
    "mixed": "write .relu, which is exact",
    "float64": "write .relu, which is exact",
}


@dataclass(frozen=True)
class Rounding:
    """Per output what the code may be off by (None: nothing is known, or nothing rounded), and the
    integers that it is made of, for a format of integers.
    """

    bound: tuple[float, ...] | None
    integers: Certified | None = None

    @property
    def words(self) -> str | None:
        """How many bits the integers have; None for floats."""
        return None if self.integers is None else str(self.integers.code.words)


def rounding_of(
    network: Network,
    domain: Domain | None,
    facts: Facts | None,
    to: To,
    seconds: float | None = None,
) -> Rounding:
    """As `certify_rounding`; for integers, in about as many seconds for each kind of words.

    For a program: what the rounding of its numbers moves its outputs by. No floats are computed.
    """
    integers = integers_of(network, domain, to.chosen, to.max_error, seconds)
    if integers is not None:
        return Rounding(integers.per_output, integers)
    if to.chosen in PROGRAMS:
        return Rounding(deviations(network, facts))
    return Rounding(certify_rounding(network, domain, facts, to.chosen, to.precision(network)))


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
    found = rounding_error(
        network, domain, facts, precision, leaky, order=order_of(network, chosen, precision)
    )
    if found.overflow is not None and FORMATS[chosen].computes:
        raise InputError(
            f"layer {found.overflow} may exceed the range of {COMPUTED[precision]} "
            f"(about {ARITHMETICS[precision].largest:.2g}) on the domain; "
            f"{_WIDER_FORMAT[precision]}, or give a smaller --domain"
        )
    return tuple(found.per_output.tolist())


def rounding_in_time(network: Network, facts: Facts | None, to: To, deadline: Deadline) -> Rounding:
    """As `rounding_of`, on the domain of the facts, or of the network where there are none.

    No bound where the deadline passes before; a line says so. Raises Unfinished where it passes
    before integers are certified: they are not written without.
    """
    domain = network.domain if facts is None else facts.domain
    try:
        with deadline.interrupting():
            left = min(deadline.left / 4, IntegerEffort.split_seconds)
            return rounding_of(network, domain, facts, to, left)
    except TimeUp:
        if FORMATS[to.chosen].words:
            raise Unfinished("the time was up before the integers were certified") from None
        click.echo("note: the time was up before the rounding of the code was bounded", err=True)
        return Rounding(None)


def observed_in_time(
    compiled: Compiled, to: To, integers: Certified | None, deadline: Deadline
) -> Observed | None:
    """The errors seen at points of the domain; None too where the deadline passes before, and for
    a program, which computes nothing.

    `integers`: what was written, of a format of integers: its distance from the source.
    """
    if to.chosen in PROGRAMS:
        return None
    try:
        with deadline.interrupting():
            deadline.check()
            domain = compiled.facts.domain
            if integers is not None:
                seen = seen_integers(compiled.source, domain, integers.code)
                return None if seen is None else replace(seen, source=None)
            precision = to.precision(compiled.network)
            return seen_error(compiled.source, compiled.network, domain, to.chosen, precision)
    except TimeUp:
        return None


def largest_bound(bound: tuple[float, ...] | None, chosen: str) -> float | None:
    """The worst of the outputs: 0 for an exact format, None where no finite bound is known."""
    if not FORMATS[chosen].precisions and not FORMATS[chosen].words:
        return 0.0
    if bound is None:
        return None
    largest = max(bound, default=0.0)
    return largest if isfinite(largest) else None


def rounding_text(bound: float, *, is_program: bool) -> str:
    """What a certified bound of the outputs says, rounded upward."""
    of = "its numbers" if is_program else "the written code"
    return f"rounding of {of}: at most {at_most(bound, 3)} on the domain, per output"
