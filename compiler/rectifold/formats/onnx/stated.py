"""The domain that an ONNX model states of itself: an entry of its metadata, as after `in` in .relu.

    rectifold.domain = "[0, 1]"      →   compile, regions, … need no --domain

A model of another program has no such entry. Sound because a file that is written in the place of
one with a domain states the domain on which it is equal, or none.
"""

from __future__ import annotations

from onnx import ModelProto

from rectifold.errors import InputError
from rectifold.exact.numerals import counted
from rectifold.formats.onnx.tensors import OnnxError
from rectifold.ir.domain import Domain
from rectifold.language.elaborate import parse_box
from rectifold.language.printer import box_text

_KEY = "rectifold.domain"


def states_domain(model: ModelProto) -> bool:
    """Has the metadata an entry for the domain?"""
    return any(entry.key == _KEY for entry in model.metadata_props)


def stated_domain(model: ModelProto, size: int) -> Domain | None:
    """The domain of the `size` inputs that the model states; None where it states none.

    Raises OnnxError for an entry of ours that is no box of so many inputs.
    """
    text = next((entry.value for entry in model.metadata_props if entry.key == _KEY), None)
    if text is None:
        return None
    try:
        return parse_box(text, size)
    except InputError:
        raise OnnxError(
            f"the model's metadata has the entry {_KEY!r}, which is no box of "
            f"{counted(size, 'input')} ({text[:40]!r}); remove it, or write the model again"
        ) from None


def state_domain(model: ModelProto, domain: Domain | None) -> None:
    """Makes the model state this domain instead of its own, or none: for None, and for a domain
    with linear constraints, which the entry cannot hold.
    """
    kept = [entry for entry in model.metadata_props if entry.key != _KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    if domain is not None and not domain.constraints:
        model.metadata_props.add(key=_KEY, value=box_text(domain))
