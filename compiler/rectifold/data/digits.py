"""scikit-learn's handwritten digits: 1,797 images of 8 × 8 pixels, which come with the library.

Pixels are whole numbers from 0 to 16; divided by 16 they are exact floats. Every fifth sample (0,
5, 10, ...) is a test sample, so 360 test and 1,437 train: fixed, and mixed as the file is.
"""

from __future__ import annotations

import numpy as np

from rectifold.data.samples import Part, Samples, samples_of
from rectifold.effort.training import TrainingEffort
from rectifold.errors import InputError


def read_digits(part: Part) -> Samples:
    """The samples of one part. Raises InputError where scikit-learn is not installed."""
    try:
        from sklearn.datasets import load_digits  # takes a second to import
    except ImportError:
        raise InputError(
            "the digits come with scikit-learn, which is not installed; install it with "
            'pip install "rectifold[sklearn]", or name a folder or a file of data'
        ) from None
    images, labels = load_digits(return_X_y=True)
    is_test = np.arange(len(images)) % TrainingEffort.test_every == 0
    chosen = is_test if part == "test" else ~is_test
    points = (np.asarray(images)[chosen] / 16).astype(np.float32).reshape(-1, 8, 8)
    return samples_of(points, np.asarray(labels)[chosen], "digits")
