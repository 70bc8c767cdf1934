"""One door for data sets: a folder of idx files, one file, or the name of a set.

    mnist/                  t10k-images-idx3-ubyte(.gz) with its labels, train-...
    t10k-images-idx3-...    one idx file; the labels beside it where they are
    data.npz                x_train, y_train, x_test, y_test, or inputs, labels, or X, y
    points.npy              inputs alone
    digits                  scikit-learn's handwritten digits

A file that has one part only is given for either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from rectifold.data.digits import read_digits
from rectifold.data.idx import read_idx
from rectifold.data.samples import Part, Samples, samples_of
from rectifold.errors import InputError
from rectifold.formats.load import require_file
from rectifold.runtime.arrays import load_npy, load_npz

_FILES = {"test": "t10k", "train": "train"}
_MEMBERS = (
    ("x_{part}", "y_{part}"),
    ("X_{part}", "y_{part}"),
    ("inputs", "labels"),
    ("images", "labels"),
    ("X", "y"),
    ("x", "y"),
)
_KNOWN = (
    "a folder of idx files as MNIST has them, an idx file, .npz (x_train, y_train, x_test, y_test; "
    "inputs, labels; X, y), .npy, or the name digits"
)


def read_samples(path_or_name: str | Path, part: Part = "test") -> Samples:
    """The samples of a data set, and their labels where it has some.

    Raises InputError for what is not there, is damaged, or is no data set.
    """
    if part not in _FILES:
        raise InputError(f"there is no part {part!r} of a data set; say test or train")
    if path_or_name == "digits":
        return replace(read_digits(part), part=part)
    path = Path(path_or_name)
    if path.is_dir():
        return _read_folder(path, part)
    path = require_file(path)
    match path.suffix.lower():
        case ".npz":
            return _read_archive(path, part)
        case ".npy":
            return samples_of(load_npy(path), None, path.name)
        case _ if "idx" in path.name or _begins_as_idx(path):
            labels = _labels_of(path)
            return samples_of(
                read_idx(path), None if labels is None else read_idx(labels), path.name
            )
    raise InputError(f"{path.name} is no data set that is known; a data set is {_KNOWN}")


def _begins_as_idx(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) in (b"\0\0", b"\x1f\x8b")
    except OSError as error:
        raise InputError(f"{path.name} cannot be read ({error.strerror})") from None


# ---- idx ----------------------------------------------------------------------------------------


def _read_folder(folder: Path, part: Part) -> Samples:
    images = _in_folder(folder, f"{_FILES[part]}-images", 3)
    labels = _in_folder(folder, f"{_FILES[part]}-labels", 1)
    if images is None:
        raise InputError(
            f"{str(folder)!r} has no file {_FILES[part]}-images-idx3-ubyte or "
            f"{_FILES[part]}-images-idx3-ubyte.gz; a data set is {_KNOWN}"
        )
    found = None if labels is None else read_idx(labels)
    read = samples_of(read_idx(images), found, folder.resolve().name)
    return replace(read, part=part)


def _in_folder(folder: Path, start: str, dimensions: int) -> Path | None:
    """The file of that start, unpacked before packed; None where there is none."""
    ends = [f"{dot}idx{dimensions}-ubyte{packed}" for packed in ("", ".gz") for dot in "-."]
    return next((p for end in ends if (p := folder / (start + end)).is_file()), None)


def _labels_of(path: Path) -> Path | None:
    """The labels beside a file of images, which is named so; None where there are none."""
    start, images, _ = path.name.partition("-images")
    return _in_folder(path.parent, f"{start}-labels", 1) if images else None


# ---- archives -----------------------------------------------------------------------------------


def _read_archive(path: Path, part: Part) -> Samples:
    arrays = load_npz(path)
    for inputs, labels in _MEMBERS:
        name = inputs.format(part=part)
        if name in arrays:
            read = samples_of(arrays[name], arrays.get(labels.format(part=part)), path.name)
            return replace(read, part=part if name != inputs else None)
    raise InputError(
        f"{path.name} has no inputs for the part {part}: {_members(arrays)}; "
        "x_train, y_train, x_test, y_test, or inputs, labels, or X, y are expected"
    )


def _members(arrays: Mapping[str, np.ndarray]) -> str:
    names = ", ".join(sorted(arrays)[:8])
    return f"it has {names[:200]}" if names else "it has no arrays"
