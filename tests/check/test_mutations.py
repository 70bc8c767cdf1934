"""Mutated certificates of real compiles: none proves a wrong network, or a false bound."""

from __future__ import annotations

import json
from random import Random

import pytest

from certificate_lines import LEAF, sha
from network_pairs import random_chain
from rectifold.certificate.compiled import certify
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.operations.compiling import compile_network
from rectifold_check import check
from support import random_network


def compiled_case(seed: int) -> tuple[str, str, list[str]]:
    compiled = compile_network(random_network(seed), prover="bounds")
    return (
        canonical_text(compiled.source),
        domain_text(compiled.facts.domain),
        list(certify(compiled).lines),
    )


@pytest.mark.parametrize("seed", range(60))
def test_mutated_certificates_never_prove_a_wrong_network(seed: int) -> None:
    """Mutations may leave a certificate valid (a looser bound), but never for a wrong B."""
    a, domain, lines = compiled_case(seed)
    assert check(a, domain, lines).holds
    random = Random(seed)
    wrong = _wrong_result(lines[0], random)
    for _ in range(10):
        mutated = [wrong, *lines[1:]]
        for _ in range(random.randint(0, 3)):
            _mutate(mutated, random)
        assert not check(a, domain, mutated).holds


def _wrong_result(first: str, random: Random) -> str:
    """The header with B's output moved by a constant, and the right digest for that."""
    head = json.loads(first)
    form = json.loads(head["result"])
    output = form["layers"][form["output"] - 1]
    entries = dict(e.split(":") for e in output["bias"].split())
    k = str(random.randrange(output["units"]))
    entries[k] = str(10**6 + 1)
    output["bias"] = " ".join(
        f"{i}:{v}" for i, v in sorted(entries.items(), key=lambda e: int(e[0]))
    )
    output["activation"] = "L"
    result = json.dumps(form, sort_keys=True, separators=(",", ":"))
    return json.dumps(head | {"result": result, "b": sha(result)})


def _mutate(lines: list[str], random: Random) -> None:
    k = random.randrange(1, len(lines))
    kind = random.randrange(4)
    if kind == 0 and len(lines) > 2 and k < len(lines) - 1:
        del lines[k]
    elif kind == 1:
        lines[k] = (
            lines[k].replace('"up"', '"lo"')
            if random.random() < 0.5
            else lines[k].replace('"alias"', '"mirror"')
        )
    elif kind == 2:
        digits = [i for i, c in enumerate(lines[k]) if c.isdigit()]
        if digits:
            i = random.choice(digits)
            lines[k] = lines[k][:i] + str(random.randrange(10)) + lines[k][i + 1 :]
    else:
        lines.insert(k, random.choice(lines[1:]))


def test_false_bounds_are_never_accepted() -> None:
    """Every bound of random small networks, moved past what its own proof gives."""
    for seed in range(40):
        a, domain, lines = compiled_case(seed)
        for k, line in enumerate(lines[1:], start=1):
            step = json.loads(line)
            if step[0] == "bound" and step[4] == LEAF and step[1][1] == 1:
                value = "-1000000" if step[2] == "up" else "1000000"
                changed = [*lines[:k], json.dumps([*step[:3], value, step[4]]), *lines[k + 1 :]]
                assert not check(a, domain, changed).holds


@pytest.mark.parametrize("seed", range(6))
def test_mutated_chains_never_prove_a_wrong_network(seed: int) -> None:
    """Neither with a wrong B, the last link being about it, nor with a wrong network between."""
    source, chain = random_chain(seed)
    assert source.domain is not None
    a, domain, lines = canonical_text(source), domain_text(source.domain), list(chain.lines)
    assert check(a, domain, lines).holds
    heads = [k for k, line in enumerate(lines) if line.startswith("{")]
    random = Random(seed)
    for _ in range(15):
        mutated = list(lines)
        if random.random() < 0.5:
            mutated[0] = _wrong_result(lines[0], random)
            wrong = json.loads(mutated[0])["b"]
            mutated[heads[-1]] = json.dumps(json.loads(lines[heads[-1]]) | {"b": wrong})
        else:
            k = random.randrange(1, len(heads) - 1)
            _take_wrong_middle(mutated, heads[k], heads[k + 1], random)
        for _ in range(random.randint(0, 3)):
            _mutate(mutated, random)
        assert not check(a, domain, mutated).holds


def _take_wrong_middle(lines: list[str], link: int, after: int, random: Random) -> None:
    """Another network at the end of a link that carries it as a text, and in the link after it."""
    head = json.loads(lines[link])
    if not isinstance(head["result"], str):
        head["result"] = ["{}"]
        lines[link] = json.dumps(head)
        return
    lines[link] = _wrong_result(lines[link], random)
    lines[after] = json.dumps(json.loads(lines[after]) | {"a": json.loads(lines[link])["b"]})
