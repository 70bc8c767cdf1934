"""Which enumeration a network on a domain gets, and in which order its regions come.

Few free inputs: by vertex lists (`by_vertices`); more of them: by linear programs (`by_programs`).
"""

from __future__ import annotations

from collections.abc import Iterable

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.blocks import blocks_of
from rectifold.linear_regions.by_programs import ProgramCell, program_enumeration
from rectifold.linear_regions.by_vertices import VertexCell, VertexSplitter, vertex_enumeration
from rectifold.linear_regions.cells import Enumeration
from rectifold.linear_regions.region import AnyRegion, PointRegion, Region

AnyEnumeration = Enumeration[VertexCell, Region] | Enumeration[ProgramCell, PointRegion]


def enumeration_of(network: Network, domain: Domain) -> AnyEnumeration:
    """By vertex lists for few free inputs, by linear programs for more.

    Raises InputError as `linear_regions` does.
    """
    if domain.size - len(domain.fixed) <= REGION_EFFORT.vertex_inputs:
        return vertex_enumeration(network, domain)
    return program_enumeration(network, domain)


def in_order(enumeration: AnyEnumeration, regions: Iterable[AnyRegion]) -> list[AnyRegion]:
    """The regions as one process meets them, whatever parts they come from.

    A cell is cut by the first unit that splits it, and the part where that unit is active comes
    first: so the phases, unit by unit in the order of the blocks, fall from region to region.
    """
    names = _layers_in_turn(enumeration)
    return sorted(
        regions, key=lambda region: b"".join(region.phases[name] for name in names), reverse=True
    )


def _layers_in_turn(enumeration: AnyEnumeration) -> list[str]:
    """The relu layers in the order in which cells meet them."""
    restriction = enumeration.restriction
    if isinstance(enumeration.splitter, VertexSplitter):
        spans = sorted(blocks_of(restriction).spans, key=lambda span: span[1])
        return [name for name, _, _ in spans]
    return [layer.name for layer in restriction.network.relu_layers]
