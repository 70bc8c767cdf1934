"""Several processes and a Dask cluster: the same verdicts as one process."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from rectifold.certificate.compiled import certify, check_certificate
from rectifold.effort.effort import Effort
from rectifold.effort.running import RunningEffort
from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.ir.network import Network
from rectifold.language.printer import print_network
from rectifold.operations.compiling import compile_network
from rectifold.prover.cascade import prove
from rectifold.runtime.run import Limits
from rectifold.runtime.workers import Workers, open_workers
from support import CORRELATED, hard, net, random_network, verdicts


def square(value: int) -> int:
    return value * value


def test_without_an_executor_work_is_done_here_in_order() -> None:
    assert list(Workers().each(square, [1, 2, 3])) == [1, 4, 9]
    with open_workers() as workers:
        assert workers.count == 1


def test_tasks_in_turn_are_made_when_a_worker_is_free_for_them() -> None:
    made: list[int] = []

    def numbers() -> Iterator[int]:
        for k in range(20):
            made.append(k)
            yield k

    for done, result in enumerate(Workers().in_turn(square, numbers())):
        assert (result, made[-1]) == (done * done, done)
    made.clear()
    with ThreadPoolExecutor(2) as executor:
        results = Workers(2, executor).in_turn(square, numbers())
        assert next(results) in (0, 1, 4)
        assert len(made) <= 6
        assert sorted([*results])[-1] == 361


def test_nobody_waits_in_turn_for_longer_than_is_left() -> None:
    ready = Event()

    def work(value: int) -> int:
        if value > 1:
            ready.wait()
        return value

    with ThreadPoolExecutor(4) as executor:
        try:
            found: list[int] = []
            workers = Workers(4, executor)
            for one in workers.in_turn(work, range(4), lambda: 0.0 if len(found) > 1 else 60.0):
                found.append(one)
            assert sorted(found) == [0, 1]
        finally:
            ready.set()


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
