"""Each rule: what it does, that the function stays the same, that a second run changes nothing, and
where it must not fire.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from rectifold.certificate.compiled import certify, check_certificate
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.draft import Draft
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.hyperplanes import hyperplane_groups
from rectifold.ir.network import Layer, Network
from rectifold.language.printer import print_network
from rectifold.operations.compiling import Compiled, compile_network
from rectifold.passes.carriers import carriers
from rectifold.passes.contract_linear import contract_linear
from rectifold.passes.drop_constant import drop_constant
from rectifold.passes.drop_dead import drop_dead
from rectifold.passes.fold_inputs import fold_inputs
from rectifold.passes.linearise import linearise
from rectifold.passes.merge_parallel import merge_parallel
from rectifold.passes.result import Options, Pass
from rectifold.passes.table import PASSES
from rectifold.prover.cascade import prove
from support import net, points_of, random_network

PLAIN, SKIPS = Options(), Options(skips=True)


@dataclass(frozen=True)
class Case:
    """`after` None: the rule must not fire."""

    title: str
    rule: Pass
    before: str
    after: str | None
    options: Options = PLAIN


CASES = [
    Case(
        "an inactive unit is deleted",
        drop_constant,
        "input x[1] in [0, 1]\nh = relu([[1], [-1]] @ x)\ny = [[2, 3]] @ h\noutput y",
        "input x[1] in [0, 1]\nh = relu([[1]] @ x)\ny = [[2]] @ h\noutput y",
    ),
    Case(
        "an inactive unit at zero bound is dropped",
        drop_constant,
        "input x[1] in [0, 1]\nh = relu([[1], [1]] @ x + [0, -1])\ny = [[2, 3]] @ h\noutput y",
        "input x[1] in [0, 1]\nh = relu([[1]] @ x)\ny = [[2]] @ h\noutput y",
    ),
    Case(
        "a unit whose maximum is one ulp above zero is kept",
        drop_constant,
        "input x[1] in [0, 1]\nh = relu([[1], [1]] @ x + [0, -1 + 0x1p-53])\ny = [[2, 3]] @ "
        "h\noutput y",
        None,
    ),
    Case(
        "a constant unit is folded into the bias",
        drop_constant,
        "input x[1] in [0, 1]\nh = relu([[1], [0]] @ x + [0, 1/3])\ny = [[2, 3]] @ h\noutput y",
        "input x[1] in [0, 1]\nh = relu([[1]] @ x)\ny = [[2]] @ h + 1\noutput y",
    ),
    Case(
        "a layer without live units disappears",
        drop_constant,
        "input x[1] in [0, 1]\nh = relu(-x)\ny = 2*h + 7\noutput y",
        "input x[1] in [0, 1]\ny = zeros(1) + 7\noutput y",
    ),
    Case(
        "a constant output stays as a row of zeros",
        drop_constant,
        "input x[1] in [0, 1]\ny = relu([[1], [-1]] @ x)\noutput y",
        "input x[1] in [0, 1]\ny = relu([[1], [0]] @ x)\noutput y",
    ),
    Case(
        "a unit nobody reads is deleted",
        drop_dead,
        "input x[1] in [-1, 1]\nh = relu([[1], [-1]] @ x)\ny = [[2, 0]] @ h\noutput y",
        "input x[1] in [-1, 1]\nh = relu([[1]] @ x)\ny = [[2]] @ h\noutput y",
    ),
    Case(
        "a unit one successor reads is kept",
        drop_dead,
        "input x[1] in [-1, 1]\nh = relu([[1], [-1]] @ x)\nk = relu([[1, 0]] @ h)\ny = k + [[0, "
        "1]] @ h\noutput y",
        None,
    ),
    Case(
        "outputs are never unread",
        drop_dead,
        "input x[1] in [-1, 1]\ny = [[0], [1]] @ x\noutput y",
        None,
    ),
    Case(
        "parallel units are merged",
        merge_parallel,
        "input x[1] in [-1, 1]\nh = relu([[1], [3]] @ x + [1/2, 3/2])\ny = [[1, 2]] @ h\noutput y",
        "input x[1] in [-1, 1]\nh = relu([[1]] @ x + 1/2)\ny = [[7]] @ h\noutput y",
    ),
    Case(
        "rows one ulp apart are different units",
        merge_parallel,
        "input x[1] in [-1, 1]\nh = relu([[1], [1]] @ x + [0.5, 0.5 + 0x1p-53])\ny = [[1, 2]] @ "
        "h\noutput y",
        None,
    ),
    Case(
        "opposite rows are not parallel",
        merge_parallel,
        "input x[1] in [-1, 1]\nh = relu([[1], [-1]] @ x)\ny = [[1, 2]] @ h\noutput y",
        None,
    ),
    Case(
        "the same weights with another bias are not parallel",
        merge_parallel,
        "input x[1] in [-1, 1]\nh = relu([[1], [2]] @ x + [1/4, 1/4])\ny = [[1, 2]] @ h\noutput y",
        None,
    ),
    Case(
        "an active layer is linear",
        linearise,
        "input x[1] in [0, 1]\nh = relu([[1], [2]] @ x)\ny = [[1, 2]] @ h\noutput y",
        "input x[1] in [0, 1]\nh = [[1], [2]] @ x\ny = [[1, 2]] @ h\noutput y",
    ),
    Case(
        "a layer with one unstable unit is not linear",
        linearise,
        "input x[1] in [0, 1]\nh = relu([[1], [2]] @ x + [0, -1])\ny = [[1, 2]] @ h\noutput y",
        None,
    ),
    Case(
        "a linear layer is multiplied into its successors",
        contract_linear,
        "input x[1] in [0, 1]\nh = [[1], [2]] @ x + 1\ny = relu([[1, 2]] @ h)\noutput y",
        "input x[1] in [0, 1]\ny = relu([[5]] @ x + 3)\noutput y",
    ),
    Case(
        "a linear bottleneck is cheaper than its product",
        contract_linear,
        "input x[3] in [0, 1]\nh = [[1, 2, 3]] @ x\ny = relu([[1], [2], [3]] @ h)\noutput y",
        None,
    ),
    Case(
        "a fixed input is folded into the bias",
        fold_inputs,
        "input x[2] in [[0, 1], [1/3, 1/3]]\ny = [[1, 3]] @ x\noutput y",
        "input x[2] in [[0, 1], [1/3, 1/3]]\ny = [[1, 0]] @ x + 1\noutput y",
    ),
    Case(
        "an input of tiny width is not fixed",
        fold_inputs,
        "input x[2] in [[0, 1], [0, 1e-300]]\ny = [[1, 3]] @ x\noutput y",
        None,
    ),
    Case(
        "right carriers: the successor's own sums",
        carriers,
        "input x[2] in [0, 1]\nh = relu([[1, 0], [1, 1], [0, 1], [1, -1]] @ x)\ny = [[1, 2, 3, "
        "1]] @ h\noutput y",
        "input x[2] in [0, 1]\nh = relu([[1, -1], [3, 5]] @ x)\ny = [[1, 1]] @ h\noutput y",
    ),
    Case(
        "left carriers: the predecessors passed through, shifted",
        carriers,
        "input x[1] in [-1, 1]\nh = relu([[1], [2], [3], [1]] @ x + [1, 2, 3, 0])\ny = [[1, 0, "
        "1, 1], [0, 1, 1, 1], [0, 0, 1, 1]] @ h\noutput y",
        "input x[1] in [-1, 1]\nh = relu([[1], [1]] @ x + [0, 1])\ny = [[1, 4], [1, 5], [1, 3]] "
        "@ h + [0, 0, 0]\noutput y",
    ),
    Case(
        "a mirrored pair without a kink is a linear map",
        carriers,
        "input x[1] in [-1, 1]\nh = relu([[1], [-1], [1]] @ x + [0, 0, 1/2])\ny = [[1, -1, 1]] @ "
        "h\noutput y",
        "input x[1] in [-1, 1]\nh = relu([[1], [1]] @ x + [1/2, 1])\ny = [[1, 1]] @ h - "
        "1\noutput y",
    ),
    Case(
        "mirrored units alone are no gain in a chain",
        carriers,
        "input x[1] in [-1, 1]\nh = relu([[1], [-1]] @ x)\ny = [[1, 1]] @ h\noutput y",
        None,
    ),
    Case(
        "with skip edges mirrored units need one kink",
        carriers,
        "input x[1] in [-1, 1]\nh = relu([[1], [-1]] @ x)\ny = [[1, 1]] @ h\noutput y",
        "input x[1] in [-1, 1]\nh = relu([[1]] @ x)\ny = [[2]] @ h - x\noutput y",
        SKIPS,
    ),
    Case(
        "a difference beside its mirrored kink is one unit the other way round",
        carriers,
        "input x[2] in [0, 1]\nh = relu([[1, 0], [0, 1], [-1, 1]] @ x)\ny = [[1, -1, 1]] @ "
        "h\noutput y",
        "input x[2] in [0, 1]\nh = relu([[1, -1]] @ x)\ny = [[1]] @ h\noutput y",
    ),
    Case(
        "two units are turned, the third is not",
        carriers,
        "input x[3] in [0, 1]\nh = relu([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 1, 0], [0, 1, -1], "
        "[1, 0, -1/2]] @ x)\ny = [[1, -1, 0, 1, 0, 1], [0, -1, 1, 0, 1, 0]] @ h\noutput y",
        "input x[3] in [0, 1]\nh = relu([[1, -1, 0], [0, -1, 1], [1, 0, -1/2]] @ x)\n"
        "y = [[1, 0, 1], [0, 1, 0]] @ h\noutput y",
    ),
    Case(
        "where a turned unit only changes the linear part, none is turned",
        carriers,
        "input x[1] in [-1, 1]\nh = relu([[-1], [1]] @ x + [0, 1])\ny = [[2, 1]] @ h - 1\noutput y",
        None,
    ),
    Case(
        "no unit is turned for a difference that is not its own",
        carriers,
        "input x[2] in [0, 1]\nh = relu([[1, 0], [0, 1], [-1, 2]] @ x)\ny = [[1, -1, 1], [1, 1, "
        "2]] @ h\noutput y",
        None,
    ),
    Case(
        "the linear part goes over a skip edge",
        carriers,
        "input x[1] in [0, 1]\nh = relu([[1], [1]] @ x + [1, -1/2])\ny = [[2, 1]] @ h\noutput y",
        "input x[1] in [0, 1]\nh = relu([[1]] @ x - 1/2)\ny = h + 2*x + 2\noutput y",
        SKIPS,
    ),
    Case(
        "independent active units are as few as they can be",
        carriers,
        "input x[2] in [0, 1]\nh = relu([[1, 0], [0, 1], [1, -1]] @ x)\ny = [[1, 0, 1], [0, 1, "
        "1]] @ h\noutput y",
        None,
    ),
    Case(
        "no carriers on an endless domain",
        carriers,
        "input x[1]\nassume x[0] >= 0\nh = relu([[1], [-1], [1]] @ x)\ny = [[1, -1, 1]] @ "
        "h\noutput y",
        None,
    ),
]


@pytest.mark.parametrize("case", [pytest.param(c, id=c.title) for c in CASES])
def test_rule(case: Case) -> None:
    before = net(case.before)
    facts = prove(before, prover="bounds")
    result = case.rule(before, facts, case.options)
    if case.after is None:
        assert not result.steps
        assert result.network == before
        return
    assert len(result.steps) == 1
    assert without_zero_edges(result.network).layers == without_zero_edges(net(case.after)).layers
    points = points_of(facts.domain, 10, 1)
    assert evaluate_points(before, points) == evaluate_points(result.network, points)
    again = case.rule(result.network, result.facts, case.options)
    assert not again.steps


@pytest.mark.parametrize("case", [pytest.param(c, id=c.title) for c in CASES if c.after])
def test_the_checker_accepts_what_a_rule_did(case: Case) -> None:
    before = net(case.before)
    facts = prove(before, prover="bounds")
    result = case.rule(before, facts, case.options)
    made = Compiled(before, result.network, facts, result.facts, result.steps, {})
    assert check_certificate(made, certify(made)).holds


def test_a_carrier_may_read_a_unit_that_was_turned() -> None:
    """What it reads is h - z of the source's unit, between 0 and -l."""
    before = net("""
        input x[2] in [0, 1]
        h = relu([[1, 0], [0, 1], [-1, 1]] @ x)
        k = relu([[-1, 1, -1], [-2, 2, -2], [1, -1, 1]] @ h + [1, 2, -1/2])
        y = [[1, 1, 1], [2, 2, -1]] @ k
        output y
        """)
    facts = prove(before)
    turned = carriers(before, facts, PLAIN.without("carriers", ["k"]))
    result = carriers(turned.network, turned.facts, PLAIN)
    assert [len(step.turned) for step in (*turned.steps, *result.steps)] == [1, 0]
    assert result.network.hidden_sizes() == [1, 2]
    steps = (*turned.steps, *result.steps)
    made = Compiled(before, result.network, facts, result.facts, steps, {})
    assert check_certificate(made, certify(made)).holds
    points = points_of(facts.domain, 10, 1)
    assert evaluate_points(before, points) == evaluate_points(result.network, points)


