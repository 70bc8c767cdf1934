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

from rectifold.runtime.version import __version__ as __version__

if TYPE_CHECKING:  # the same names for type checkers, which read no table; a test compares both
    from rectifold.certificate.compiled import certify as certify
    from rectifold.certificate.compiled import check_certificate
    from rectifold.certificate.file import Certificate as Certificate
    from rectifold.equivalence.answers import Different as Different
    from rectifold.equivalence.answers import Equal as Equal
    from rectifold.equivalence.answers import Unknown as Unknown
    from rectifold.errors import InputError as InputError
    from rectifold.facts.facts import Facts as Facts
    from rectifold.facts.facts import Phase as Phase
    from rectifold.formats.load import Loaded as Loaded
    from rectifold.formats.load import load as load
    from rectifold.formats.load import read_domain as read_domain
    from rectifold.ir.domain import Domain as Domain
    from rectifold.ir.evaluate import evaluate_float as evaluate_float
    from rectifold.ir.network import Network as Network
    from rectifold.language.elaborate import parse as parse
    from rectifold.language.printer import print_network as print_network
    from rectifold.linear_regions.summary import Regions as Regions
    from rectifold.local_boxes.found import LocalResult as LocalResult
    from rectifold.objects.around import local_model
    from rectifold.objects.domains import Ball as Ball
    from rectifold.objects.functions import (
        compare_models,
        compile_model,
        emit_model,
        evaluate_model,
        prove_model,
        regions_of,
        shallow_model,
    )
    from rectifold.objects.results import CompiledModel as CompiledModel
    from rectifold.objects.results import ShallowModel as ShallowModel
    from rectifold.objects.warned import RectifoldWarning as RectifoldWarning
    from rectifold.operations.compiling import Compiled as Compiled
    from rectifold.passes.result import Options as Options
    from rectifold.runtime.run import Limits as Limits
    from rectifold.two_layers.shallow import Shallow as Shallow

    check = check_certificate
    compare = compare_models
    compile = compile_model
    emit = emit_model
    evaluate = evaluate_model
    local = local_model
    prove = prove_model
    regions = regions_of
    shallow = shallow_model

PUBLIC = {
    "Ball": "rectifold.objects.domains.Ball",
    "Certificate": "rectifold.certificate.file.Certificate",
    "Compiled": "rectifold.operations.compiling.Compiled",
    "CompiledModel": "rectifold.objects.results.CompiledModel",
    "Different": "rectifold.equivalence.answers.Different",
    "Domain": "rectifold.ir.domain.Domain",
    "Equal": "rectifold.equivalence.answers.Equal",
    "Facts": "rectifold.facts.facts.Facts",
    "InputError": "rectifold.errors.InputError",
    "Limits": "rectifold.runtime.run.Limits",
    "LocalResult": "rectifold.local_boxes.found.LocalResult",
    "Loaded": "rectifold.formats.load.Loaded",
    "Network": "rectifold.ir.network.Network",
    "Options": "rectifold.passes.result.Options",
    "Phase": "rectifold.facts.facts.Phase",
    "RectifoldWarning": "rectifold.objects.warned.RectifoldWarning",
    "Regions": "rectifold.linear_regions.summary.Regions",
    "Shallow": "rectifold.two_layers.shallow.Shallow",
    "ShallowModel": "rectifold.objects.results.ShallowModel",
    "Unknown": "rectifold.equivalence.answers.Unknown",
    "certify": "rectifold.certificate.compiled.certify",
    "check": "rectifold.certificate.compiled.check_certificate",
    "compare": "rectifold.objects.functions.compare_models",
    "compile": "rectifold.objects.functions.compile_model",
    "emit": "rectifold.objects.functions.emit_model",
    "evaluate": "rectifold.objects.functions.evaluate_model",
    "evaluate_float": "rectifold.ir.evaluate.evaluate_float",
    "load": "rectifold.formats.load.load",
    "local": "rectifold.objects.around.local_model",
    "parse": "rectifold.language.elaborate.parse",
    "print_network": "rectifold.language.printer.print_network",
    "prove": "rectifold.objects.functions.prove_model",
    "read_domain": "rectifold.formats.load.read_domain",
    "regions": "rectifold.objects.functions.regions_of",
    "shallow": "rectifold.objects.functions.shallow_model",
}

__all__ = list(PUBLIC)  # of the table, for `from rectifold import *`


def __getattr__(name: str) -> Any:
    """The public name, imported on its first use."""
    if name not in PUBLIC:
        raise AttributeError(f"module 'rectifold' has no attribute {name!r}")
    module, _, attribute = PUBLIC[name].rpartition(".")
    return getattr(import_module(module), attribute)
