"""The answer: a smaller network, and what is proved of its distance from the source.

source f   ~eps~   edited g1 (the same layers)   =exactly=   network g (g1 compiled)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from rectifold.approximate.kept import LargestOutput
from rectifold.certificate.leaving_out import CertifiedCompile
from rectifold.exact.numerals import at_most
from rectifold.ir.network import Network
from rectifold.operations.compiling import Compiled


@dataclass(frozen=True, eq=False)
class Approximation:
    """|f − g| ≤ certified_j ≤ tolerance_j on the domain for every output j.

    With `kept` these are about the differences of outputs o_i − o_j, i < j, and `kept` is what
    follows for the largest output; they are () where that is known by another proof. `compiled` is
    about the edited network. `known`: the certificate of all of it, and the checker's word (None:
    not wanted, or no time; then the bounds are proved, but nobody checked them). `moves`: edits by
    kind. `history`: (worst part of a tolerance, weights saved) of each network that was bounded.
    """

    source: Network
    edited: Network
    compiled: Compiled
    tolerance: tuple[Fraction, ...]
    certified: tuple[Fraction, ...]
    moves: Mapping[str, int]
    history: tuple[tuple[float, int], ...]
    known: CertifiedCompile | None = None
    kept: LargestOutput | None = None
    complete: bool = True  # False: the time limit ended the search for edits early

    @property
    def network(self) -> Network:
        """The smaller network g."""
        return self.compiled.network

    @property
    def shown(self) -> Compiled:
        """As a rewriting of the source, for reports: facts and steps are those of the edited
        network, whose layers and units are the source's.
        """
        return replace(self.compiled, source=self.source)

    @property
    def certified_compile(self) -> CertifiedCompile | None:
        """What the checker accepted, as of a rewriting of the source."""
        return None if self.known is None else replace(self.known, compiled=self.shown)

    @property
    def can_be_certified(self) -> bool:
        """Is it known by bounds, of which there is a certificate?"""
        return self.kept is None or not self.kept.by_proof or not self.moves

    @property
    def guarantee(self) -> str:
        """Which statement holds, for people."""
        if not self.moves:
            return "the same function on the domain (nothing was edited)"
        checked = self.known is not None
        status = "certified" if checked else "proved by our own bounds, unchecked:"
        status += f" {at_most(max(self.certified, default=Fraction(0)), 3)}"
        if self.kept is not None:
            return self.kept.guarantee(status)
        allowed = _range_text(self.tolerance)
        return f"|f − g| ≤ {allowed} on the domain for every output, {status}"

    @property
    def statement(self) -> str:
        """The same in plain ASCII, to be followed by: of the source."""
        if self.kept is not None:
            return self.kept.statement
        return f"within {_range_text(self.certified)} (every output)"

    def __repr__(self) -> str:
        return f"<Approximation {self.source.shape_text()} → {self.network.shape_text()}>"


def _range_text(values: Sequence[Fraction]) -> str:
    """One number for all outputs, or the least and the greatest; rounded up."""
    least, greatest = at_most(min(values), 3), at_most(max(values), 3)
    return least if least == greatest else f"{least} to {greatest}"
