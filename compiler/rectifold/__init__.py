"""rectifold: a compiler for ReLU networks.

    loaded = rectifold.load("net.onnx")
    compiled = rectifold.compile(loaded.network, rectifold.read_domain("[0,1]", loaded.network))
    rectifold.check(compiled, rectifold.certify(compiled))

Names are imported when first used, so that `import rectifold` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rectifold.certify import Certificate, certify
    from rectifold.certify import check_certificate as check
    from rectifold.compare import compare
    from rectifold.formats.load import Loaded, load, read_domain
    from rectifold.ir.domain import Domain
    from rectifold.ir.evaluate import evaluate, evaluate_float
    from rectifold.ir.network import Network
    from rectifold.pipeline import Compiled
    from rectifold.pipeline import compile_network as compile
    from rectifold.proof.facts import Facts
    from rectifold.prove import prove
    from rectifold.syntax.elaborate import parse
    from rectifold.syntax.printer import print_network

_PLACES = {
    "Certificate": ("rectifold.certify", "Certificate"),
    "Compiled": ("rectifold.pipeline", "Compiled"),
    "Domain": ("rectifold.ir.domain", "Domain"),
    "Facts": ("rectifold.proof.facts", "Facts"),
    "Loaded": ("rectifold.formats.load", "Loaded"),
    "Network": ("rectifold.ir.network", "Network"),
    "certify": ("rectifold.certify", "certify"),
    "check": ("rectifold.certify", "check_certificate"),
    "compare": ("rectifold.compare", "compare"),
    "compile": ("rectifold.pipeline", "compile_network"),
    "evaluate": ("rectifold.ir.evaluate", "evaluate"),
    "evaluate_float": ("rectifold.ir.evaluate", "evaluate_float"),
    "load": ("rectifold.formats.load", "load"),
    "parse": ("rectifold.syntax.elaborate", "parse"),
    "print_network": ("rectifold.syntax.printer", "print_network"),
    "prove": ("rectifold.prove", "prove"),
    "read_domain": ("rectifold.formats.load", "read_domain"),
}

__all__ = [
    "Certificate",
    "Compiled",
    "Domain",
    "Facts",
    "Loaded",
    "Network",
    "certify",
    "check",
    "compare",
    "compile",
    "evaluate",
    "evaluate_float",
    "load",
    "parse",
    "print_network",
    "prove",
    "read_domain",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'rectifold' has no attribute {name!r}")
    module, attribute = _PLACES[name]
    return getattr(import_module(module), attribute)
