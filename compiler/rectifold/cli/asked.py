"""What `prove` and `check` read: a network, and what is asked of it.

PROPERTY.vnnlib                 the property of a file, which brings its domain
ensure … in NET.relu            the text's own, about a network of what it compares
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rectifold.cli.inputs import read_loaded, require_points
from rectifold.errors import InputError
from rectifold.formats.load import Loaded, require_file
from rectifold.formats.vnnlib_property import read_property
from rectifold.ir.domain import Domain
from rectifold.ir.property import Property
from rectifold.prover.cascade import require_domain


@dataclass(frozen=True)
class Asked:
    """The network, the property, and the domain for one that a network states itself."""

    network: str
    property_file: str | None
    domain_spec: str | None = None


def read_asked(wanted: Asked, *, quiet: bool) -> tuple[Loaded, Property]:
    """The network that a property is about, and the property.

    Raises InputError where there is none, or a domain besides that of a file.
    """
    if wanted.property_file is not None and wanted.domain_spec is not None:
        raise InputError("--domain and a property do not go together: a property brings its domain")
    spec = wanted.domain_spec
    loaded, domain = read_loaded(wanted.network, spec, quiet=quiet, may_be_empty=True)
    if wanted.property_file is None:
        return ensured_of(loaded, domain)
    sizes = loaded.network.input_size, loaded.network.output_size
    found = read_property(require_file(wanted.property_file), *sizes)
    for part in found.parts:
        require_points(part.domain)
    return loaded, found


def ensured_of(loaded: Loaded, domain: Domain | None) -> tuple[Loaded, Property]:
    """What a text says of its network: the network of what it compares, and the property.

    Raises InputError where it ensures nothing, or has no domain.
    """
    if loaded.ensured is None:
        raise InputError(
            f"{loaded.network.name} ensures nothing, and no property is given; name a VNN-LIB "
            "file (check: --property FILE), or write into a .relu file, for example: "
            "ensure y[0] <= 3"
        )
    on = require_domain(loaded.network, domain)
    require_points(on)
    return replace(loaded, network=loaded.ensured.network, interface=None), loaded.ensured.on(on)
