"""Reading arrays from .npy and .npz files that a network text or a folder names.

Files are data: no pickle, no path outside the given folder, a cap on the size.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.matrix import Floats

MAX_BYTES = 4_000_000_000


def load_array(folder: Path, name: str, member: str | None) -> Floats:
    """The array `member` of the .npz file (or the .npy file) `name` inside `folder`, as float64.

    Raises InputError if the file lies outside the folder, is missing, is no array file or holds no finite floats.
    """
    path = inside(folder, name)
    if path.suffix == ".npy":
        if member is not None:
            raise InputError(f'{name} is a .npy file and has no members; write load("{name}")')
        return as_floats(_load_npy(path), name)
    arrays = load_npz(path)
    if member is None and len(arrays) == 1:
        member = next(iter(arrays))
    if member is None or member not in arrays:
        raise InputError(f"{name} has no member {member!r}; it has {', '.join(sorted(arrays)[:12])}")
    return as_floats(arrays[member], f"{name}[{member}]")


def inside(folder: Path, name: str) -> Path:
    """The path of `name`, which must lie inside `folder` and be a file."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise InputError(f"{name!r} lies outside the network's folder, which is not allowed")
    if not path.is_file():
        raise InputError(f"there is no file {name!r} beside the network")
    return path


def load_npz(path: Path) -> dict[str, np.ndarray]:
    """All members of a .npz file. Raises InputError."""
    try:
        with zipfile.ZipFile(path) as archive:
            declared = sum(info.file_size for info in archive.infolist())
        if declared > MAX_BYTES:
            raise InputError(f"{path.name} unpacks to {declared:,} bytes; the limit is {MAX_BYTES:,}")
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path.name} is no readable .npz file of plain arrays ({error})") from None


def as_floats(array: np.ndarray, what: str) -> Floats:
    """The array as float64, exactly. Raises InputError for other kinds of entries, NaN and infinity."""
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise InputError(f"{what} holds {array.dtype} entries; numbers up to 64 bits are expected")
    with np.errstate(over="ignore"):
        floats = array.astype(np.float64)
    if array.dtype.kind in "iu" and not np.array_equal(floats.astype(array.dtype), array):
        raise InputError(f"{what} holds integers that are too large")
    if not np.isfinite(floats).all():
        raise InputError(f"{what} holds NaN or infinite entries")
    return floats


def _load_npy(path: Path) -> np.ndarray:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path.name} is no readable .npy file of plain numbers ({error})") from None
