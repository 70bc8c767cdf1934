"""What a teacher says, as a part of the loss.

    (1 - part) · cross-entropy + part · T² · KL(teacher/T ‖ network/T)

Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network (2015).
"""

from __future__ import annotations

from torch import Tensor, nn


def distilled(loss: Tensor, outputs: Tensor, taught: Tensor, part: float, heat: float) -> Tensor:
    """The loss against the labels, mixed with that against the teacher's outputs `taught`."""
    own = nn.functional.log_softmax(outputs / heat, dim=1)
    wanted = nn.functional.log_softmax(taught / heat, dim=1)
    against = nn.functional.kl_div(own, wanted, reduction="batchmean", log_target=True)
    return (1 - part) * loss + part * heat**2 * against
