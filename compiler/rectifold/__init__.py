"""rectifold: a compiler for ReLU networks.

    >>> import rectifold
    >>> network = rectifold.parse("input x[1]\\nh = relu(2*x + 1)\\noutput h\\n", "small.relu")
    >>> compiled = rectifold.compile(network, rectifold.read_domain("[0,1]", network))
    >>> compiled
    <Compiled 1-1 → 1-1>
    >>> rectifold.check(compiled, rectifold.certify(compiled)).status
    'holds'

A file is read by `rectifold.load("net.onnx").network`. Names are imported when they are first
used, so that `import rectifold` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the same names for type checkers, which read no table; a test compares both
    from rectifold.certificate.compiled import certify as certify
    from rectifold.certificate.compiled import check_certificate
    from rectifold.certificate.file import Certificate as Certificate
    from rectifold.emitters.table import emit as emit
    from rectifold.equivalence.decide import compare as compare
    from rectifold.facts.facts import Facts as Facts
    from rectifold.formats.load import Loaded as Loaded
    from rectifold.formats.load import load as load
    from rectifold.formats.load import read_domain as read_domain
    from rectifold.ir.domain import Domain as Domain
    from rectifold.ir.evaluate import evaluate as evaluate
    from rectifold.ir.evaluate import evaluate_float as evaluate_float
    from rectifold.ir.network import Network as Network
    from rectifold.language.elaborate import parse as parse
    from rectifold.language.printer import print_network as print_network
    from rectifold.linear_regions.summary import Regions as Regions
    from rectifold.linear_regions.summary import linear_regions
    from rectifold.operations.compiling import Compiled as Compiled
    from rectifold.operations.compiling import compile_network
    from rectifold.prover.cascade import prove as prove
    from rectifold.two_layers.shallow import Shallow as Shallow
    from rectifold.two_layers.shallow import shallow_network

    check = check_certificate
    regions = linear_regions
    compile = compile_network
    shallow = shallow_network

PUBLIC = {
    "Certificate": "rectifold.certificate.file.Certificate",
    "Compiled": "rectifold.operations.compiling.Compiled",
    "Domain": "rectifold.ir.domain.Domain",
    "Facts": "rectifold.facts.facts.Facts",
    "Loaded": "rectifold.formats.load.Loaded",
    "Network": "rectifold.ir.network.Network",
    "Regions": "rectifold.linear_regions.summary.Regions",
    "Shallow": "rectifold.two_layers.shallow.Shallow",
    "certify": "rectifold.certificate.compiled.certify",
    "check": "rectifold.certificate.compiled.check_certificate",
    "compare": "rectifold.equivalence.decide.compare",
    "compile": "rectifold.operations.compiling.compile_network",
    "emit": "rectifold.emitters.table.emit",
    "evaluate": "rectifold.ir.evaluate.evaluate",
    "evaluate_float": "rectifold.ir.evaluate.evaluate_float",
    "load": "rectifold.formats.load.load",
    "parse": "rectifold.language.elaborate.parse",
    "print_network": "rectifold.language.printer.print_network",
    "prove": "rectifold.prover.cascade.prove",
    "read_domain": "rectifold.formats.load.read_domain",
    "regions": "rectifold.linear_regions.summary.linear_regions",
    "shallow": "rectifold.two_layers.shallow.shallow_network",
}

__all__ = list(PUBLIC)  # of the table, for `from rectifold import *`


def __getattr__(name: str) -> Any:
    """The public name, imported on its first use."""
    if name not in PUBLIC:
        raise AttributeError(f"module 'rectifold' has no attribute {name!r}")
    module, _, attribute = PUBLIC[name].rpartition(".")
    return getattr(import_module(module), attribute)
