"""Each technique does what it says, on networks of a few units."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

from rectifold.training.attack import attacked  # noqa: E402
from rectifold.training.config import Adversary, Sparsity, Stability  # noqa: E402
from rectifold.training.distillation import distilled  # noqa: E402
from rectifold.training.networks import layers_of  # noqa: E402
from rectifold.training.penalties import (  # noqa: E402
    group_threshold_,
    shrink_,
    soft_threshold_,
    subgradient_l1,
)
from rectifold.training.pruning import (  # noqa: E402
    Pattern,
    cut_dead,
    dead_units,
    prune,
    zero_weights,
)
from rectifold.training.shifts import shifted  # noqa: E402
from rectifold.training.stability import (  # noqa: E402
    interval_bounds,
    slope_bounds,
    stability_loss,
)

BOX = torch.zeros(2), torch.ones(2)


def small(
    weight: list[list[float]], bias: list[float], readers: list[list[float]]
) -> nn.Sequential:
    """Two inputs, a hidden layer, outputs without biases."""
    first, second = nn.Linear(2, len(weight)), nn.Linear(len(weight), len(readers))
    with torch.no_grad():
        first.weight.copy_(torch.tensor(weight))
        first.bias.copy_(torch.tensor(bias))
        second.weight.copy_(torch.tensor(readers))
        second.bias.zero_()
    return nn.Sequential(first, nn.ReLU(), second)


def unstable_units(model: nn.Sequential) -> int:
    """Hidden units whose interval bounds on the unit box have both signs."""
    with torch.no_grad():
        bounds = interval_bounds(model, BOX[0][None], BOX[1][None])
        return sum(int(((low < 0) & (high > 0)).sum()) for low, high in bounds)


def test_soft_threshold_gives_exact_zeros() -> None:
    weight = torch.tensor([0.5, -0.5, 0.125, -0.125, 0.25])
    soft_threshold_(weight, 0.25)
    assert weight.tolist() == [0.25, -0.25, 0, 0, 0]


def test_group_threshold_kills_short_rows_and_shortens_the_others() -> None:
    weight = torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    group_threshold_(weight, 2.5, 0)
    assert weight.tolist() == [[1.5, 2.0], [0, 0], [0, 0]]


def test_group_threshold_of_columns_kills_what_reads_a_unit() -> None:
    weight = torch.tensor([[3.0, 0.3], [4.0, 0.4]])
    group_threshold_(weight, 2.5, 1)
    assert weight.tolist() == [[1.5, 0], [2.0, 0]]


@pytest.mark.parametrize(
    ("groups", "first", "second"),
    [
        ("rows", [[3.0, 4.0], [0.0, 0.0]], [[3.0, 0.5]]),
        ("columns", [[6.0, 8.0], [0.5, 0.5]], [[0.0, 0.0]]),
        ("both", [[3.0, 4.0], [0.0, 0.0]], [[0.0, 0.0]]),
    ],
)
def test_the_group_penalty_is_of_hidden_units(
    groups: str, first: list[list[float]], second: list[list[float]]
) -> None:
    model = small([[6.0, 8.0], [0.5, 0.5]], [0.0, 0.0], [[3.0, 0.5]])
    sparsity = Sparsity(group=(50.0,), groups=groups)  # type: ignore[arg-type]
    shrink_(layers_of(model), sparsity, 0.1)
    assert model[0].weight.tolist() == first
    assert model[2].weight.tolist() == second


def test_the_l1_step_is_rate_times_penalty_in_each_layer() -> None:
    model = small([[1.0, 0.5]], [0.0], [[2.0]])
    shrink_(layers_of(model), Sparsity(l1=(5.0, 10.0)), 0.125)
    assert model[0].weight.tolist() == [[0.375, 0]]
    assert model[2].weight.tolist() == [[0.75]]


def test_a_subgradient_is_a_part_of_the_loss_and_no_step() -> None:
    model = small([[1.0, -0.5]], [0.0], [[2.0]])
    sparsity = Sparsity(l1=(2.0, 0.5), l1_step="subgradient")
    shrink_(layers_of(model), sparsity, 1.0)
    penalty = torch.as_tensor(subgradient_l1(layers_of(model), sparsity))
    assert float(penalty.detach()) == 2 * 1.5 + 0.5 * 2
    assert model[0].weight.tolist() == [[1.0, -0.5]]


def test_a_frozen_pattern_outlives_momentum() -> None:
    model = small([[1.0, 0.0], [0.0, 2.0]], [0.0, 0.0], [[1.0, 0.0]])
    layers = layers_of(model)
    pattern = Pattern(layers)
    pattern.freeze()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(3):
        optimiser.zero_grad()
        model(torch.tensor([[1.0, 1.0]])).sum().backward()
        optimiser.step()
        pattern.apply_()
    assert (model[0].weight == 0).tolist() == [[False, True], [True, False]]
    assert (model[2].weight == 0).tolist() == [[False, True]]


def test_pruning_takes_the_smallest_weights_of_the_network() -> None:
    model = small([[1.0, 0.1], [0.2, 3.0]], [0.0, 0.0], [[0.3, 4.0]])
    layers = layers_of(model)
    pattern = Pattern(layers)
    prune(layers, pattern, 0.5)
    pattern.apply_()
    assert model[0].weight.tolist() == [[1.0, 0], [0, 3.0]]
    assert model[2].weight.tolist() == [[0, 4.0]]
    assert zero_weights(layers) == 0.5


def test_units_that_are_zero_on_all_samples_are_cut_and_stay_so() -> None:
    model = small([[1.0, 0.0], [-1.0, -1.0], [1.0, 1.0]], [0.0, 0.0, 1.0], [[1.0, 1.0, 0.0]])
    samples = torch.tensor([[0.5, 0.5], [1.0, 0.0]])
    before = model(samples)
    pattern = Pattern(layers_of(model))
    cut_dead(model, pattern, samples)
    assert torch.equal(model(samples), before)
    assert model[0].weight.tolist() == [[1, 0], [0, 0], [0, 0]]
    assert model[0].bias.tolist() == [0, 0, 0]
    assert model[2].weight.tolist() == [[1, 0, 0]]
    assert dead_units(layers_of(model)) == 2


def test_a_constant_unit_goes_into_the_biases_of_its_readers() -> None:
    model = small([[1.0, 0.0], [0.0, 0.0]], [0.0, 2.0], [[1.0, 3.0]])
    cut_dead(model, Pattern(layers_of(model)), torch.tensor([[0.5, 0.0], [1.0, 0.0]]))
    assert model[2].bias.tolist() == [6.0]
    assert model[2].weight.tolist() == [[1, 0]]


def test_a_unit_that_moves_on_the_samples_is_not_cut() -> None:
    model = small([[1.0, 0.0]], [-0.75], [[1.0]])
    cut_dead(model, Pattern(layers_of(model)), torch.tensor([[0.5, 0.0], [1.0, 0.0]]))
    assert dead_units(layers_of(model)) == 0


def test_an_attack_stays_in_its_box_and_in_the_domain_and_raises_the_loss() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))
    samples, labels = torch.rand(64, 2), torch.randint(0, 2, (64,))
    random = torch.Generator().manual_seed(1)
    moved = attacked(model, samples, labels, BOX, Adversary(0.25, 4), random)
    assert float((moved - samples).abs().max()) <= 0.25 + 1e-6
    assert float(moved.min()) >= 0
    assert float(moved.max()) <= 1
    assert all(p.grad is None for p in model.parameters())
    with torch.no_grad():
        loss = nn.functional.cross_entropy
        assert float(loss(model(moved), labels)) > float(loss(model(samples), labels))


def test_interval_bounds_are_those_of_the_box() -> None:
    model = small([[1.0, -2.0], [1.0, 1.0]], [0.5, 1.0], [[1.0, 1.0]])
    ((low, high),) = interval_bounds(model, BOX[0][None], BOX[1][None])
    assert low.tolist() == [[-1.5, 1.0]]
    assert high.tolist() == [[1.5, 3.0]]
    assert unstable_units(model) == 1


def test_slopes_see_that_two_units_cancel() -> None:
    """z = relu(x) - relu(x) + 1 behind an active unit: intervals give [0, 2], slopes 1."""
    first, second, third = nn.Linear(1, 2), nn.Linear(2, 1), nn.Linear(1, 1)
    with torch.no_grad():
        first.weight.fill_(1.0)
        first.bias.zero_()
        second.weight.copy_(torch.tensor([[1.0, -1.0]]))
        second.bias.fill_(1.0)
    model = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), third)
    box = torch.zeros(1, 1), torch.ones(1, 1)
    assert [v.tolist() for v in interval_bounds(model, *box)[1]] == [[[0.0]], [[2.0]]]
    assert [v.tolist() for v in slope_bounds(model, *box)[1]] == [[[1.0]], [[1.0]]]


def test_slopes_hold_at_random_points() -> None:
    torch.manual_seed(3)
    layers = [nn.Linear(2, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(6, 2))
    points, seen = torch.rand(500, 2), []
    for module in layers:
        if isinstance(module, nn.ReLU):
            seen.append(points)
        points = module(points)
    found = slope_bounds(model, BOX[0][None], BOX[1][None])
    for (low, high), values in zip(found, seen, strict=True):
        assert bool((values >= low - 1e-5).all())
        assert bool((values <= high + 1e-5).all())


@pytest.mark.parametrize("bounds", ["interval", "slopes"])
@pytest.mark.parametrize("form", ["distance", "tanh"])
def test_the_stability_loss_makes_fewer_units_unstable(bounds: str, form: str) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
    stability = Stability((1.0,), bounds, form)  # type: ignore[arg-type]
    before = unstable_units(model)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(60):
        optimiser.zero_grad()
        stability_loss(model, torch.zeros(0, 2), BOX, stability).backward()
        optimiser.step()
    assert unstable_units(model) < before / 2


def test_stability_around_samples_is_that_of_small_boxes_in_the_domain() -> None:
    model = small([[1.0, 0.0]], [-0.5], [[1.0]])
    samples = torch.tensor([[0.5, 0.0], [0.0, 0.0]])
    loss = stability_loss(model, samples, BOX, Stability((1.0,), radius=0.25))
    assert float(loss.detach()) == pytest.approx(0.125)  # 0.25 at the first, 0 at the second


def test_images_are_shifted_and_what_comes_in_is_zero() -> None:
    image = torch.arange(1.0, 10.0).view(1, 1, 3, 3)
    moved = shifted(image.expand(200, 1, 3, 3), 1, torch.Generator().manual_seed(0))
    seen = {tuple(one.flatten().tolist()) for one in moved}
    assert len(seen) == 9
    assert tuple(image.flatten().tolist()) in seen
    assert (0, 0, 0, 0, 1, 2, 0, 4, 5) in seen


def test_a_teacher_alone_is_learned_where_its_part_is_1() -> None:
    outputs = torch.tensor([[1.0, 2.0]])
    own, same = torch.tensor(5.0), distilled(torch.tensor(5.0), outputs, outputs, 1.0, 4.0)
    assert float(same) == pytest.approx(0.0, abs=1e-6)
    assert float(distilled(own, outputs, outputs, 0.25, 4.0)) == pytest.approx(3.75)
    other = distilled(own, outputs, torch.tensor([[2.0, 1.0]]), 1.0, 1.0)
    assert float(other) == pytest.approx(0.4621171573)  # tanh(1/2)
