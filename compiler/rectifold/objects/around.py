"""What any model is around each sample of any data: the function `local` of the package.

    rectifold.local(module, X, 0.02, (0, 1), labels=y)      →   LocalResult

Sound because only doors are opened here: what is proved is proved of the network that the model's
reader made, on boxes around the numbers that the data says.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Unpack

import numpy as np

from rectifold.data import Samples, read_samples
from rectifold.data.samples import samples_of
from rectifold.errors import InputError
from rectifold.exact.literals import NumberError, parse_rational
from rectifold.formats.load import Loaded
from rectifold.local_boxes.boxes import boxes_around
from rectifold.local_boxes.found import LocalResult
from rectifold.local_boxes.look import look_around
from rectifold.objects.choices import LocalChoices, ReadChoices, how_read, require_known
from rectifold.objects.domains import domain_of
from rectifold.objects.doors import opened
from rectifold.objects.numbers import array_of, fractions_of, without_gradient
from rectifold.objects.results import ModelResult
from rectifold.runtime.arrays import as_floats
from rectifold.runtime.run import Limits, Progress, Run


@dataclass(frozen=True)
class Looking:
    """What `local` may be told besides the model, the samples and the boxes; choices.py says
    each.
    """

    labels: object = None
    clip: bool = True
    complete: bool = False
    limits: Limits = Limits()
    progress: Progress | None = None


def local_model(
    model: object,
    inputs: object,
    radius: float | Fraction | str,
    domain: object = None,
    **choices: Unpack[LocalChoices],
) -> LocalResult:
    """What `model` is on the box of one `radius` around each of `inputs`: stable units, classes.

    `model`, `domain`, `input_shape`, `outputs`, `until`: as of `compile`. `inputs`: an array with
    the samples first, in the shape of the model's input or flat; or a path, or what
    `rectifold.data.read_samples` gives, which bring their labels. A number is what it is: divide
    images of bytes by 255. `radius`: a text or a Fraction is exact, a float what its bits say.
    `labels`: a whole number for each sample. `clip`: cut the boxes to the ranges of the domain.
    `complete`: decide what quick bounds leave open with every stage of `prove` but Z3. `limits`,
    `progress`: as of `compile`; a limit or Ctrl-C ends with the samples that are done.

    Raises InputError for data that does not fit, and for a sample outside the domain that boxes are
    cut to.

    >>> import rectifold
    >>> network = rectifold.parse("input x[1] in [0, 1]\\noutput relu(x - 1/2)\\n")
    >>> rectifold.local(network, [[0.25], [0.5]], "1/8")
    <LocalResult: 2 samples, 1 affine, 0 with one class>
    """
    require_known("local", choices, LocalChoices)
    own = {word.name for word in fields(Looking)}
    given = {word: value for word, value in choices.items() if word in own}
    wanted = Looking(**given)  # type: ignore[arg-type]
    data = _samples(inputs, wanted.labels)
    loaded = _loaded(model, domain, data, how_read(choices))
    chosen = loaded.network.domain if domain is None else domain_of(domain, loaded)
    points = data.inputs.astype(np.float64)
    boxes = boxes_around(points, _exact(radius), chosen if wanted.clip else None)
    labels = None if data.labels is None else data.labels.tolist()
    run = Run(wanted.limits, progress=wanted.progress)
    return look_around(loaded.network, boxes, labels, run, complete=wanted.complete)


def _loaded(model: object, domain: object, data: Samples, how: ReadChoices) -> Loaded:
    """The model as read; a result is what it holds. Raises InputError where samples do not fit."""
    if how.get("input_shape") is None and len(data.shape) > 1:
        how["input_shape"] = data.shape
    if isinstance(model, ModelResult):
        model = Loaded(model.network, interface=model.interface)
    loaded = opened(model, domain=domain, **how)
    data.require_numbers(loaded.network.input_size, loaded.network.name)
    return loaded


def _samples(inputs: object, labels: object) -> Samples:
    """The samples; labels that are given come before those of the data."""
    if isinstance(inputs, str | Path):
        inputs = read_samples(inputs)
    if isinstance(inputs, Samples):
        if labels is None:
            return inputs
        images, name = inputs.inputs.reshape(-1, *inputs.shape), inputs.name
    else:
        name = "inputs"
        images = as_floats(_plain(inputs, name), name)
    return samples_of(images, None if labels is None else _plain(labels, "labels"), name)


def _plain(given: object, what: str) -> np.ndarray:
    """The array of a list, an array or a tensor. Raises InputError for ragged rows."""
    try:
        return np.asarray(without_gradient(given, what))
    except ValueError:
        raise InputError(
            f"{what} has rows of different lengths; give a rectangular array"
        ) from None


def _exact(radius: float | Fraction | str) -> Fraction:
    if isinstance(radius, str):
        try:
            return parse_rational(radius)
        except NumberError as error:
            raise InputError(f"the radius: {error}") from None
    numbers = fractions_of(array_of(radius, "the radius"), "the radius")
    if len(numbers) != 1:
        raise InputError(f"the radius is {len(numbers)} numbers; one for all inputs is expected")
    return numbers[0]
