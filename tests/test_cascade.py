"""The cascade, its witnesses and Z3."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from rectifold.bounds.linear import Bounds
from rectifold.cascade import Limits, prove, verdict
from rectifold.errors import InputError
from rectifold.exact import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import trace
from rectifold.proof.facts import Claim, Method, Phase, Proved, Refuted, Undecided
from rectifold.search.witness import Witnesses, sampling_box
from rectifold.smt.solver import Question, Sat, Solver, Unknown, Unsat, number
from support import net, random_network

F = Fraction

CORRELATED = """
    input x[1] in [-1, 2]
    h = relu([[1], [1]] @ x + [0, -1])
    k = relu([[-1, 1]] @ h)
    output k
"""


def test_phases_and_verdicts_of_one_layer() -> None:
    network = net("input x[2] in [-1, 1]\nh = relu([[1, 0], [1, 1], [-1, 0], [0, 0]] @ x + [1, 0, -1, 0])\noutput h")
    facts = prove(network)
    assert [facts.layers["h"].phase(k) for k in range(4)] == [
        Phase.ACTIVE,
        Phase.UNSTABLE,
        Phase.INACTIVE,
        Phase.INACTIVE,
    ]
    assert isinstance(verdict(network, facts, Claim("h", 0, Phase.ACTIVE)), Proved)
    refuted = verdict(network, facts, Claim("h", 1, Phase.INACTIVE))
    assert isinstance(refuted, Refuted)
    assert sum(refuted.point) > 0
    assert "1 active" in repr(facts)


def test_a_split_is_needed_and_z3_makes_it() -> None:
    network = net(CORRELATED)
    with_z3 = prove(network)
    assert with_z3.layers["k"].inactive[0]
    assert with_z3.layers["k"].upper_method[0] is Method.Z3
    without = prove(network, prover="bounds")
    assert without.layers["k"].open[0]
    undecided = verdict(network, without, Claim("k", 0, Phase.INACTIVE))
    assert isinstance(undecided, Undecided)
    alone = prove(network, prover="z3")
    assert alone.count(Phase.OPEN) == 0


@pytest.mark.parametrize("prover", ["auto", "bounds", "z3"])
def test_seen_signs_are_true(prover: str) -> None:
    for seed in range(40):
        network = random_network(seed)
        facts = prove(network, prover=prover)  # type: ignore[arg-type]
        for name, known in facts.layers.items():
            assert not (known.seen_positive & known.inactive).any()
            assert not (known.seen_negative & (known.lower >= 0)).any()
            assert name in {v.name for v in network.relu_layers}
        if prover != "bounds":
            assert facts.count(Phase.OPEN) == 0, seed


def test_witness_signs_are_certain_and_points_lie_in_the_domain() -> None:
    for seed in range(40):
        network = random_network(seed)
        assert network.domain is not None
        bounds = Bounds(network, network.domain)
        for layer in network.layers:
            bounds.set(layer.name, *bounds.interval(layer.name))
        witnesses = Witnesses(bounds, seed, [])
        points = witnesses.fresh(20)
        exact = [network.domain.clamp(p.tolist()) for p in points]
        assert all(network.domain.contains(p) for p in exact)
        values = trace(network, Matrix.from_fractions(exact).T, with_activations=False)
        traced = witnesses.trace(points, network.output)
        for layer in network.layers:
            positive, negative = traced.signs(layer.name)
            table = values[layer.name].T.fractions()
            for k, row in enumerate(table):
                for i, z in enumerate(row):
                    assert not positive[k, i] or z > 0
                    assert not negative[k, i] or z < 0
                    assert abs(F(float(traced.values[layer.name][k, i])) - z) <= F(
                        float(traced.errors[layer.name][k, i])
                    )


def test_ends_that_are_no_floats_are_handled_exactly() -> None:
    network = net("input x[1] in [1/3, 1/3]\nh = relu([[1], [-1], [3]] @ x + [0, 1/3, -1])\noutput h")
    facts = prove(network)
    assert facts.count(Phase.OPEN) == 0
    assert facts.layers["h"].phase(0) is Phase.ACTIVE
    assert facts.layers["h"].phase(1) is Phase.INACTIVE
    assert facts.layers["h"].phase(2) is Phase.INACTIVE


def test_linear_constraints_are_respected_by_points_and_z3() -> None:
    network = net("""
        input x[2] in [0, 1]
        assume x[0] + x[1] <= 1/1000
        h = relu([[1, 1]] @ x - 1/2)
        output h
    """)
    facts = prove(network)
    assert facts.layers["h"].inactive[0]
    assert all(facts.domain.contains(facts.domain.clamp(p.tolist())) for p in facts.points)


def test_an_empty_domain_is_refused() -> None:
    network = net("input x[1] in [0, 1]\nassume x[0] >= 2\noutput relu(x)")
    with pytest.raises(InputError, match="the domain is empty"):
        prove(network)


def test_a_missing_domain_is_asked_for_with_an_example() -> None:
    with pytest.raises(InputError, match=r'--domain "\[0,1\]"'):
        prove(net("input x[1]\noutput relu(x)"))


def test_everywhere_decides_constant_units_only() -> None:
    network = net("input x[1]\nh = relu([[1], [0]] @ x + [5, -1])\noutput h")
    facts = prove(network, Domain.everywhere(1))
    assert facts.layers["h"].phase(0) is Phase.UNSTABLE
    assert facts.layers["h"].phase(1) is Phase.INACTIVE


def test_no_time_leaves_valid_facts() -> None:
    network = random_network(3)
    facts = prove(network, limits=Limits(seconds=0.0))
    assert not facts.complete
    full = prove(network)
    for name, known in facts.layers.items():
        assert not (known.inactive & (full.layers[name].seen_positive)).any()


def test_an_interrupt_leaves_valid_facts() -> None:
    def interrupt(name: str, k: int, total: int) -> None:
        if k == 1:
            raise KeyboardInterrupt

    network = net(CORRELATED)
    facts = prove(network, progress=interrupt)
    assert not facts.complete
    assert set(facts.layers) == {"h", "k"}


def test_sampling_box_of_endless_inputs_is_bounded() -> None:
    low, high = sampling_box(Domain((None, F(3), None), (None, None, F(-1))))
    assert np.isfinite(low).all()
    assert np.isfinite(high).all()
    assert low[1] == 3.0
    assert high[2] == -1.0


def test_z3_numbers_are_exact_and_answers_are_points() -> None:
    assert number(F(-1, 3)) == "(- (/ 1 3))"
    domain = Domain((F(0),), (F(1),))
    with Solver() as solver:
        question = Question(domain)
        question.require("(= (* 3 x_0) 1)")
        answer = solver.ask(question.text(), 1, 10)
        assert isinstance(answer, Sat)
        assert answer.point == (F(1, 3),)
        question.require("(> x_0 (/ 1 3))")
        assert isinstance(solver.ask(question.text(), 1, 10), Unsat)


def test_z3_is_killed_when_it_overruns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rectifold.smt.solver._GRACE", 0.0)
    with Solver() as solver:
        first = solver.ask(Question(Domain((F(0),), (F(1),))).text(), 1, 0.0001)
        assert isinstance(first, Unknown | Sat)
        monkeypatch.setattr("rectifold.smt.solver._GRACE", 20.0)
        assert isinstance(solver.ask(Question(Domain((F(0),), (F(1),))).text(), 1, 10), Sat)


def test_a_dead_solver_process_is_an_unknown() -> None:
    with Solver(memory_mb=1) as solver:
        assert isinstance(solver.ask(Question(Domain((F(0),), (F(1),))).text(), 1, 5), Unknown)