def without_zero_edges(network: Network) -> Network:
    draft = Draft(network)
    for layer in network.layers:
        draft.edit(layer.name, weights={u: w for u, w in layer.weights.items() if not w.is_zero})
    return draft.freeze()


@pytest.mark.parametrize("seed", range(80))
def test_every_pass_alone_keeps_the_function_and_the_facts(seed: int) -> None:
    network = random_network(seed)
    facts = prove(network)
    points = points_of(facts.domain, 10, seed)
    expected = evaluate_points(network, points)
    for rule in PASSES.values():
        for options in (Options(), SKIPS, Options(objective="units"), Options(objective="weights")):
            result = rule(network, facts, options)
            assert evaluate_points(result.network, points) == expected
            assert bool(result.steps) == (result.network is not network)
            for layer in result.network.relu_layers:
                assert result.facts.layers[layer.name].size == layer.size


@pytest.mark.parametrize("seed", range(60))
def test_compiling_a_compiled_network_changes_nothing(seed: int) -> None:
    compiled = compile_network(random_network(seed), options=Options(skips=seed % 2 == 0))
    again = compile_network(compiled.network, options=Options(skips=seed % 2 == 0))
    assert again.network.sizes == compiled.network.sizes
    assert [v.name for v in again.network.layers] == [v.name for v in compiled.network.layers]


