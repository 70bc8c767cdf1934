"""Data sets in files, read with NumPy alone: every sample is an exact point."""

from rectifold.data.read import read_samples
from rectifold.data.samples import Part, Samples

__all__ = ["Part", "Samples", "read_samples"]
