"""The idx files in which MNIST and its followers come, also packed by gzip.

    00 00 08 03   count   rows   columns   bytes ...       magic: kind 08 (uint8), 3 dimensions

Every number of the header is big-endian. What the header declares is compared with the size of the
file before anything is unpacked (as for .npz: runtime/caps), and the data must end where it says.
Format: yann.lecun.com/exdb/mnist, "FILE FORMATS FOR THE MNIST DATABASE".
"""

from __future__ import annotations

import gzip
import zlib
from math import prod
from pathlib import Path
from typing import Protocol

import numpy as np

from rectifold.errors import InputError
from rectifold.runtime.caps import CAPS

_KINDS = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_PACKED = b"\x1f\x8b"


class _Bytes(Protocol):
    def read(self, size: int, /) -> bytes: ...


def read_idx(path: Path) -> np.ndarray:
    """The array of an idx file, in this machine's order of bytes.

    Raises InputError for a file that is damaged, of another format, or unpacks to more than its
    size explains.
    """
    try:
        with path.open("rb") as file:
            is_packed = file.read(2) == _PACKED
        size = path.stat().st_size
        if not is_packed:
            with path.open("rb") as stream:
                return _array(stream, path.name, size)
        with gzip.GzipFile(path) as unpacked:
            return _array(unpacked, path.name, size)
    except (OSError, EOFError, zlib.error, MemoryError) as error:
        reason = str(error) or type(error).__name__
        raise InputError(f"{path.name} is no readable idx file ({reason[:120]})") from None


def _array(stream: _Bytes, name: str, size: int) -> np.ndarray:
    kind, shape = _header(stream, name)
    entries = prod(shape)
    if not entries:
        raise InputError(f"{name} declares the shape {shape}: it has no numbers")
    allowed = max(CAPS.array_entries, CAPS.array_entries_per_byte * size)
    if entries > allowed:
        raise InputError(
            f"{name} declares the shape {shape}, {entries:,} numbers, in {size:,} bytes; "
            f"{allowed:,} are read from such a file"
        )
    data = stream.read(entries * kind.itemsize)
    if len(data) < entries * kind.itemsize:
        raise InputError(
            f"{name} declares the shape {shape} of {kind.itemsize}-byte numbers and ends after "
            f"{len(data):,} of {entries * kind.itemsize:,} bytes; fetch it again"
        )
    if stream.read(1):
        raise InputError(
            f"{name} goes on after the {entries:,} numbers of the shape {shape} that it declares"
        )
    return np.frombuffer(data, kind).reshape(shape).astype(kind.newbyteorder("="))


def _header(stream: _Bytes, name: str) -> tuple[np.dtype[np.generic], tuple[int, ...]]:
    magic = stream.read(4)
    is_known = len(magic) == 4 and magic[:2] == b"\0\0" and magic[2] in _KINDS
    if not is_known or not 1 <= magic[3] <= CAPS.idx_dimensions:
        kinds = ", ".join(f"{kind:02x}" for kind in _KINDS)
        raise InputError(
            f"{name} begins with {magic.hex(' ') or 'nothing'}, which is no idx file; 00 00, a "
            f"kind ({kinds}) and the number of dimensions (1 to {CAPS.idx_dimensions}) are expected"
        )
    ends = stream.read(4 * magic[3])
    if len(ends) < 4 * magic[3]:
        raise InputError(f"{name} ends within its header of {magic[3]} dimensions; fetch it again")
    shape = tuple(int.from_bytes(ends[k : k + 4], "big") for k in range(0, len(ends), 4))
    return np.dtype(_KINDS[magic[2]]), shape
