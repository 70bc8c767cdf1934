"""The numbers of an emitted NumPy module: base64 in its text, or an archive beside it.

    values      the parameters in the order in which the module reads them
    mask        a bit for each, where most of them are zero: then values are the others
    indices     whole numbers that say which inputs kernels read, where there are kernels

They are float32 where all of them are, also for code in float64, and are bound to the code by their
SHA-256. Exact: what is read back is what was given.
"""

from __future__ import annotations

import hashlib
import io
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rectifold.effort.writing import NumpyEffort
from rectifold.emitters.storage.index_tables import smallest
from rectifold.emitters.storage.kernels import Integers
from rectifold.emitters.templates import template
from rectifold.exact.conversion import Floats
from rectifold.runtime.caps import CAPS


@dataclass(frozen=True, eq=False)
class StoredValues:
    """Numbers as they are stored, `mask` says which; None: all. `count`: how many there are.

    `indices`: whole numbers of few bits.
    """

    values: np.ndarray
    mask: np.ndarray | None
    count: int
    indices: np.ndarray

    @classmethod
    def of(cls, arrays: Sequence[Floats], tables: Sequence[Integers] = ()) -> StoredValues:
        """The entries of the arrays and the tables, one after the other, in the fewest bytes."""
        indices = _whole(tables)
        flat = np.concatenate([array.ravel() for array in arrays])
        values = flat.astype("<f4" if _is_float32(flat) else "<f8")
        mask = values != 0
        packed = np.packbits(mask)
        saved = (flat.size - int(np.count_nonzero(mask))) * values.itemsize - packed.nbytes
        if saved < NumpyEffort.least_saving:
            return cls(values, None, flat.size, indices)
        return cls(values[mask], packed, flat.size, indices)

    @property
    def size(self) -> int:
        """Bytes of all that is stored."""
        mask = 0 if self.mask is None else self.mask.nbytes
        return self.values.nbytes + mask + self.indices.nbytes

    def inline(self) -> tuple[str, str]:
        """The text that reads them from itself as _V, and its imports."""
        mask = b"" if self.mask is None else self.mask.tobytes()
        before = self.values.nbytes + len(mask)
        data = self.values.tobytes() + mask + self.indices.tobytes()
        text, most = b64encode(data).decode("ascii"), CAPS.base64_characters
        loader = template("numpy_inline").format(
            text="\n".join(text[at : at + most] for at in range(0, len(text), most)),
            digest=hashlib.sha256(data).hexdigest(),
            stored=self.values.dtype.str,
            count=self.values.size,
        )
        imports = "from binascii import a2b_base64\nfrom hashlib import sha256\n"
        loader += self._unpacked(f'np.frombuffer(_DATA, "u1", {len(mask)}, {self.values.nbytes})')
        if self.indices.size:
            loader += f'_N = np.frombuffer(_DATA, "{self.indices.dtype.str}", -1, {before})\n'
        return loader, imports

    def beside(self, name: str) -> tuple[bytes, str, str]:
        """The archive called `name`, the text that reads it as _V, and its imports."""
        buffer = io.BytesIO()
        members = {"values": self.values} | ({} if self.mask is None else {"mask": self.mask})
        members |= {"indices": self.indices} if self.indices.size else {}
        np.savez(buffer, **members)  # type: ignore[arg-type]  # one flag for all keywords
        data = buffer.getvalue()
        loader = template("numpy_loader").format(
            file=ascii(name),
            digest=hashlib.sha256(data).hexdigest(),
            names="".join(f", {_NAMES[key]}" for key in members if key != "values"),
            read="".join(f', _file["{key}"]' for key in members if key != "values"),
        )
        return (
            data,
            loader + self._unpacked("_mask"),
            "import io\nimport os\nfrom hashlib import sha256\n",
        )

    def _unpacked(self, mask: str) -> str:
        """The lines that put the values between the zeros."""
        if self.mask is None:
            return ""
        return (
            f"_V, _values = np.zeros({self.count}, REAL), _V\n"
            f"_V[np.unpackbits({mask}, count={self.count}) == 1] = _values\n"
        )


_NAMES = {"mask": "_mask", "indices": "_N"}


def _whole(tables: Sequence[Integers]) -> np.ndarray:
    """The tables one after the other, in as few bits as they need, little end first."""
    table = smallest(np.concatenate([np.zeros(0, np.int64), *tables]))
    return table.astype(table.dtype.newbyteorder("<"))


def _is_float32(array: Floats) -> bool:
    with np.errstate(over="ignore", under="ignore"):
        return bool((array.astype(np.float32) == array).all())
