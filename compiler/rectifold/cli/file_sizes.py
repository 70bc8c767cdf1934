"""What the model that was read and the file that is written cost, each on its own nodes.

LeakyRelu of 32 entries      32 units before, though the network holds 64
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rectifold.cli.targets import To
from rectifold.emitters.artifact import Artifact
from rectifold.emitters.table import FORMATS

if TYPE_CHECKING:  # onnx takes 0.3 s to import
    from rectifold.formats.onnx.model_sizes import ModelSizes


def sizes_of_models(to: To, artifact: Artifact) -> tuple[ModelSizes, ModelSizes] | None:
    """The sizes of both, where both are ONNX and say what they cost."""
    if to.interface is None or FORMATS[to.chosen].suffix != ".onnx":
        return None
    from rectifold.formats.onnx.model_sizes import model_sizes, sizes_of_bytes

    before = model_sizes(to.interface.model, to.interface.folder)
    after = sizes_of_bytes(artifact.main)
    return None if before is None or after is None else (before, after)
