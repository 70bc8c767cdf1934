"""Several processes, a Dask cluster, and the proof log: the same verdicts, and nothing is believed
because a file says it.
"""

from __future__ import annotations

import binascii
import json
import pickle
import re
import subprocess
import sys
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
from rectifold.effort.running import RunningEffort
from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.facts.entries import BoxTreeSigns, ProvedBounds
from rectifold.facts.facts import Facts
from rectifold.facts.methods import Method
from rectifold.facts.serialise import read_entry
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.language.printer import print_network
from rectifold.operations.compiling import compile_network
from rectifold.prover.cascade import prove
from rectifold.runtime.run import Limits
from rectifold.runtime.workers import Workers, open_workers
from rectifold.search.replay import ProofLog
from support import float_network, net, random_network

CORRELATED = """
input x[2] in [-1, 1]
h = relu([[1, 1], [1, 0], [0, 1]] @ x)
k = relu(h[0] - h[1] - h[2])
y = k + h[0]
output y
"""


def hard() -> Network:
    """Needs cases in its middle layers."""
    return float_network(1, 12, 16, 16, 16, 2)


def verdicts(facts: Facts) -> dict[str, tuple[list[bool], list[bool], list[bool]]]:
    return {
        name: (known.active.tolist(), known.inactive.tolist(), known.unstable.tolist())
        for name, known in facts.layers.items()
    }


def square(value: int) -> int:
    return value * value


def test_without_an_executor_work_is_done_here_in_order() -> None:
    assert list(Workers().each(square, [1, 2, 3])) == [1, 4, 9]
    with open_workers() as workers:
        assert workers.count == 1


def test_no_jobs_are_refused() -> None:
    with pytest.raises(InputError, match="0 jobs are no jobs"), open_workers(0):
        pass


@pytest.mark.parametrize("network", [random_network(3), random_network(11), hard()])
def test_networks_travel_between_processes(network: Network) -> None:
    assert pickle.loads(pickle.dumps(network)) == network


def test_exact_matrices_travel_between_processes() -> None:
    thirds = Matrix.from_integers((1, 2), [1, -5], 3)
    assert pickle.loads(pickle.dumps(thirds)) == thirds


def test_two_processes_give_the_same_verdicts_and_a_certificate_that_holds() -> None:
    network = hard()
    alone = prove(network, prover="bounds", limits=Limits(30))
    together = compile_network(network, prover="bounds", limits=Limits(30, jobs=2))
    assert verdicts(together.facts) == verdicts(alone)
    assert check_certificate(together, certify(together)).holds


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real cluster: one scheduler and two workers, each a process of its own."""
    folder = tmp_path_factory.mktemp("dask")
    command = [
        sys.executable,
        "-m",
        "distributed.cli.dask_scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
    ]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder)]
    assert started[0].stderr is not None
    address = ""
    for line in started[0].stderr:
        if found := re.search(r"tcp://127\.0\.0\.1:\d+", line):
            address = found.group()
            break
    worker = [
        sys.executable,
        "-m",
        "distributed.cli.dask_worker",
        address,
        "--nthreads",
        "1",
        "--no-dashboard",
        "--no-nanny",
    ]
    started += [
        subprocess.Popen(
            worker, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, text=True, cwd=folder
        )
        for _ in range(2)
    ]
    yield address
    for process in started:
        process.kill()
        process.communicate()


def test_a_dask_cluster_gives_the_same_verdicts(scheduler: str, tmp_path: Path) -> None:
    network = hard()
    file, result = tmp_path / "hard.relu", tmp_path / "result.json"
    file.write_text(print_network(network))
    command = [
        sys.executable,
        "-m",
        "rectifold",
        "stability",
        str(file),
        "--prover",
        "bounds",
        "--time-limit",
        "60",
    ]
    done = subprocess.run(
        [*command, "--scheduler", scheduler, "--json", str(result)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    alone = prove(network, prover="bounds", limits=Limits(60))
    units = json.loads(result.read_text())["units"]
    expected = [
        alone.layers[layer.name].phase(k).value
        for layer in network.relu_layers
        for k in range(layer.size)
    ]
    assert [u["verdict"] for u in units] == expected


def test_a_scheduler_that_does_not_answer_is_refused() -> None:
    nobody, soon = "tcp://127.0.0.1:9", Effort(running=RunningEffort(scheduler_seconds=0.5))
    with pytest.raises(InputError, match=f"no Dask scheduler answers at {nobody}"):
        prove(net(CORRELATED), limits=Limits(scheduler=nobody, effort=soon))


# ---- the log -----------------------------------------------------------------------------------


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
    with log.path.open("a") as file:
        file.write(json.dumps({"key": log.key, "points": [["0x1p0"]]}) + "\n")
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
