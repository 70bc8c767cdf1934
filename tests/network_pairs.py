"""Pairs of networks for the tests of equivalence: shaken and permuted copies, and brute force."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np

import rectifold_check
from rectifold.certificate.chain import Link, certify_chain
from rectifold.certificate.compiled import certify
from rectifold.certificate.file import Certificate
from rectifold.certificate.margin import certify_margin
from rectifold.certificate.within import certify_within
from rectifold.effort.effort import Effort
from rectifold.effort.equivalence import EquivalenceEffort
from rectifold.equivalence.question import Question
from rectifold.equivalence.within import agree_within
from rectifold.exact.matrix import Matrix
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.draft import Draft
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.joint import differences, names_of
from rectifold.ir.network import Layer, Network
from rectifold.ir.sampling import sample_points
from rectifold.ir.unit_pairing import same_shape
from rectifold.operations.compiling import compile_network
from rectifold.runtime.run import Limits, Run
from support import float_network

F = Fraction


def shaken(network: Network, seed: int, size: float) -> Network:
    """The same network with every weight moved by about `size`."""
    random = np.random.default_rng(seed)

    def moved(matrix: Matrix) -> Matrix:
        values = matrix.approximation[0]
        return Matrix.from_floats(values + size * random.standard_normal(values.shape))

    layers = [
        Layer(v.name, v.activation, moved(v.bias), {u: moved(w) for u, w in v.weights.items()})
        for v in network.layers
    ]
    return Network(
        network.input_name, network.input_size, layers, network.output, network.domain, network.name
    )


def largest_difference(a: Network, b: Network, domain: Domain, count: int = 400) -> Fraction:
    points = sample_points(domain, count, 3)
    pairs = zip(evaluate_points(a, points), evaluate_points(b, points), strict=True)
    return max(abs(p - q) for va, vb in pairs for p, q in zip(va, vb, strict=True))


def domain_of(network: Network) -> Domain:
    assert network.domain is not None
    return network.domain


def names_of_shape(a: Network, b: Network) -> dict[str, str]:
    return names_of(same_shape(a, b))


def certificate_of(a: Network, b: Network, eps: Fraction) -> Certificate:
    found = agree_within(Question.of(a, b, domain_of(a), [eps] * a.output_size), Run(Limits(30)))
    evidence = found.signs or found.facts
    assert found.proved
    assert evidence is not None
    return certify_within(a, b, domain_of(a), [eps] * a.output_size, evidence, found.pairing)


def margin_certificate_of(a: Network, b: Network, margin: Fraction) -> Certificate:
    first, second = differences(a), differences(b)
    eps = [margin] * first.output_size
    found = agree_within(Question.of(first, second, domain_of(a), eps), Run(Limits(30)))
    evidence = found.signs or found.facts
    assert found.proved
    assert evidence is not None
    return certify_margin(a, b, domain_of(a), margin, evidence, found.pairing)


def random_chain(seed: int) -> tuple[Network, Certificate]:
    """A network and a chain from it: compiled, shaken, shaken again, compiled; or with a margin."""
    source = float_network(seed, 2, 5, 4, 2)
    first = compile_network(source, prover="bounds")
    g0 = first.network.with_domain(source.domain)
    middle, g1 = shaken(g0, seed, 1e-3), shaken(g0, seed + 1, 1e-3)
    last = compile_network(g1, prover="bounds")
    quarter, zero = F(1, 4), (F(0),) * 2
    links = [
        Link(source, g0, zero, certify(first)),
        Link(g0, middle, (quarter,) * 2, certificate_of(g0, middle, quarter)),
        Link(middle, g1, (), margin_certificate_of(middle, g1, quarter), quarter)
        if seed % 2
        else Link(middle, g1, (quarter,) * 2, certificate_of(middle, g1, quarter)),
        Link(g1, last.network, zero, certify(last)),
    ]
    return source, certify_chain(links)


def accepted(a: Network, b: Network, lines: list[str] | tuple[str, ...]) -> bool:
    return rectifold_check.check(
        canonical_text(a), domain_text(domain_of(a)), lines, canonical_text(b)
    ).holds


def permuted(network: Network, random: Random) -> Network:
    """Units in another order and at another (positive) scale."""
    draft = Draft(network)
    for layer in network.layers[:-1]:
        order = random.sample(range(layer.size), layer.size)
        scale = [F(random.choice((1, 2, 4)), random.choice((1, 2))) for _ in order]
        own = draft.layers[layer.name]
        weights = {u: w.select_rows(order).scale_rows(scale) for u, w in own.weights.items()}
        draft.edit(layer.name, bias=own.bias.select_rows(order).scale_rows(scale), weights=weights)
        for successor in draft.successors(layer.name):
            after = dict(draft.layers[successor].weights)
            after[layer.name] = (
                after[layer.name].select_columns(order).T.scale_rows([1 / s for s in scale]).T
            )
            draft.edit(successor, weights=after)
    return draft.freeze()


AT_ONCE = Effort(equivalence=EquivalenceEffort(seconds_before_attacks=(0.0, 0.0), turn_seconds=0.2))


MANY = (14, 8, 6, 2)  # inputs and units of a pair whose phases are split
