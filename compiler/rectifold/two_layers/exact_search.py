"""The exact form of a network, by its number of free inputs.

    one input: breakpoints; two: fans; three: chains; four: germs; five and more: flags; any number:
    one hidden layer, where it is enough

Every construction asserts exactly what it needs, and refuses by name what it does not cover.
"""

from __future__ import annotations

from rectifold.effort.geometry import REGION_EFFORT, SHALLOW_EFFORT
from rectifold.errors import InputError, Unfinished
from rectifold.exact.numerals import counted
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.enumerations import enumeration_of
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.linear_regions.summary import Regions
from rectifold.two_layers.assemble import network_of
from rectifold.two_layers.flags.flag_form import flag_form, three_layer_form
from rectifold.two_layers.form import TwoLayers
from rectifold.two_layers.hyper.hyper_form import hyper_form
from rectifold.two_layers.hyper.watch import Watch
from rectifold.two_layers.line import line_form
from rectifold.two_layers.one_layer import one_hidden_layer
from rectifold.two_layers.plane.plane_form import plane_form
from rectifold.two_layers.space.space_form import space_form
from rectifold.two_layers.values import require_values


def is_shallow(network: Network) -> bool:
    """Is it a chain with at most two hidden layers?"""
    return network.is_chain and len(network.relu_layers) <= 2


def all_regions(network: Network, domain: Domain, watch: Watch) -> tuple[Restriction, Regions]:
    """Every linear region. Raises Unfinished when the time is up before."""
    seconds = watch.seconds_left
    enumeration = enumeration_of(network, domain)
    regions = Regions.none_of(enumeration.restriction)
    for region in enumeration.regions(seconds=seconds):
        regions.found.append(region)
        watch.run.tell(f"linear regions: {len(regions):,} so far", 0, 0)
    if not enumeration.tally.complete:
        raise Unfinished(
            f"the time limit ended the search after {counted(len(regions), 'linear region')}; "
            "a shallow network needs all of them"
        )
    regions.complete = True
    return enumeration.restriction, regions


def exact_network(restriction: Restriction, regions: Regions, watch: Watch) -> Network:
    """The exact form with two hidden layers, given all regions.

    Raises InputError where none is found, Unfinished at the watch's deadline.
    """
    return network_of(_two_layers(restriction, regions, watch))


def three_layer_network(restriction: Restriction, regions: Regions, watch: Watch) -> Network:
    """The same with at most three hidden layers."""
    found = regions.with_vertices
    if len(restriction.free) > REGION_EFFORT.vertex_inputs:
        found = _with_vertices(restriction, regions, watch)
    return three_layer_form(restriction, found, watch).network()


def _two_layers(restriction: Restriction, regions: Regions, watch: Watch) -> TwoLayers:
    inputs, found = len(restriction.free), regions.with_vertices
    if inputs <= 1:
        return line_form(restriction, found)
    if inputs == 2:
        return plane_form(restriction, found)
    if inputs == 3:
        return space_form(restriction, found, watch)
    if (form := one_hidden_layer(restriction, regions.found, watch)) is not None:
        require_values(restriction, form, regions.found, watch)
        return form
    if inputs > REGION_EFFORT.vertex_inputs:
        found = _with_vertices(restriction, regions, watch)
    if inputs == 4:
        return hyper_form(restriction, found, watch)
    return flag_form(restriction, found, watch)


def too_many_for_vertices(restriction: Restriction, regions: Regions) -> str:
    """Why no vertices of regions are made for a form; nothing where they are."""
    inputs, most = len(restriction.free), REGION_EFFORT.most_vertex_inputs
    many = SHALLOW_EFFORT.most_vertex_regions
    if inputs <= most and len(regions) <= many:
        return ""
    return (
        f"{inputs} inputs are free here, with {counted(len(regions), 'linear region')}, and forms "
        f"by regions are tried for at most {most} and {many:,}"
    )


def _with_vertices(restriction: Restriction, regions: Regions, watch: Watch) -> list[Region]:
    """The regions with vertices, for more inputs than those have otherwise.

    Raises InputError where they are too many.
    """
    if problem := too_many_for_vertices(restriction, regions):
        raise InputError(f"{problem}; fix some inputs")
    found: list[Region] = []
    for region in vertex_enumeration(restriction.network, restriction.domain).regions():
        watch.step("vertices of regions", len(found), len(regions))
        found.append(region)
    return found
