"""rectifold: a compiler for ReLU networks.

    loaded = rectifold.load("net.onnx")
    compiled = rectifold.compile(loaded.network, rectifold.read_domain("[0,1]", loaded.network))
    rectifold.check(compiled, rectifold.certificate.compiled(compiled))

Names are imported when first used, so that `import rectifold` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rectifold.certificate.compiled import Certificate, certify
    from rectifold.certificate.compiled import check_certificate as check
    from rectifold.emitters.table import emit
    from rectifold.equivalence.decide import compare
    from rectifold.facts.facts import Facts
    from rectifold.formats.load import Loaded, load, read_domain
    from rectifold.ir.domain import Domain
    from rectifold.ir.evaluate import evaluate, evaluate_float
    from rectifold.ir.network import Network
    from rectifold.language.elaborate import parse
    from rectifold.language.printer import print_network
    from rectifold.linear_regions.summary import Regions
    from rectifold.linear_regions.summary import linear_regions as regions
    from rectifold.operations.compiling import Compiled
    from rectifold.operations.compiling import compile_network as compile
    from rectifold.prover.cascade import prove
    from rectifold.two_layers.shallow import Shallow
    from rectifold.two_layers.shallow import shallow_network as shallow

_PLACES = {
    "Certificate": ("rectifold.certificate.compiled", "Certificate"),
    "Compiled": ("rectifold.operations.compiling", "Compiled"),
    "Domain": ("rectifold.ir.domain", "Domain"),
    "Facts": ("rectifold.facts.facts", "Facts"),
    "Loaded": ("rectifold.formats.load", "Loaded"),
    "Regions": ("rectifold.linear_regions.summary", "Regions"),
    "Shallow": ("rectifold.two_layers.shallow", "Shallow"),
    "Network": ("rectifold.ir.network", "Network"),
    "certify": ("rectifold.certificate.compiled", "certify"),
    "check": ("rectifold.certificate.compiled", "check_certificate"),
    "compare": ("rectifold.equivalence.decide", "compare"),
    "compile": ("rectifold.operations.compiling", "compile_network"),
    "emit": ("rectifold.emitters.table", "emit"),
    "evaluate": ("rectifold.ir.evaluate", "evaluate"),
    "evaluate_float": ("rectifold.ir.evaluate", "evaluate_float"),
    "load": ("rectifold.formats.load", "load"),
    "parse": ("rectifold.language.elaborate", "parse"),
    "print_network": ("rectifold.language.printer", "print_network"),
    "prove": ("rectifold.prover.cascade", "prove"),
    "read_domain": ("rectifold.formats.load", "read_domain"),
    "regions": ("rectifold.linear_regions.summary", "linear_regions"),
    "shallow": ("rectifold.two_layers.shallow", "shallow_network"),
}

__all__ = [
    "Certificate",
    "Compiled",
    "Domain",
    "Facts",
    "Loaded",
    "Network",
    "Regions",
    "Shallow",
    "certify",
    "check",
    "compare",
    "compile",
    "emit",
    "evaluate",
    "evaluate_float",
    "load",
    "parse",
    "print_network",
    "prove",
    "read_domain",
    "regions",
    "shallow",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'rectifold' has no attribute {name!r}")
    module, attribute = _PLACES[name]
    return getattr(import_module(module), attribute)