@pytest.mark.parametrize("seed", range(40))
def test_same_input_gives_the_same_bytes(seed: int) -> None:
    network = random_network(seed)
    assert print_network(compile_network(network).network) == print_network(
        compile_network(network).network
    )


def test_a_chain_stays_a_chain_unless_skips_are_allowed() -> None:
    for seed in range(200):
        network = random_network(seed)
        if network.is_chain:
            assert compile_network(network, prover="bounds").network.is_chain


def test_nothing_grows() -> None:
    for seed in range(200):
        network = random_network(seed)
        small = compile_network(network, prover="bounds").network
        assert small.sizes.units <= network.sizes.units
        assert small.sizes.macs <= network.sizes.macs


def test_hyperplane_groups_are_exact() -> None:
    third, one = Fraction(1, 3), Fraction(1)
    rows = Matrix.from_fractions(
        [
            [1, third],
            [3, 1],
            [-2, Fraction(-2, 3)],
            [1, Fraction(1, 3) + Fraction(1, 10**30)],
            [0, 0],
        ]
    )
    groups = hyperplane_groups(rows, Matrix.zeros(5, 1), range(5))
    assert [(g.representative, g.members) for g in groups] == [
        (0, ((0, one), (1, 3 * one), (2, -2 * one))),
        (3, ((3, one),)),
    ]


