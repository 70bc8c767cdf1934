"""A network in its own language: every number exact."""

from __future__ import annotations

from rectifold.emitters.artifact import Artifact
from rectifold.emitters.header import Origin, header_lines
from rectifold.emitters.tail_code import require_tail_fits
from rectifold.ir.network import Network
from rectifold.language.printer import print_network


def relu_text(network: Network, origin: Origin, name: str) -> Artifact:
    """The file `name`: a header comment and the network. Raises InputError for a tail."""
    require_tail_fits(origin.interface, "relu")
    comment = "".join(f"# {line}\n" for line in header_lines(network, origin, exact=True))
    return Artifact({name: (comment + print_network(network)).encode("utf-8")})
