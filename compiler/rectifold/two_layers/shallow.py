"""Shallow networks: exact ones for up to three free inputs (and where one hidden layer is enough), gated ones for more, and the counts of all side by side."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from rectifold.errors import InputError, Unfinished
from rectifold.exact.numerals import counted
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.compare import compare_by_regions
from rectifold.linear_regions.restriction import MOST_INPUTS, Restriction
from rectifold.linear_regions.summary import Regions, enumeration_of
from rectifold.runtime.run import Limits, Run
from rectifold.two_layers.gates import Gates
from rectifold.two_layers.line import on_a_line
from rectifold.two_layers.plane.construct import on_a_plane
from rectifold.two_layers.single import one_hidden_layer
from rectifold.two_layers.space.construct import in_space

Progress = Callable[[str, int, int], None]
Kind = Literal["exact", "source", "classic", "core", "centred"]
KINDS: tuple[Kind, ...] = ("exact", "source", "classic", "core", "centred")
_PROOF_SECONDS = 5.0  # for the comparison by regions, by default


@dataclass(frozen=True, eq=False)
class Shallow:
    """A network with at most two hidden layers. `exact`: the same function as the source on the domain.

    `alternatives` maps each kind to its hidden units per layer. `statement` says what holds and how it was shown.
    """

    source: Network
    network: Network
    kind: Kind
    exact: bool
    statement: str
    alternatives: dict[str, list[int]]
    regions: int
    seconds: float

    @property
    def hidden(self) -> list[int]:
        return self.network.hidden_sizes()

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.hidden)) or "none"
        return f"<Shallow {self.kind}: hidden units {sizes}; {self.statement}>"


def shallow_network(
    network: Network,
    domain: Domain,
    *,
    kind: Kind | None = None,
    accuracy: Fraction = Fraction(1, 100),
    gain: Fraction | None = None,
    seconds: float | None = None,
    progress: Progress | None = None,
) -> Shallow:
    """A network with at most two hidden layers for `network` on `domain`.

    `kind` None: the smaller of "source" (a network that is shallow already) and "exact" for up to three free inputs, "centred"
    otherwise. Gates are exact but for at most the share `accuracy` of the volume of the domain's box, or have the M that `gain` gives.

    `progress` is told the stage and how far it is (of 0: nobody knows of how many).

    Raises Unfinished when `seconds` end the search for regions, InputError when there is no such form: an unbounded or flat domain, more than five free inputs, a vertex that the
    construction for three inputs does not cover, or a deep network asked to return itself.
    """
    if accuracy <= 0:
        raise InputError(
            f"the accuracy {accuracy} is not positive: gated networks leak on a set of positive volume"
        )
    if gain is not None and gain <= 0:
        raise InputError(f"the gain {gain} is not positive")
    started = time.monotonic()
    restriction, regions = _all_regions(network, domain, seconds, progress)
    source = network.with_domain(domain)
    exact = (
        None
        if kind in ("classic", "core", "centred")
        else _exact(restriction, regions, required=kind == "exact")
    )
    if progress is not None:
        progress("the forms of all linear regions", 0, 0)
    is_shallow = network.is_chain and len(network.relu_layers) <= 2
    gates = Gates(regions)
    alternatives: dict[str, list[int]] = {}
    if is_shallow:
        alternatives["source"] = network.hidden_sizes()
    if exact is not None:
        alternatives["exact"] = exact.hidden_sizes()
    alternatives |= gates.sizes()
    chosen = kind or _best(alternatives)
    if chosen == "source":
        if not is_shallow:
            raise InputError(
                f"{network.name} has more than two hidden layers, so it is no shallow network itself"
            )
        result, statement, is_exact = source, "the source has at most two hidden layers", True
    elif chosen == "exact":
        assert exact is not None
        result, is_exact = exact, True
        statement = _proof(network, exact, domain, len(regions), seconds)
    else:
        gated = gates.build(chosen, accuracy) if gain is None else gates.with_gain(chosen, gain)
        result, statement, is_exact = gated.network, gated.statement, False
    return Shallow(
        source,
        result,
        chosen,
        is_exact,
        statement,
        alternatives,
        len(regions),
        time.monotonic() - started,
    )


def _all_regions(
    network: Network, domain: Domain, seconds: float | None, progress: Progress | None
) -> tuple[Restriction, Regions]:
    """Every linear region. Raises Unfinished when the time is up before."""
    enumeration = enumeration_of(network, domain)
    regions = Regions.none_of(enumeration.restriction)
    for region in enumeration.regions(seconds=seconds):
        regions.found.append(region)
        if progress is not None:
            progress(f"linear regions: {len(regions):,} so far", 0, 0)
    if not enumeration.progress.complete:
        raise Unfinished(
            f"the time limit ended the search after {counted(len(regions), 'linear region')}; a shallow network needs all of them"
        )
    regions.complete = True
    return enumeration.restriction, regions


def _exact(restriction: Restriction, regions: Regions, *, required: bool) -> Network | None:
    inputs = len(restriction.free)
    free, found = restriction.free, regions.with_vertices
    if inputs > 3:
        single = one_hidden_layer(restriction, regions.found)
        if single is None and required:
            raise InputError(
                f"exact shallow networks are built for at most three free inputs, and {inputs} are free here "
                "(more only where one hidden layer is enough, which it is not here); fix some inputs, or take --kind centred"
            )
        return None if single is None else single.to_network()
    if inputs <= 1:
        return on_a_line(restriction.network, restriction.domain, free, found).to_network()
    if inputs == 2:
        return on_a_plane(restriction.network, restriction.domain, free, found).to_network()
    try:
        return in_space(restriction, found).to_network()
    except InputError:
        if required:
            raise
        return None


def _best(alternatives: dict[str, list[int]]) -> Kind:
    if "exact" in alternatives and sum(alternatives["exact"]) < sum(
        alternatives.get("source", [10**9])
    ):
        return "exact"
    return "source" if "source" in alternatives else "centred"


def _proof(
    source: Network, exact: Network, domain: Domain, regions: int, seconds: float | None
) -> str:
    """What shows that the result is exact. Raises AssertionError if it is not, which would be a bug."""
    built = f"built from all {regions} linear regions with every jump checked exactly"
    if domain.size - len(domain.fixed) > MOST_INPUTS:
        return f"equal to the source: {built}"
    outcome = compare_by_regions(
        source, exact, domain, run=Run(Limits(_PROOF_SECONDS if seconds is None else seconds))
    )
    if outcome.point is not None:
        raise AssertionError("the shallow network differs from its source")
    if outcome.complete:
        return (
            f"equal to the source: {built}, and equal on each of {outcome.regions} common regions"
        )
    return f"equal to the source: {built} (and on the first {outcome.regions} common regions)"
