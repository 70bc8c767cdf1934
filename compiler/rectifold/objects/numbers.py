"""Arrays as people have them, with every entry the exact number that its bits say.

    [[0.5, 1]]   torch.tensor([0.5])   [Fraction(1, 3)]      float64, or Fractions where they are

Sound because float64 holds every smaller float; what it does not hold (a Fraction, a large integer)
stays an exact number, and anything that is no number is refused.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Protocol, cast

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.exact.matrix_rows import matrix_from_rows


class _Tensor(Protocol):
    """What is used of a torch.Tensor."""

    def detach(self) -> _Tensor: ...
    def cpu(self) -> _Tensor: ...
    def double(self) -> _Tensor: ...
    def numpy(self) -> np.ndarray: ...
    def is_floating_point(self) -> bool: ...


def array_of(given: object, what: str) -> np.ndarray:
    """The array that `given` is: float64, or objects that are ints, Fractions and floats.

    Lists, NumPy arrays and torch tensors of numbers are read, NaN and infinities too. Raises
    InputError that names `what` for anything else.
    """
    given = without_gradient(given, what)
    try:
        array = np.asarray(given)
    except ValueError:
        raise InputError(
            f"{what} has rows of different lengths; give a rectangular array"
        ) from None
    kind = array.dtype.kind
    if kind == "f" and array.dtype.itemsize <= 8:
        return array.astype(np.float64)
    if kind in "iu":
        return array.astype(object)
    if kind == "O" and all(_is_number(entry) for entry in array.flat):
        return array
    raise InputError(f"{what} is {_described(given, array)}; numbers are expected")


def without_gradient(given: object, what: str) -> object:
    """A torch tensor as the array of its numbers, wherever it lies; anything else as it is.

    Raises InputError that names `what` for an object of torch that is no tensor.
    """
    is_torch = any(kind.__module__.partition(".")[0] == "torch" for kind in type(given).__mro__)
    return _of_tensor(given, what) if is_torch else given


def _of_tensor(given: object, what: str) -> np.ndarray:
    if not hasattr(given, "is_floating_point"):
        raise InputError(f"{what} is a {type(given).__name__}; numbers are expected")
    tensor = cast(_Tensor, given).detach().cpu()
    return (tensor.double() if tensor.is_floating_point() else tensor).numpy()


def _is_number(entry: object) -> bool:
    return isinstance(entry, int | float | Fraction | np.integer | np.floating) and not isinstance(
        entry, bool
    )


def _described(given: object, array: np.ndarray) -> str:
    if array.ndim == 0:
        return f"the {type(given).__name__} {str(given)[:40]!r}"
    return f"an array of {array.dtype} entries"


def numbers_of(array: np.ndarray) -> list[Fraction | float]:
    """The entries of an array of `array_of`, in the order of memory (C): Fractions, or the float
    NaN or an infinity.
    """
    entries = (e.item() if isinstance(e, np.generic) else e for e in array.ravel().tolist())
    return [e if isinstance(e, float) and not math.isfinite(e) else Fraction(e) for e in entries]


def fractions_of(array: np.ndarray, what: str) -> list[Fraction]:
    """As `numbers_of`. Raises InputError that names `what` for NaN and infinities."""
    numbers = numbers_of(array)
    for k, number in enumerate(numbers):
        if not isinstance(number, Fraction):
            raise InputError(f"entry {k} of {what} is {number}; finite numbers are expected")
    return cast(list[Fraction], numbers)


def matrix_of(array: np.ndarray, what: str) -> Matrix:
    """The exact matrix of a two-dimensional array of `array_of`. Raises InputError for NaN and
    infinities, and for fractions without a short common denominator.
    """
    if array.dtype != object:
        if not np.isfinite(array).all():
            raise InputError(f"{what} holds NaN or infinite entries; finite numbers are expected")
        return Matrix.from_floats(array)
    rows, columns = array.shape
    entries = fractions_of(array, what)
    return matrix_from_rows(
        [entries[k * columns : (k + 1) * columns] for k in range(rows)], columns
    )