def test_affine_and_constant_networks_come_out_as_such() -> None:
    affine = compile_network(
        net("input x[2] in [1, 2]\nh = relu([[1, 1], [1, 2]] @ x)\ny = [[1, -1]] @ h\noutput y")
    ).network
    assert print_network(affine).splitlines()[2:] == ["y = [[0, -1]] @ x", "output y"]
    constant = compile_network(
        net("input x[2] in [1, 2]\nh = relu(-x)\nk = relu([[1, 1]] @ h + 2)\ny = 3*k\noutput y")
    ).network
    assert print_network(constant).splitlines()[2:] == ["y = [6]", "output y"]


@pytest.mark.parametrize(("rank", "inputs", "fires"), [(10, 40, True), (100, 300, False)])
def test_a_factorisation_whose_digits_fill_megabytes_is_left_alone(
    rank: int, inputs: int, fires: bool
) -> None:
    rng = np.random.default_rng(rank)
    own = rng.standard_normal((rank, inputs))
    spread = Matrix.from_floats(np.vstack([own, own[:1]]))  # one row twice: narrower by one
    back = Matrix.from_floats(rng.standard_normal((inputs, rank + 1)))
    layers = [
        Layer("h", "linear", Matrix.zeros(rank + 1, 1), {"x": spread}),
        Layer("y", "linear", Matrix.zeros(inputs, 1), {"h": back}),
    ]
    before = Network("x", inputs, layers, "y", Domain.cube(-1, 1, inputs))
    result = contract_linear(before, prove(before, prover="bounds"), PLAIN)
    assert [step.rule for step in result.steps] == ["narrow linear layer"] * fires
