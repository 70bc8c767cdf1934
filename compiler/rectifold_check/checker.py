"""The rules. Read FORMAT.md beside this; every function here is one sentence there.

State: the domain's box, proven ends of pre-activations, and solved values (h as an affine form). A value is solved when it
is an input with one possible value, its unit is linear, lo ≥ 0 (h = z), up ≤ 0 (h = 0), or tied to an earlier unit. `normal` replaces solved values until only
inputs and unsolved values remain. Fix a point x of the domain: every stored end, solution and fact is true at x, hence
so is every conclusion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any

from rectifold_check.agreed import BITS, MOST_BITS
from rectifold_check.cells import Cells
from rectifold_check.claim import Claim, described
from rectifold_check.forms import Form, add_into, reduced
from rectifold_check.integers.boxes import prove_boxes
from rectifold_check.integers.cases import prove_cases
from rectifold_check.integers.layers import sources_of
from rectifold_check.integers.packed import Block, packed, weighted
from rectifold_check.integers.substitution import Substitution
from rectifold_check.json import Refusal, multiplier, parse_json, rational
from rectifold_check.limits import MOST_PLACES, PROOF_DEPTH
from rectifold_check.networks import Domain, Layer, Network, Row, read_domain, read_network
from rectifold_check.work import Stopped, Work, words

GAP = 2  # the number of the network [A − B − eps; B − A − eps]

Unit = tuple[int, int, int]  # (network 0 or 1, layer from 1, unit from 0)
Atom = None | int | tuple[str, Unit]  # the constant 1, an input, or ("z" | "h", unit)
Term = tuple[Fraction, Atom]
Orders = tuple[dict[int, list[int]], dict[int, list[int]]]


@dataclass(frozen=True)
class Verdict:
    """`status` is "holds", "holds given trusted claims", "refused" or "stopped" (before its end, by who asked); `claim` is what does (or does not) hold.

    A refused certificate has no claim where its header or the networks cannot be read.
    """

    status: str
    trusted: int = 0
    reason: str = ""
    claim: Claim | None = None

    @property
    def holds(self) -> bool:
        return self.status in ("holds", "holds given trusted claims")

    @property
    def text(self) -> str:
        """For people: the first line says what holds, or why it is refused; the others are the claim."""
        if self.claim is None:
            return f"{self.status}: {self.reason}"
        given = (
            f", given {self.trusted} claim{'' if self.trusted == 1 else 's'} taken without proof"
            if self.trusted
            else ""
        )
        first = (
            f"holds{given}: {self.claim.sentence}"
            if self.holds
            else f"{self.status}: {self.reason}"
        )
        return "\n".join([first, *(f"  {line}" for line in self.claim.lines)])

    def json(self) -> dict[str, Any]:
        """For scripts."""
        claim = None if self.claim is None else self.claim.json()
        return {
            "verdict": self.status,
            "trusted": self.trusted,
            "reason": self.reason,
            "claim": claim,
        }


def check(
    a: str,
    domain: str,
    lines: Iterable[str],
    b: str | None = None,
    *,
    stop: Callable[[], bool] | None = None,
) -> Verdict:
    """Do the certificate's lines prove that the networks agree (within eps) on the domain?

    `a`: canonical network; `domain`: its domain, from the user's file, never from the certificate; `b`: the other network,
    or None to take the one the certificate carries (the verdict is then about that network). `stop` is asked now and then,
    and ends the check when it says True.
    """
    claim: Claim | None = None
    try:
        work = Work(len(a) + len(domain) + len(b or ""), stop)
        rows = _counted(lines, work)
        state = _opened(a, domain, rows, b, work)
        a_described, b_described = map(described, state.networks)
        claim = Claim(a_described, b_described, tuple(state.tolerance), state.domain)
        return replace(_replayed(state, rows), claim=claim)
    except Stopped as stopped:
        return Verdict("stopped", reason=str(stopped), claim=claim)
    except Refusal as refusal:
        return Verdict("refused", reason=str(refusal), claim=claim)
    except MemoryError:
        return Verdict(
            "refused", reason="there is not enough memory to check this certificate", claim=claim
        )
    except RecursionError:
        return Verdict("refused", reason="the certificate is nested too deeply", claim=claim)


def _counted(lines: Iterable[str], work: Work) -> Iterator[str]:
    """The lines that are not blank; every one adds to the work that is allowed."""
    for line in lines:
        work.read(len(line))
        if line.strip():
            yield line


def _opened(a: str, domain: str, rows: Iterator[str], b: str | None, work: Work) -> State:
    """The two networks and the domain; the header must be about them."""
    header = parse_json(next(rows, "null"), "header")
    if not isinstance(header, dict) or set(header) != {"format", "a", "b", "eps", "result"}:
        raise Refusal("the first line is no certificate header")
    if header["format"] != "rectifold-certificate/1":
        raise Refusal("the certificate has another format")
    network_a = read_network(a, "network A")
    network_b = read_network(_other(header, b), "network B")
    if header["a"] != network_a.digest:
        raise Refusal("the certificate is about another network A (digests differ)")
    if header["b"] != network_b.digest:
        raise Refusal("the certificate is about another network B (digests differ)")
    tolerance = _tolerance(header["eps"], network_a.size(network_a.output))
    return State((network_a, network_b), read_domain(domain), tolerance, work)


def _replayed(state: State, rows: Iterator[str]) -> Verdict:
    """Every step, then the final comparison. Raises Refusal at the first that does not hold."""
    for row in rows:
        step = parse_json(row, "step")
        if not isinstance(step, list) or not step:
            raise Refusal("a step is a list")
        if step[0] == "final":
            if any(rows):
                raise Refusal("steps follow the final comparison")
            return _final(state, step)
        _step(state, step)
    raise Refusal("the certificate ends without a final comparison")


class Replay:
    """The same rules step by step, for programs that write certificates: a step that does not hold leaves no trace.

    What a Replay says is no verdict; `check` reads the finished certificate from the start.
    """

    def __init__(self, a: str, b: str, domain: str, eps: list[str] | None = None) -> None:
        networks = read_network(a, "network A"), read_network(b, "network B")
        outputs = networks[0].size(networks[0].output)
        self.state = State(
            networks, read_domain(domain), _tolerance(eps or ["0"] * outputs, outputs), Work()
        )

    def accepts(self, step: list[Any]) -> bool:
        """Apply one step (not the final comparison) if it holds."""
        try:
            _step(self.state, step)
        except Refusal:
            return False
        return True

    def is_allowed(self, size: int) -> bool:
        """May a certificate ask for the work done so far, where it, the networks and the domain have so many bytes?"""
        return self.state.work.done <= Work(size).allowed

    def count_cells(self, most: int, stop: Callable[[], bool] | None = None) -> int | None:
        """The number that the step "cells" needs; None where it would not hold, beyond `most` cells, or once `stop` says so."""
        try:
            return _counted_cells(self.state, most, stop)
        except Refusal:
            return None

    def is_equal(self) -> bool:
        """Is every output's difference the form 0 by now?"""
        try:
            _final(self.state, ["final", {}])
        except Refusal:
            return False
        return True


