"""What the commands write as JSON in small runs of every mode: heading of the page → results.

The page is docs/reference/json.md; `test_json_reference.py` compares it with these runs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from click.testing import CliRunner

from onnx_models import node
from onnx_tails import made
from rectifold.certificate.file import margin_header
from rectifold.cli.main import main
from rectifold.cli.trained import Outcome, trained_json
from rectifold.data.samples import samples_of
from rectifold.formats.load import load
from rectifold.formats.onnx_writer import onnx_bytes
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.language.elaborate import parse
from rectifold.training import (
    Adversary,
    Architecture,
    Distillation,
    Stability,
    TrainedRun,
    TrainingConfig,
)
from rectifold.training.history import Epoch
from rectifold.training.removed import removed
from rectifold.training.watch import Watched
from support import float_network

BOX = "input x[1] in [0, 1]\n"
NETWORKS = {
    "line": f"{BOX}output relu(x)\n",
    "bent": f"{BOX}output relu(3*x - 1)\n",
    "copy": f"{BOX}output relu(3*x)/3\n",
    "free": "input x[1]\noutput relu(x)\n",
    "thin": "input x[1] in [1/3, 1/3]\noutput relu(x)\n",
    "fat": "input x[1] in [1/3, 1/3]\noutput relu(2*x)\n",
    "skip": f"{BOX}output x + relu(x)\n",
    "two": f"{BOX}output concat(x, 1 - x)\n",
    "raised": f"{BOX}output concat(x + 5, 6 - x)\n",
    "ahead": f"{BOX}output concat(x + 5, x/9)\n",
    "crooked": "input x[1] in [-1, 1]\n"
    "h = relu([[1], [2]] @ x - [0, 1])\n"
    "output [[1, -1], [1/1000, 1/1000]] @ h + [1/20, 0]\n",
    "swapped": f"{BOX}output concat(1 - x, x)\n",
    "wide": "input x[14] in [0, 1]\noutput concat(x[0] + 1/4, x[13])\n",
    "flat": "input x[14] in [0, 1]\noutput concat(0*x[0], 0*x[0])\n",
    "cut": "input x[2] in [0, 1]\nassume x[0] + x[1] <= 3/2\noutput relu(x[0] - x[1] + 1)\n",
    "twins": "input x[1] in [-1, 1]\noutput [[1, 1]] @ relu([[1], [3]] @ x)\n",
    "endless": "input x[1] in [-inf, 0]\noutput relu(x)\n",
    "still": "input x[1] in [0, inf]\noutput 3 + 0*x[0]\n",
    "steep": "input x[3] in [0, 1]\n"
    "h = relu([[1, 1025/1024, 3], [1, 1, -1], [2, 2049/1024, 2], [0, 1/1024, 4], [1, -1, 1]] @ x"
    " + [1, 2, 1, 1, 0])\n"
    "k = relu([[1, 0, 1, 2, 1], [0, 1, -1, 0, -1], [1, 2, -1, 1, 1]] @ h - [8, -2, 3])\n"
    "output [[1, -1, 2]] @ k\n",
    "sure": f"{BOX}ensure x <= 1\noutput relu(x)\n",
    "nothing": f"{BOX}output relu(-x)\n",
    "six": "input x[6] in [-1, 1]\nh = relu(x + 1/2)\noutput h[0] + h[1] - h[5]\n",
    "deep": "input x[2] in [-1, 1]\n"
    "h = relu([[1, 1/2], [-1, 1]] @ x + [1/8, 1/4])\n"
    "k = relu([[1, -1], [-1/2, 1]] @ h + [1/16, -1/8])\n"
    "m = relu([[1, -2], [-1, 1]] @ k + [1/8, 1/32])\n"
    "output [[1, 1]] @ m\n",
}

RUNS = {
    "compile": [
        "compile nothing.relu -o o.relu --certificate o.certificate",
        "compile twins.relu -o o.relu",
        "compile sure.relu -o o.relu --ensure",
        "compile twins.relu -o integers.c --to c-int16",
        "compile twins.relu -o tried.c --to c-int32 --max-error 1e-7",
        "compile steep.relu -o o.py --max-error-growth 1",
        "compile deep.onnx -o o.onnx --domain [-1,1]",
        "compile free.relu -o o.c --domain all --no-certificate",
        "compile deep.relu -o o.relu --within 40%",
        "compile two.relu -o o.relu --keep-argmax --margin 1/3",
        "compile ahead.relu -o o.relu --keep-argmax",
        "compile crooked.relu -o o.relu --keep-argmax",
        "compile deep.relu -o o.c --shallow",
        "compile deep.relu -o o.relu --shallow --certificate o.certificate",
    ],
    "verify": [
        "verify line.relu copy.relu",
        "verify line.relu copy.relu --within 1/10 --certificate c.certificate",
        "verify line.relu bent.relu --float --counterexample x.npy",
        "verify thin.relu fat.relu --float",
        "verify line.relu copy.relu --time-limit 0",
        "verify two.relu raised.relu --argmax --margin 1/3",
        "verify wide.relu flat.relu --argmax",
        "verify two.relu swapped.relu --argmax --float",
        "verify model.onnx other.onnx --domain [0,1]",
    ],
    "verify --tightest": ["verify line.relu bent.relu --tightest"],
    "emit": [
        "emit line.relu -o integers.c --to c-int16",
        "emit line.relu -o tried.c --to c-int32 --max-error 1e-7",
        "emit deep.relu -o e.c",
        "emit deep.relu -o e.relu",
        "emit free.relu -o e.py",
        "emit deep.relu --benchmark cortex-m0",
        "emit thin.relu --to c --benchmark cortex-m4",
        "emit deep.onnx --to numpy --benchmark --domain [-1,1]",
    ],
    "stability": ["stability deep.relu", "stability free.relu --domain all"],
    "local": [
        "local two.relu --data points.npz --radius 1/8",
        "local line.relu --data points.npy --radius 1/8 --no-clip",
        "local skip.relu --data points.npy --radius 1/8 --compile around",
    ],
    "regions": ["regions deep.relu --volumes", "regions six.relu"],
    "regions --count": ["regions deep.relu --count", "regions deep.relu --count --log c.log"],
    "shallow": ["shallow deep.relu", "shallow deep.relu -o s.py"],
    "check": [
        "check cut.relu cut.certificate",
        "check endless.relu endless.certificate",
        "check still.relu still.certificate",
        "check nothing.relu nothing.certificate",
        "check two.relu raised.certificate",
        "check line.relu wrong.certificate",
    ],
    "prove": [
        "prove line.relu above.vnnlib",
        "prove line.relu reached.vnnlib --counterexample unsafe.npy",
        "prove model.onnx reached.vnnlib",
        "prove model.onnx --domain [-1,1] --lipschitz 1/2",
        "prove classes.onnx classes.vnnlib --until h",
        "prove line.relu just.vnnlib --time-limit 1",
        "prove line.relu --lipschitz 0",
    ],
    "reduce": [
        "reduce line.relu above.vnnlib -o small.onnx",
        "reduce copy.relu thirds.vnnlib -o moved.onnx --certificate moved.certificate",
        "reduce many.onnx many.vnnlib -o fewer.onnx",
    ],
    "show": ["show line.relu", "show free.relu"],
    "run": [
        "run line.relu 1/3",
        "run free.relu 1/3 --exact",
        "run classes.onnx 1,2",
    ],
}


PROPERTIES = {
    "above": "(>= Y_0 2)",
    "reached": "(>= Y_0 1)",
    "just": "(and (> Y_0 1) (<= Y_0 5))",
}
FORCED = ("compile", "verify", "shallow", "emit")
CERTIFIED = ("cut", "endless", "still", "nothing")


def results(folder: Path) -> dict[str, list[Any]]:
    """Heading of the page → what its runs wrote; `folder` is the current one, and empty."""
    for name, text in NETWORKS.items():
        (folder / f"{name}.relu").write_text(text)
    np.savez(folder / "points.npz", X=np.array([[0.25], [1.0]]), y=np.array([1, 0]))
    np.save(folder / "points.npy", np.array([[0.5]]))
    for name, unsafe in PROPERTIES.items():
        text = f"(assert (and (>= X_0 0) (<= X_0 1) {unsafe}))"
        (folder / f"{name}.vnnlib").write_text(text)
    onnx.save(_classes(), folder / "classes.onnx")
    box = "(assert (and (>= X_0 0) (<= X_0 1) (>= X_1 0) (<= X_1 1) (<= Y_0 9)))"
    (folder / "classes.vnnlib").write_text(box)
    (folder / "thirds.vnnlib").write_text("(assert (and (>= X_0 -1) (<= X_0 (/ 1 3)) (>= Y_0 5)))")
    (folder / "many.onnx").write_bytes(onnx_bytes(float_network(1, 2, 10, 8, 1)))
    box = "(>= X_0 0.4) (<= X_0 0.6) (>= X_1 0.4) (<= X_1 0.6)"
    (folder / "many.vnnlib").write_text(f"(assert (and {box} (>= Y_0 9)))")
    _told("compile deep.relu -o deep.onnx")
    _told("compile line.relu -o model.onnx")
    _told("compile bent.relu -o other.onnx")
    for name in CERTIFIED:
        _told(f"compile {name}.relu -o {name}.py --certificate {name}.certificate")
    (folder / "raised.certificate").write_text(_margin_certificate())
    (folder / "wrong.certificate").write_text("no certificate\n")
    found = {heading: [_told(run) for run in runs] for heading, runs in RUNS.items()}
    _told("verify line.relu bent.relu --counterexample x.json")
    found["verify --counterexample FILE.json"] = [json.loads((folder / "x.json").read_text())]
    for name, domain in (("line", "[0,1]"), ("free", "all")):
        _told(f"stability {name}.relu --domain {domain} --bounds {name}.json")
    found["stability --bounds FILE.json"] = [
        json.loads((folder / f"{name}.json").read_text()) for name in ("line", "free")
    ]
    found["python -m rectifold_check"] = [
        *(_told_by_the_checker(name, name) for name in CERTIFIED),
        _told_by_the_checker("two", "raised"),
        _told_by_the_checker("line", "wrong"),
    ]
    found["train"] = _trained()
    return found


def _margin_certificate() -> str:
    """That the differences of outputs are equal."""
    a, b = (load(f"{name}.relu").network for name in ("two", "raised"))
    return "\n".join([margin_header(a, b, Fraction(1, 3)), '["final",{}]']) + "\n"


def _trained() -> list[Any]:
    """What `train` writes of runs made by hand, as PyTorch may not be installed."""
    network = parse(f"{BOX}h = relu([[2], [-1]] @ x)\noutput [[1, 1], [0, 1]] @ h\n", "net.relu")
    usual = TrainingConfig()
    special = TrainingConfig(
        stability=Stability((0.1,), radius=0.1),
        adversary=Adversary(0.1, 2, 0.05),
        architecture=Architecture((3,), (2,)),
        distillation=Distillation(network),
    )
    told = []
    for config, right, ended in ((usual, 0.5, None), (special, None, "Ctrl-C")):
        watched = [Watched(1, 0, 1, 1, 0, "domain", 2, True)]
        history = (Epoch(1, False, 0.25, 0.5, right, 0.75, 1, 2.0),)
        run = TrainedRun(config, network, b"", history, 1, ended, "points")
        labels = None if right is None else np.zeros(2, dtype=np.int64)
        samples = samples_of(np.zeros((2, 1)), labels, "points")
        outcome = Outcome.of(run, removed(network), samples, watched)
        told.append(json.loads(json.dumps(trained_json(outcome, "o.onnx") | {"seconds": 1.0})))
    return told


def _classes() -> onnx.ModelProto:
    """A classifier with a label that is a text, and probabilities."""
    nodes = [
        node("Softmax", ["h"], "p", axis=1),
        node("ArgMax", ["p"], "k", axis=1),
        node("ArrayFeatureExtractor", ["names", "k"], "label", domain="ai.onnx.ml"),
    ]
    model = made(nodes, ["p", "label"], {"names": np.array(["a", "b", "c"], dtype=object)})
    model.graph.output[1].type.tensor_type.elem_type = onnx.TensorProto.STRING
    return model


def _told(words: str) -> Any:
    forced = ["--force"] if words.split()[0] in FORCED else []
    done = CliRunner().invoke(main, [*words.split(), *forced, "--json", "r.json"])
    assert done.exit_code in (0, 1, 3, 4), (words, done.output)
    return json.loads(Path("r.json").read_text())


def _told_by_the_checker(name: str, certificate: str) -> Any:
    network = load(f"{name}.relu").network
    assert network.domain is not None
    Path("network.json").write_text(canonical_text(network))
    Path("domain.json").write_text(domain_text(network.domain))
    words = ["network.json", "domain.json", f"{certificate}.certificate", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "rectifold_check", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)
