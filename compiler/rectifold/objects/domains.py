"""A domain as people say it: text, or a Domain."""

from __future__ import annotations

from rectifold.errors import InputError
from rectifold.formats.load import Loaded, read_domain
from rectifold.ir.domain import Domain


def domain_of(given: object, loaded: Loaded) -> Domain:
    """The domain that `given` says of the model that was read. Raises InputError."""
    if isinstance(given, Domain):
        return given
    if isinstance(given, str):
        return read_domain(given, loaded.network)
    raise InputError(
        f'a {type(given).__name__} is no domain; give text such as "[0,1]", or a Domain'
    )
