"""Proof steps that lead from the units of a source to those of its rewritten network, in the
checker's language.

    bounds of the source's units  →  per layer: signs, then ties  →  the result's units and carriers

A rewrite establishes things about units of the source (passes/rewritten: a row became zero, two
rows are multiples, a unit is a multiple of a carrier). Each is said here after the bounds, so that
no bound rests on a tie, and layer by layer, because a row that became zero did so by what is known
of the layers below. Ties lead to the first unit of their hyperplane.

A carrier is nonnegative by the bounds that its predecessors had when it was made. The checker's own
interval, of the form in inputs and unsolved units, is as good unless a form is wider than the
unit's bounds: a mirrored unit is h − z of another one, an active unit that was not proved by
intervals is its z. Such units are named: with `h` (h ≥ 0), `lo` (z ≥ lo) or `top` (h ≤ max(0,
up)), times their coefficients, through carriers that read carriers; a unit that a rewrite turned is
h − z, at least 0 by `hz` and at most −lo by `ch` and `lo`. What is left is the checker's.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from rectifold.bounds.agreed import BITS, ZERO_MARGIN
from rectifold.certificate.steps import (
    BoundStep,
    CertificateStep,
    FactKind,
    LeafProof,
    Numbering,
    PrecisionStep,
    UnitFact,
    tie_of,
)
from rectifold.certificate.units import UnitProofs
from rectifold.facts.facts import Carrier, LayerFacts, Mask
from rectifold.facts.methods import Method
from rectifold.facts.side import Side
from rectifold.operations.compiling import Compiled
from rectifold.passes.result import FoundSign, Tie

_FactOfUnit = tuple[FactKind, str, int]  # kind of fact, layer, unit


class RewriteProofs:
    """The steps of a compiled network's certificate.

    `name_all`: name every unit that a carrier rests on.
    """

    def __init__(self, compiled: Compiled, *, name_all: bool = False) -> None:
        self.compiled = compiled
        self.facts = compiled.facts.layers
        self.name_all = name_all
        self.signs = _new_signs(compiled)
        self.roots = {
            layer.name: _roots(self._ties(layer.name)) for layer in compiled.source.relu_layers
        }
        self.proofs = UnitProofs(compiled.source, compiled.facts, 0, self._layers_below_carriers())
        self.named = self._named_units()
        self._known: dict[tuple[int, int, bool], dict[_FactOfUnit, Fraction]] = {}

    def steps(self) -> Iterator[CertificateStep]:
        """All steps but the final comparison."""
        if self.proofs.precision > BITS:
            yield PrecisionStep(self.proofs.precision)
        yield from self.proofs.steps()
        for layer in self.compiled.source.relu_layers:
            yield from self._signs_of(layer.name)
            yield from self._ties_of(layer.name)
        for layer in self.compiled.network.relu_layers:
            yield from self._result_units(layer.name)

    # ---- units of the source --------------------------------------------------------------------

    def _signs_of(self, name: str) -> Iterator[CertificateStep]:
        for (layer, unit), sign in self.signs.items():
            if layer == name:
                where = self.proofs.numbering.unit(name, unit)
                proof = self._evidence(sign.carrier, sign.ratio) if sign.carrier else LeafProof()
                yield BoundStep(where, sign.side, Fraction(0), proof)

    def _ties(self, name: str) -> list[Tie]:
        return [tie for step in self.compiled.steps for tie in step.ties if tie.layer == name]

    def _ties_of(self, name: str) -> Iterator[CertificateStep]:
        """Every unit to the first one on its hyperplane, but where both signs are known."""
        numbering = self.proofs.numbering
        for unit, (root, ratio) in sorted(self.roots[name].items()):
            if unit != root and not (self._has_sign(name, unit) and self._has_sign(name, root)):
                yield tie_of(numbering.unit(name, unit), numbering.unit(name, root), ratio)

    def _has_sign(self, name: str, unit: int) -> bool:
        facts = self.facts[name]
        return bool(facts.active[unit] or facts.inactive[unit]) or (name, unit) in self.signs

    # ---- units of the result --------------------------------------------------------------------

    def _result_units(self, name: str) -> Iterator[CertificateStep]:
        """Surviving units are the source's; carriers are nonnegative, and so are rows that say a
        constant output.
        """
        numbering = Numbering(self.compiled.network, 1)
        kept = self.compiled.kept.layers[name]
        for k, origin in enumerate(kept.origin.tolist()):
            unit, carrier = numbering.unit(name, k), kept.carrier(k)
            if origin >= 0:
                ratio = Fraction(-1 if k in kept.turned else 1)
                yield tie_of(unit, self.proofs.numbering.unit(name, origin), ratio)
            else:
                proof = LeafProof() if carrier is None else self._evidence(carrier)
                yield BoundStep(unit, Side.LOWER, Fraction(0), proof)

    # ---- why carriers are nonnegative -----------------------------------------------------------

    def _layers_below_carriers(self) -> set[str]:
        """The layers of the source whose bounds say that carriers are nonnegative."""
        source = self.compiled.source
        waiting = [
            c
            for known in self.compiled.kept.layers.values()
            for c in known.carriers
            if c is not None
        ]
        waiting += [sign.carrier for sign in self.signs.values() if sign.carrier is not None]
        seen: set[int] = set()
        below: set[str] = set()
        while waiting:
            carrier = waiting.pop()
            if id(carrier.inner) in seen:
                continue
            seen.add(id(carrier.inner))
            for name, known in carrier.sources:
                if known is not None:
                    below |= {name} | source.cone(name)
                    waiting += [c for c in known.carriers if c is not None]
        return below

    def _named_units(self) -> dict[str, Mask]:
        """Units whose form may have a wider interval than their proved bounds."""
        named: dict[str, Mask] = {}
        for layer in self.compiled.source.relu_layers:
            name, known = layer.name, self.facts[layer.name]
            below = any(named[v].any() for v in self.compiled.source.cone(name) if v in named)
            signed = [(name, k) in self.signs for k in range(known.size)]
            solved = known.active | np.array(signed, dtype=np.bool_)
            methods = zip(known.lower_method, known.upper_method, strict=True)
            by_other = np.array(
                [not {low, up} <= {Method.INTERVAL} for low, up in methods], dtype=np.bool_
            )
            with np.errstate(over="ignore"):
                wide = known.upper - known.lower
            near = (known.lower < 0) & (known.lower >= -ZERO_MARGIN * wide) & np.isfinite(wide)
            named[name] = np.asarray((solved & (by_other | below)) | near | self.name_all)
            named[name][[*self.roots[name], *self._turned(name)]] = True
        return named

    def _evidence(self, carrier: Carrier, factor: Fraction = Fraction(1)) -> LeafProof:
        """The facts whose sum, with the checker's intervals, is `factor` > 0 times the carrier."""
        if not any(mask.any() for mask in self.named.values()):
            return LeafProof()
        numbering = self.proofs.numbering
        facts = sorted(
            self._facts_of(carrier, is_low=True).items(),
            key=lambda f: (numbering.layer(f[0][1]), f[0][2], f[0][0]),
        )
        return LeafProof(
            tuple(
                UnitFact(kind, numbering.unit(layer, unit), factor * value)
                for (kind, layer, unit), value in facts
            )
        )

    def _facts_of(self, carrier: Carrier, *, is_low: bool) -> dict[_FactOfUnit, Fraction]:
        """Facts, with multipliers, that bound a carrier from below (`is_low`) or from above."""
        key = id(carrier.inner), carrier.row, is_low
        if key not in self._known:
            total: dict[_FactOfUnit, Fraction] = {}
            start = 0
            for name, known in carrier.sources:
                if known is None:
                    start += self.compiled.source.input_size
                    continue
                read = carrier.inner.nonzero[carrier.row, start : start + known.size]
                for j in np.nonzero(read & self._may_be_named(name, known))[0].tolist():
                    factor = carrier.inner.entry(carrier.row, start + j)
                    for fact, value in self._facts_of_value(
                        name, known, j, is_low=(factor > 0) == is_low
                    ).items():
                        total[fact] = total.get(fact, Fraction(0)) + abs(factor) * value
                start += known.size
            self._known[key] = total
        return self._known[key]

    def _may_be_named(self, name: str, known: LayerFacts) -> Mask:
        """Of a layer as it was: carriers, and units of the source that are named."""
        return np.asarray((known.origin < 0) | self.named[name][known.origin])

    def _facts_of_value(
        self, name: str, known: LayerFacts, unit: int, *, is_low: bool
    ) -> dict[_FactOfUnit, Fraction]:
        """The same for one value that a carrier reads: of the source, or a carrier itself."""
        carrier, origin = known.carrier(unit), int(known.origin[unit])
        if carrier is not None:
            return self._facts_of(carrier, is_low=is_low)
        if (
            origin < 0 or self.facts[name].inactive[origin]
        ):  # 0, as the checker knows; or a constant row
            return {}
        if unit in known.turned:
            return self._facts_of_turned(name, origin, is_low=is_low)
        if not is_low:
            return {("top", name, origin): Fraction(1)}
        return {("lo" if self.facts[name].lower[origin] > 0 else "h", name, origin): Fraction(1)}

    def _facts_of_turned(
        self, name: str, origin: int, *, is_low: bool
    ) -> dict[_FactOfUnit, Fraction]:
        """The same for h - z of a unit of the source, which is relu(-z): it is at least 0, and at
        most -l by the chord u (z - l) - (u - l) h >= 0 and z >= l, for l < 0 < u.
        """
        if is_low:
            return {("hz", name, origin): Fraction(1)}
        ends = self.facts[name].lower[origin], self.facts[name].upper[origin]
        if not np.isfinite(ends).all():
            return {}
        low, up = (Fraction(float(end)) for end in ends)
        return {
            ("ch", name, origin): 1 / (up - low),
            ("lo", name, origin): -low / (up - low),
        }

    def _turned(self, name: str) -> set[int]:
        """Units of the source that some step made stand the other way round."""
        return {k for step in self.compiled.steps if step.layer == name for k in step.turned}


def _new_signs(compiled: Compiled) -> dict[tuple[str, int], FoundSign]:
    """The signs that rewrites found and the facts do not say, one per unit."""
    found: dict[tuple[str, int], FoundSign] = {}
    for sign in (sign for step in compiled.steps for sign in step.signs):
        known = compiled.facts.layers[sign.layer]
        if not (known.active[sign.unit] or known.inactive[sign.unit]):
            found.setdefault((sign.layer, sign.unit), sign)
    return found


def _roots(ties: list[Tie]) -> dict[int, tuple[int, Fraction]]:
    """Unit → (first unit of its hyperplane, ratio) for all units that ties connect."""
    roots: dict[int, tuple[int, Fraction]] = {}
    for tie in ties:
        one, ratio = roots.setdefault(tie.unit, (tie.unit, Fraction(1)))
        other, other_ratio = roots.setdefault(tie.representative, (tie.representative, Fraction(1)))
        if one == other:
            continue
        between = tie.ratio * other_ratio / ratio  # z_one = between · z_other
        gone, stays, factor = (one, other, between) if other < one else (other, one, 1 / between)
        roots.update({u: (stays, r * factor) for u, (root, r) in roots.items() if root == gone})
    return roots
