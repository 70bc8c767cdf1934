"""What any model is around each sample of any data: the function `local` of the package.

    rectifold.local(module, X, 0.02, (0, 1), labels=y)      →   LocalResult

Sound because only doors are opened here: what is proved is proved of the network that the model's
reader made, on boxes around the numbers that the data says.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Unpack

import numpy as np

from rectifold.data import Samples, read_samples
from rectifold.data.samples import samples_of
from rectifold.errors import InputError
from rectifold.exact.literals import NumberError, parse_rational
from rectifold.exact.numerals import counted
from rectifold.formats.load import Loaded
from rectifold.local_boxes.boxes import boxes_around
from rectifold.local_boxes.found import LocalResult
from rectifold.local_boxes.look import look_around
from rectifold.objects.choices import ReadChoices, require_known
from rectifold.objects.domains import domain_of
from rectifold.objects.doors import opened
from rectifold.objects.numbers import array_of, fractions_of, without_gradient
from rectifold.objects.results import ModelResult
from rectifold.runtime.arrays import as_floats
from rectifold.runtime.run import Limits, Progress, Run


def local_model(
    model: object,
    inputs: object,
    radius: float | Fraction | str,
    domain: object = None,
    *,
    labels: object = None,
    clip: bool = True,
    complete: bool = False,
    limits: Limits = Limits(),
    progress: Progress | None = None,
    **how: Unpack[ReadChoices],
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
    require_known("local", how, ReadChoices)
    data = _samples(inputs, labels)
    if how.get("input_shape") is None and len(data.shape) > 1:
        how["input_shape"] = data.shape
    if isinstance(model, ModelResult):
        model = Loaded(model.network, interface=model.interface)
    loaded = opened(model, domain=domain, **how)
    network = loaded.network
    if data.inputs.shape[1] != network.input_size:
        raise InputError(
            f"a sample of {data.name} has {counted(data.inputs.shape[1], 'number')} "
            f"(shape {data.shape}), but {network.name} has {counted(network.input_size, 'input')}"
        )
    chosen = network.domain if domain is None else domain_of(domain, loaded)
    points = data.inputs.astype(np.float64)
    boxes = boxes_around(points, _exact(radius), chosen if clip else None)
    known = None if data.labels is None else data.labels.tolist()
    run = Run(limits, progress=progress)
    return look_around(network, boxes, known, run, complete=complete)


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
