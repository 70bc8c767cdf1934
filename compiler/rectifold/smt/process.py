"""Questions to Z3, as SMT-LIB text over exact fractions, answered by a killable worker process.

    z_v = b + Σ W a,   a = max(z, 0):  (ite (>= z 0) z 0), or z or 0 where the phase is proved

Z3 is exact only if it is fed exactly, so every number is written as a fraction. `sat` comes with an
exact point, which the caller evaluates again; `unsat` is Z3's word, and is recorded as such; a
limit gives no answer.
"""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType

import numpy as np

from rectifold.effort.running import RunningEffort
from rectifold.exact.conversion import Floats
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.network import Layer, Network
from rectifold.runtime.caps import CAPS


@dataclass(frozen=True)
class Unsat:
    """Z3 says there is no such point."""

    version: str


@dataclass(frozen=True)
class Sat:
    """A point, exactly."""

    point: tuple[Fraction, ...]


@dataclass(frozen=True)
class NoAnswer:
    """No answer within the limits."""

    reason: str


SmtAnswer = Sat | Unsat | NoAnswer


class Solver:
    """One worker process, started when first asked, killed when it overruns. A context manager."""

    def __init__(
        self, memory_mb: int = CAPS.z3_megabytes, effort: RunningEffort = RunningEffort()
    ) -> None:
        self._memory = memory_mb
        self._grace = effort.z3_grace_seconds
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Solver:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill the worker."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def ask(self, text: str, inputs: int, seconds: float) -> SmtAnswer:
        """Is there a point x_0 … x_{inputs-1} that satisfies the assertions of `text`?

        NoAnswer after `seconds`, after a little more where Z3 does not stop by itself, and where it
        needs more memory than it may have.
        """
        process = self._running()
        request = {
            "smt": text, "names": [f"x_{k}" for k in range(inputs)],
            "milliseconds": max(1, int(seconds * 1000)), "logic": "QF_LRA",
        }  # fmt: skip
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            self.close()
            return NoAnswer("the solver process ended")
        line = self._read(process, seconds + self._grace)
        if not line:
            self.close()
            return NoAnswer("the solver ran past its time or memory limit and was stopped")
        return _read_reply(json.loads(line))

    def _running(self) -> subprocess.Popen[str]:
        """The worker; a new one where there is none, or it has ended."""
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-m", "rectifold.smt.worker", str(self._memory)]
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
        return self._process

    @staticmethod
    def _read(process: subprocess.Popen[str], seconds: float) -> str:
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            return process.stdout.readline() if selector.select(seconds) else ""


def _read_reply(reply: Mapping[str, object]) -> SmtAnswer:
    status = reply["status"]
    if status == "unsat":
        return Unsat(str(reply["version"]))
    if status == "sat":
        model = reply["model"]
        assert isinstance(model, dict)
        return Sat(tuple(Fraction(v) for v in model.values()))
    return NoAnswer(str(reply.get("reason", "no answer within the time limit")))


class SmtProblem:
    """The SMT-LIB text of a network (or several on one input) on a domain."""

    def __init__(self, domain: Domain, inside: Fraction = Fraction(0)) -> None:
        """`inside`: distance from each linear constraint, as a part of its range on the box."""
        self.lines = ["(set-logic QF_LRA)"] + [
            f"(declare-const x_{k} Real)" for k in range(domain.size)
        ]
        self.domain = domain
        for k, (low, high) in enumerate(zip(domain.lower, domain.upper, strict=True)):
            if low is not None:
                self.require(f"(<= {number(low)} x_{k})")
            if high is not None:
                self.require(f"(<= x_{k} {number(high)})")
        for row in domain.constraints:
            terms = [f"(* {number(c)} x_{k})" for k, c in enumerate(row.coefficients) if c]
            room = inside * _half_range(row, domain)
            self.require(f"(<= {sum_of(terms)} {number(row.bound - room)})")

    def require(self, formula: str) -> None:
        """One more assertion."""
        self.lines.append(f"(assert {formula})")

    def add_network(
        self,
        network: Network,
        prefix: str,
        upto: str,
        bounds: Mapping[str, tuple[Floats, Floats]] | None = None,
    ) -> None:
        """Define z_… for every unit that `upto` depends on, and a_… for relu units.

        `bounds`: proved ones, which are stated too. `prefix` keeps two networks apart.
        """
        cone = network.cone(upto) | {upto}
        for layer in network.layers:
            if layer.name in cone:
                self._add_layer(network, layer, prefix, (bounds or {}).get(layer.name))

    def text(self) -> str:
        """All of it as SMT-LIB."""
        return "\n".join(self.lines)

    def _add_layer(
        self, network: Network, layer: Layer, prefix: str, bounds: tuple[Floats, Floats] | None
    ) -> None:
        for i in range(layer.size):
            z, a = name(prefix, "z", layer.name, i), name(prefix, "a", layer.name, i)
            terms = [number(layer.bias.entry(i, 0))]
            for source, weight in layer.weights.items():
                terms += _products(network, weight, i, source, prefix)
            self.lines += [f"(declare-const {z} Real)", f"(declare-const {a} Real)"]
            self.require(f"(= {z} {sum_of(terms)})")
            self._activate(layer, i, z, a, bounds)

    def _activate(
        self, layer: Layer, i: int, z: str, a: str, bounds: tuple[Floats, Floats] | None
    ) -> None:
        low, high = (bounds[0][i], bounds[1][i]) if bounds is not None else (-np.inf, np.inf)
        if not layer.is_relu or low >= 0:
            self.require(f"(= {a} {z})")
            return
        if high <= 0:
            self.require(f"(= {a} 0)")
            return
        self.require(f"(or (and (>= {z} 0) (= {a} {z})) (and (<= {z} 0) (= {a} 0)))")
        for bound, sign in ((low, ">="), (high, "<=")):
            if np.isfinite(bound):
                self.require(f"({sign} {z} {number(Fraction(float(bound)))})")


def _half_range(row: Constraint, domain: Domain) -> Fraction:
    """How far the row's value gets from its middle over the box, as far as that is bounded."""
    ends = zip(row.coefficients, domain.lower, domain.upper, strict=True)
    halves = (
        abs(c) * (high - low) / 2 for c, low, high in ends if low is not None and high is not None
    )
    return sum(halves, Fraction(0))


def name(prefix: str, kind: str, layer: str, unit: int) -> str:
    """The SMT name of a unit's pre-activation (kind z) or activation (kind a)."""
    return f"{prefix}{kind}_{layer}_{unit}"


def number(value: Fraction) -> str:
    """An exact SMT-LIB number."""
    text = (
        str(abs(value.numerator))
        if value.denominator == 1
        else f"(/ {abs(value.numerator)} {value.denominator})"
    )
    return f"(- {text})" if value < 0 else text


def _products(network: Network, weight: Matrix, i: int, source: str, prefix: str) -> list[str]:
    terms = []
    for j in np.nonzero(weight.nonzero[i])[0]:
        value = f"x_{j}" if source == network.input_name else name(prefix, "a", source, int(j))
        terms.append(f"(* {number(weight.entry(i, int(j)))} {value})")
    return terms


def sum_of(terms: list[str]) -> str:
    """The SMT-LIB sum of terms."""
    if not terms:
        return "0"
    return terms[0] if len(terms) == 1 else f"(+ {' '.join(terms)})"
