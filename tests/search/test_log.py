"""The proof log: nothing is believed because a file says it."""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from rectifold.certificate.compiled import certify, check_certificate
from rectifold.cli.main import main
from rectifold.effort.effort import Effort
from rectifold.effort.prover import ProverEffort
from rectifold.errors import InputError
from rectifold.facts.entries import BoxTreeSigns, ProvedBounds
from rectifold.facts.methods import Method
from rectifold.facts.serialise import read_entry
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.operations.compiling import compile_network
from rectifold.prover.cascade import prove
from rectifold.runtime.run import Limits
from rectifold.search.log import ProofLog
from support import CORRELATED, float_network, hard, net, random_network, verdicts

# what is proved comes from the log
NO_SEARCH = Effort(prover=replace(ProverEffort.timed(30), search_seconds=0.0, optimised_work=0))


@pytest.mark.parametrize(
    "network",
    [
        net(CORRELATED),
        hard(),
        float_network(3, 3, 24, 24, 24, 1),
        random_network(5),
        random_network(8),
    ],
    ids=["exact leaves", "cases", "boxes", "random 5", "random 8"],
)
def test_a_second_run_proves_again_what_the_first_one_found(
    network: Network, tmp_path: Path
) -> None:
    limits = Limits(30, log=tmp_path / "proofs.log")
    first = prove(network, prover="bounds", limits=limits)
    second = compile_network(network, prover="bounds", limits=replace(limits, effort=NO_SEARCH))
    for name, known in first.layers.items():
        again = second.facts.layers[name]
        assert (again.active == known.active).all()
        assert (again.inactive == known.inactive).all()
        assert (again.lower >= known.lower - 1e-9 * (1 + np.abs(known.lower))).all()
    assert check_certificate(second, certify(second)).holds


def test_planes_above_the_first_layer_go_through_the_log_and_the_checker(tmp_path: Path) -> None:
    """Where the search without planes gives up at once, the one with them decides as much, and its
    trees are evidence.
    """
    network, path = float_network(4, 12, 16, 16, 16, 2), tmp_path / "proofs.log"
    plain = prove(network, prover="bounds", limits=Limits(30))
    effort = Effort(prover=replace(ProverEffort.timed(30), query_nodes=2, planes_questions=100))
    first = compile_network(network, prover="bounds", limits=Limits(30, log=path, effort=effort))
    assert verdicts(first.facts) == verdicts(plain)
    certificate = certify(first)
    assert check_certificate(first, certificate).holds
    assert any(
        leaf[3:]
        for line in certificate.lines
        if line.startswith('["cases"')
        for leaf in leaves(json.loads(line)[5])
    )
    second = compile_network(
        network, prover="bounds", limits=Limits(30, log=path, effort=NO_SEARCH)
    )
    assert verdicts(second.facts) == verdicts(plain)
    assert check_certificate(second, certify(second)).holds
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    entries = [form["entry"] for form in lines if form.get("entry", {}).get("kind") == "ends"]
    trees = [
        (entry, leaf)
        for entry in entries
        for proof in entry["proofs"]
        for leaf in leaves(proof["tree"])
        if leaf[3:]
    ]
    assert trees
    entry, leaf = trees[0]
    size = len(binascii.a2b_base64(leaf[3]))
    below = binascii.b2a_base64(b"\x80" * size, newline=False).decode()  # every level -128/64
    for flaw in ("AAAA", "A?", 7, None, below):
        whole, leaf[3] = leaf[3], flaw
        with pytest.raises((ValueError, TypeError)):
            read_entry(network, entry)
        leaf[3] = whole
    assert isinstance(read_entry(network, entry), ProvedBounds)
    leaf.append(whole)
    with pytest.raises(ValueError, match="fit its tree"):
        read_entry(network, entry)


def leaves(tree: list[Any]) -> Iterator[list[Any]]:
    """Of a tree of cases as certificates and logs write it."""
    if isinstance(tree, list) and isinstance(tree[0], str):
        yield tree
    elif isinstance(tree, list):
        for case in tree[1:]:
            yield from leaves(case)


def test_evidence_of_every_kind_went_through_the_log(tmp_path: Path) -> None:
    kinds: set[object] = set()
    for network in (net(CORRELATED), hard(), float_network(3, 3, 24, 24, 24, 1)):
        for entry in prove(network, prover="bounds", limits=Limits(30)).record:
            kinds.add(entry.method if isinstance(entry, ProvedBounds) else type(entry))
    assert {Method.LINEAR, Method.CASES, BoxTreeSigns} <= kinds


