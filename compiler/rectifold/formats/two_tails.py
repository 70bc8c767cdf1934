"""What is said of models with a tail behind their networks.

    verify net.onnx softmax.onnx     equal before the tails (A: none, B: Softmax)

A tail is a function of the values before it, so equal values give equal outputs where both tails
are the same. No other answer is carried behind a tail: it may enlarge a difference, or hide it.
"""

from __future__ import annotations

from dataclasses import dataclass

from rectifold.formats.interface import Interface, tail_words


@dataclass(frozen=True, eq=False)
class Tails:
    """The tails of the two models that are compared."""

    a: Interface | None
    b: Interface | None

    @property
    def words(self) -> str:
        """Both, for messages; "" where there is none."""
        a, b = tail_words(self.a), tail_words(self.b)
        return "" if not a and not b else f"A: {a or 'none'}; B: {b or 'none'}"

    @property
    def are_same(self) -> bool:
        """Whether both compute the same of the values before them."""
        if self.a is None or self.b is None or not (self.a.tail and self.b.tail):
            return False
        from rectifold.formats.onnx.same_tail import is_same_tail  # onnx takes 0.3 s to import

        return is_same_tail(self.a, self.b)

    @property
    def flat(self) -> str:
        """What to know where the inputs have several axes, of other sizes; "" elsewhere."""
        a, b = _axes(self.a), _axes(self.b)
        if a == b or min(len(a), len(b)) < 2:
            return ""
        shapes = " and B ".join("×".join(map(str, axes)) for axes in (a, b))
        return f"; inputs are matched in the order of their entries (A {shapes})"

    def said(self, statement: str, *, equal: bool) -> str:
        """A statement about the two networks, as it is said of the models."""
        return self._behind(statement, equal=equal) + self.flat

    def _behind(self, statement: str, *, equal: bool) -> str:
        if not self.words:
            return statement
        if self.are_same and equal:
            return f"{statement}; before the tail ({tail_words(self.a)}), hence equal"
        if self.are_same:
            return (
                f"{statement}; said of the values before the tail ({tail_words(self.a)}), and not "
                "of what it makes of them"
            )
        return (
            f"{statement}; said of the values before the tails ({self.words}), which differ: "
            "nothing is claimed behind them"
        )


def _axes(interface: Interface | None) -> tuple[int, ...]:
    """The sizes of the axes of the one input, without any of size 1, as a batch of one is."""
    if interface is None or len(interface.inputs) != 1:
        return ()
    shape = interface.inputs[0].shape or ()
    return tuple(size for size in shape if isinstance(size, int) and size > 1)
