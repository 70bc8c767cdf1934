"""What `compile` does where the result may be another function.

--within, --max-units, --max-weights     approximate_network
--keep-argmax, --margin                  keep_argmax
"""

from __future__ import annotations

from fractions import Fraction

from rectifold.approximate.approximated import Approximation
from rectifold.approximate.approximating import Wish, approximate_network
from rectifold.approximate.kept import NO_CERTIFICATE
from rectifold.approximate.largest_output import keep_argmax
from rectifold.cli.options import Proof
from rectifold.cli.rewriting import Rewriting
from rectifold.cli.times import Times
from rectifold.errors import InputError
from rectifold.ir.network import Network
from rectifold.runtime.run import Progress, Run


def approximation_of(
    network: Network,
    rewriting: Rewriting,
    proof: Proof,
    times: Times,
    progress: Progress | None,
) -> Approximation:
    """Another function, within a tolerance, of a size, or with the same largest output."""
    run = Run(proof.limits(proof.time_limit), proof.seed, progress)
    is_certified = not rewriting.no_certificate
    wish = Wish(rewriting.options, proof.prover, is_certified, times.work, times.checked, run)
    if rewriting.goal is not None:
        return approximate_network(network, network.domain, rewriting.goal, wish)
    found = keep_argmax(network, network.domain, rewriting.margin or Fraction(0), wish)
    if rewriting.certificate_file is not None and not found.can_be_certified:
        raise InputError(NO_CERTIFICATE)
    return found