def _other(header: dict[str, Any], b: str | None) -> str:
    if b is not None:
        return b
    if not isinstance(header["result"], str):
        raise Refusal("the certificate carries no network B, and none was given")
    return header["result"]


def _tolerance(eps: Any, outputs: int) -> list[Fraction]:
    if not isinstance(eps, list) or len(eps) != outputs:
        raise Refusal(f"eps needs {outputs} entries")
    values = [rational(v, "eps") for v in eps]
    if any(v < 0 for v in values):
        raise Refusal("an eps is negative")
    return values


class State:
    """What has been proved so far."""

    def __init__(
        self,
        networks: tuple[Network, Network],
        domain: Domain,
        tolerance: list[Fraction],
        work: Work,
    ) -> None:
        a, b = networks
        if a.inputs != b.inputs or len(domain.lower) != a.inputs:
            raise Refusal("the networks and the domain differ in their inputs")
        if a.size(a.output) != b.size(b.output):
            raise Refusal("the networks differ in their outputs")
        self.work = work
        self.networks = networks
        self.tolerance = tolerance
        self.domain = domain
        self.inputs = a.inputs
        self.trusted = 0
        self.lower: dict[Unit, Fraction] = {}
        self.upper: dict[Unit, Fraction] = {}
        self.solved: dict[
            Unit, list[Term]
        ] = {}  # h as a sum of its own z, or of values of earlier units
        self.numbers, self.units = _numbering(networks, a.inputs)
        self.fixed = {
            k: Form.of(low)
            for k, (low, high) in enumerate(zip(domain.lower, domain.upper, strict=True))
            if low is not None and low == high
        }
        self.forms: dict[Unit, tuple[int, Form]] = {}
        self.events = [[0] * (len(n.layers) + 2) for n in networks]  # solved units per layer
        self.blocks: dict[tuple[int, int, int, int], Block] = {}
        self.bits = BITS
        self.pairs: dict[int, int] = {}  # layers of the gap network
        self.orders: Orders = ({}, {})  # of A and B: layer → its arrangement in the gap network
        self.rules: dict[int, Substitution] = {}

    # ---- normal forms -------------------------------------------------------------------------

    def z(self, unit: Unit) -> Form:
        """The normal form of a pre-activation. Remembered until a value below it is solved."""
        age = self._age(unit)
        known = self.forms.get(unit)
        if known is None or known[0] != age:
            known = age, self.normal([(Fraction(1), ("z", unit))])
            self.forms[unit] = known
        return known[1]

    def h(self, unit: Unit) -> Form:
        """The normal form of a value."""
        if unit in self.solved:
            return self.normal(self.solved[unit])
        if not self.layer(unit).is_relu:
            return self.z(unit)
        return Form.variable(self.numbers[unit])

    def normal(self, terms: list[Term]) -> Form:
        """The normal form of Σ factor · atom."""
        collected = _Collected(self)
        for factor, atom in terms:
            collected.add(factor, atom)
        return collected.normal()

    def block(self, net: int, layer: int, source: int, bits: int) -> Block:
        """A layer's weights on one source as long integers, for coefficients of at most `bits` bits (sizes go up by doubling)."""
        room = max(64, 1 << (bits - 1).bit_length())
        key = net, layer, source, room
        if key not in self.blocks:
            network = self.networks[net]
            self.blocks[key] = packed(
                network.layers[layer - 1], source, network.size(source), room, self.work
            )
        return self.blocks[key]

    def _age(self, unit: Unit) -> int:
        """Counts the solved values that the unit's form may contain."""
        net, number, _ = unit
        own = sum(self.events[net][:number])
        return own if net == 0 else own + sum(self.events[0])

    # ---- ends -----------------------------------------------------------------------------------

    def low(self, terms: list[Term]) -> Fraction:
        """A lower bound, over the box, of the normal form of Σ factor · atom. Refuses if an end is missing."""
        form = self.normal(terms)
        total = Fraction(form.constant)
        sums: dict[int, int] = {}
        self.work.spend(4 * len(form.coefficients) * words(form.den))
        for v, c in form.coefficients.items():
            end = self.end(v, upper=c < 0)
            sums[end.denominator] = sums.get(end.denominator, 0) + c * end.numerator
        for den, value in sums.items():
            total += Fraction(value, den)
        return total / form.den

    def end(self, v: int, *, upper: bool) -> Fraction:
        """An end of a variable: the box for inputs, [max(0, lo), max(0, up)] for unsolved values."""
        if v < self.inputs:
            end = (self.domain.upper if upper else self.domain.lower)[v]
            if end is None:
                raise Refusal(f"input {v} has no {'upper' if upper else 'lower'} end")
            return end
        unit = self.units[v - self.inputs]
        if not upper:
            return max(Fraction(0), self.lower.get(unit, Fraction(0)))
        if unit not in self.upper:
            raise Refusal(f"unit {list(unit)} has no proven upper end")
        return max(Fraction(0), self.upper[unit])

    def substitution(self, net: int) -> Substitution:
        """Substitution in one network (2: the gap network), with the ends proved so far."""
        if net not in self.rules:
            network = self.gap if net == GAP else self.networks[net]
            rule = Substitution(
                network, self.domain, self.bits, self.pairs if net == GAP else None, self.work
            )
            for side, known in (("lo", self.lower), ("up", self.upper)):
                for unit, value in known.items():
                    if net == GAP:
                        rule.known.learn(*self.place(unit), side, value)
                    elif unit[0] == net:
                        rule.known.learn(*unit[1:], side, value)
            self.rules[net] = rule
        return self.rules[net]

    def _shift(self, net: int, into: int) -> int:
        return len(self.networks[0].layers) if into == GAP and net == 1 else 0

    def arrange(self, pairs: dict[int, int], orders: Orders) -> None:
        """From here on the gap network has these pairs of layers, with their units in these orders."""
        self.pairs, self.orders = pairs, orders
        self.rules.pop(GAP, None)
        self.__dict__.pop("gap", None)

    @cached_property
    def gap(self) -> Network:
        """[A − B − eps; B − A − eps] as one network: A's layers, then B's, then one linear layer."""
        (a, b), (of_a, of_b) = self.networks, self.orders
        shift = len(a.layers)
        layers = [_placed(v, k, of_a, 0) for k, v in enumerate(a.layers, start=1)]
        layers += [_placed(v, k, of_b, shift) for k, v in enumerate(b.layers, start=1)]
        den = lcm(*(e.denominator for e in self.tolerance)) if self.tolerance else 1
        rows, bias = [], []
        for sign in (1, -1):
            for j, eps in enumerate(self.tolerance):
                places = [
                    _places(order.get(n.output)).get(j, j) for order, n in ((of_a, a), (of_b, b))
                ]
                ends = (
                    Row(a.output, ((places[0], sign * den),)),
                    Row(b.output + shift, ((places[1], -sign * den),)),
                )
                rows.append(ends)
                bias.append(-eps.numerator * (den // eps.denominator))
        layers.append(Layer(False, den, tuple(bias), tuple(rows)))
        return Network(a.inputs, tuple(layers), len(layers), "")

    def place(self, unit: Unit) -> tuple[int, int]:
        """(layer, index) of a unit of A or B in the gap network."""
        net, layer, index = unit
        return layer + self._shift(net, GAP), _places(self.orders[net].get(layer)).get(index, index)

    # ---- learning -------------------------------------------------------------------------------

    def learn(self, unit: Unit, side: str, value: Fraction) -> None:
        """Store an end; solve the unit if its sign is now known."""
        if side == "up":
            self.upper[unit] = min(value, self.upper.get(unit, value))
        else:
            self.lower[unit] = max(value, self.lower.get(unit, value))
        if unit in self.solved or not self.layer(unit).is_relu:
            return
        if unit in self.upper and self.upper[unit] <= 0:
            self.solve(unit, [])
        elif unit in self.lower and self.lower[unit] >= 0:
            self.solve(unit, [(Fraction(1), ("z", unit))])

    def knows(self, unit: Unit, side: str, value: Fraction) -> bool:
        """An end on the whole domain that is at least as good as this one is stored."""
        ends = self.upper if side == "up" else self.lower
        return unit in ends and (ends[unit] <= value if side == "up" else ends[unit] >= value)

    def proved(self, unit: Unit, side: str, value: Fraction) -> None:
        """Learn an end that holds on the whole domain (not in a case only)."""
        self.learn(unit, side, value)
        if unit[0] in self.rules:
            self.rules[unit[0]].known.learn(*unit[1:], side, value)
        if GAP in self.rules:
            self.rules[GAP].known.learn(*self.place(unit), side, value)

    def solve(self, unit: Unit, value: list[Term]) -> None:
        self.solved[unit] = value
        self.events[unit[0]][unit[1]] += 1

    def layer(self, unit: Unit) -> Any:
        return self.networks[unit[0]].layers[unit[1] - 1]

    def unit(self, value: Any) -> Unit:
        """A unit named in a certificate."""
        if isinstance(value, list) and len(value) == 3 and all(type(v) is int for v in value):
            net, layer, index = value
            known = net in (0, 1) and 1 <= layer <= len(self.networks[net].layers)
            if known and 0 <= index < self.networks[net].layers[layer - 1].size:
                return net, layer, index
        raise Refusal(f"{str(value)[:40]} is no unit")


def _places(order: list[int] | None) -> dict[int, int]:
    """Unit → its place in an arrangement (as it was, without one)."""
    return {} if order is None else {unit: place for place, unit in enumerate(order) if unit >= 0}


def _placed(layer: Layer, number: int, orders: dict[int, list[int]], shift: int) -> Layer:
    """A layer in the gap network: sources moved by `shift`, units and the units it reads rearranged; a place without a unit is never active."""
    sources = {row.source for rows in layer.rows for row in rows}
    places = {source: _places(orders.get(source)) for source in sources}

    def moved(row: Row) -> Row:
        to = places[row.source]
        entries = tuple((to.get(j, j), w) for j, w in row.entries)
        return Row(row.source + shift if row.source else 0, entries)

    rows = [tuple(map(moved, unit)) for unit in layer.rows]
    order = orders.get(number)
    if order is None:
        return Layer(layer.is_relu, layer.den, layer.bias, tuple(rows))
    bias = tuple(layer.bias[k] if k >= 0 else -layer.den for k in order)
    return Layer(layer.is_relu, layer.den, bias, tuple(rows[k] if k >= 0 else () for k in order))


def _numbering(
    networks: tuple[Network, Network], inputs: int
) -> tuple[dict[Unit, int], list[Unit]]:
    units = [
        (net, k, i)
        for net, network in enumerate(networks)
        for k, layer in enumerate(network.layers, start=1)
        for i in range(layer.size)
    ]
    return {unit: inputs + n for n, unit in enumerate(units)}, units


class _Sum:
    """Coefficients by index over growing denominators, merged when they are needed."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.parts: list[tuple[int, dict[int, int]]] = []

    def add(self, den: int, coefficients: dict[int, int]) -> None:
        if self.parts and self.parts[-1][0] == den:
            add_into(self.parts[-1][1], coefficients, 1)
        else:
            self.parts.append((den, dict(coefficients)))

    def merged(self) -> tuple[int, dict[int, int]]:
        den = lcm(*(d for d, _ in self.parts)) if self.parts else 1
        total: dict[int, int] = {}
        self.work.spend(sum(len(coefficients) for _, coefficients in self.parts) * words(den))
        for own, coefficients in self.parts:
            add_into(total, coefficients, den // own)
        return den, {k: c for k, c in total.items() if c}


class _Collected:
    """Σ factor · atom on its way to a normal form, from the last unit down: coefficients of z and h per layer, of variables, and a constant.

    All pre-activations of a layer are pushed through its weights at once.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.z: dict[tuple[int, int], _Sum] = {}
        self.h: dict[tuple[int, int], _Sum] = {}
        self.variables = _Sum(state.work)  # inputs and unsolved values, by number
        self.constant = Fraction(0)

    def add(self, factor: Fraction, atom: Atom) -> None:
        match atom:
            case None:
                self.constant += factor
            case int() as given:
                self.variables.add(factor.denominator, {given: factor.numerator})
            case (kind, (net, layer, index)):
                place = self.z if kind == "z" else self.h
                self._into(place, (net, layer), factor.denominator, {index: factor.numerator})

    def normal(self) -> Form:
        for net in (1, 0):
            for layer in range(len(self.state.networks[net].layers), 0, -1):
                self._pass(net, layer)
        den, total = self.variables.merged()
        for v in [v for v in total if v in self.state.fixed]:
            value = self.state.fixed[v]
            self.constant += Fraction(total.pop(v) * value.constant, den * value.den)
        common = lcm(den, self.constant.denominator)
        scale = common // den
        return reduced(
            common, self.constant.numerator * (common // self.constant.denominator), {v: c * scale for v, c in total.items()}
        )  # fmt: skip

    def _pass(self, net: int, number: int) -> None:
        """Replace the solved values of a layer, push its z through its weights."""
        key = net, number
        while key in self.h:  # a tie may lead to an earlier unit of the same layer
            self._values(net, number, *self.h.pop(key).merged())
        if key in self.z:
            self._push(net, number, *self.z.pop(key).merged())

    def _values(self, net: int, number: int, den: int, coefficients: dict[int, int]) -> None:
        state = self.state
        relu = state.networks[net].layers[number - 1].is_relu
        as_z: dict[int, int] = {}
        unsolved: dict[int, int] = {}
        for index, c in coefficients.items():
            unit = (net, number, index)
            if relu and unit not in state.solved:
                unsolved[state.numbers[unit]] = c
            elif not relu:
                as_z[index] = c
            else:
                self._replace(unit, Fraction(c, den), as_z, den)
        self._into(self.z, (net, number), den, as_z)
        if unsolved:
            self.variables.add(den, unsolved)

    def _replace(self, unit: Unit, coefficient: Fraction, as_z: dict[int, int], den: int) -> None:
        """A solved value: its own z, or values of earlier units."""
        for factor, atom in self.state.solved[unit]:
            if atom == ("z", unit):
                as_z[unit[2]] = int(coefficient * den)
            else:
                self.add(factor * coefficient, atom)

    def _push(self, net: int, number: int, den: int, coefficients: dict[int, int]) -> None:
        layer = self.state.networks[net].layers[number - 1]
        on_z = list(coefficients.items())
        self.constant += Fraction(sum(c * layer.bias[i] for i, c in on_z), den * layer.den)
        bits = max((c.bit_length() for _, c in on_z), default=1)
        for source in sources_of(layer):
            row = weighted(
                layer, self.state.block(net, number, source, bits), on_z, self.state.work
            )
            total = {j: c for j, c in enumerate(row) if c}
            if source == 0:
                self.variables.add(den * layer.den, total)
            else:
                self._into(self.h, (net, source), den * layer.den, total)

    def _into(
        self,
        place: dict[tuple[int, int], _Sum],
        key: tuple[int, int],
        den: int,
        coefficients: dict[int, int],
    ) -> None:
        if coefficients:
            place.setdefault(key, _Sum(self.state.work)).add(den, coefficients)


# ---- steps --------------------------------------------------------------------------------------


def _step(state: State, step: list[Any]) -> None:
    match step:
        case ["bound", unit, ("lo" | "up") as side, value, proof]:
            _bound(state, state.unit(unit), side, rational(value, "bound"), proof)
        case ["trusted", unit, ("lo" | "up") as side, value, str()]:
            state.proved(state.unit(unit), side, rational(value, "trusted claim"))
            state.trusted += 1
        case ["precision", int() as bits] if type(bits) is int and BITS <= bits <= MOST_BITS:
            state.bits = bits
            state.rules.clear()
        case ["pairs", list() as pairs]:
            _pairs(state, pairs)
        case ["intervals", int() as net, int() as layer]:
            _intervals(state, net, layer)
        case ["cases", unit, ("lo" | "up") as side, value, frame, tree]:
            _cases(state, unit, side, rational(value, "bound"), frame, tree)
        case ["cells", int() as count] if type(count) is int:
            _cells(state, count)
        case ["boxes", int() as net, int() as layer, list() as claims, tree]:
            _boxes(state, net, layer, claims, tree)
        case [("alias" | "mirror") as kind, v, w, factor]:
            _tie(state, kind, state.unit(v), state.unit(w), rational(factor, kind))
        case _:
            raise Refusal(f"unknown step {str(step[0])[:40]!r}")


def _bound(state: State, unit: Unit, side: str, value: Fraction, proof: Any) -> None:
    """value ≤ z (lo) or z ≤ value (up). No proof is looked at where an end as good is known."""
    if not (isinstance(proof, dict) and state.knows(unit, side, value)):
        sign = Fraction(1 if side == "lo" else -1)
        _prove(state, [(sign, ("z", unit)), (-sign * value, None)], proof, 0)
    state.proved(unit, side, value)


def _pairs(state: State, pairs: list[Any]) -> None:
    """Layers [of A, of B] whose units are compared one by one in the gap network, or [of A, of B, arrangement, arrangement]."""
    shift = len(state.networks[0].layers)
    result: dict[int, int] = {}
    orders: Orders = ({}, {})
    for pair in pairs:
        match pair:
            case [int() as one, int() as other, *rest] if len(rest) in (0, 2):
                layers = [state.layer(state.unit([net, k, 0])) for net, k in ((0, one), (1, other))]
                sizes = [v.size for v in layers]
                if rest:
                    sizes = [
                        _arrangement(order, size) for order, size in zip(rest, sizes, strict=True)
                    ]
                    orders[0][one], orders[1][other] = rest
                if not all(v.is_relu for v in layers) or sizes[0] != sizes[1]:
                    raise Refusal("only relu layers of one size make a pair")
                if one in result or other + shift in result.values():
                    raise Refusal("a layer is in two pairs")
                result[one] = other + shift
            case _:
                raise Refusal("a pair is [layer of A, layer of B], perhaps with two arrangements")
    before = state.pairs, state.orders
    state.arrange(result, orders)
    try:
        state.substitution(GAP)
    except Refusal:
        state.arrange(*before)
        raise


def _arrangement(order: Any, size: int) -> int:
    """Every unit once, and -1 for places without one; the number of places."""
    if not isinstance(order, list) or not all(type(k) is int and -1 <= k < size for k in order):
        raise Refusal("an arrangement lists units, and -1 for a place without one")
    if (
        sorted(k for k in order if k >= 0) != list(range(size))
        or len(order) > 2 * size + MOST_PLACES
    ):
        raise Refusal("an arrangement names every unit once")
    return len(order)


def _intervals(state: State, net: int, number: int) -> None:
    """The ends of a layer's units by intervals, from the ends of what it reads."""
    _known_layer(state, net, number)
    for index, (low, high) in enumerate(state.substitution(net).known.take_intervals(number)):
        if net != GAP:
            state.learn((net, number, index), "up", high)
            state.learn((net, number, index), "lo", low)


def _known_layer(state: State, net: int, number: int) -> int:
    """The size of a layer of A, B or the gap network. Raises Refusal."""
    if type(net) is int and type(number) is int and net in (0, 1, GAP):
        layers = state.gap.layers if net == GAP else state.networks[net].layers
        if 1 <= number <= len(layers) and layers[number - 1].size:
            return layers[number - 1].size
    raise Refusal("no such layer, or it has no units")


def _cases(state: State, where: Any, side: str, value: Fraction, frame: Any, tree: Any) -> None:
    """value ≤ z (lo) or z ≤ value (up), by substitution in every case of a tree."""
    match where:
        case [int() as net, int() as layer, int() as index] if (
            0 <= index < _known_layer(state, net, layer)
        ):
            sign = 1 if side == "up" else -1
            target = layer, index, sign
            prove_cases(state.substitution(net), target, sign * value, frame, tree)
            _known(state, net, layer, index, side, value)
        case _:
            raise Refusal(f"{str(where)[:40]} is no unit")


def _known(state: State, net: int, layer: int, index: int, side: str, value: Fraction) -> None:
    if net == GAP:
        state.substitution(GAP).known.learn(layer, index, side, value)
    else:
        state.proved((net, layer, index), side, value)


def _boxes(state: State, net: int, number: int, claims: list[Any], tree: Any) -> None:
    """Ends of units of one layer, proved on every box of a tree."""
    size = _known_layer(state, net, number)
    read: list[tuple[int, str, Fraction]] = []
    for claim in claims:
        match claim:
            case [int() as index, ("lo" | "up") as side, value] if (
                type(index) is int and 0 <= index < size
            ):
                read.append((index, side, rational(value, "bound")))
            case _:
                raise Refusal("a claim is [index, side, value]")
    wanted = [
        (index, 1 if side == "up" else -1, value if side == "up" else -value)
        for index, side, value in read
    ]
    prove_boxes(state.substitution(net), number, wanted, tree)
    for index, side, value in read:
        _known(state, net, number, index, side, value)


def _cells(state: State, count: int) -> None:
    """The gap network is nonpositive: it is so at the vertices of exactly `count` cells, on each of which it is affine."""
    found = _counted_cells(state, count)
    if found != count:
        raise Refusal(f"there are {found} cells, not {count}")
    for unit in range(state.gap.layers[-1].size):
        state.substitution(GAP).known.learn(len(state.gap.layers), unit, "up", Fraction(0))


def _counted_cells(state: State, most: int, stop: Callable[[], bool] | None = None) -> int:
    """How many cells there are, the gap network nonpositive at every vertex. Raises Refusal."""
    cells = Cells(state.gap, state.domain, state.work)
    found = 0
    for vertices in cells.affine(most, stop):
        found += 1
        if any(max(cells.values(point)[-1], default=0) > 0 for point in vertices):
            raise Refusal("the networks differ by more than eps at a vertex")
    return found


def _tie(state: State, kind: str, v: Unit, w: Unit, factor: Fraction) -> None:
    """z_v = factor·z_w gives h_v = factor·h_w; z_v = −factor·z_w gives h_v = factor·(h_w − z_w)."""
    if factor <= 0:
        raise Refusal("a factor is not positive")
    if not w < v:
        raise Refusal("a unit may only be tied to an earlier one")
    if not state.layer(v).is_relu or not state.layer(w).is_relu:
        raise Refusal("only a relu unit may be tied, to a relu unit")
    sign = 1 if kind == "alias" else -1
    state.work.spend(
        len(state.z(v).coefficients) * (words(factor.numerator) + words(factor.denominator))
    )
    if not state.z(v).equals(state.z(w), sign * factor):
        raise Refusal(f"{kind}: the pre-activations of {list(v)} and {list(w)} are not multiples")
    _share_ends(state, v, w, sign * factor)
    if v in state.solved:
        return
    terms: list[Term] = [(factor, ("h", w))]
    if kind == "mirror":
        terms.append((-factor, ("z", w)))
    state.solve(v, terms)


def _share_ends(state: State, v: Unit, w: Unit, ratio: Fraction) -> None:
    """z_v = ratio · z_w: an end that is proved for one holds, times or divided by the ratio, for the other."""
    for one, other, factor in ((w, v, ratio), (v, w, 1 / ratio)):
        for side, ends in (("lo", state.lower), ("up", state.upper)):
            if one in ends:
                turned = side if ratio > 0 else ("up" if side == "lo" else "lo")
                state.proved(other, turned, factor * ends[one])


# ---- proofs -------------------------------------------------------------------------------------


def _prove(state: State, target: list[Term], proof: Any, depth: int) -> None:
    """Σ target ≥ 0 on the domain."""
    if depth > PROOF_DEPTH:
        raise Refusal("a proof is too deep")
    match proof:
        case {"l": list() as facts, **rest} if not rest:
            _leaf(state, target, facts)
        case {"f": list() as facts, **rest} if not rest:
            _leaf(state, [(Fraction(-1), None)], facts)
        case {"s": unit, "p": positive, "n": negative, **rest} if not rest:
            split = state.unit(unit)
            for side, case in (("lo", positive), ("up", negative)):
                _in_case(state, split, side, target, case, depth)
        case _:
            raise Refusal("unknown kind of proof")


def _in_case(
    state: State, unit: Unit, side: str, target: list[Term], proof: Any, depth: int
) -> None:
    """The case z ≥ 0 (lo) or z ≤ 0 (up); nothing learnt in it leaves it.

    Forms remembered before the case stay valid in it exactly when no value below them was solved since, which their age
    tells: ages only grow inside a case.
    """
    state.work.spend(len(state.numbers))
    saved = (
        dict(state.lower),
        dict(state.upper),
        dict(state.solved),
        state.forms,
        [list(e) for e in state.events],
    )
    state.forms = dict(state.forms)
    try:
        state.learn(unit, side, Fraction(0))
        _prove(state, target, proof, depth + 1)
    finally:
        state.lower, state.upper, state.solved, state.forms, state.events = saved


def _leaf(state: State, target: list[Term], facts: list[Any]) -> None:
    """low(target − Σ m · fact) ≥ 0."""
    terms = list(target)
    for entry in facts:
        if not isinstance(entry, list) or len(entry) != 3:
            raise Refusal("a fact is [kind, unit, multiplier]")
        factor = multiplier(entry[2])
        terms += [(-factor * c, atom) for c, atom in _fact(state, entry[0], entry[1])]
    slack = state.low(terms)
    if slack < 0:
        raise Refusal(f"a leaf does not hold: the bound is about {_shown(slack)}, below 0")


def _shown(value: Fraction) -> str:
    try:
        return f"{float(value):.3g}"
    except OverflowError:
        return "-inf"


def _fact(state: State, kind: Any, where: Any) -> list[Term]:
    """Terms whose sum is nonnegative on the domain (in the present case)."""
    if kind == "dom":
        if type(where) is not int or not 0 <= where < len(state.domain.constraints):
            raise Refusal("no such constraint of the domain")
        row, bound = state.domain.constraints[where]
        return [(bound, None), *((-c, k) for k, c in row.items())]
    unit = state.unit(where)
    if not state.layer(unit).is_relu:
        raise Refusal("facts are about relu units")
    one = Fraction(1)
    if kind == "h":
        return [(one, ("h", unit))]
    if kind == "hz":
        return [(one, ("h", unit)), (-one, ("z", unit))]
    low, high = state.lower.get(unit), state.upper.get(unit)
    if kind == "lo" and low is not None:
        return [(one, ("z", unit)), (-low, None)]
    if kind == "up" and high is not None:
        return [(high, None), (-one, ("z", unit))]
    if kind == "top" and high is not None:
        return [(max(high, Fraction(0)), None), (-one, ("h", unit))]
    if kind == "ch" and low is not None and high is not None and low < 0 < high:
        return [(high, ("z", unit)), (-high * low, None), (low - high, ("h", unit))]
    raise Refusal(f"fact {str(kind)[:20]!r} is unknown, or its ends are not proved")


def _final(state: State, step: list[Any]) -> Verdict:
    """Each output's difference is 0, or proved to lie within its eps."""
    if len(step) != 2 or not isinstance(step[1], dict):
        raise Refusal("the final comparison is malformed")
    a, b = state.networks
    for j, eps in enumerate(state.tolerance):
        if _gap_is_closed(state, j):
            continue
        difference = state.normal(
            [(Fraction(1), ("h", (0, a.output, j))), (Fraction(-1), ("h", (1, b.output, j)))]
        )
        if not difference.coefficients and difference.constant == 0:
            continue
        proofs = step[1].get(str(j))
        if not isinstance(proofs, dict) or set(proofs) != {"ge", "le"}:
            raise Refusal(f"output {j}: the difference is not 0 and no proof is given")
        for key, sign in (("ge", 1), ("le", -1)):
            ends = [
                (Fraction(sign), ("h", (0, a.output, j))),
                (Fraction(-sign), ("h", (1, b.output, j))),
            ]
            _prove(state, [*ends, (eps, None)], proofs[key], 0)
    return Verdict("holds given trusted claims" if state.trusted else "holds", state.trusted)


def _gap_is_closed(state: State, j: int) -> bool:
    """A_j − B_j − eps_j ≤ 0 and B_j − A_j − eps_j ≤ 0 are known."""
    if GAP not in state.rules:
        return False
    known, last = state.rules[GAP].known, len(state.gap.layers)
    return all(known.is_nonpositive(last, unit) for unit in (j, j + len(state.tolerance)))
