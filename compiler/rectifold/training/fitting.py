"""Which samples fit what is asked of a run; nothing here needs PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

from rectifold.data.samples import Samples
from rectifold.errors import InputError
from rectifold.exact.numerals import counted
from rectifold.training.config import TrainingConfig


def require_trainable(config: TrainingConfig, samples: Samples) -> int:
    """The number of classes. Raises InputError for samples without labels, with one class, too few
    of them to validate, of another size than the teacher's, and for what is no image where
    convolutions or shifts need one.
    """
    if samples.labels is None:
        raise InputError(f"{samples.name} has no labels; a class for each sample is expected")
    low, high = int(samples.labels.min()), int(samples.labels.max())
    if low < 0 or high < 1:
        raise InputError(
            f"{samples.name} has labels from {low} to {high}; classes from 0 on are expected, two "
            "at least"
        )
    if high >= len(samples):
        raise InputError(
            f"{samples.name} has the label {high} among {counted(len(samples), 'sample')}; number "
            "the classes from 0 on"
        )
    _require_teacher(config, samples, high + 1)
    _require_images(config, samples)
    held_out(config, samples)
    return high + 1


def _require_teacher(config: TrainingConfig, samples: Samples, classes: int) -> None:
    teacher = config.distillation.teacher
    if teacher is None:
        return
    found, wanted = (teacher.input_size, teacher.output_size), (samples.inputs.shape[1], classes)
    if found != wanted:
        raise InputError(
            f"the teacher {teacher.name} has {counted(found[0], 'input')} and "
            f"{counted(found[1], 'output')}; {wanted[0]} and {wanted[1]} are expected"
        )


def image_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    """Channels, rows and columns of a sample. Raises InputError where it is no image."""
    if len(shape) == 2:
        return 1, shape[0], shape[1]
    if len(shape) == 3 and shape[0] <= 4:
        return shape[0], shape[1], shape[2]
    raise InputError(
        f"samples of the shape {tuple(shape)} are no images for convolutions and shifts; "
        "(rows, columns) or (channels, rows, columns) are expected"
    )


def held_out(config: TrainingConfig, samples: Samples) -> int:
    """How many samples are left out to validate. Raises InputError where none are left to learn
    from, or none to choose the best epoch by.
    """
    part, count = config.schedule.validation, len(samples)
    held = round(part * count)
    if held == count:
        raise InputError(
            f"{counted(held, 'sample')} for validation leave none to learn from; give more "
            "samples, or a smaller part for validation"
        )
    if held == 0 and config.schedule.keep_best:
        raise InputError(
            f"{part:g} of {counted(count, 'sample')} is no sample to choose the best epoch by; "
            "give a larger part for validation, or keep the last epoch"
        )
    return held


def _require_images(config: TrainingConfig, samples: Samples) -> None:
    if config.architecture.channels or config.shift:
        _, rows, columns = image_shape(samples.shape)
        if config.shift >= min(rows, columns):
            raise InputError(
                f"a shift of {counted(config.shift, 'pixel')} moves images of {rows} x {columns} "
                "pixels out of sight; choose a smaller one"
            )
