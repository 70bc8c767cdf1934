"""An answer about two networks as one sentence: what is proved, and no more.

Equal("every difference cancels", ...)   →   equal on the domain: every difference cancels, ...
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

from rectifold.equivalence.answers import Comparison, Different, Equal, Unknown
from rectifold.exact.numerals import at_least, bound_text, counted, readable


@dataclass(frozen=True)
class Asked:
    """The words of the question: outputs within `tolerance` (one for all, or one each), or the same
    argmax.

    The argmax counts where the lead is more than `margin`.
    """

    tolerance: tuple[Fraction, ...] = (Fraction(0),)
    is_argmax: bool = False
    margin: Fraction = Fraction(0)

    @property
    def is_equality(self) -> bool:
        """Whether the question is if both are the same function."""
        return not self.is_argmax and not any(self.tolerance)

    @property
    def within(self) -> Fraction | tuple[Fraction, ...]:
        """The tolerance as a question about two networks takes it."""
        return self.tolerance[0] if len(self.tolerance) == 1 else self.tolerance


def sentence(result: Comparison, asked: Asked) -> str:
    """What is proved, refuted or left open, in one line."""
    match result:
        case Equal():
            trust = f" (given {counted(result.trusted, 'trusted claim')})" if result.trusted else ""
            return (
                f"{_proved(result, asked)}{trust}: {result.reason}{_replayed_text(result, asked)}"
            )
        case Different() if asked.is_argmax:
            rival = max(range(len(result.b)), key=result.b.__getitem__)
            return (
                f"different: output {result.output} is the largest of A{_lead(asked)}, "
                f"but output {rival} is the largest of B, at this exact point"
            )
        case Different():
            return (
                f"different: output {result.output} differs by {readable(result.difference)} "
                "at this exact point"
            )
        case Unknown() if asked.is_argmax:
            return f"undecided: {result.reason}"
        case Unknown():
            return (
                f"undecided: {result.reason} "
                f"(largest difference seen: at least {at_least(result.largest, 3)})"
            )
        case _:
            assert_never(result)


def _proved(result: Equal, asked: Asked) -> str:
    if not asked.is_argmax:
        bounds = ", ".join(map(bound_text, asked.tolerance))
        return (
            "equal on the domain" if not any(asked.tolerance) else f"within {bounds} on the domain"
        )
    if result.with_ties:
        return "same argmax on the domain, ties included"
    return (
        "A's winner is not beaten in B on the domain: wherever one output of A is above all "
        f"others{_lead(asked)}, no output of B is above that one"
    )


def _lead(asked: Asked) -> str:
    return f" by more than {readable(asked.margin)}" if asked.margin else ""


def _replayed_text(result: Equal, asked: Asked) -> str:
    if result.certificate is None:
        return " (the argmax has no certificate)" if asked.is_argmax else ""
    if result.replayed is None:
        return (
            " (the certificate was not replayed here: it would take long; rectifold check does it)"
        )
    return f", and the certificate {result.replayed}"