def test_a_log_is_a_hint_and_no_proof(tmp_path: Path) -> None:
    """Entries that claim too much, that belong to other networks, or that are broken change
    nothing.
    """
    network = hard()
    path = tmp_path / "proofs.log"
    honest = prove(network, prover="bounds", limits=Limits(30, log=path))
    lines = []
    for text in path.read_text().splitlines():
        line = json.loads(text)
        entry = line.get("entry", {"kind": "points"})
        if entry["kind"] == "ends":
            entry["values"] = [
                (-1e6 if entry["side"] == "up" else 1e6).hex() for _ in entry["values"]
            ]
        lines.append(json.dumps(line))
        lines.append(json.dumps(line)[:-7])
    entries: list[dict[str, object]] = [
        {"kind": "ends"},
        {"kind": "ends", "layer": "nowhere"},
        {"kind": "what", "layer": network.layers[0].name},
        {"kind": "signs", "layer": network.layers[0].name, "claims": [[0, "mid"]], "tree": [[0]]},
        {
            "kind": "signs",
            "layer": network.layers[1].name,
            "claims": [[0, "up"], [0, "lo"]],
            "tree": [[0, 1]],
        },
        {
            "kind": "ends",
            "layer": network.layers[1].name,
            "side": "up",
            "method": "z3",
            "units": [0],
            "values": ["-0x1p+0"],
            "proofs": [],
        },
        {
            "kind": "ends",
            "layer": network.layers[1].name,
            "side": "up",
            "method": "branch and bound",
            "units": [0],
            "values": ["-0x1p+0"],
            "proofs": [{"frame": [], "tree": ["", [], []]}],
        },
    ]
    key = json.loads(lines[0])["key"]
    lines += [json.dumps({"key": key, "entry": entry}) for entry in entries]
    lines += [f'"{key}"', json.dumps({"key": [key]}), "no json at all"]
    path.write_text("\n".join(lines))
    again = prove(network, prover="bounds", limits=Limits(30, log=path))
    assert verdicts(again) == verdicts(honest)


def test_witnesses_are_in_the_log_too(tmp_path: Path) -> None:
    log = ProofLog(tmp_path / "proofs.log", hard(), hard().domain or Domain.cube(0, 1, 12))
    points = np.array([[0.5] * 12, [-0.25] * 12])
    log.append_points(points)
    with log.file.path.open("a") as file:
        file.write(json.dumps({"key": log.file.key, "points": [["0x1p0"]]}) + "\n")
    assert (log.points() == points).all()
    assert not log.entries()


def test_two_networks_share_a_log(tmp_path: Path) -> None:
    path = tmp_path / "proofs.log"
    one, two = hard(), float_network(2, 12, 16, 16, 16, 2)
    prove(one, prover="bounds", limits=Limits(30, log=path))
    size = path.stat().st_size
    mixed = prove(two, prover="bounds", limits=Limits(30, log=path))
    assert path.stat().st_size > size
    assert verdicts(mixed) == verdicts(prove(two, prover="bounds", limits=Limits(30)))


def test_a_log_in_no_folder_is_refused(tmp_path: Path) -> None:
    for place, what in (
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "where.log", "there is no folder"),
    ):
        result = CliRunner().invoke(
            main, ["stability", "examples/thermostat.relu", "--log", str(place)]
        )
        assert result.exit_code == 2
        assert what in result.stderr
        with pytest.raises(InputError, match=f"the log cannot be written: .*{what}"):
            ProofLog(place, hard(), Domain.cube(0, 1, 12))


def test_a_file_that_is_no_log_is_not_appended_to(tmp_path: Path) -> None:
    network = tmp_path / "net.relu"
    network.write_text("input x[1] in [0, 1]\noutput relu(x)\n")
    result = CliRunner().invoke(
        main, ["stability", "examples/thermostat.relu", "--log", str(network)]
    )
    assert result.exit_code == 2
    assert "net.relu is there, and was not written by --log" in result.stderr
    assert network.read_text() == "input x[1] in [0, 1]\noutput relu(x)\n"
    cut_off = tmp_path / "cut.log"
    cut_off.write_text('{"k')
    ProofLog(cut_off, hard(), Domain.cube(0, 1, 12)).append_points(np.zeros((1, 12)))
    assert cut_off.read_text().splitlines()[0] == '{"k'
