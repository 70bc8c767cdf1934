"""What is measured after each epoch."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from rectifold.runtime.json import JsonObject


@dataclass(frozen=True)
class Epoch:
    """`number` counts from 1. `loss` and `right` (a part of 1) are means over the epoch's batches
    as they were learned; `validation` is the part that is right of the samples left out, None
    without any. `zeros`: the part of all weights that is exactly 0. `dead`: hidden units that read
    nothing or that nobody reads. `seconds` since the beginning.
    """

    number: int
    is_finetuning: bool
    loss: float
    right: float
    validation: float | None
    zeros: float
    dead: int
    seconds: float

    def told(self) -> JsonObject:
        return dict(asdict(self))
