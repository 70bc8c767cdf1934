"""The exact form of a network, by its number of free inputs.

    one input: breakpoints; two: fans; three: chains; four and five: flags; more: one hidden layer

Every construction asserts exactly what it needs, and refuses by name what it does not cover.
"""

from __future__ import annotations

from dataclasses import dataclass

from rectifold.effort.geometry import REGION_EFFORT, SHALLOW_EFFORT
from rectifold.errors import InputError, Unfinished
from rectifold.ir.network import Network
from rectifold.linear_regions.restriction import Restriction
from rectifold.linear_regions.summary import Regions
from rectifold.runtime.run import Run
from rectifold.two_layers.assemble import network_of
from rectifold.two_layers.flags.flag_form import flag_form
from rectifold.two_layers.form import TwoLayers
from rectifold.two_layers.line import line_form
from rectifold.two_layers.one_layer import one_hidden_layer
from rectifold.two_layers.plane.plane_form import plane_form
from rectifold.two_layers.space.space_form import space_form


def is_shallow(network: Network) -> bool:
    """Is it a chain with at most two hidden layers?"""
    return network.is_chain and len(network.relu_layers) <= 2


@dataclass(frozen=True, eq=False)
class ExactSearch:
    """Looks for the exact form of a network, given all regions; `started` on the run's clock."""

    restriction: Restriction
    regions: Regions
    run: Run
    started: float

    def form(self, *, is_required: bool) -> tuple[Network | None, str]:
        """The exact form, or None and why there is none.

        Where it is required, InputError or Unfinished says why instead.
        """
        try:
            return network_of(self._two_layers(is_required=is_required)), ""
        except (InputError, Unfinished) as problem:
            if is_required:
                raise
            return None, str(problem)

    def _two_layers(self, *, is_required: bool) -> TwoLayers:
        inputs, found = len(self.restriction.free), self.regions.with_vertices
        if inputs <= 1:
            return line_form(self.restriction, found)
        if inputs == 2:
            return plane_form(self.restriction, found)
        if inputs == 3:
            return space_form(self.restriction, found)
        form = one_hidden_layer(self.restriction, self.regions.found)
        if form is not None:
            return form
        if inputs > REGION_EFFORT.vertex_inputs:
            raise InputError(
                f"{inputs} inputs are free here. Two hidden layers are known to be enough for up "
                "to five; for more it is an open question, and one hidden layer is not enough "
                'here. Fix some inputs, or take a gated form, such as kind="centred"'
            )
        if not is_required and is_shallow(self.restriction.network):
            raise InputError('the source is shallow itself; kind="exact" looks for another form')
        return flag_form(self.restriction, found, self.run, self._deadline(is_required=is_required))

    def _deadline(self, *, is_required: bool) -> float | None:
        """On the run's clock."""
        seconds = self.run.limits.seconds
        if not is_required:
            limit = SHALLOW_EFFORT.flag_seconds
            seconds = limit if seconds is None else min(seconds, limit)
        return None if seconds is None else self.started + seconds
