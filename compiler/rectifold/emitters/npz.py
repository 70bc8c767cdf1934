"""The numbers of a network as NumPy arrays, without code.

Numbers that are no floats are rounded, which the bound of the format counts, and a note says how
many: an archive has no place for a header.
"""

from __future__ import annotations

from rectifold.emitters.artifact import Artifact
from rectifold.emitters.header import Origin
from rectifold.emitters.tail_code import require_tail_fits
from rectifold.exact.numerals import counted
from rectifold.formats.float_range import rounded_parameters
from rectifold.formats.npz import lost_of_domain, npz_bytes
from rectifold.ir.network import Network


def npz_arrays(network: Network, origin: Origin, name: str) -> Artifact:
    """The archive `name`. Raises InputError for a tail, and what the format cannot say."""
    require_tail_fits(origin.interface, "npz")
    data, rounded = (
        npz_bytes(network, origin.precision),
        rounded_parameters(network, origin.precision),
    )
    numbers = counted(rounded, "weight or bias", "weights and biases")
    said = [f"{numbers} rounded to {origin.precision}; .relu is exact"] if rounded else []
    lost = None if network.domain is None else lost_of_domain(network.domain)
    if lost is not None:
        said.append(f"the archive lacks the domain, which has {lost}; .relu keeps it")
    return Artifact({name: data}, tuple(said))
