"""One estimator of scikit-learn in its place: what it was told, and what it learned.

    part = Part(scaler, "step 'scale' (StandardScaler)")      part.array("mean_")

Sound because only classes of scikit-learn itself are read: a subclass may compute something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from rectifold.errors import InputError

_EXPORT = "export the model to ONNX (skl2onnx) and give the file, or leave that step out"


@dataclass(frozen=True, eq=False)
class Part:
    """An estimator, and how messages call it."""

    estimator: object
    where: str

    @staticmethod
    def whole(estimator: object) -> Part:
        return Part(estimator, type(estimator).__name__)

    def inner(self, label: str, estimator: object) -> Part:
        """A step of this one."""
        before = self.where.partition(" (")[0] + ", " if self.where.startswith("step ") else ""
        return Part(estimator, f"{before}step {label!r} ({type(estimator).__name__})")

    @property
    def kind(self) -> str:
        """The name of its class. Raises InputError for a class that is not of scikit-learn."""
        kind = type(self.estimator)
        if kind.__module__.partition(".")[0] != "sklearn":
            raise self.fail(
                f"{kind.__module__}.{kind.__qualname__} is no class of scikit-learn itself, so "
                f"what it computes is not known; {_EXPORT}"
            )
        return kind.__name__

    def fail(self, text: str) -> InputError:
        return InputError(f"{self.where}: {text}")

    def unknown(self, known: str) -> InputError:
        return self.fail(f"it is not read; known are {known}; {_EXPORT}")

    def option(self, name: str, default: object = None) -> object:
        """What it was told; `default` in versions of scikit-learn that do not ask."""
        return getattr(self.estimator, name, default)

    def learned(self, name: str) -> object:
        """What it learned. Raises InputError if it was not fitted."""
        if not hasattr(self.estimator, name):
            raise self.fail(f"it has no {name}; fit it first")
        return cast(object, getattr(self.estimator, name))

    def array(self, name: str) -> np.ndarray:
        """A learned array as float64, exactly."""
        return self.floats(self.learned(name), name)

    def floats(self, value: object, name: str) -> np.ndarray:
        array = np.asarray(value)
        if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
            raise self.fail(
                f"{name} is a {type(value).__name__} of {array.dtype} entries; a dense array of "
                "numbers is expected"
            )
        return array.astype(np.float64)

    @property
    def features(self) -> int:
        """How many features it was fitted to."""
        return int(cast(int, self.learned("n_features_in_")))
