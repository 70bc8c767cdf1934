"""Splitting of the box: what it proves is true, refuted claims have points, and the checker accepts
every tree.
"""

from __future__ import annotations

from fractions import Fraction
from math import inf

import pytest

from rectifold.bounds.state import Bounds
from rectifold.certificate.compiled import certify, check_certificate
from rectifold.effort.effort import Effort
from rectifold.effort.prover import ProverEffort
from rectifold.exact.matrix import Matrix
from rectifold.facts.methods import Method
from rectifold.facts.trees import BoxSplit, BoxTree
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.evaluate import trace
from rectifold.ir.network import Network
from rectifold.operations.compiling import compile_network
from rectifold.prover.cascade import prove
from rectifold.runtime.run import Limits
from rectifold.search.boxes.signs import BoxSearch
from rectifold.search.witnesses import Witnesses
from rectifold_check import Replay
from support import float_network, net, points_of, random_network


def bounded(network: Network) -> Bounds:
    assert network.domain is not None
    bounds = Bounds(network, network.domain)
    for layer in network.layers:
        bounds.set(layer.name, *bounds.interval(layer.name))
    return bounds


def tree_lines(tree: BoxTree) -> list[object]:
    if tree.split is None:
        return [list(tree.proved)]
    split = tree.split
    assert isinstance(split, BoxSplit)
    return [
        list(tree.proved),
        split.input,
        str(Fraction(split.at)),
        tree_lines(split.low),
        tree_lines(split.high),
    ]


@pytest.mark.parametrize("seed", range(80))
def test_proved_claims_hold_at_points_and_for_the_checker(seed: int) -> None:
    network = random_network(seed)
    bounds = bounded(network)
    assert network.domain is not None
    text = canonical_text(network)
    points = Matrix.from_fractions(
        points_of(network.domain, 40, seed), columns=network.input_size
    ).T
    values = trace(network, points, with_activations=False)
    for number, layer in enumerate(network.layers, start=1):
        if not layer.is_relu:
            continue
        queries = [(k, s) for k in range(layer.size) for s in (1, -1)]
        search = BoxSearch(bounds, Witnesses(bounds, seed, []), layer.name)
        outcome = search.run(queries, deadline=inf, limit=150)
        exact = values[layer.name].fractions()
        for unit, sign in outcome.proved:
            assert max(sign * v for v in exact[unit]) <= 0
        assert len(outcome.points) == len(outcome.refuted)
        claims = [[k, "up" if s > 0 else "lo", "0"] for k, s in outcome.proved]
        replay = Replay(text, text, domain_text(network.domain))
        assert replay.accepts(["boxes", 0, number, claims, tree_lines(outcome.tree)])
        for unit, sign in outcome.refuted:  # a false claim has no tree at all
            false = [[unit, "up" if sign > 0 else "lo", "0"]]
            assert not replay.accepts(["boxes", 0, number, false, [[0]]])


def test_a_network_of_few_inputs_is_decided_by_boxes_and_certified() -> None:
    network = float_network(3, 3, 24, 24, 24, 1)
    compiled = compile_network(network, prover="bounds")
    used = [
        m
        for layer in compiled.facts.layers.values()
        for m in (*layer.lower_method, *layer.upper_method)
    ]
    assert Method.BOXES in used
    certificate = certify(compiled)
    assert any(line.startswith('["boxes"') for line in certificate.lines)
    assert check_certificate(compiled, certificate).status == "holds"


def test_boxes_agree_with_phases_on_every_unit_both_decide() -> None:
    boxes_first = Effort(prover=ProverEffort(box_units=0))
    for seed in range(6):
        network = float_network(seed, 2, 12, 12, 12, 1)
        by_phases = prove(network, prover="bounds")
        by_boxes = prove(network, prover="bounds", limits=Limits(effort=boxes_first))
        for name, ours in by_boxes.layers.items():
            other = by_phases.layers[name]
            assert not (ours.active & other.unstable).any()
            assert not (ours.inactive & other.unstable).any()
            assert not (other.active & ours.unstable).any()
            assert not (other.inactive & ours.unstable).any()


def test_a_question_that_needs_a_split_is_proved_and_one_without_an_answer_is_given_up() -> None:
    # |x| + |x| - 2|x| written so that no linear bound sees it is 0: never proved by boxes, and
    # never refuted
    network = net(
        """
        network zero
        input x[1] in [-1, 1]
        h = relu(x[0])
        k = relu(-x[0])
        y = relu(2*h + 2*k - 2*h - 2*k + h - x[0]/2 - 3/4)
        output y
        """
    )
    bounds = bounded(network)
    last = network.relu_layers[-1].name
    outcome = BoxSearch(bounds, Witnesses(bounds, 0, []), last).run(
        [(0, 1)], deadline=inf, limit=100
    )
    assert outcome.proved == [(0, 1)]
    assert outcome.boxes > 0


def test_what_one_box_proves_is_proved_although_no_other_box_is_allowed() -> None:
    network = net(
        "input x[2] in [-1, 1]\nh = relu([x[0] - 2, x[0], x[0] + 2])\nk = relu(h[0] - 1)\noutput k"
    )
    search = BoxSearch(bounded(network), Witnesses(bounded(network), 0, []), "h")
    outcome = search.run([(0, 1), (1, 1), (2, -1), (1, -1)], deadline=inf, limit=1)
    assert sorted(outcome.proved) == [(0, 1), (2, -1)]


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_a_query_holds_where_any_of_its_alternatives_does(order: list[int]) -> None:
    """On [-1, 1] the first unit is never positive, the second always is."""
    network = net("input x[1] in [-1, 1]\nh = relu([x[0] - 3, 5 - x[0]])\noutput h")
    bounds = bounded(network)
    search = BoxSearch(bounds, Witnesses(bounds, 0, []), "h")
    search.begin([[(unit, 1) for unit in order]], limit=50)
    assert search.go_on(inf)
    assert len(search.outcome().proved) == 1
    assert search.outcome().boxes == 1
