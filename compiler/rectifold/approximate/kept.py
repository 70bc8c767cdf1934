"""What is kept of the largest output, and how it is said.

wherever output i leads in f by more than M on the domain   →   it leads in g
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rectifold.exact.numerals import at_least, at_most

NO_CERTIFICATE = (
    "it is proved that the largest output stays, but of a margin of 0 there is no certificate; "
    "ask for none, or give margin="
)


@dataclass(frozen=True)
class LargestOutput:
    """Wherever an output of f leads all others by more than `margin`, it leads in g.

    `lead`: by so much at least one output of f leads on the whole domain, which is proved and more
    than the margin; None where it is not asked. `by_proof`: margin 0, and the output that leads in
    f is among the largest of g, by a proof for which there is no certificate.
    """

    margin: Fraction
    lead: Fraction | None = None
    by_proof: bool = False

    def guarantee(self, certified: str) -> str:
        """For people. `certified`: how far differences of two outputs move, and who says so."""
        if self.by_proof:
            return (
                "wherever one output of f leads on the domain, it is among the largest of g: "
                "proved, no certificate"
            )
        if self.lead is not None:
            return (
                "the largest output of f is that of g on the whole domain: there one leads by at "
                f"least {at_least(self.lead, 3)} (proved), and differences move less, {certified}"
            )
        return (
            f"wherever an output of f leads all others by more than {at_most(self.margin, 3)} on "
            f"the domain, it leads in g, {certified}"
        )

    @property
    def statement(self) -> str:
        """In plain ASCII, to be followed by: of the source."""
        if self.by_proof:
            return "with the largest output (among equals, where one leads)"
        where = f"wherever it leads by more than {at_most(self.margin, 3)}"
        if self.lead is not None:  # which no certificate says
            where += ", as one does everywhere by bounds that stand in no certificate"
        return f"with the largest output, {where},"
