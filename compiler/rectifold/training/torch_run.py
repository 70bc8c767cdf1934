"""Between samples and tensors, and between a trained model and its file."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from rectifold.data.samples import Samples
from rectifold.effort.training import TrainingEffort
from rectifold.errors import InputError
from rectifold.formats.onnx_read_again import WrittenWrong
from rectifold.formats.onnx_trained import TrainedLayer, read_back, trained_model
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_float
from rectifold.ir.network import Network
from rectifold.training.config import TrainingConfig
from rectifold.training.fitting import held_out, image_shape
from rectifold.training.history import Epoch
from rectifold.training.loop import Data, Watch, fit
from rectifold.training.networks import layers_of
from rectifold.training.run import Hooks, TrainedRun


def run_torch(
    config: TrainingConfig, samples: Samples, classes: int, domain: Domain, hooks: Hooks
) -> TrainedRun:
    """The run itself, of samples that fit. Raises InputError where it came to weights that are no
    numbers.
    """
    shape = _shape(config, samples)

    def onnx_of(model: nn.Sequential) -> bytes:
        return trained_model(list(_written(model)), shape, domain, samples.name, _note(samples))

    def told(epoch: Epoch, model: nn.Sequential) -> None:
        hooks.told(epoch, lambda: read_back(onnx_of(model), samples.name))

    data = _data(config, samples, classes, domain)
    trained = fit(config, data, Watch(told, hooks.ended))
    _require_finite(trained.model)
    written = onnx_of(trained.model)
    network = read_back(written, samples.name)
    require_same(trained.model, network, data.samples)
    return TrainedRun(
        config,
        network,
        written,
        tuple(trained.history),
        trained.kept + 1,
        trained.ended_early,
        samples.name,
    )


def require_same(model: nn.Sequential, network: Network, samples: Tensor) -> None:
    """Raises WrittenWrong unless the network that was read from the file gives what the model
    gives, within rounding.
    """
    few = samples[: TrainingEffort.compared_samples]
    with torch.no_grad():
        wanted = model(few).numpy().astype(np.float64)
    found = evaluate_float(network, few.numpy())
    largest = max(1.0, float(np.abs(wanted).max()))
    worst = float(np.abs(found - wanted).max())
    if not worst <= TrainingEffort.compared_error * largest:
        raise WrittenWrong(
            f"the network that was read from the trained file differs from PyTorch's by {worst:.3g}"
        )


def _shape(config: TrainingConfig, samples: Samples) -> tuple[int, ...]:
    """Of one sample in the file: an image before convolutions, else flat."""
    if config.architecture.channels:
        return image_shape(samples.shape)
    return (samples.inputs.shape[1],)


def _data(config: TrainingConfig, samples: Samples, classes: int, domain: Domain) -> Data:
    """The samples as tensors; those for validation are chosen by the seed."""
    inputs = torch.from_numpy(np.ascontiguousarray(samples.inputs, dtype=np.float32))
    labels = torch.from_numpy(np.asarray(samples.labels, dtype=np.int64))
    order = torch.from_numpy(np.random.default_rng(config.schedule.seed).permutation(len(inputs)))
    held = held_out(config, samples)
    out, kept = order[:held].sort().values, order[held:].sort().values
    low, high = domain.float_box
    box = torch.tensor(low, dtype=torch.float32), torch.tensor(high, dtype=torch.float32)
    return Data(inputs[kept], labels[kept], inputs[out], labels[out], samples.shape, classes, box)


def _written(model: nn.Sequential) -> Iterator[TrainedLayer]:
    for layer in layers_of(model):
        weight, bias = _array(layer.weight), _array(layer.bias)
        if isinstance(layer, nn.Conv2d):
            yield TrainedLayer(weight, bias, layer.stride[0], layer.padding[0])
        else:
            yield TrainedLayer(weight, bias)


def _array(values: Tensor) -> np.ndarray:
    """A copy; -0 is 0."""
    return np.asarray(values.detach().numpy() + 0.0, dtype=np.float32)


def _note(samples: Samples) -> str:
    return f"trained by rectifold train on {samples.name}"


def _require_finite(model: nn.Sequential) -> None:
    if not all(bool(torch.isfinite(values).all()) for values in model.parameters()):
        raise InputError(
            "the training came to weights that are no numbers (infinite, or NaN); choose a smaller "
            "rate"
        )
