"""What a certificate claims: the part of a verdict without which it says nothing.

    holds: |A - B| is at most 1/100 for every output, on the whole domain
      A: 2 inputs, 1 outputs, 2 layers, 3 relu units, 8 weights, sha256 4f...
      B: 2 inputs, 1 outputs, 1 layers, 0 relu units, 0 weights, sha256 9c... (the constant 0)
      eps: 1/100
      domain: [-1, 1]^2

A certificate with an eps of 10^9, or about another network than one thinks, may well hold. Numbers
are shown exactly where that is short, else rounded so that no less is claimed: eps up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from itertools import groupby

from rectifold_check.goal import Goal, Margin, Tolerance
from rectifold_check.json import Json
from rectifold_check.limits import SHOWN_CHARACTERS, SHOWN_DIGITS, SHOWN_ENTRIES
from rectifold_check.networks import Domain, Network


@dataclass(frozen=True)
class Described:
    """A network in a claim. `constant`: its outputs, if no input has a way to them."""

    inputs: int
    outputs: int
    layers: int
    units: int
    weights: int
    digest: str
    constant: tuple[Fraction, ...] | None

    def __str__(self) -> str:
        sizes = (
            (self.inputs, "input"),
            (self.outputs, "output"),
            (self.layers, "layer"),
            (self.units, "relu unit"),
            (self.weights, "weight"),
        )
        text = ", ".join(f"{n:,} {word}{'' if n == 1 else 's'}" for n, word in sizes)
        values = ""
        if self.constant is not None:
            values = f" (the constant {_list([_near(v) for v in self.constant])})"
        return f"{text}, sha256 {self.digest}{values}"

    def json(self) -> dict[str, Json]:
        """Every number exact."""
        return {
            "inputs": self.inputs,
            "outputs": self.outputs,
            "layers": self.layers,
            "units": self.units,
            "weights": self.weights,
            "sha256": self.digest,
            "constant": None if self.constant is None else [_exact(v) for v in self.constant],
        }


@dataclass(frozen=True)
class Claim:
    """What `goal` says of A and B, at every point of the domain."""

    a: Described
    b: Described
    goal: Goal
    domain: Domain

    @property
    def eps(self) -> tuple[Fraction, ...] | None:
        """How far each output may be apart; None with a margin."""
        return self.goal.eps if isinstance(self.goal, Tolerance) else None

    @property
    def sentence(self) -> str:
        """The claim in one line, without networks and domain."""
        if isinstance(self.goal, Margin):
            return (
                "wherever an output of A leads all others by more than "
                f"{_up(self.goal.margin)}, it leads in B, on the whole domain"
            )
        eps = self.goal.eps
        if not any(eps):
            return "A and B are equal on the whole domain"
        if len(set(eps)) == 1:
            return f"|A - B| is at most {_up(eps[0])} for every output, on the whole domain"
        largest = _up(max(eps))
        return (
            f"|A - B| is at most its eps for every output (at most {largest}), on the whole domain"
        )

    @property
    def lines(self) -> list[str]:
        """The claim for people, one thing a line."""
        return [
            f"A: {self.a}",
            f"B: {self.b}",
            self._goal_text(),
            f"domain: {domain_words(self.domain)}",
        ]

    def _goal_text(self) -> str:
        """eps, once where all are alike; or the margin and what is shown of the differences."""
        if isinstance(self.goal, Margin):
            margin = _up(self.goal.margin)
            return f"margin: {margin}, as |(A_i - A_j) - (B_i - B_j)| is at most that for all i, j"
        eps = self.goal.eps
        if len(set(eps)) > 1:
            return f"eps: {_list([_up(v) for v in eps])}"
        return f"eps: {_up(max(eps, default=Fraction(0)))}"

    def json(self) -> dict[str, Json]:
        """The same with every number exact, "p" or "p/q"."""
        margin = _exact(self.goal.margin) if isinstance(self.goal, Margin) else None
        return {
            "eps": None if self.eps is None else [_exact(v) for v in self.eps],
            "margin": margin,
            "a": self.a.json(),
            "b": self.b.json(),
            "domain": domain_json(self.domain),
        }


def described(network: Network) -> Described:
    """A network's sizes, and its value where it is a constant for want of weights."""
    layers = network.layers
    return Described(
        network.inputs,
        network.size(network.output),
        len(layers),
        sum(layer.size for layer in layers if layer.is_relu),
        sum(len(row.entries) for layer in layers for unit in layer.rows for row in unit),
        network.digest,
        _constant(network),
    )


def _constant(network: Network) -> tuple[Fraction, ...] | None:
    """The outputs, where none of them reads an input."""
    values: list[list[Fraction | None]] = [[None] * network.inputs]  # None: it reads an input
    for layer in network.layers:
        own = []
        for bias, rows in zip(layer.bias, layer.rows, strict=True):
            total: Fraction | None = Fraction(bias, layer.den)
            for value, weight in ((values[r.source][j], w) for r in rows for j, w in r.entries):
                if weight and total is not None:
                    total = None if value is None else total + value * Fraction(weight, layer.den)
            own.append(max(total, Fraction(0)) if layer.is_relu and total is not None else total)
        values.append(own)
    outputs = [v for v in values[network.output] if v is not None]
    return tuple(outputs) if len(outputs) == len(values[network.output]) else None


# ---- texts --------------------------------------------------------------------------------------


def domain_json(domain: Domain) -> dict[str, Json]:
    """Every number exact."""
    return {
        "lower": [None if v is None else _exact(v) for v in domain.lower],
        "upper": [None if v is None else _exact(v) for v in domain.upper],
        "constraints": [
            [{str(k): _exact(c) for k, c in row.items()}, _exact(bound)]
            for row, bound in domain.constraints
        ],
    }


def domain_words(domain: Domain) -> str:
    """Ranges that repeat are powers: [-1, 1]^2."""
    ranges = list(zip(domain.lower, domain.upper, strict=True))
    parts = []
    for (low, high), group in groupby(ranges):
        times = len(list(group))
        left = "(-inf" if low is None else f"[{_near(low)}"
        right = "inf)" if high is None else f"{_near(high)}]"
        parts.append(f"{left}, {right}" + (f"^{times}" if times > 1 else ""))
    count = len(domain.constraints)
    extra = f", with {count} linear constraint{'' if count == 1 else 's'}" if count else ""
    return (_list(parts, " x ") or "no inputs") + extra


def _list(words: Sequence[str], between: str = ", ") -> str:
    left = len(words) - SHOWN_ENTRIES
    return between.join([*words[:SHOWN_ENTRIES], f"... {left} more"] if left > 0 else words)


def _up(value: Fraction) -> str:
    """Exactly where that is short, else not below."""
    text = _exact(value)
    return text if len(text) <= SHOWN_CHARACTERS else _decimal(value, ROUND_CEILING)


def _near(value: Fraction) -> str:
    text = _exact(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"about {_decimal(value, ROUND_HALF_EVEN)}"


def _decimal(value: Fraction, rounding: str) -> str:
    context = Context(prec=SHOWN_DIGITS, rounding=rounding, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])
    quotient = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    return f"{context.normalize(quotient):e}"


def _exact(value: Fraction) -> str:
    """ "p" or "p/q" of any length (str refuses long integers)."""
    top = f"{Decimal(value.numerator):f}"
    return top if value.denominator == 1 else f"{top}/{Decimal(value.denominator):f}"
