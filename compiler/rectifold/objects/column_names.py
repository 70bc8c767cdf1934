"""Names of columns that a model was fitted to, which a data frame must have in their order.

    fitted to the columns a, b      predict(frame with b, a)      →   an InputError

They are metadata of the ONNX model, so that a file has them too. Sound because no column is moved:
a frame whose columns are others is refused, as scikit-learn refuses it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from rectifold.errors import InputError
from rectifold.formats.interface import Interface

if TYPE_CHECKING:  # onnx takes 0.3 s to import
    from onnx import ModelProto

_KEY = "feature_names"


def name_columns(model: ModelProto, names: Iterable[object]) -> None:
    """Keeps the names in the model's metadata; nothing where there are none."""
    listed = [str(name) for name in names]
    if listed:
        model.metadata_props.add(key=_KEY, value=json.dumps(listed, ensure_ascii=False))


def columns_of(interface: Interface | None) -> list[str]:
    """The names of the columns that the model reads, in order; [] where it has none."""
    entries = () if interface is None else interface.model.metadata_props
    return next((cast(list[str], json.loads(e.value)) for e in entries if e.key == _KEY), [])


def require_columns(given: object, interface: Interface | None) -> None:
    """Raises InputError for a data frame whose columns are not those of the model, in order, and
    for a series with other names.
    """
    wanted = columns_of(interface)
    names = getattr(given, "columns", getattr(given, "index", None))
    if not wanted or names is None or callable(names):  # a list has a method `index`
        return
    found = list(names)
    if found != wanted and any(isinstance(name, str) for name in found):
        raise InputError(
            f"the data frame has the columns {', '.join(map(str, found))}; the model was fitted to "
            f"{', '.join(wanted)}, in this order: give frame[{wanted}]"
        )
