"""Random small networks and shared helpers. Numbers are small integers and halves, so degenerate
cases are common.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random
from types import ModuleType

import numpy as np

from rectifold.exact.matrix import Matrix
from rectifold.facts.facts import Facts
from rectifold.ir.domain import Domain
from rectifold.ir.network import Activation, Layer, Network
from rectifold.language.elaborate import parse

BOX = '{"format":"rectifold-domain/1","lower":["-1","-1"],"upper":["1","1"],"constraints":[]}'


def canonical_chain(
    *layers: tuple[str, str, list[str]], output: int | None = None, inputs: int = 2
) -> str:
    """The canonical text of a chain of layers (activation, bias, rows)."""
    body = [
        {"activation": act, "bias": bias, "units": len(rows), "weights": [[k, rows]]}
        for k, (act, bias, rows) in enumerate(layers)
    ]
    form = {
        "format": "rectifold-network/1",
        "inputs": inputs,
        "layers": body,
        "output": output or len(layers),
    }
    return json.dumps(form, sort_keys=True, separators=(",", ":"))


def module_of(path: Path) -> ModuleType:
    """A file of Python, imported by its path."""
    spec = importlib.util.spec_from_file_location(f"{path.stem}_file", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def net(text: str) -> Network:
    """A network from indented text."""
    return parse("\n".join(line.strip() for line in text.strip().splitlines()))


def maximum_chain(inputs: int) -> Network:
    """The maximum of 0 and of all inputs, one after the other."""
    form = "0*x[0]"
    for k in reversed(range(inputs)):
        form = f"max(x[{k}], {form})"
    return net(f"network most\ninput x[{inputs}] in [-1, 1]\ny = {form}\noutput y")


def random_network(seed: int) -> Network:
    """1–3 inputs, 1–3 hidden layers of 1–5 units, 1–2 outputs; sometimes parallel, mirrored or zero
    rows, or a skip edge.
    """
    random = Random(seed)
    inputs = random.randint(1, 3)
    low = [Fraction(random.randint(-3, 1)) for _ in range(inputs)]
    high = [
        a + random.choice((0, 1, 2, 4)) if random.random() < 0.2 else a + random.randint(1, 4)
        for a in low
    ]
    layers: list[Layer] = []
    before, width = "x", inputs
    for k in range(random.randint(1, 3)):
        size = random.randint(1, 5)
        weights = {before: _matrix(random, size, width)}
        if k and random.random() < 0.2:
            weights["x"] = _matrix(random, size, inputs)
        activation = "linear" if random.random() < 0.1 else "relu"
        layers.append(Layer(f"h{k}", activation, _biases(random, size), weights))  # type: ignore[arg-type]
        before, width = f"h{k}", size
    outputs = random.randint(1, 2)
    last = "relu" if random.random() < 0.1 else "linear"
    weights = {before: _matrix(random, outputs, width)}
    layers.append(Layer("y", last, _biases(random, outputs), weights))  # type: ignore[arg-type]
    return Network("x", inputs, layers, "y", Domain(tuple(low), tuple(high)), "random_net")


def _matrix(random: Random, rows: int, columns: int) -> Matrix:
    table: list[list[Fraction]] = []
    for _ in range(rows):
        kind = random.random()
        if table and kind < 0.15:
            factor = random.choice((1, 2, Fraction(1, 2), -1, -2))
            table.append([factor * v for v in random.choice(table)])
        elif kind < 0.2:
            table.append([Fraction(0)] * columns)
        else:
            table.append([_number(random) for _ in range(columns)])
    return Matrix.from_fractions(table, columns=columns)


def _biases(random: Random, size: int) -> Matrix:
    return Matrix.column([_number(random) for _ in range(size)])


def _number(random: Random) -> Fraction:
    value = Fraction(random.randint(-3, 3))
    kind = random.random()
    if kind < 0.1:
        return value / 3
    return value / 2 if kind < 0.3 else value


MANY_PARAMETERS = (2, 350, 290, 1)  # sizes of a network whose weights lie beside its code


def float_network(seed: int, *sizes: int) -> Network:
    """A chain with random float32 weights (He), on [-1, 1]^n: in general position."""
    random = np.random.default_rng(seed)
    layers = []
    before = "x"
    for k, (inputs, outputs) in enumerate(pairwise(sizes)):
        weight = random.standard_normal((outputs, inputs)).astype(np.float32) * np.sqrt(2 / inputs)
        bias = random.standard_normal((outputs, 1)).astype(np.float32) * 0.3
        last = k == len(sizes) - 2
        matrices = (
            Matrix.from_floats(bias.astype(np.float64)),
            Matrix.from_floats(weight.astype(np.float64)),
        )
        layers.append(
            Layer(f"h{k}", "linear" if last else "relu", matrices[0], {before: matrices[1]})
        )
        before = f"h{k}"
    box = Domain((Fraction(-1),) * sizes[0], (Fraction(1),) * sizes[0])
    return Network("x", sizes[0], layers, before, box, "float_net")


def four_inputs(seed: int) -> Network:
    """Four inputs, two or three hidden layers of small integers, biases often 0: degenerate."""
    random = Random(seed)
    layers: list[Layer] = []
    before, width = "x", 4
    for k in range(random.randint(2, 3)):
        size = random.randint(2, 4)
        rows = [[Fraction(random.randint(-2, 2)) for _ in range(width)] for _ in range(size)]
        bias = [Fraction(random.choice((0, 0, 0, 1, -1))) for _ in range(size)]
        weights = {before: Matrix.from_fractions(rows, columns=width)}
        layers.append(Layer(f"h{k}", "relu", Matrix.column(bias), weights))
        before, width = f"h{k}", size
    rows = [[Fraction(random.randint(-2, 2)) for _ in range(width)] for _ in range(2)]
    last = {before: Matrix.from_fractions(rows, columns=width)}
    layers.append(Layer("y", "linear", Matrix.zeros(2, 1), last))
    return Network("x", 4, layers, "y", Domain((Fraction(-1),) * 4, (Fraction(2),) * 4), "small")


def central_network(seed: int, *sizes: int) -> Network:
    """A chain of small integers without biases, on [-1, 1]^n: all units are 0 at the origin."""
    random = Random(seed)
    layers: list[Layer] = []
    before = "x"
    for k, (inputs, outputs) in enumerate(pairwise(sizes)):
        rows = [[Fraction(random.randint(-3, 3)) for _ in range(inputs)] for _ in range(outputs)]
        weights = {before: Matrix.from_fractions(rows, columns=inputs)}
        activation: Activation = "linear" if k == len(sizes) - 2 else "relu"
        layers.append(Layer(f"h{k}", activation, Matrix.zeros(outputs, 1), weights))
        before = f"h{k}"
    box = Domain((Fraction(-1),) * sizes[0], (Fraction(1),) * sizes[0])
    return Network("x", sizes[0], layers, before, box, "central")


def networks_of_nothing() -> dict[str, Network]:
    """By name: without inputs, without inputs that are read, without units, without outputs."""
    unit = Domain.cube(Fraction(0), Fraction(1), 1)
    empty = Matrix.zeros(0, 1)
    two = Matrix.column([Fraction(1, 3), Fraction(2)])
    hidden = Layer("h", "relu", empty, {"x": empty})
    last = Layer("y", "linear", two, {"h": Matrix.zeros(2, 0)})
    return {
        "no inputs": Network("x", 0, [Layer("y", "relu", two, {})], "y", Domain((), ())),
        "no weights": Network(
            "x", 0, [Layer("y", "relu", two, {"x": last.weights["h"]})], "y", Domain((), ())
        ),
        "no inputs that are read": net("input x[2] in [0, 1]\noutput [1/3, 2]\n"),
        "no units": Network("x", 1, [hidden, last], "y", unit),
        "no outputs": Network("x", 1, [Layer("y", "linear", empty, {"x": empty})], "y", unit),
    }


def points_of(domain: Domain, count: int, seed: int) -> list[list[Fraction]]:
    """Random rational points and corners of a bounded box."""
    random = Random(seed)
    points = []
    for k in range(count):
        point = []
        for low, high in zip(domain.lower, domain.upper, strict=True):
            assert low is not None
            assert high is not None
            share = Fraction(random.randint(0, 1)) if k % 2 else Fraction(random.randint(0, 97), 97)
            point.append(low + share * (high - low))
        points.append(point)
    return points


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
