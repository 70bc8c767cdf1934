"""Equality of any pair: by ties, by Z3, or an exact counterexample; never a wrong answer."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest

import rectifold_check
from rectifold.effort.effort import Effort
from rectifold.effort.running import RunningEffort
from rectifold.equivalence.answers import Different, Equal, Unknown
from rectifold.equivalence.decide import compare
from rectifold.equivalence.exactly import decide_exactly
from rectifold.equivalence.question import Question
from rectifold.exact.matrix import Matrix
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.draft import Draft
from rectifold.ir.evaluate import evaluate, evaluate_points
from rectifold.ir.network import Layer, Network
from rectifold.operations.compiling import compile_network
from rectifold.passes.result import Options
from rectifold.runtime.run import Limits, Run
from rectifold.two_layers.shallow import shallow_network
from support import float_network, net, points_of, random_network


def shuffled(network: Network, seed: int) -> Network:
    """Units permuted and scaled by positive factors: the same function."""
    random = Random(seed)
    draft = Draft(network)
    for layer in network.relu_layers:
        if layer.name == network.output or not layer.size:
            continue
        order = random.sample(range(layer.size), layer.size)
        draft.keep_units(layer.name, order)
        factors = [Fraction(random.randint(1, 5), random.randint(1, 3)) for _ in order]
        moved = draft.layers[layer.name]
        draft.edit(
            layer.name,
            bias=moved.bias.scale_rows(factors),
            weights={u: w.scale_rows(factors) for u, w in moved.weights.items()},
        )
        for successor in draft.successors(layer.name):
            weights = dict(draft.layers[successor].weights)
            weights[layer.name] = weights[layer.name].T.scale_rows([1 / f for f in factors]).T
            draft.edit(successor, weights=weights)
    return draft.freeze()


@pytest.mark.parametrize("seed", range(100))
def test_equal_networks_are_proved_equal(seed: int) -> None:
    network = random_network(seed)
    assert network.domain is not None
    other = (
        shuffled(network, seed),
        compile_network(network).network,
        compile_network(network, options=Options(skips=True)).network,
    )[seed % 3]
    points = points_of(network.domain, 5, seed)
    assert evaluate_points(network, points) == evaluate_points(other, points)
    result = compare(network, other, network.domain)
    assert isinstance(result, Equal)
    if result.certificate is not None:
        a, b = canonical_text(network), canonical_text(other)
        assert rectifold_check.check(
            a, domain_text(network.domain), result.certificate.lines, b
        ).holds


@pytest.mark.parametrize("seed", range(100))
def test_one_changed_weight_is_never_called_equal(seed: int) -> None:
    network = random_network(seed)
    assert network.domain is not None
    random = Random(seed)
    output = network.output_layer
    change = Matrix.column(
        [
            Fraction(1, 2**60) if k == random.randrange(output.size) else 0
            for k in range(output.size)
        ]
    )
    draft = Draft(network)
    draft.edit(network.output, bias=output.bias + change)
    other = draft.freeze()
    result = compare(network, other, network.domain)
    points = points_of(network.domain, 40, seed)
    if evaluate_points(network, points) != evaluate_points(other, points):
        assert isinstance(result, Different)
    if isinstance(result, Different):
        assert evaluate(network, result.point) != evaluate(other, result.point)
        assert network.domain.contains(result.point)


def test_a_tie_at_the_sample_points_only_is_not_believed() -> None:
    a = net(
        "input x[1] in [-1, 1]\nh = relu([[1], [1]] @ x + [0, -1 + 1e-12])\n"
        "y = [[1, 0]] @ h\noutput y"
    )
    b = net(
        "input x[1] in [-1, 1]\nh = relu([[1], [1]] @ x + [0, -1 + 1e-12])\n"
        "y = [[1, 1]] @ h\noutput y"
    )
    result = compare(a, b, a.domain or pytest.fail("no domain"))
    assert isinstance(result, Different)
    assert result.difference != 0


def test_z3_is_killed_as_early_as_the_effort_of_the_run_says() -> None:
    text = "input x[1]\nh = relu(x)\nk = relu({k} * x)\ny = {k} * h - k\noutput y"
    a, b = (net(text.replace("{k}", k)) for k in ("1", "2"))
    question = Question.of(a, b, Domain((None,), (None,)))
    at_once = replace(Effort.default(), running=RunningEffort(z3_grace_seconds=-1000.0))
    for effort, kind in ((None, Equal), (at_once, Unknown)):
        run = Run(Limits(effort=effort))
        assert isinstance(decide_exactly(question, run, Fraction(0)), kind)


def test_within_a_tolerance() -> None:
    a = net("input x[1] in [-1, 1]\noutput relu(x)")
    b = net("input x[1] in [-1, 1]\noutput relu(x) + 1/10")
    domain = a.domain or pytest.fail("no domain")
    assert isinstance(compare(a, b, domain, within=Fraction(1, 10)), Equal)
    assert isinstance(compare(a, b, domain, within=Fraction(1, 11)), Different)


def test_a_deep_network_and_its_shallow_form_are_equal_by_regions_and_a_changed_one_is_not() -> (
    None
):
    deep = float_network(0, 2, 6, 6, 6, 1)
    assert deep.domain is not None
    small = shallow_network(deep, deep.domain, kind="exact").network
    result = compare(deep, small, deep.domain)
    assert isinstance(result, Equal)
    assert result.trusted == 0
    changed = Draft(small)
    layer = small.layer("y")
    changed.put(
        Layer("y", "linear", layer.bias + Matrix.column([Fraction(1, 10**12)]), dict(layer.weights))
    )
    assert isinstance(compare(deep, changed.freeze(), deep.domain), Different)
    near = compare(deep, changed.freeze(), deep.domain, within=Fraction(1, 10**12))
    assert isinstance(near, Equal)
    assert "differ by at most 1e-12" in near.reason
