"""What each function may be told besides the model and the domain, as keywords.

compile(model, domain, until="fc2", certify=False)     how it is read; the rest
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import TypedDict, cast, get_args

from rectifold.errors import InputError
from rectifold.passes.result import Options
from rectifold.prover.state import Prover
from rectifold.runtime.deadline import Deadline
from rectifold.runtime.run import Limits, Progress, RunChoices
from rectifold.two_layers.shallow import FormChoices, Kind

Allowed = str | float | Fraction | Sequence[str | float | Fraction] | None
"""How far outputs may be off: 0.01, "1%" of each proven range, or one per output; None: not."""

Outputs = str | Sequence[str]
"""The names of a model's outputs that are read, one after the other; () is all."""


class ReadChoices(TypedDict, total=False):
    """How a model is read, as keywords."""

    input_shape: int | Sequence[int] | None
    """Of a model that says it nowhere, without the batch."""
    outputs: Outputs
    """The names of the outputs that are read, one after the other; () is all."""
    until: str | None
    """A node or tensor with which the network ends: what follows is not read."""


class WriteChoices(TypedDict, total=False):
    """How a network is written, as keywords."""

    precision: str | None
    """float32, mixed (float32 weights, float64 sums) or float64; None: what the format has, and
    mixed for C where every weight is a float32 number."""
    single_file: bool
    """C without a header beside."""
    max_error: object
    """c-int16 and c-int32 take the smallest words with which every output is certified within it;
    None: no error is asked for."""


class EmitChoices(WriteChoices, ReadChoices, total=False):
    """What `emit` may be told besides the model, the path and the format, as keywords."""

    force: bool
    """Replace files that are there."""


class ProveChoices(RunChoices, total=False):
    """What `prove` may be told besides the model and the domain, as keywords."""

    prover: Prover
    """"auto" takes all stages, "bounds" no solver, "z3" Z3 alone behind exact intervals."""


class CompileChoices(ProveChoices, total=False):
    """What `compile` may be told besides the model and the domain, as keywords."""

    certify: bool
    """Make the certificate now, and leave out what cannot be certified."""
    larger: bool
    """Rewrite everything, even where the given model takes fewer bytes as ONNX."""
    options: Options
    """What to make small, whether skip edges are allowed, and how much accuracy may be lost.

    Left out, a model that computes in floats keeps its accuracy but for a factor.
    """
    check: bool
    """Compare the network at exact points before and after every single rewrite."""
    deadline: Deadline
    """Of everything together; what is rewritten by then is the answer."""
    within: Allowed
    """Allow another function, every output within this: a number, text such as "1%" (of each
    output's proven range), or one per output; None: the same function."""
    max_units: int | None
    """Allow another function of so many relu units, with the smallest certified difference found;
    with `within`, within that."""
    max_weights: int | None
    """The same for weights and biases that are not 0."""
    keep_argmax: bool
    """Allow another function with the same largest output, where it leads by more than `margin`."""
    margin: str | float | Fraction
    """With `keep_argmax`: by how much; 0: wherever one output leads."""


class LocalChoices(ReadChoices, total=False):
    """What `local` may be told besides the model, the samples and the boxes, as keywords."""

    labels: object
    """A whole number for each sample."""
    clip: bool
    """Cut the boxes to the ranges of the domain."""
    complete: bool
    """Decide what quick bounds leave open with every stage of `prove` but Z3."""
    limits: Limits
    """How long, and with how many processes."""
    progress: Progress | None
    """Called with a stage, how far it is, and of how many."""


class CompareChoices(TypedDict, total=False):
    """What `compare` may be told besides the models and the domain, as keywords."""

    within: float | Fraction | Sequence[float | Fraction]
    """How far an output may be off: one number, or one per output."""
    seed: int
    """Where the random choices of every search start."""
    limits: Limits
    """How long, with how many processes, and into which log."""


