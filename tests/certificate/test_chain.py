"""Chains of certificates as we write them: accepted, no longer than they need to be."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

import rectifold_check
from network_pairs import certificate_of, domain_of, shaken
from rectifold.certificate.chain import (
    Difference,
    Link,
    certify_approximation,
    certify_chain,
    goal_of,
)
from rectifold.certificate.changes import changes_between
from rectifold.certificate.file import Certificate
from rectifold.certificate.leaving_out import CertifiedCompile, certify_whole
from rectifold.certificate.pair import certify_same
from rectifold.equivalence.question import Question
from rectifold.equivalence.within import agree_within
from rectifold.exact.matrix import Matrix
from rectifold.ir.canonical import canonical_text, digest, domain_text
from rectifold.ir.draft import Draft
from rectifold.ir.joint import differences
from rectifold.ir.network import Layer, Network
from rectifold.operations.compiling import compile_network
from rectifold.runtime.run import Limits, Run
from rectifold_check.changes import changed
from support import float_network, net, random_network

QUARTER = (Fraction(1, 4),)


def within(a: Network, b: Network) -> Link:
    return Link(a, b, QUARTER, certificate_of(a, b, QUARTER[0]))


def same(a: Network) -> Link:
    return Link(a, a, (Fraction(0),), certify_same(a))


@pytest.fixture(scope="module")
def networks() -> list[Network]:
    first = float_network(1, 2, 6, 6, 1)
    return [first, shaken(first, 2, 1e-3), shaken(first, 3, 1e-3)]


def test_a_chain_is_accepted_within_the_sum(networks: list[Network]) -> None:
    a, b, c = networks
    links = [within(a, b), within(b, c)]
    chain = certify_chain(links)
    assert goal_of(links) == (Fraction(1, 2),)
    verdict = rectifold_check.check(canonical_text(a), domain_text(domain_of(a)), chain.lines)
    assert verdict.holds
    assert verdict.claim is not None
    assert verdict.claim.eps == (Fraction(1, 2),)
    assert verdict.claim.b.digest == digest(c)


def test_more_bits_are_for_every_link(networks: list[Network]) -> None:
    a, b, c = networks
    chain = certify_chain([within(a, b), within(b, c)])
    finer = chain.with_more_bits(64)
    assert sum(line.startswith('["precision",') for line in finer.lines) == 2
    assert rectifold_check.check(canonical_text(a), domain_text(domain_of(a)), finer.lines).holds


def test_links_that_change_nothing_are_left_out(networks: list[Network]) -> None:
    a, b, _ = networks
    link = within(a, b)
    assert certify_chain([same(a), link, same(b)]) is link.certificate
    alone = certify_chain([same(a), same(a)])
    assert rectifold_check.check(
        canonical_text(a), domain_text(domain_of(a)), alone.lines, canonical_text(a)
    ).holds


def test_links_follow_one_another(networks: list[Network]) -> None:
    a, b, c = networks
    with pytest.raises(ValueError, match="begins at the network where the one before ends"):
        certify_chain([within(a, b), within(a, c)])
    with pytest.raises(ValueError, match="at least one link"):
        certify_chain([])


# ---- networks as changes ------------------------------------------------------------------------

EDITS = {
    "nothing": {},
    "a weight that becomes 0": {(0, 1): 0},
    "the first weight": {(0, 0): 0},
    "the last weight": {(0, 5): 0},
    "a weight that is another": {(2, 3): 7},
    "a row without weights": {(1, k): 0 for k in range(6)},
    "neighbours": {(3, 2): 0, (3, 3): 5, (3, 4): 0},
    "every weight": {(i, k): 3 for i in range(6) for k in range(6)},
}


def edited(network: Network, edits: dict[tuple[int, int], int]) -> Network:
    """With other weights in its second layer."""
    draft = Draft(network)
    before, layer = network.layers[0].name, network.layers[1]
    rows = [list(row) for row in layer.weights[before].fractions()]
    for (i, k), value in edits.items():
        rows[i][k] = Fraction(value)
    draft.edit(layer.name, weights={before: Matrix.from_fractions(rows, columns=6)})
    return draft.freeze()


@pytest.mark.parametrize("title", EDITS)
def test_changes_give_the_text_of_the_edited_network(title: str) -> None:
    source = float_network(1, 2, 6, 6, 1)
    before, after = canonical_text(source), canonical_text(edited(source, EDITS[title]))
    for old, new in ((before, after), (after, before)):
        assert changed(old, json.loads(json.dumps(changes_between(old, new))), "") == new


def test_few_changes_are_short() -> None:
    source = float_network(1, 2, 6, 6, 1)
    before, after = canonical_text(source), canonical_text(edited(source, {(2, 3): 0}))
    assert len(json.dumps(changes_between(before, after))) < 20
    assert changes_between(before, before) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (float_network(1, 2, 6, 6, 1), float_network(1, 2, 5, 6, 1)),
        (float_network(1, 2, 6, 6, 1), float_network(2, 2, 6, 6, 6, 1)),
        (float_network(1, 9, 30, 1), float_network(1, 9, 20, 1)),
        (random_network(3), random_network(8)),
    ],
)
def test_changes_between_networks_of_other_sizes(old: Network, new: Network) -> None:
    for a, b in ((old, new), (new, old)):
        before, after = canonical_text(a), canonical_text(b)
        assert changed(before, json.loads(json.dumps(changes_between(before, after))), "") == after


def test_rows_that_stay_are_kept_where_units_are_left_out() -> None:
    source = float_network(1, 30, 12, 1)
    layer = source.layers[0]
    kept = [k for k in range(12) if k not in (3, 7)]
    rows = Layer(layer.name, layer.activation, layer.bias.select_rows(kept),
                 {"x": layer.weights["x"].select_rows(kept)})  # fmt: skip
    output = source.layers[1]
    last = Layer(output.name, output.activation, output.bias,
                 {layer.name: output.weights[layer.name].select_columns(kept)})  # fmt: skip
    less = Network("x", 30, [rows, last], output.name, source.domain, source.name)
    before, after = canonical_text(source), canonical_text(less)
    changes = changes_between(before, after)
    assert changed(before, json.loads(json.dumps(changes)), "") == after
    assert 10 * len(json.dumps(changes)) < len(after)


# ---- an approximation ---------------------------------------------------------------------------

SOURCE = """
    input x[2] in [-1, 1]
    h = relu([[1, 1], [1, -1], [1, 0], [0, 1]] @ x + [0, 0, 3, -5])
    k = relu([[1, 1, 1, 1], [1, -1, 0, 1]] @ h + [0, 1/100])
    y = [[1, 1/1000]] @ k
    output y
