"""What has been proved so far, about every point of the domain.

    lower ≤ z ≤ upper per unit,   solved values (normal.py),   bounds of the gap network

Fix a point of the domain: every bound and every solution that is stored is true at it. A rule adds
only what follows from what is stored, hence so is every conclusion.
"""

from __future__ import annotations

from copy import copy
from fractions import Fraction

from rectifold_check.agreed import BITS
from rectifold_check.gap import GAP, Arrangement, Gap
from rectifold_check.integers.substitution import Substitution
from rectifold_check.json import Refusal
from rectifold_check.networks import Domain, Layer, Network
from rectifold_check.normal import NormalForms
from rectifold_check.steps_apart import StepQuestion
from rectifold_check.terms import ONE, ZERO, Term, Unit
from rectifold_check.work import Work, words


def require_alike(networks: tuple[Network, Network], domain: Domain) -> None:
    """Raises Refusal for networks that cannot be compared on this domain."""
    a, b = networks
    if a.inputs != b.inputs or len(domain.lower) != a.inputs:
        raise Refusal("the networks and the domain differ in their inputs")
    if a.size(a.output) != b.size(b.output):
        raise Refusal("the networks differ in their outputs")


class State:
    """The two networks, the domain, the tolerance, and what is known about them."""

    def __init__(
        self,
        networks: tuple[Network, Network],
        domain: Domain,
        tolerance: list[Fraction],
        work: Work,
    ) -> None:
        require_alike(networks, domain)
        self.work = work
        self.networks = networks
        self.tolerance = tolerance
        self.domain = domain
        self.trusted = 0
        self.lower: dict[Unit, Fraction] = {}
        self.upper: dict[Unit, Fraction] = {}
        self.forms = NormalForms(networks, domain, work)
        self.bits = BITS
        self.gap = Gap(networks, tolerance, Arrangement())
        self.steps_apart: StepQuestion | None = None
        self._substitutions: dict[int, Substitution] = {}

    # ---- what is known ------------------------------------------------------------------------

    def layer(self, unit: Unit) -> Layer:
        """The layer of a unit of A or B."""
        return self.networks[unit[0]].layers[unit[1] - 1]

    def knows(self, unit: Unit, side: str, value: Fraction) -> bool:
        """A bound on the whole domain that is at least as good as this one is stored."""
        if side == "up":
            return unit in self.upper and self.upper[unit] <= value
        return unit in self.lower and self.lower[unit] >= value

    def low(self, terms: list[Term]) -> Fraction:
        """A lower bound, over the box, of the normal form of Σ factor · atom.

        Refuses if a bound is missing.
        """
        form = self.forms.normal(terms)
        total = Fraction(form.constant)
        sums: dict[int, int] = {}
        self.work.spend(4 * len(form.coefficients) * words(form.den))
        for v, c in form.coefficients.items():
            bound = self._bound(v, upper=c < 0)
            sums[bound.denominator] = sums.get(bound.denominator, 0) + c * bound.numerator
        for den, value in sums.items():
            total += Fraction(value, den)
        return total / form.den

    def _bound(self, v: int, *, upper: bool) -> Fraction:
        """A bound of a variable: an end of an input, max(0, lo) or max(0, up) of a value."""
        inputs = self.networks[0].inputs
        if v < inputs:
            end = (self.domain.upper if upper else self.domain.lower)[v]
            if end is None:
                raise Refusal(f"input {v} has no {'upper' if upper else 'lower'} end")
            return end
        unit = self.forms.units[v - inputs]
        if not upper:
            return max(ZERO, self.lower.get(unit, ZERO))
        if unit not in self.upper:
            raise Refusal(f"unit {list(unit)} has no proven upper end")
        return max(ZERO, self.upper[unit])

    # ---- learning -----------------------------------------------------------------------------

    def learn(self, unit: Unit, side: str, value: Fraction) -> None:
        """Store a bound; solve the unit if its sign is now known."""
        if side == "up":
            self.upper[unit] = min(value, self.upper.get(unit, value))
        else:
            self.lower[unit] = max(value, self.lower.get(unit, value))
        if unit in self.forms.solved or not self.layer(unit).is_relu:
            return
        if unit in self.upper and self.upper[unit] <= 0:
            self.forms.solve(unit, [])
        elif unit in self.lower and self.lower[unit] >= 0:
            self.forms.solve(unit, [(ONE, ("z", unit))])

    def learn_everywhere(self, unit: Unit, side: str, value: Fraction) -> None:
        """Learn a bound that holds on the whole domain, not in a case only."""
        self.learn(unit, side, value)
        if unit[0] in self._substitutions:
            self._substitutions[unit[0]].known.learn(*unit[1:], side, value)
        if GAP in self._substitutions:
            self._substitutions[GAP].known.learn(*self.gap.place(unit), side, value)

    def branch(self, unit: Unit, side: str) -> State:
        """The case z ≥ 0 (lo) or z ≤ 0 (up): a copy, so that nothing learnt in it leaves it."""
        self.work.spend(len(self.forms.variables))
        branch = copy(self)
        branch.lower, branch.upper = dict(self.lower), dict(self.upper)
        branch.forms = self.forms.branch()
        branch.learn(unit, side, ZERO)
        return branch

    # ---- substitution -------------------------------------------------------------------------

    def network(self, net: int) -> Network:
        """A, B or the gap network."""
        return self.gap.network if net == GAP else self.networks[net]

    def substitution(self, net: int) -> Substitution:
        """Substitution in one network (2: the gap network), with the bounds proved so far."""
        if net not in self._substitutions:
            pairs = self.gap.arrangement.pairs if net == GAP else None
            rule = Substitution(self.network(net), self.domain, self.bits, pairs, self.work)
            for side, known in (("lo", self.lower), ("up", self.upper)):
                for unit, value in known.items():
                    if net == GAP:
                        rule.known.learn(*self.gap.place(unit), side, value)
                    elif unit[0] == net:
                        rule.known.learn(*unit[1:], side, value)
            self._substitutions[net] = rule
        return self._substitutions[net]

    def begun(self) -> set[int]:
        """The networks in which substitution has begun: bounds proved later are added there."""
        return set(self._substitutions)

    def keep_begun(self, networks: set[int]) -> None:
        """Forget the substitution in all other networks; it begins again where it is needed."""
        for net in self.begun() - networks:
            del self._substitutions[net]

    def learn_in(self, net: int, layer: int, index: int, side: str, value: Fraction) -> None:
        """Learn a bound of a unit of A, B or the gap network."""
        if net == GAP:
            self.substitution(GAP).known.learn(layer, index, side, value)
        else:
            self.learn_everywhere((net, layer, index), side, value)

    def is_gap_closed(self, output: int) -> bool:
        """A_j − B_j − eps_j ≤ 0 and B_j − A_j − eps_j ≤ 0 are known."""
        if GAP not in self._substitutions:
            return False
        known, last = self._substitutions[GAP].known, len(self.gap.network.layers)
        both = output, output + len(self.tolerance)
        return all(known.is_nonpositive(last, unit) for unit in both)

    def round_to(self, bits: int) -> None:
        """From here on substitution has so many fractional bits; what it found is found again."""
        self.bits = bits
        self._substitutions.clear()

    def arrange(self, arrangement: Arrangement) -> None:
        """From here on the gap network is so. Pairs that cross are refused, and change nothing."""
        before, known = self.gap, self._substitutions.pop(GAP, None)
        self.gap = Gap(self.networks, self.tolerance, arrangement)
        try:
            self.substitution(GAP)
        except Refusal:
            self.gap = before
            if known is not None:
                self._substitutions[GAP] = known
            raise
