"""The cascade, its witnesses and Z3."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from rectifold.bounds.exactly import ExactCase, exact_backward
from rectifold.bounds.phases import Cases
from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import backward
from rectifold.certificate.compiled import certify, check_certificate
from rectifold.effort.effort import Effort
from rectifold.effort.prover import ProverEffort
from rectifold.effort.running import RunningEffort
from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.facts.entries import ProvedBounds
from rectifold.facts.facts import Claim, Phase, Proved, Refuted, Undecided
from rectifold.facts.methods import Method
from rectifold.facts.trees import ExactLeaf, SlopeUnits, Split, leaves_of
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import trace
from rectifold.ir.sampling import sampling_box
from rectifold.operations.compiling import compile_network
from rectifold.prover.cascade import prove
from rectifold.prover.verdicts import verdict
from rectifold.runtime.run import Limits
from rectifold.search.witnesses import Witnesses
from rectifold.smt.process import NoAnswer, Sat, SmtProblem, Solver, Unsat, number
from support import net, points_of, random_network

F = Fraction

CORRELATED = """
    input x[1] in [-1, 2]
    h = relu([[1], [1]] @ x + [0, -1])
    k = relu([[-1, 1]] @ h)
    output k
"""


def test_phases_and_verdicts_of_one_layer() -> None:
    network = net(
        "input x[2] in [-1, 1]\nh = relu([[1, 0], [1, 1], [-1, 0], [0, 0]] @ x + [1, 0, -1, 0])\n"
        "output h"
    )
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


def test_a_maximum_of_exactly_zero_that_needs_cases_is_proved_without_a_solver() -> None:
    network = net(CORRELATED)
    facts = prove(network, prover="bounds")
    assert facts.layers["k"].inactive[0]
    assert facts.layers["k"].upper_method[0] is Method.CASES
    entry = next(
        e
        for e in facts.record
        if isinstance(e, ProvedBounds) and e.layer == "k" and e.values[0] == 0
    )
    assert isinstance(entry.proofs[0].tree, Split)
    assert any(isinstance(leaf, ExactLeaf) for _, leaf in leaves_of(entry.proofs[0].tree))


def test_z3_alone_is_a_trusted_claim() -> None:
    compiled = compile_network(net(CORRELATED), prover="z3")
    assert compiled.facts.layers["k"].upper_method[0] is Method.Z3
    verdict = check_certificate(compiled, certify(compiled))
    assert (verdict.status, verdict.trusted) == ("holds given trusted claims", 1)


def test_without_branching_the_unit_stays_open_and_is_kept() -> None:
    limits = Limits(effort=Effort(prover=ProverEffort(search_seconds=0.0)))
    compiled = compile_network(net(CORRELATED), prover="bounds", limits=limits)
    assert compiled.facts.layers["k"].open[0]
    undecided = verdict(compiled.source, compiled.facts, Claim("k", 0, Phase.INACTIVE))
    assert isinstance(undecided, Undecided)
    assert compiled.network.layer("k").size == 1


@pytest.mark.parametrize("seed", range(40))
def test_branch_and_bound_agrees_with_z3(seed: int) -> None:
    network = random_network(seed + 5000)
    mine, oracle = prove(network, prover="bounds"), prove(network, prover="z3")
    for name, facts in mine.layers.items():
        known = oracle.layers[name]
        assert not known.open.any()
        assert not (facts.inactive & ~known.inactive).any()
        assert not ((facts.lower >= 0) & ~(known.lower >= 0)).any()


@pytest.mark.parametrize("seed", range(60))
def test_any_slopes_and_multipliers_bound_their_case(seed: int) -> None:
    """The rigorous bound of a case holds at every point of the case, whatever α and β a search made
    up.
    """
    network = random_network(seed)
    assert network.domain is not None
    bounds = Bounds(network, network.domain)
    for layer in network.layers:
        bounds.set(layer.name, *bounds.interval(layer.name))
    random = np.random.default_rng(seed)
    name = network.output
    relus = [v for v in network.relu_layers if v.name in network.cone(name)]
    rows = np.arange(network.output_size)
    frame = SlopeUnits(
        {
            v.name: np.nonzero((bounds.lower[v.name] < 0) & (bounds.upper[v.name] > 0))[0]
            for v in relus
        }
    )
    shape = (len(rows), frame.size)
    cases = Cases(
        frame,
        random.random(shape),
        random.random(shape) * random.integers(0, 2, shape),
        np.asarray(random.integers(-1, 2, shape), dtype=np.float64),
        random.random((len(rows), len(network.domain.constraints))),
    )
    points = Matrix.from_fractions(points_of(network.domain, 60, seed)).T
    before = trace(network, points, with_activations=False)
    for sign in (1, -1):
        upper = backward(bounds, name, rows, float(sign), cases=cases).upper
        for row in rows:
            where = [frame.place(k) for k in range(frame.size)]
            phases = {where[k]: int(p) for k, p in enumerate(cases.phase[row]) if p}
            alpha = {where[k]: F(float(a)) for k, a in enumerate(cases.alpha[row])}
            beta = {where[k]: F(float(b)) for k, b in enumerate(cases.beta[row])}
            gamma = (
                {k: F(float(g)) for k, g in enumerate(cases.gamma[row])}
                if cases.gamma is not None
                else {}
            )
            exact = exact_backward(
                bounds, name, int(row), sign, case=ExactCase(phases, alpha, beta, gamma)
            )
            assert exact <= F(float(upper[row]))
            for k in range(points.shape[1]):
                if all(p * before[v].entry(j, k) >= 0 for (v, j), p in phases.items()):
                    assert sign * before[name].entry(int(row), k) <= exact


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
    network = net(
        "input x[1] in [1/3, 1/3]\nh = relu([[1], [-1], [3]] @ x + [0, 1/3, -1])\noutput h"
    )
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
    with pytest.raises(InputError, match=r'domain="\[0,1\]"'):
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
        question = SmtProblem(domain)
        question.require("(= (* 3 x_0) 1)")
        answer = solver.ask(question.text(), 1, 10)
        assert isinstance(answer, Sat)
        assert answer.point == (F(1, 3),)
        question.require("(> x_0 (/ 1 3))")
        assert isinstance(solver.ask(question.text(), 1, 10), Unsat)


def test_z3_is_killed_when_it_overruns() -> None:
    with Solver(effort=RunningEffort(z3_grace_seconds=0.0)) as solver:
        first = solver.ask(SmtProblem(Domain((F(0),), (F(1),))).text(), 1, 0.0001)
        assert isinstance(first, NoAnswer | Sat)
        assert isinstance(solver.ask(SmtProblem(Domain((F(0),), (F(1),))).text(), 1, 30), Sat)


def test_a_proof_kills_z3_as_early_as_its_effort_says() -> None:
    network = net(CORRELATED)
    at_once = replace(Effort.default(), running=RunningEffort(z3_grace_seconds=-1000.0))
    usual, hurried = (prove(network, prover="z3", limits=Limits(effort=e)) for e in (None, at_once))
    assert usual.layers["k"].inactive.any()
    assert not hurried.layers["k"].inactive.any()


def test_a_dead_solver_process_is_an_unknown() -> None:
    with Solver(memory_mb=1) as solver:
        assert isinstance(solver.ask(SmtProblem(Domain((F(0),), (F(1),))).text(), 1, 5), NoAnswer)


CUT = """
input x[3] in [0, 1]
assume x[0] + x[1] + x[2] <= 1
assume x[0] - x[1] <= 1/4
h = relu([[1, 1, 1], [1, 1, 1], [1, -1, 0], [1, 0, 0], [-1, 1, 1]] @ x + [-1, -5/4, -1/4, -1/2, 1])
k = relu([[1, 1, 0, 1, 0], [0, 0, 1, 1, -1]] @ h + [-1/100, 0])
y = k[0] + k[1] + h[3]
output y
"""


def test_linear_constraints_of_the_domain_enter_the_bounds() -> None:
    """x0 + x1 + x2 - 1 is at most exactly 0, the next unit at most -1/4, x0 at most 5/8, and h3 ≤
    1/8 decides k1.
    """
    compiled = compile_network(net(CUT), prover="bounds")
    facts = compiled.facts
    assert [facts.layers["h"].phase(k) for k in range(5)] == [
        Phase.INACTIVE,
        Phase.INACTIVE,
        Phase.INACTIVE,
        Phase.UNSTABLE,
        Phase.ACTIVE,
    ]
    assert 0.125 <= facts.layers["h"].upper[3] < 0.13
    assert facts.layers["k"].phase(0) is Phase.UNSTABLE
    assert facts.layers["k"].phase(1) is Phase.INACTIVE
    assert check_certificate(compiled, certify(compiled)).status == "holds"


@pytest.mark.parametrize("seed", range(40))
def test_constraints_never_prove_what_z3_refutes(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = "\n".join(
        f"assume {a}*x[0] + {b}*x[1] + {c}*x[2] <= {d}/4"
        for a, b, c, d in random.integers([-2, -2, -2, 0], 4, (3, 4))
    )
    W1, W2 = random.integers(-3, 4, (5, 3)).tolist(), random.integers(-3, 4, (4, 5)).tolist()
    network = net(
        f"input x[3] in [-1, 1]\n{rows}\n"
        f"h = relu({W1} @ x + {random.integers(-2, 3, 5).tolist()})\n"
        f"k = relu({W2} @ h + {random.integers(-2, 3, 4).tolist()})\noutput k"
    )
    mine, oracle = compile_network(network, prover="bounds"), prove(network, prover="z3")
    for name, facts in mine.facts.layers.items():
        known = oracle.layers[name]
        assert not (facts.inactive & ~known.inactive).any()
        assert not ((facts.lower >= 0) & ~(known.lower >= 0)).any()
        assert not (facts.seen_positive & known.inactive).any()
    assert check_certificate(mine, certify(mine)).holds


def test_witnesses_are_found_in_a_thin_slice() -> None:
    """A random point of the box lies in the slice with probability 1e-6."""
    network = net(
        "input x[4] in [-1, 1]\nassume x[0] + x[1] + x[2] + x[3] <= 1/1000000\n"
        "assume -x[0] - x[1] - x[2] - x[3] <= 1/1000000\n"
        "h = relu([[1, -1, 0, 0], [1, 1, 0, 0]] @ x)\noutput h"
    )
    facts = prove(network, prover="bounds")
    assert facts.layers["h"].unstable.all()


def test_a_domain_without_any_float_point_is_decided() -> None:
    """3 x0 + 3 x1 = 1 holds at no pair of floats, so there are no witnesses to climb from."""
    network = net("""
        input x[2] in [0, 1]
        assume 3*x[0] + 3*x[1] == 1
        h = relu([[1, 1], [-1, 2], [-2, -2]] @ x - [1/4, 0, 0])
        output h
    """)
    facts = prove(network, network.domain)
    assert [facts.layers["h"].phase(k) for k in range(3)] == [
        Phase.ACTIVE,
        Phase.UNSTABLE,
        Phase.INACTIVE,
    ]
