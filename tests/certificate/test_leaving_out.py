"""What cannot be certified is left out: the result stays equal, and the certificate holds.

Proofs are taken away from the record of true facts, or false facts are put in, as a fault of ours
would.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rectifold.certificate.compiled import certify, check_certificate
from rectifold.certificate.leaving_out import certify_what_holds, left_out_text
from rectifold.facts.entries import Entry, IntervalBounds, ProvedBounds
from rectifold.facts.facts import Facts
from rectifold.facts.methods import Method
from rectifold.facts.side import Side
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.sampling import sample_points
from rectifold.language.elaborate import parse
from rectifold.operations.compiling import Compiled, compile_network, rewrite
from rectifold.passes.result import Options
from rectifold.runtime.run import Limits
from strange_networks import strange_network
from support import net

OPTIONS = Options()
STABLE = """
    input x[2] in [-1, 1]
    a = relu([x[0] + x[1] + 3, x[0] - x[1] - 4, x[0] + 2*x[1], x[1]])
    b = relu([a[0] - a[2], a[2] - 2*a[3] - 5, a[1] + a[2] + a[3]])
    output b[0] + b[1] - b[2]"""


def with_record(compiled: Compiled, record: tuple[Entry, ...]) -> Compiled:
    """The same facts, of which only these are written down."""
    return rewrite(compiled.source, replace(compiled.facts, record=record), OPTIONS)


def with_false_sign(facts: Facts, layer: str, unit: int) -> Facts:
    """Facts that call a unit inactive, with a record of it."""
    upper = facts.layers[layer].upper.copy()
    upper[unit] = 0.0
    entry = ProvedBounds(layer, Side.UPPER, np.array([unit]), np.array([0.0]), Method.LINEAR)
    layers = dict(facts.layers) | {layer: replace(facts.layers[layer], upper=upper)}
    return replace(facts, layers=layers, record=(*facts.record, entry))


def test_what_holds_is_left_as_it_is() -> None:
    compiled = compile_network(net(STABLE))
    known = certify_what_holds(compiled, OPTIONS)
    assert known.left_out == ()
    assert known.compiled is compiled
    assert known.verdict.status == "holds"


def test_a_lost_proof_costs_the_rewrites_that_rest_on_it() -> None:
    compiled = compile_network(net(STABLE))
    bare = with_record(compiled, ())
    assert not check_certificate(bare, certify(bare)).holds
    known = certify_what_holds(bare, OPTIONS)
    assert known.verdict.status == "holds"
    assert known.compiled.network.sizes.units > compiled.network.sizes.units
    assert any("unit 1 of a is never positive" in text for text in known.left_out)
    points = sample_points(compiled.facts.domain, 20)
    assert evaluate_points(known.compiled.network, points) == evaluate_points(
        compiled.source, points
    )


def test_a_false_fact_is_left_out() -> None:
    compiled = compile_network(net(STABLE))
    false = rewrite(compiled.source, with_false_sign(compiled.facts, "a", 2), OPTIONS)
    points = sample_points(compiled.facts.domain, 20)
    assert evaluate_points(false.network, points) != evaluate_points(compiled.source, points)
    known = certify_what_holds(false, OPTIONS)
    assert evaluate_points(known.compiled.network, points) == evaluate_points(
        compiled.source, points
    )
    assert known.compiled.network.sizes.units == compiled.network.sizes.units
    assert known.left_out == ("that unit 2 of a is never positive",)


@pytest.mark.parametrize("seed", range(40))
def test_lost_proofs_and_false_facts_never_cost_more_than_size(seed: int) -> None:
    lost = seed % 2 == 0
    compiled = compile_network(
        parse(strange_network(seed)), prover="bounds", limits=Limits(seconds=0.3 if lost else 0)
    )
    source, facts = compiled.source, compiled.facts
    kept = tuple(
        e for k, e in enumerate(facts.record) if isinstance(e, IntervalBounds) or k % 3 == 0
    )
    changed = replace(facts, record=kept)
    wide = [
        (name, k)
        for name, known in facts.layers.items()
        for k in np.nonzero(known.upper > 0)[0].tolist()
    ]
    if wide and not lost:
        changed = with_false_sign(facts, *wide[seed % len(wide)])
    known = certify_what_holds(rewrite(source, changed, OPTIONS), OPTIONS)
    assert known.verdict.status == "holds"
    points = sample_points(facts.domain, 15)
    assert evaluate_points(known.compiled.network, points) == evaluate_points(source, points)
    assert known.compiled.network.sizes.units <= source.sizes.units


def test_a_tie_that_is_not_said_leaves_out_the_merging_of_its_layer() -> None:
    compiled = compile_network(
        net("input x[1] in [-1, 1]\nh = relu([x[0], 2*x[0], -3*x[0]])\noutput h[0] + h[1] + h[2]")
    )
    silent = replace(compiled, steps=tuple(replace(step, ties=()) for step in compiled.steps))
    known = certify_what_holds(silent, OPTIONS)
    assert known.verdict.status == "holds"
    assert known.left_out
    assert all("in h" in text for text in known.left_out)


def test_what_was_left_out_is_said_with_whose_fault_it_is() -> None:
    text = left_out_text(("carriers in h1", "merging units in h2"))
    assert text.startswith(
        "left out, because our checker refused our certificate of it: carriers in h1, merging "
        "units in h2;"
    )
    assert "a fault of rectifold" in text
    assert left_out_text(tuple("abcdef")).count("and 2 more") == 1