"""


def compiled(network: Network) -> CertifiedCompile:
    return certify_whole(compile_network(network, prover="bounds"))


def without(network: Network, unit: int) -> Network:
    """A unit of the last relu layer that nobody reads."""
    draft = Draft(network)
    output = network.layers[-1]
    rows = {
        name: [[Fraction(0) if j == unit and name == network.layers[-2].name else v
                for j, v in enumerate(row)] for row in matrix.fractions()]
        for name, matrix in output.weights.items()
    }  # fmt: skip
    weights = {
        name: Matrix.from_fractions(table, columns=len(table[0])) for name, table in rows.items()
    }
    draft.edit(output.name, weights=weights)
    return draft.freeze()


def relu_units(network: Network) -> int:
    return sum(layer.size for layer in network.relu_layers)


def chain_of(goal: tuple[Fraction, ...] | Fraction, text: str = SOURCE) -> tuple[
    CertifiedCompile, CertifiedCompile, Certificate, rectifold_check.Verdict
]:  # fmt: skip
    """A source, an edit of what it is compiled to, and that compiled, as one chain."""
    first = compiled(net(text))
    g0 = first.compiled.network
    g1 = without(g0, 1)
    last = compiled(g1)
    a, b, tolerance = g0, g1, goal
    if isinstance(goal, Fraction):
        a, b = differences(g0), differences(g1)
        tolerance = (goal,) * a.output_size
    assert isinstance(tolerance, tuple)
    question = Question.of(a, b, first.compiled.facts.domain, tolerance)
    found = agree_within(question, Run(Limits(20)))
    evidence = found.signs or found.facts
    assert found.proved
    assert evidence is not None
    between = Difference(goal, evidence, found.pairing)
    return first, last, *certify_approximation(first, last, between)


def test_a_source_an_edit_and_its_compilation_are_one_chain() -> None:
    first, last, chain, verdict = chain_of((Fraction(1, 10),))
    assert verdict.status == "holds"
    assert verdict.claim is not None
    assert verdict.claim.eps == (Fraction(1, 10),)
    assert verdict.claim.a.digest == digest(first.compiled.source)
    assert verdict.claim.b.digest == digest(last.compiled.network)
    assert relu_units(last.compiled.network) < relu_units(first.compiled.network)
    heads = [json.loads(line) for line in chain.lines if line.startswith("{")]
    assert heads[0]["links"] == len(heads) - 1 == 3
    assert heads[-1]["result"] is None


def test_a_chain_about_the_largest_output() -> None:
    three = SOURCE.replace("[[1, 1/1000]] @ k", "[[1, 1/1000], [1/2, 1/1000], [1, -1/500]] @ k")
    first, _, chain, verdict = chain_of(Fraction(1, 10), three)
    assert verdict.text.startswith(
        "holds: wherever an output of A leads all others by more than 1/10, it leads in B"
    )
    lines = [chain.lines[0].replace('"margin":"1/10"', '"margin":"1/100000"'), *chain.lines[1:]]
    domain = domain_text(first.compiled.facts.domain)
    lower = rectifold_check.check(canonical_text(first.compiled.source), domain, lines)
    assert "the tolerances of the links sum to more than is claimed" in lower.reason
