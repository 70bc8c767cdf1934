"""An exact form with few hidden layers, over the directions in which inputs are read.

    20 inputs that four units read      →      a form of four numbers, which reads rows · x

Four inputs or fewer are tried as they are, too, and the smaller form is taken. Sound because either
is an exact form of the network (`directions`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.errors import InputError, Unfinished
from rectifold.ir.network import Network
from rectifold.linear_regions.restriction import Restriction
from rectifold.linear_regions.summary import Regions
from rectifold.two_layers.directions import Directions, directions_of
from rectifold.two_layers.exact_search import (
    KNOWN_INPUTS,
    all_regions,
    exact_network,
    is_shallow,
    three_layer_network,
)
from rectifold.two_layers.hyper.watch import Watch


@dataclass(frozen=True, eq=False)
class ExactForm:
    """`network` has the source's function and few hidden layers.

    `pair`: the source and the form over the `directions` in which the source reads its inputs,
    where it has so many linear `regions`.
    """

    network: Network
    pair: tuple[Network, Network]
    directions: int
    regions: int

    @property
    def units(self) -> int:
        """In its hidden layers."""
        return sum(self.network.hidden_sizes())


@dataclass(frozen=True, eq=False)
class ExactSearch:
    """Looks for a form of at most so many hidden layers (two or three), while there is time.

    `is_required`: that it is asked for, whatever it costs.
    """

    watch: Watch
    is_required: bool = True
    layers: int = 2

    def form_or_why(
        self, restriction: Restriction, regions: Regions
    ) -> tuple[ExactForm | None, str]:
        """The form, given all regions; or None, and why there is none.

        Where it is required, InputError or Unfinished says so.
        """
        try:
            return self.form(restriction, regions), ""
        except (InputError, Unfinished) as problem:
            if self.is_required:
                raise
            return None, str(problem)

    def form(self, restriction: Restriction, regions: Regions) -> ExactForm:
        """The form. Raises InputError where none is found, Unfinished when the time is up."""
        source = restriction.network.with_domain(restriction.domain)
        inputs = len(restriction.free)
        if self.layers == 3 and source.is_chain and len(source.relu_layers) <= self.layers:
            return ExactForm(source, (source, source), inputs, len(regions))
        reduced = directions_of(source)
        if reduced is None:
            return self._as_it_is(restriction, regions)
        found = self._in_directions(reduced)
        if self.layers == 2 and inputs <= SHALLOW_EFFORT.inputs_tried_twice:
            other = self._as_it_is(restriction, regions)
            return other if other.units < found.units else found
        return found

    def _as_it_is(self, restriction: Restriction, regions: Regions) -> ExactForm:
        """Of all inputs that vary. Where two layers are known to be enough, they are taken."""
        if self.layers == 3 and len(restriction.free) > KNOWN_INPUTS:
            network = three_layer_network(restriction, regions, self.watch)
        elif not self.is_required and len(restriction.free) > 4 and is_shallow(restriction.network):
            raise InputError('the source is shallow itself; kind="exact" looks for another form')
        else:
            network = exact_network(restriction, regions, self.watch)
        source = restriction.network.with_domain(restriction.domain)
        return ExactForm(network, (source, network), len(restriction.free), len(regions))

    def _in_directions(self, reduced: Directions) -> ExactForm:
        """Of the directions that are read, put back over the inputs."""
        domain = reduced.network.domain
        assert domain is not None
        found = self._as_it_is(*all_regions(reduced.network, domain, self.watch))
        return replace(found, network=reduced.of_inputs(found.network))
