"""The numbers of a network as NumPy arrays, without code."""

from __future__ import annotations

from rectifold.emitters.artifact import Artifact
from rectifold.emitters.header import Origin
from rectifold.emitters.tail_code import require_tail_fits
from rectifold.formats.npz import npz_bytes
from rectifold.ir.network import Network


def npz_arrays(network: Network, origin: Origin, name: str) -> Artifact:
    """The archive `name`. Raises InputError for a tail."""
    require_tail_fits(origin.interface, "npz")
    return Artifact({name: npz_bytes(network)})