class RegionChoices(TypedDict, total=False):
    """What `regions` may be told besides the model and the domain, as keywords."""

    limit: int | None
    """Stop after so many regions."""
    seconds: float | None
    """Stop after so many seconds."""
    jobs: int
    """How many processes share the work."""
    scheduler: str | None
    """The address of a Dask cluster whose workers share it."""
    log: Path | str | None
    """The file that each part goes to when it is done, and from which a later run goes on."""


def limits_of_regions(choices: RegionChoices) -> Limits:
    """What they say of a run."""
    log = choices.get("log")
    return Limits(
        choices.get("seconds"),
        jobs=choices.get("jobs", 1),
        scheduler=choices.get("scheduler"),
        log=None if log is None else Path(log),
    )


class ShallowChoices(FormChoices, total=False):
    """What `shallow` may be told besides the model and the domain, as keywords."""

    seconds: float | None
    """Stop after so many seconds."""
    progress: Progress | None
    """Called with a stage, how far it is, and of how many."""


def require_known(name: str, given: Mapping[str, object], known: type) -> None:
    """Raises TypeError for a keyword that the function does not have, with where it belongs, and
    InputError for a value that is none of its values.

    >>> require_known("compile", {"jobs": 2}, CompileChoices)
    Traceback (most recent call last):
    TypeError: compile() has no keyword 'jobs'; it is given as limits=rectifold.Limits(jobs=...)
    """
    of_functions = known.__annotations__ | ReadChoices.__annotations__
    for word in (key for key in given if key not in of_functions):
        places = {"limits": Limits, "options": Options}.items()
        owners = [
            f"it is given as {place}=rectifold.{kind.__name__}({word}=...)"
            for place, kind in places
            if place in of_functions and word in {one.name for one in fields(kind)}
        ]
        remedy = owners[0] if owners else f"its keywords are {', '.join(of_functions)}"
        raise TypeError(f"{name}() has no keyword {word!r}; {remedy}")
    for word, kind in _KINDS.items():
        if word in given and not isinstance(given[word], kind):
            raise InputError(
                f"{word}= is {given[word]!r}; a rectifold.{kind.__name__}(...) is expected"
            )
    for word, words in _WORDS.items():
        if given.get(word) is not None and given[word] not in words:
            known_words = ", ".join(map(repr, words))
            raise InputError(f"{word}= is {given[word]!r}; one of {known_words} is expected")


def how_read(choices: EmitChoices | LocalChoices) -> ReadChoices:
    """Those that say how the model is read."""
    known = ReadChoices.__annotations__
    return cast(ReadChoices, {word: value for word, value in choices.items() if word in known})


def how_written(choices: EmitChoices) -> WriteChoices:
    """Those that say how the network is written."""
    known = WriteChoices.__annotations__
    return cast(WriteChoices, {word: value for word, value in choices.items() if word in known})


_KINDS: Mapping[str, type] = {"limits": Limits, "options": Options}
_WORDS: Mapping[str, tuple[str, ...]] = {"prover": get_args(Prover), "kind": get_args(Kind)}


def outputs_of_pair(given: Outputs | tuple[Outputs, Outputs]) -> tuple[Outputs, Outputs]:
    """The outputs of the first model and of the second: a pair, or the same of both.

    >>> outputs_of_pair(["y"]), outputs_of_pair((["y"], ()))
    ((['y'], ['y']), (['y'], ()))
    """
    if isinstance(given, tuple) and len(given) == 2 and not all(isinstance(v, str) for v in given):
        return given[0], given[1]
    both = cast(Outputs, given)
    return both, both


def until_of_pair(
    given: str | tuple[str | None, str | None] | None,
) -> tuple[str | None, str | None]:
    """Where the first model ends, and where the second: a pair, or the same of both.

    Raises InputError for more than two.
    """
    if isinstance(given, str | None):
        return given, given
    if len(given) != 2:
        raise InputError(f"until= has {len(given)} names for two models; give two, or one for both")
    return given
