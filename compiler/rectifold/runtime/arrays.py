"""Reading arrays from .npy and .npz files that a network text, a folder or the command line names.

    names → headers (shape and kind of every array) → caps → data → nothing may follow

Files are data: no pickle, no path outside the given folder. What a header declares is compared with
the size of the file before anything is unpacked, so a small file that unpacks to gigabytes costs
nothing.
"""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import IO

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.runtime.caps import CAPS

# what zipfile and the NumPy header reader raise for damaged files (RuntimeError: encrypted, nested
# too deep)
_BESIDE: ContextVar[list[Path] | None] = ContextVar("files beside a network", default=None)
_UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,
    SyntaxError,
    TokenError,
    MemoryError,
    TypeError,
)


def load_array(folder: Path, name: str, member: str | None) -> Floats:
    """The array `member` of the .npz file (or the .npy file) `name` inside `folder`, as float64.

    Raises InputError if the file lies outside the folder, is missing, is no array file or holds no
    finite floats.
    """
    path = inside(folder, name)
    if path.suffix == ".npy":
        if member is not None:
            raise InputError(f'{name} is a .npy file and has no members; write load("{name}")')
        return as_floats(load_npy(path), name)
    arrays = load_npz(path)
    if member is None and len(arrays) == 1:
        member = next(iter(arrays))
    if member is None or member not in arrays:
        raise InputError(
            f"{name} has no member {member!r}; it has {', '.join(sorted(arrays)[:12])}"
        )
    return as_floats(arrays[member], f"{name}[{member}]")


@contextmanager
def files_beside() -> Iterator[list[Path]]:
    """Yields a list to which every file is added that `inside` finds for a network in the block."""
    found: list[Path] = []
    before = _BESIDE.set(found)
    try:
        yield found
    finally:
        _BESIDE.reset(before)


def inside(folder: Path, name: str) -> Path:
    """The path of `name`, which must lie inside `folder` and be a file."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise InputError(f"{name!r} lies outside the network's folder, which is not allowed")
    if not path.is_file():
        raise InputError(f"there is no file {name!r} beside the network")
    if (beside := _BESIDE.get()) is not None:
        beside.append(path)
    return path


def load_npy(path: Path) -> np.ndarray:
    """The array of a .npy file. Raises InputError, also where the file goes on after the array."""
    try:
        with path.open("rb") as stream:
            _refuse_many(_entries(stream), path.stat().st_size, path.name)
            stream.seek(0)
            return _read_array(stream)
    except _UNREADABLE as error:
        raise _refusal(error, f"{path.name} is no readable .npy file of plain numbers") from None


def load_npz(path: Path) -> dict[str, np.ndarray]:
    """All members of a .npz file. Raises InputError."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = _member_names(archive, path.name)
            total = 0
            for name in names:
                with archive.open(name) as stream:
                    total += _entries(stream)
            _refuse_many(total, path.stat().st_size, path.name)
            return {name.removesuffix(".npy"): _member(archive, name, path.name) for name in names}
    except _UNREADABLE as error:
        raise _refusal(error, f"{path.name} is no readable .npz file of plain arrays") from None


def as_floats(array: np.ndarray, what: str) -> Floats:
    """The array as float64, exactly. Raises InputError for other kinds of entries, NaN and
    infinity.
    """
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise InputError(f"{what} holds {array.dtype} entries; numbers up to 64 bits are expected")
    with np.errstate(over="ignore"):
        floats = array.astype(np.float64)
    if array.dtype.kind in "iu" and not _is_same(floats, array):
        raise InputError(f"{what} holds integers that are too large: they are no float64 numbers")
    if not np.isfinite(floats).all():
        place = int(np.argmin(np.isfinite(floats.ravel())))
        raise InputError(
            f"{what} holds NaN or infinite entries; finite numbers are expected (entry "
            f"{place + 1} of {floats.size:,} is the first, {floats.ravel()[place]})"
        )
    return floats


def _is_same(floats: Floats, integers: np.ndarray) -> bool:
    """No integer was rounded."""
    exact = 1 << 53  # every integer up to here is a float64
    large = (integers > exact) | (integers < -exact)
    return all(
        int(f) == i for f, i in zip(floats[large].tolist(), integers[large].tolist(), strict=True)
    )


def _member_names(archive: zipfile.ZipFile, file: str) -> list[str]:
    names = archive.namelist()
    if len(names) > CAPS.array_members:
        raise InputError(f"{file} has {len(names):,} members; the limit is {CAPS.array_members:,}")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(
            f"{file} has the member {_short_name(twice[0])} twice; which one is meant cannot be "
            "told"
        )
    strange = [name for name in names if not name.endswith(".npy")]
    if strange:
        raise InputError(
            f"{file} has the member {_short_name(strange[0])}, which is no array (.npy); save it "
            "with "
            "numpy.savez"
        )
    return names


def _member(archive: zipfile.ZipFile, name: str, file: str) -> np.ndarray:
    with archive.open(name) as stream:
        try:
            return _read_array(stream)
        except InputError as error:
            raise InputError(f"{file}[{name.removesuffix('.npy')}]: {error}") from None


def _entries(stream: IO[bytes]) -> int:
    """How many entries the header at the start of a .npy stream declares."""
    version = np.lib.format.read_magic(stream)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise InputError(
            f"arrays of .npy version {version[0]}.{version[1]} hold structures; plain numbers "
            "are expected"
        )
    with warnings.catch_warnings(
        action="ignore"
    ):  # a header of Python 2 is read too, and needs no remark
        shape, _, kind = readers[version](stream, max_header_size=CAPS.array_header_bytes)
    if min(shape, default=0) < 0:
        raise InputError(f"an array of shape {shape} cannot be")
    return int(prod(shape)) * max(1, -(-kind.itemsize // 8))


def _read_array(stream: IO[bytes]) -> np.ndarray:
    """The array that a .npy stream holds, and nothing after it."""
    with warnings.catch_warnings(action="ignore"):
        array = np.asarray(
            np.lib.format.read_array(
                stream, allow_pickle=False, max_header_size=CAPS.array_header_bytes
            )
        )
    if stream.read(1):
        raise InputError("the file goes on after its array; save it again with numpy.save")
    return array


def _refuse_many(entries: int, size: int, file: str) -> None:
    allowed = max(CAPS.array_entries, CAPS.array_entries_per_byte * size)
    if entries > allowed:
        raise InputError(
            f"{file} unpacks to {entries:,} numbers from {size:,} bytes; {allowed:,} are read "
            "from such a file "
            "(numpy.savez, without compression, has no such limit)"
        )


def _refusal(error: Exception, what: str) -> InputError:
    if isinstance(error, InputError):
        return error
    if isinstance(error, MemoryError):
        return InputError(f"{what}: it needs more memory than there is")
    lines = str(error).splitlines()
    return InputError(f"{what} ({lines[0][:120] if lines else type(error).__name__})")


def _short_name(name: str) -> str:
    return repr(name if len(name) <= 40 else name[:37] + "...")
