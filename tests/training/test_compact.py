"""Cut units are left out while training goes on, and stand as zeros in the whole network."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

from rectifold.training.compact import Kept  # noqa: E402
from rectifold.training.networks import layers_of  # noqa: E402


def network() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))


def test_the_smaller_network_has_the_other_units_weights() -> None:
    layers = layers_of(network())
    cut = [torch.tensor([True, False, False, True]), torch.tensor([False, True, False])]
    kept, smaller = Kept.all_of(layers).smaller(layers, cut)
    first, second, last = layers_of(smaller)
    assert torch.equal(first.weight, layers[0].weight[1:3])
    assert torch.equal(second.bias, layers[1].bias[[0, 2]])
    assert torch.equal(last.weight, layers[2].weight[:, [0, 2]])
    assert [place.tolist() for place in kept.places] == [[0, 1, 2], [1, 2], [0, 2], [0, 1]]


def test_the_whole_network_has_zeros_for_units_that_were_cut_in_two_steps() -> None:
    layers = layers_of(network())
    cut = [torch.tensor([True, False, False, True]), torch.tensor([False, False, False])]
    kept, smaller = Kept.all_of(layers).smaller(layers, cut)
    cut = [torch.tensor([False, True]), torch.tensor([False, False, True])]
    kept, smaller = kept.smaller(layers_of(smaller), cut)
    first, second, last = layers_of(kept.whole(layers_of(smaller)))
    assert torch.equal(first.weight[1], layers[0].weight[1])
    assert not first.weight[[0, 2, 3]].any()
    assert not first.bias[[0, 2, 3]].any()
    assert torch.equal(second.weight[:2, 1], layers[1].weight[:2, 1])
    assert not second.weight[2].any()
    assert not second.weight[:, [0, 2, 3]].any()
    assert not last.weight[:, 2].any()
    samples = torch.rand(5, 3)
    whole = kept.whole(layers_of(smaller))
    assert torch.allclose(whole(samples), smaller(samples), atol=1e-6)


def test_a_layer_keeps_one_unit() -> None:
    layers = layers_of(network())
    cut = [torch.ones(4, dtype=torch.bool), torch.zeros(3, dtype=torch.bool)]
    kept, smaller = Kept.all_of(layers).smaller(layers, cut)
    assert [len(place) for place in kept.places] == [3, 1, 3, 2]
    assert smaller(torch.rand(2, 3)).shape == (2, 2)
