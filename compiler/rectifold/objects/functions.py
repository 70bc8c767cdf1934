"""What `import rectifold` offers: each takes any model, and any way to say a domain.

    rectifold.compile(module, ([0, 0], [1, 1]))      torch module, box   →   CompiledModel
    rectifold.prove("net.onnx", "[0,1]")             file, text          →   Facts

Sound because only doors are opened here: what is proved is proved of the network that the model's
reader made, by the functions that take a Network and a Domain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Unpack

import numpy as np

from rectifold.equivalence.answers import Comparison, Equal
from rectifold.equivalence.decide import compare
from rectifold.equivalence.sentences import Asked, sentence
from rectifold.errors import InputError
from rectifold.facts.facts import Facts
from rectifold.formats.load import Loaded
from rectifold.formats.two_tails import Tails
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate
from rectifold.linear_regions.summary import Regions, list_regions
from rectifold.objects.choices import (
    CompareChoices,
    CompileChoices,
    EmitChoices,
    Outputs,
    ProveChoices,
    ReadChoices,
    RegionChoices,
    ShallowChoices,
    how_read,
    how_written,
    limits_of_regions,
    outputs_of_pair,
    require_known,
    until_of_pair,
)
from rectifold.objects.compiling import compiled_form, wanted_from
from rectifold.objects.domains import domain_of, require_shape
from rectifold.objects.doors import opened
from rectifold.objects.numbers import array_of, fractions_of, without_gradient
from rectifold.objects.points import exact_point
from rectifold.objects.results import CompiledModel, ModelResult, ShallowModel
from rectifold.objects.writing import HowWritten, Written
from rectifold.prover.cascade import prove
from rectifold.runtime.run import Limits, Run
from rectifold.two_layers.shallow import shallow_network

Model = object
"""A Network, a path, a PyTorch module, a scikit-learn estimator, a Keras model, an
onnx.ModelProto, a list of (W, b), or a result of `compile` or `shallow`."""

DomainLike = object
"""A Domain, text such as "[0,1]", (lower, upper) or (x0, radius) as arrays in the model's shape."""


def compile_model(
    model: Model,
    domain: DomainLike = None,
    *,
    input_shape: int | Sequence[int] | None = None,
    outputs: Outputs = (),
    until: str | None = None,
    **choices: Unpack[CompileChoices],
) -> CompiledModel:
    """A model that is the same function on `domain`, and no larger. Undecided units are kept.

    `model`: a Network, a path, a PyTorch module, a scikit-learn estimator, a Keras model, an
    onnx.ModelProto, or a list of (W, b).
    `domain`: text ("[0,1]", "[[0,1],[-1,1]]", "all", a file), a Domain, (lower, upper) or
    (x0, radius) as arrays in the model's own shape; None: the one that the model states.
    `input_shape`: of a PyTorch module that says it nowhere, without the batch.
    `outputs`: names of the outputs that are read; `until`: the name of a node or tensor with which
    the network ends. Both are names of the graph as ONNX.
    `within`: allow another function, off by that at most (0.01, "1%" of proven ranges, or one per
    output); `max_units`, `max_weights`: of that size; `keep_argmax`: of the same largest output.
    `certify`: make the certificate now, check it, and leave out what cannot be certified; without
    it `certificate` is made on first use. `larger`: rewrite also what takes fewer bytes as it is.
    `prover`: "auto" takes all stages, "bounds" no solver, "z3" Z3 alone behind exact intervals.
    `options`: what to make small, and whether skip edges are allowed (Options). `check`: compare
    exact values before and after every single rewrite; this implies `larger`.
    `deadline`: of everything together. `limits`: seconds of the proofs, processes, a log (Limits).
    `seed`: where random choices start. `progress`: called with a stage, how far it is, of how many.

    Raises InputError for what cannot be read, has no domain or an empty one; RewriteError if
    `check` finds a difference, a bug.

    >>> import rectifold
    >>> network = rectifold.parse("input x[1]\\noutput relu(2*x + 1)\\n")
    >>> compiled = rectifold.compile(network, (0, 1))
    >>> compiled, compiled.check().status, compiled.removed.fates["carried"]
    (<Compiled 1-1 → 1-1>, 'holds', 1)
    """
    how = ReadChoices(input_shape=input_shape, outputs=outputs, until=until)
    require_known("compile", choices, CompileChoices)
    loaded, chosen = _opened(model, domain, how)
    form, known = compiled_form(loaded, chosen, wanted_from(loaded, choices))
    return CompiledModel.of(form, loaded, known)


