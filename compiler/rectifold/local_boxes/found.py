"""What a network is around each sample, and summaries of it.

    sample 17: h1 43 active, 48 inactive, 9 unstable;  h2 ...;  class 7 on the whole box

A *kink* is a unit that is not proved stable on the box and that some kink or the output reads
through units that are not inactive there. Without one, the network is affine on the box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import fmean, median
from typing import overload

from rectifold.exact.entries import Indices
from rectifold.exact.numerals import counted
from rectifold.ir.network import Network, Sizes


@dataclass(frozen=True)
class LayerAround:
    """How many units of a relu layer are proved active or inactive on a box, shown unstable there,
    or open; and how many are kinks.
    """

    layer: str
    active: int
    inactive: int
    unstable: int
    open: int
    kinks: int

    @property
    def units(self) -> int:
        return self.active + self.inactive + self.unstable + self.open


@dataclass(frozen=True)
class SampleAround:
    """The network on the box around one sample.

    `predicted`: the greatest output at the sample itself, in floats; None for one output.
    `margin`: proved, the output `predicted` is above every other by at least this much on the box.
    `left`: the sizes of what `compile` leaves of a chain of layers there, in exact numbers and with
    these phases (as far as `counting` sees); None for a network that is no chain.
    """

    sample: int
    label: int | None
    predicted: int | None
    margin: float | None
    layers: tuple[LayerAround, ...]
    left: Sizes | None

    def labelled(self, label: int) -> SampleAround:
        """The same sample with its class."""
        return replace(self, label=label)

    @property
    def kinks(self) -> int:
        return sum(layer.kinks for layer in self.layers)

    @property
    def units_left(self) -> int:
        """Precondition: `left` is there."""
        assert self.left is not None
        return self.left.units

    @property
    def weights_left(self) -> int:
        """Precondition: `left` is there."""
        assert self.left is not None
        return self.left.weights

    @property
    def stable(self) -> int:
        """Units that are proved active or inactive."""
        return sum(layer.active + layer.inactive for layer in self.layers)

    @property
    def open(self) -> int:
        return sum(layer.open for layer in self.layers)

    @property
    def collapsed(self) -> int:
        """Relu layers without a kink: linear on the box."""
        return sum(not layer.kinks for layer in self.layers)

    @property
    def is_affine(self) -> bool:
        """Proved: the network is one affine map on the box."""
        return not self.kinks

    @property
    def is_kept(self) -> bool | None:
        """Proved: the predicted class is the same on the whole box; None without classes."""
        return None if self.margin is None else self.margin > 0

    @property
    def is_right(self) -> bool | None:
        """Is the predicted class the label? None where one of them is missing."""
        return None if None in (self.label, self.predicted) else self.label == self.predicted


@dataclass(frozen=True)
class Spread:
    """The least, the middle, the mean and the greatest of some numbers."""

    least: float
    middle: float
    mean: float
    most: float

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        """Precondition: there are some."""
        return Spread(min(values), median(values), fmean(values), max(values))


@dataclass(frozen=True, eq=False)
class LocalResult(Sequence[SampleAround]):
    """The samples that were looked at, in the order in which they were given.

    `asked`: how many there are in all; fewer were looked at where the time or Ctrl-C ended it.
    """

    network: Network
    radius: Fraction
    samples: tuple[SampleAround, ...]
    asked: int
    seconds: float

    def __len__(self) -> int:
        return len(self.samples)

    @overload
    def __getitem__(self, place: int) -> SampleAround: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[SampleAround]: ...
    def __getitem__(self, place: int | slice) -> SampleAround | Sequence[SampleAround]:
        return self.samples[place]

    def __repr__(self) -> str:
        return (
            f"<LocalResult: {counted(len(self), 'sample')}, {self.affine:,} affine, "
            f"{self.kept:,} with one class>"
        )

    def numbered(self, numbers: Indices) -> LocalResult:
        """The same, with the samples called by these numbers instead of their places."""
        named = (replace(one, sample=int(numbers[one.sample])) for one in self.samples)
        return replace(self, samples=tuple(named))

    @property
    def is_complete(self) -> bool:
        return len(self.samples) == self.asked

    @property
    def affine(self) -> int:
        """Samples around which the network is proved affine."""
        return sum(one.is_affine for one in self.samples)

    @property
    def kept(self) -> int:
        """Samples whose predicted class is proved on their whole box."""
        return sum(bool(one.is_kept) for one in self.samples)

    @property
    def right(self) -> int:
        """Samples whose predicted class is their label."""
        return sum(bool(one.is_right) for one in self.samples)

    @property
    def robust(self) -> int:
        """Samples whose label is proved to be the class on their whole box."""
        return sum(bool(one.is_right and one.is_kept) for one in self.samples)

    def layer_spread(self, number: int, what: str) -> Spread:
        """Of a count of one relu layer, such as "active". Precondition: there are samples."""
        return Spread.of([getattr(one.layers[number], what) for one in self.samples])

    def spread(self, what: str) -> Spread:
        """Of a number of the samples, such as "kinks". Precondition: there are samples."""
        return Spread.of([getattr(one, what) for one in self.samples])
