"""What a training run looks at, beside the numbers that its user chooses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingEffort:
    """Samples, and what is watched."""

    rows: int = 4096
    """Samples that are evaluated at once: 13 MB of MNIST's pixels."""
    test_every: int = 5
    """Of data that has one part only, one sample of so many is for testing."""
    compared_samples: int = 256
    """Samples at which PyTorch's outputs are compared with those of the file that was written."""
    compared_error: float = 1e-3
    """Part of the largest output by which they may differ: PyTorch adds in float32, in an order of
    its own; a weight at a wrong place makes them differ by about as much as they are."""
    readable_ratio: int = 10
    """Most by least count of regions from which on a picture's axis is logarithmic."""
    look_seconds: float = 10.0
    """Seconds that the proofs of one look may take, and the same again for its regions."""
    whole_inputs: int = 2
    """Inputs up to which regions of the whole domain are counted, not those of a triangle."""
