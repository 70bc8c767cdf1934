"""What a user of the functions should know of a result, as a warning at the user's own line.

small.to_onnx()      RectifoldWarning: the file cannot be used in place of the source: ...
"""

from __future__ import annotations

import inspect
import warnings


class RectifoldWarning(UserWarning):
    """Something that a result does not keep, or that is proved of other points only."""


def warn_user(message: str) -> None:
    """Warns at the line that called rectifold."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and frame.f_globals.get("__name__", "").startswith("rectifold."):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, RectifoldWarning, stacklevel=level)
