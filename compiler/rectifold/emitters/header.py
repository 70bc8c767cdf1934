"""What every emitter writes at the top of its code: where it comes from and what it promises.

Nothing of the network's text reaches code. What does appear of it, in the header comment, is
reduced to printable ASCII first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from textwrap import fill

import numpy as np

from rectifold.exact.numerals import at_most, counted, nearest_float
from rectifold.facts.facts import Facts
from rectifold.formats.float_range import COMPUTED, STORED, rounded_parameters
from rectifold.formats.interface import WRITTEN, Interface, tail_words, with_tail
from rectifold.integers.choose import Certified
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network, Sizes
from rectifold.runtime.caps import CAPS

_ENDING_SLASHES = re.compile(r"(?<=[*?])/+|/+(?=\*)")  # */ and /* of C, and ??/, its backslash
_ORDER = {False: "any order of summation", True: "the order in which this code adds"}
_IN = {"float32": "float32", "mixed": "mixed precision", "float64": "float64"}
_WHY_DOUBLE = {
    "float32": "Where a bound matters, take code with double sums: a rounding in float32 is some "
    "5e8 times as large.",
    "float64": "Sums are double because a bound matters: a rounding in float32 is some 5e8 times "
    "as large.",
}


@dataclass(frozen=True)
class Origin:
    """Where the emitted network comes from.

    `error_bound` is certified over the domain, per output; None: none is known. `interface`: how
    the model is called that was read; a format that can keep it does. `facts`: what is proved of
    the emitted network on its domain. `single_file`: where the format has the choice. `integers`:
    what is written, for a format of integers.
    """

    source_digest: str
    source_sizes: Sizes
    error_bound: tuple[float, ...] | None = None
    statement: str = WRITTEN
    precision: str = "float64"  # in which it is written, and which error_bound is about
    interface: Interface | None = None
    facts: Facts | None = None
    single_file: bool = False
    integers: Certified | None = None


def header_lines(
    network: Network,
    origin: Origin,
    *,
    exact: bool = False,
    in_order: bool = False,
    harmless: Callable[[str], str] | None = None,
) -> list[str]:
    """Plain ASCII lines for a header comment; `exact` for a format that rounds nothing.

    `in_order`: the bound is that of the code's own order of summation; else of any order.

    `harmless`: what becomes of a text that may hold anything; default `printable`.
    """
    lines = about_lines(network, origin, harmless)
    if exact:
        return [*lines, "Every number is exact."]
    precision = origin.precision
    rounded = rounded_parameters(network, precision)
    if precision == "mixed":
        lines.append("Mixed precision: float32 weights; float64 inputs, sums and outputs.")
    lines.append(f"Parameters that are no {STORED[precision]} numbers and were rounded: {rounded}.")
    tail = tail_words(origin.interface)
    about = [f"Bound and self-test are about the values before the tail ({tail})."] if tail else []
    return lines + _bound_lines(network, origin, in_order=in_order) + about


def brief_header(origin: Origin) -> str:
    """The least that a file says of itself: by whom, of which source, and the guarantee."""
    said = printable(origin.statement)
    return f"By rectifold, of {origin.source_digest[:16]}. Guarantee: {said}."


def about_lines(
    network: Network, origin: Origin, harmless: Callable[[str], str] | None = None
) -> list[str]:
    """Which network this is, of which source, and the guarantee."""
    harmless = harmless or printable
    domain = "not stated" if network.domain is None else network.domain.describe()
    before, after = origin.source_sizes, network.sizes
    return [
        f"{harmless(network.name)}: a ReLU network with {counted(network.input_size, 'input')} "
        f"and {counted(network.output_size, 'output')}, by rectifold.",
        f"Source (SHA-256 of the canonical form): {origin.source_digest}",
        f"This network:                           {digest(network)}",
        f"Domain: {harmless(domain)}",
        f"Units {before.units} -> {after.units}, weights {before.weights} -> {after.weights}, "
        f"multiply-adds {before.macs} -> {after.macs}.",
        f"Guarantee: {harmless(with_tail(origin.statement, origin.interface))}.",
    ]


def _bound_lines(network: Network, origin: Origin, *, in_order: bool) -> list[str]:
    """What the code may be off by, or why no such bound is known."""
    bound, precision = origin.error_bound, origin.precision
    if bound is None or not np.isfinite(bound).all():
        why = _why_no_bound(network, origin)
        return [f"No bound on the rounding of this code is known ({why})."]
    computed = COMPUTED[precision]
    lines = [
        f"Certified: at {computed} points of the domain, |this code in {_IN[precision]} - the "
        f"exact network| <= {at_most(max(bound, default=0.0), 3)} for every output.",
        f"It holds for {_ORDER[in_order]}, with and without fused multiply-add.",
        _WHY_DOUBLE[computed],
    ]
    if network.domain is not None and not is_float_box(network.domain, precision):
        lines.append(
            f"Ends of the domain that are no {computed} numbers are rounded to the nearest one; "
            "a point between an end and its rounding is compared with the exact network at that "
            "end."
        )
    return lines


def _why_no_bound(network: Network, origin: Origin) -> str:
    if network.domain is None or not network.domain.is_bounded:
        return "no bounded domain"
    if origin.error_bound is None:
        return "none was computed"
    return f"a value may leave the range of {COMPUTED[origin.precision]} on the domain"


def is_float_box(domain: Domain, precision: str) -> bool:
    """Whether every end of a range is a number of the floats that are computed with."""
    ends = [end for end in domain.lower + domain.upper if end is not None]
    with np.errstate(over="ignore"):
        floats = [float(np.dtype(COMPUTED[precision]).type(nearest_float(end))) for end in ends]
    return all(np.isfinite(v) and Fraction(v) == end for v, end in zip(floats, ends, strict=True))


def printable(text: str) -> str:
    """Printable ASCII without anything that could end a comment or a string."""
    return _cut(_ascii(text, "\\\"'"))


def c_comment(text: str) -> str:
    """The same for a comment of C, where only a slash beside * or after ? could end or hide a line.

    [0, 1/5]      as it is
    */   /*       *?   ?*
    """
    return _cut(_ENDING_SLASHES.sub(lambda found: "?" * len(found[0]), _ascii(text, "\\")))


def comment_lines(lines: Iterable[str]) -> str:
    """Harmless lines as the inside of a comment of C, at most 100 characters wide.

    Cutting is harmless too: what stood apart only by a space is never joined.
    """
    return "\n".join(
        fill(
            line,
            CAPS.comment_line,
            initial_indent=" * ",
            subsequent_indent=" *   ",
            break_on_hyphens=False,
        )
        for line in lines
    )


def _ascii(text: str, unsafe: str) -> str:
    return "".join(c if c.isascii() and c.isprintable() and c not in unsafe else "?" for c in text)


def _cut(text: str) -> str:
    """With dots, so that nobody takes the beginning of a domain for all that is said of it."""
    most = CAPS.comment_characters
    return text if len(text) <= most else text[: most - 3] + "..."
