"""rectifold: a compiler for ReLU networks.

    loaded = rectifold.load("net.onnx")
    compiled = rectifold.compile(loaded.network, rectifold.read_domain("[0,1]", loaded.network))
    rectifold.check(compiled, rectifold.certificates(compiled))

Names are imported when first used, so that `import rectifold` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rectifold.cascade import prove
    from rectifold.certificates import Certificate, certify
    from rectifold.certificates import check_certificate as check
    from rectifold.emitters.table import emit
    from rectifold.equivalence import compare
    from rectifold.formats.load import Loaded, load, read_domain
    from rectifold.ir.domain import Domain
    from rectifold.ir.evaluate import evaluate, evaluate_float
    from rectifold.ir.network import Network
    from rectifold.linear_regions.summary import Regions
    from rectifold.linear_regions.summary import linear_regions as regions
    from rectifold.pipeline import Compiled
    from rectifold.pipeline import compile_network as compile
    from rectifold.proof.facts import Facts
    from rectifold.syntax.elaborate import parse
    from rectifold.syntax.printer import print_network
    from rectifold.two_layers.construct import Shallow
    from rectifold.two_layers.construct import shallow_network as shallow

_PLACES = {
    "Certificate": ("rectifold.certificates", "Certificate"),
    "Compiled": ("rectifold.pipeline", "Compiled"),
    "Domain": ("rectifold.ir.domain", "Domain"),
    "Facts": ("rectifold.proof.facts", "Facts"),
    "Loaded": ("rectifold.formats.load", "Loaded"),
    "Regions": ("rectifold.linear_regions.summary", "Regions"),
    "Shallow": ("rectifold.two_layers.construct", "Shallow"),
    "Network": ("rectifold.ir.network", "Network"),
    "certify": ("rectifold.certificates", "certify"),
    "check": ("rectifold.certificates", "check_certificate"),
    "compare": ("rectifold.equivalence", "compare"),
    "compile": ("rectifold.pipeline", "compile_network"),
    "emit": ("rectifold.emitters.table", "emit"),
    "evaluate": ("rectifold.ir.evaluate", "evaluate"),
    "evaluate_float": ("rectifold.ir.evaluate", "evaluate_float"),
    "load": ("rectifold.formats.load", "load"),
    "parse": ("rectifold.syntax.elaborate", "parse"),
    "print_network": ("rectifold.syntax.printer", "print_network"),
    "prove": ("rectifold.cascade", "prove"),
    "read_domain": ("rectifold.formats.load", "read_domain"),
    "regions": ("rectifold.linear_regions.summary", "linear_regions"),
    "shallow": ("rectifold.two_layers.construct", "shallow_network"),
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
