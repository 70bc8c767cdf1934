"""Names of columns that a model was fitted to, which a data frame must have in their order.

    fitted to the columns a, b      predict(frame with b, a)      →   an InputError

They are metadata of the ONNX model, so that a file has them too. Sound because no column is moved:
a frame whose columns are others is refused, as scikit-learn refuses it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rectifold.errors import InputError
from rectifold.formats.interface import Interface

if TYPE_CHECKING:  # onnx takes 0.3 s to import
    from onnx import ModelProto

_KEY = "rectifold.feature_names"  # other exporters have one without our name, and texts of theirs


def name_columns(model: ModelProto, names: Iterable[object]) -> None:
    """Keeps the names in the model's metadata; nothing where there are none."""
    listed = [str(name) for name in names]
    if listed:
        model.metadata_props.add(key=_KEY, value=json.dumps(listed, ensure_ascii=False))


def columns_of(interface: Interface | None) -> list[str]:
    """The names of the columns that the model reads, in order; [] where it has none.

    Raises InputError for an entry of ours that holds anything else.
    """
    entries = () if interface is None else interface.model.metadata_props
    text = next((entry.value for entry in entries if entry.key == _KEY), "[]")
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(
            f"the model's metadata has the entry {_KEY!r}, which holds no list of names "
            f"({text[:40]!r}); remove it, or write the model again"
        )
    return names


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
