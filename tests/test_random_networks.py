"""2,000 random small networks: compiled, exactly equal, certificate accepted, a wrong weight
refused, Z3 never contradicts.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random

import pytest

import rectifold_check
from rectifold.bounds.state import Bounds
from rectifold.certificate.compiled import certify, check_certificate
from rectifold.exact.matrix import Matrix
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.draft import Draft
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from rectifold.operations.compiling import Compiled, compile_network
from rectifold.passes.result import Options
from rectifold.smt.process import Sat, Solver, Unsat
from rectifold.smt.stability import ask_sign
from support import points_of, random_network

BATCHES = 40
PER_BATCH = 50


@pytest.fixture(scope="module")
def solver() -> Iterator[Solver]:
    with Solver() as running:
        yield running


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_networks_compile_to_equal_certified_networks(batch: int) -> None:
    for seed in range(batch * PER_BATCH, (batch + 1) * PER_BATCH):
        network = random_network(seed)
        objective = ("macs", "units", "weights")[seed % 3]
        options = Options(skips=seed % 2 == 0, objective=objective)  # type: ignore[arg-type]
        compiled = compile_network(network, options=options, check=True)
        points = points_of(compiled.facts.domain, 12, seed)
        assert evaluate_points(network, points) == evaluate_points(compiled.network, points), seed
        assert compiled.network.sizes.units <= network.sizes.units
        verdict = check_certificate(compiled, certify(compiled))
        assert verdict.holds, (seed, verdict)
        refuse_wrong_weight(compiled, seed)


def refuse_wrong_weight(compiled: Compiled, seed: int) -> None:
    """The certificate must not be accepted for a network with one parameter changed, whatever
    digest it claims.
    """
    wrong = with_changed_bias(compiled.network, seed)
    certificate = certify(compiled)
    domain = domain_text(compiled.facts.domain)
    text = canonical_text(wrong)
    assert not rectifold_check.check(
        canonical_text(compiled.source), domain, certificate.lines, text
    ).holds
    forged = certificate.lines[0].replace(
        _header_digest(certificate.lines[0]),
        rectifold_check.networks.read_network(text, "B").digest,
    )
    lines = (forged, *certificate.lines[1:])
    assert not rectifold_check.check(canonical_text(compiled.source), domain, lines, text).holds, (
        seed
    )


def _header_digest(header: str) -> str:
    return header.split('"b":"', 1)[1][:64]


def with_changed_bias(network: Network, seed: int) -> Network:
    """An output bias off by a little: certainly another function (if the output is linear)."""
    output = network.output_layer
    row = Random(seed).randrange(output.size)
    change = Matrix.column([Fraction(1, 1000) if k == row else 0 for k in range(output.size)])
    draft = Draft(network)
    draft.edit(network.output, bias=output.bias + change, activation="linear")
    if output.is_relu:
        draft.edit(network.output, bias=output.bias + change.scale(10**9), activation="linear")
    return draft.freeze()


@pytest.mark.parametrize("batch", range(BATCHES))
def test_z3_never_contradicts_the_provers(batch: int, solver: Solver) -> None:
    for seed in range(batch * PER_BATCH, (batch + 1) * PER_BATCH):
        network = random_network(seed)
        compiled = compile_network(network, prover="bounds")
        plain = Bounds(network, compiled.facts.domain)  # no ends: Z3 is told nothing that we proved
        for layer in network.relu_layers:
            facts = compiled.facts.layers[layer.name]
            for unit in range(layer.size):
                up = ask_sign(solver, plain, layer.name, unit, 1, 10)
                down = ask_sign(solver, plain, layer.name, unit, -1, 10)
                assert isinstance(up, Sat | Unsat), up
                assert isinstance(down, Sat | Unsat), down
                assert not (facts.inactive[unit] and isinstance(up, Sat)), (seed, layer.name, unit)
                assert not (facts.lower[unit] >= 0 and isinstance(down, Sat)), (
                    seed,
                    layer.name,
                    unit,
                )
                assert not (facts.seen_positive[unit] and isinstance(up, Unsat)), (
                    seed,
                    layer.name,
                    unit,
                )
                assert not (facts.seen_negative[unit] and isinstance(down, Unsat)), (
                    seed,
                    layer.name,
                    unit,
                )