def prove_model(
    model: Model,
    domain: DomainLike = None,
    *,
    input_shape: int | Sequence[int] | None = None,
    outputs: Outputs = (),
    until: str | None = None,
    **choices: Unpack[ProveChoices],
) -> Facts:
    """What is proved about every relu unit of `model` on `domain`: bounds, phases.

    `model`, `domain`, `input_shape`, `outputs`, `until`: as of `compile`.
    `prover`: "auto" takes all stages, "bounds" no solver, "z3" Z3 alone behind exact intervals.
    `limits`: seconds, processes, a log (Limits); a limit or Ctrl-C ends with what is proved so far,
    and `complete` False. `seed`, `progress`: as of `compile`.

    Raises InputError as `compile` does.

    >>> import rectifold
    >>> network = rectifold.parse("input x[2]\\noutput relu(x)\\n")
    >>> rectifold.prove(network, ([-1, 1], [2, 3]))
    <Facts: 1 active, 0 inactive, 1 unstable, 0 open>
    """
    how = ReadChoices(input_shape=input_shape, outputs=outputs, until=until)
    loaded, chosen = _opened(model, domain, how)
    require_known("prove", choices, ProveChoices)
    return prove(loaded.network, chosen, **choices)


def compare_models(
    a: Model,
    b: Model,
    domain: DomainLike = None,
    *,
    input_shape: int | Sequence[int] | None = None,
    outputs: Outputs | tuple[Outputs, Outputs] = (),
    until: str | tuple[str | None, str | None] | None = None,
    **choices: Unpack[CompareChoices],
) -> Comparison:
    """Are two models equal on `domain`, or every output within a tolerance?

    `a`, `b`: models as of `compile`. What follows the networks in them (a softmax) is their tail:
    equal before the same tail, hence equal; of different tails only what is before them is
    compared, and the `statement` of the answer says so.
    `domain`, `input_shape`: as of `compile`, in the shape of `a`. `outputs`, `until`: as of
    `compile`, of both models, or a pair: `until=("fc2", None)` cuts the first only.
    `within`: how far an output may be off, one number or one per output; 0: equal.
    `limits`, `seed`: as of `compile`.

    The answer is Equal (proved, with its certificate if there is one), Different (an exact
    point) or Unknown. Raises InputError where inputs or outputs do not match.

    >>> import rectifold
    >>> one = rectifold.parse("input x[1]\\noutput relu(x)\\n")
    >>> two = rectifold.parse("input x[1]\\noutput relu(2*x)/2\\n")
    >>> rectifold.compare(one, two, (-1, 1)).verdict
    'equal'
    """
    require_known("compare", choices, CompareChoices)
    ends = zip((a, b), outputs_of_pair(outputs), until_of_pair(until), strict=True)
    one, other = (
        _loaded(model, domain, ReadChoices(input_shape=input_shape, outputs=names, until=end))
        for model, names, end in ends
    )
    require_shape(one, input_shape)
    chosen = _domain(one, domain, other.network.domain)
    return _compared(one, other, chosen, choices)


def _compared(one: Loaded, other: Loaded, domain: Domain, choices: CompareChoices) -> Comparison:
    """The answer about what was read, with a statement about its tails."""
    asked = Asked(tuple(fractions_of(array_of(choices.get("within", 0), "within"), "within")))
    limits, seed = choices.get("limits", Limits()), choices.get("seed", 0)
    answer = compare(
        one.network, other.network, domain, within=asked.within, seed=seed, limits=limits
    )
    equal = isinstance(answer, Equal) and asked.is_equality
    said = Tails(one.interface, other.interface).said(sentence(answer, asked), equal=equal)
    return replace(answer, statement=said)


def regions_of(
    model: Model,
    domain: DomainLike = None,
    *,
    input_shape: int | Sequence[int] | None = None,
    outputs: Outputs = (),
    until: str | None = None,
    **choices: Unpack[RegionChoices],
) -> Regions:
    """The linear regions of `model` on a bounded `domain`, exactly.

    `model`, `domain`, `input_shape`, `outputs`, `until`: as of `compile`.
    `limit` regions, `seconds` or Ctrl-C end it early, with `complete` False; `jobs` processes,
    or the workers of the Dask cluster at `scheduler`, share the work. With the file `log` the
    search goes on where runs before have ended.

    Raises InputError for an unbounded, empty or flat domain, for more than five inputs that vary
    where HiGHS is not installed, and for a log of something else.

    >>> import rectifold
    >>> network = rectifold.parse("input x[1]\\noutput relu(x)\\n")
    >>> len(rectifold.regions(network, (-1, 1)))
    2
    """
    how = ReadChoices(input_shape=input_shape, outputs=outputs, until=until)
    loaded, chosen = _opened(model, domain, how)
    require_known("regions", choices, RegionChoices)
    run = Run(limits_of_regions(choices))
    return list_regions(loaded.network, chosen, limit=choices.get("limit"), run=run)


def shallow_model(
    model: Model,
    domain: DomainLike = None,
    *,
    input_shape: int | Sequence[int] | None = None,
    outputs: Outputs = (),
    until: str | None = None,
    **choices: Unpack[ShallowChoices],
) -> ShallowModel:
    """The same function as `model`, or nearly, with at most two hidden layers.

    `model`, `domain`, `input_shape`, `outputs`, `until`: as of `compile`.
    `kind`: "exact", "three" (exact with three hidden layers), "source", "classic", "core" or
    "centred"; None: the smaller of "source" and "exact", where there is one, else "centred". An
    exact form that is named has five minutes, where `seconds` are not given. `accuracy`: the share
    of the volume on which a gated form may be wrong; `gain` sets its M instead. `seconds` end the
    search for regions. `progress`: as of `compile`.

    Raises Unfinished when the time is up, and InputError where there is no such form.

    >>> import rectifold
    >>> network = rectifold.parse("input x[1]\\noutput relu(relu(x) - 1)\\n")
    >>> rectifold.shallow(network, (-1, 2)).hidden
    [1]
    """
    how = ReadChoices(input_shape=input_shape, outputs=outputs, until=until)
    loaded, chosen = _opened(model, domain, how)
    require_known("shallow", choices, ShallowChoices)
    return ShallowModel.of(shallow_network(loaded.network, chosen, **choices), loaded)


def emit_model(
    model: Model,
    path: str | Path,
    to: str | None = None,
    domain: DomainLike = None,
    **choices: Unpack[EmitChoices],
) -> list[Path]:
    """Write `model` to `path` in the format `to`, or the suffix's; the files written.

    `model`: as of `compile`; a result too. `to`: relu, python, numpy, c, c-int16, c-int32, js,
    rust, onnx, onnx64, npz, mps, lp. `domain`, `input_shape`, `outputs`, `until`: as of `compile`;
    code for a `domain` that is given states a bound on its rounding. `precision`: float32, mixed,
    float64; None: as the command. `max_error`: integers take the smallest words with which every
    output is certified within it. `single_file`: C without a header. `force`: replace files.

    Raises InputError for an unknown format, a network that the format cannot say, a precision
    that it cannot be written in, an error that no words meet, and a file that is there already.
    """
    require_known("emit", choices, EmitChoices)
    how, writing, force = how_read(choices), how_written(choices), choices.get("force", False)
    if isinstance(model, ModelResult) and not how and domain is None:
        return model.save(path, to, **writing, force=force)
    loaded = _loaded(model, domain, how)
    require_shape(loaded, how.get("input_shape"))
    is_bounded = domain is not None
    network = loaded.network.with_domain(_domain(loaded, domain)) if is_bounded else loaded.network
    written = Written(network, network, "written as it is", loaded.interface, is_bounded=is_bounded)
    return written.save(path, to, HowWritten.of(**writing), force=force)


def evaluate_model(model: Model, point: object, **how: Unpack[ReadChoices]) -> list[Fraction]:
    """The exact values of `model` at one exact point, before its tail.

    What follows the network (a softmax, a label) has no exact values; `predict` of a result gives
    what is behind it, in floats.
    `point`: fractions, integers or floats in any shape, one for each input; a float is the
    number that its bits say. Inside the domain or not. `input_shape`, `outputs`, `until`: as of
    `compile`; the shape is that of the point, where it has one. Raises InputError for what is no
    finite number, and ValueError for a wrong number of inputs.

    >>> import rectifold
    >>> rectifold.evaluate([([[2, 0.5]], [1])], [1, 1])
    [Fraction(7, 2)]
    """
    require_known("evaluate", how, ReadChoices)
    point = without_gradient(point, "the point")
    shape = np.shape(np.asarray(point, dtype=object))
    said = how.get("input_shape")
    if said is None and len(shape) > 1:  # a flat point says no shape
        how["input_shape"] = shape
    loaded = _loaded(model, None, how)
    require_shape(loaded, said)
    return evaluate(loaded.network, exact_point(point))


def _opened(model: Model, domain: DomainLike, how: ReadChoices) -> tuple[Loaded, Domain]:
    """The model as read, and the domain that is given, or stated by the model.

    Raises InputError where there is none.
    """
    loaded = _loaded(model, domain, how)
    require_shape(loaded, how.get("input_shape"))
    return loaded, _domain(loaded, domain)


def _domain(loaded: Loaded, domain: DomainLike, other: Domain | None = None) -> Domain:
    """The domain that is given, or stated by the model, or the `other`."""
    stated = other if loaded.network.domain is None else loaded.network.domain
    chosen = stated if domain is None else domain_of(domain, loaded)
    if chosen is None:
        raise InputError(
            f"{loaded.network.name} states no domain, and what is proved holds on a domain only; "
            'give domain="[0,1]" (each input), "[[0,1],[-1,1]]", (lower, upper) as numbers or '
            'arrays in the shape of the inputs, (point, radius), "box.vnnlib", or "all"'
        )
    return chosen


def _loaded(model: Model, domain: DomainLike, how: ReadChoices) -> Loaded:
    """The model as read; a result is what it holds."""
    if isinstance(model, ModelResult):
        model = Loaded(model.network, interface=model.interface)
    return opened(model, domain=domain, **how)
