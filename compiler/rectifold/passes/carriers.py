"""Carry the linear part of a layer with as few units as it needs.

What a layer gives its successors is  y = Σ_k J_k relu(z_k) + M a + d,  k over the distinct
hyperplanes of its unstable units. For units c_i z on one hyperplane, with p = Σ_{c_i>0} c_i v_i and
q = Σ_{c_i<0} |c_i| v_i,

    Σ v_i relu(c_i z) = (p + q) relu(z) − q z,      so      J = p + q,    M = V_A W_A − Σ q_k w_kᵀ

(A the active units). Any factorisation M = F Q gives carrier units c = relu(Q a + t) with t ≥ −min
Q a, and the successors get columns F and bias − F t:

    right: F = I, Q = M            the successors' own partial sums; dyadic weights stay dyadic
    left:  Q = I                   the predecessors' values passed through
    minimal: Q = RREF(M), F = pivot columns of M: rank(M) units, the least possible
    skip edge (only if allowed): y += M a, no unit at all

Sound because Q a + t ≥ 0 on the domain, so each carrier is the identity there, and the sums above
are identities. The shift t comes from exact interval arithmetic over proven ends. The cheapest form
is taken, and only if it is cheaper than the layer as it is. Where the result is written in floats,
one that multiplies the rounding error too often is not taken, and said. Where a pair of mirrored
units is written as one (ir/leaky.py), forms that keep the pairs are looked at as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.effort.running import CompileEffort
from rectifold.exact.matrix import Matrix, hstack, positive_part, vstack
from rectifold.exact.numerals import round_up
from rectifold.facts.facts import Carrier, Facts, LayerFacts, carrier_facts
from rectifold.ir.draft import Draft
from rectifold.ir.hyperplanes import ParallelUnits, hyperplane_groups
from rectifold.ir.leaky import LeakyPair, leaky_pairs
from rectifold.ir.network import Layer, Network
from rectifold.passes.accuracy import Declined
from rectifold.passes.facts_edit import FactsEdit
from rectifold.passes.layer_matrices import LayerMatrices, connect, layer_matrices
from rectifold.passes.result import (
    GoneUnit,
    Options,
    Rewritten,
    Step,
    gone_units,
    merged_units,
    ties_of,
)

# an upper end of 0 would let a carrier be dropped, for which nobody has evidence
_NO_CARRIER_IS_ZERO = 2.0**-1000


@dataclass(frozen=True, eq=False)
class _Parts:
    """A layer taken apart: kinks J relu(w a + b) and the linear rest M a + d."""

    kinks: list[int]  # representative units
    jumps: Matrix  # successors × kinks
    linear: Matrix  # successors × predecessors
    shift: Matrix  # successors × 1
    merged: list[tuple[int, int, Fraction]]  # (unit, representative, ratio)


@dataclass(frozen=True, eq=False)
class _Carriers:
    """M = outer @ inner, with the shifts t that keep inner · a + t ≥ 0, and the largest values."""

    kind: str
    outer: Matrix
    inner: Matrix
    shifts: list[Fraction]
    upper: list[float]


def carriers(network: Network, facts: Facts, options: Options) -> Rewritten:
    """docs/mathematics.md#carriers, and its mirrored units. From the output backward; one layer per
    call.
    """
    declined: list[Declined] = []
    for layer in reversed(network.relu_layers):
        known = facts.layers.get(layer.name)
        if known is None or layer.name == network.output or not layer.size or known.inactive.any():
            continue
        if not options.allows("carriers", layer.name):
            continue
        around = layer_matrices(network, layer)
        groups = hyperplane_groups(
            around.incoming, layer.bias, np.nonzero(~known.active)[0].tolist()
        )
        mirrored = any(c < 0 for g in groups for _, c in g.members)
        if not mirrored and not known.active.any():
            continue
        forms = [groups]
        if options.leaky and known.active.any():
            forms.append(_without_pairs(groups, leaky_pairs(network, layer)))
        candidates = [
            one
            for form in forms
            for one in _possible_carriers(
                network, facts, options, layer, around, _take_apart(layer, around, known, form)
            )
        ]
        found, refused = _cheapest(network, options, layer, candidates)
        if found is not None:
            return found
        declined += refused
    return Rewritten(network, facts, declined=tuple(declined))


def _without_pairs(groups: list[ParallelUnits], pairs: Sequence[LeakyPair]) -> list[ParallelUnits]:
    """The groups, with each of their units that is in a pair alone: it keeps row and column.

    A unit that is in no group is active and stays carried, whatever is known of its mirror.
    """
    grouped = {unit for group in groups for unit, _ in group.members}
    paired = grouped.intersection(k for pair in pairs for k in (pair.unit, pair.mirrored))
    alone = [ParallelUnits(k, ((k, Fraction(1)),)) for k in sorted(paired)]
    rest = [[m for m in group.members if m[0] not in paired] for group in groups]
    left = [
        ParallelUnits(members[0][0], tuple((k, c / members[0][1]) for k, c in members))
        for members in rest
        if members
    ]
    return sorted([*alone, *left], key=lambda group: group.representative)


def _take_apart(
    layer: Layer, around: LayerMatrices, known: LayerFacts, groups: list[ParallelUnits]
) -> _Parts:
    outgoing, incoming = around.outgoing, around.incoming
    active = np.nonzero(known.active)[0]
    linear = outgoing.select_columns(active) @ incoming.select_rows(active)
    shift = outgoing.select_columns(active) @ layer.bias.select_rows(active)
    alone = [group.representative for group in groups if len(group.members) == 1]
    jumps, kinks = _nonzero_columns(outgoing.select_columns(alone), alone)
    for group in groups:
        if len(group.members) == 1:
            continue
        jump, mirrored = _jump_of_group(outgoing, group)
        if not jump.is_zero:
            kinks.append(group.representative)
            jumps = hstack([jumps, jump])
        if mirrored is not None:
            linear = linear - mirrored @ incoming.select_rows([group.representative])
            shift = shift - mirrored @ layer.bias.select_rows([group.representative])
    order = np.argsort(kinks, kind="stable").tolist()
    kinks, jumps = [kinks[k] for k in order], jumps.select_columns(order)
    merged = [(k, group.representative, c) for group in groups for k, c in group.members]
    return _Parts(kinks, jumps, linear, shift, merged)


def _nonzero_columns(columns: Matrix, units: list[int]) -> tuple[Matrix, list[int]]:
    """Without the columns (and their units) that are zero."""
    kept = np.nonzero(columns.nonzero.any(axis=0))[0].tolist()
    return (columns if len(kept) == len(units) else columns.select_columns(kept)), [
        units[k] for k in kept
    ]


def _jump_of_group(outgoing: Matrix, group: ParallelUnits) -> tuple[Matrix, Matrix | None]:
    """(J, q) of one hyperplane; q None when no member is mirrored."""
    units = [k for k, _ in group.members]
    columns = outgoing.select_columns(units)
    jump = columns @ Matrix.column([abs(c) for _, c in group.members])
    if all(c > 0 for _, c in group.members):
        return jump, None
    return jump, columns @ Matrix.column([max(-c, Fraction(0)) for _, c in group.members])


def _cheapest(
    network: Network, options: Options, layer: Layer, candidates: Sequence[Rewritten]
) -> tuple[Rewritten | None, list[Declined]]:
    """The cheapest that improves and is accurate enough; else what was declined."""
    before = options.sizes(network)
    sizes = [options.sizes(one.network) for one in candidates]
    better = [k for k, after in enumerate(sizes) if options.improves(before, after)]
    declined: list[Declined] = []
    for k in sorted(better, key=lambda k: options.cost(sizes[k])):
        accuracy = options.accuracy
        growth = 1.0 if accuracy is None else accuracy.growth(candidates[k].network)
        if accuracy is None or accuracy.allows(growth):
            return candidates[k], []
        declined.append(Declined(layer.name, before.units - sizes[k].units, growth))
    return None, declined[:1]


def _possible_carriers(
    network: Network,
    facts: Facts,
    options: Options,
    layer: Layer,
    around: LayerMatrices,
    parts: _Parts,
) -> Iterator[Rewritten]:
    if parts.linear.is_zero:
        yield _assemble(network, facts, layer, around, parts, None)
        return
    if options.skips:
        yield _assemble(network, facts, layer, around, parts, None)
    ends = _predecessor_ends(network, facts, around)
    if ends is None:
        return
    for kind, outer, inner in _factorisations(parts.linear, layer.size - len(parts.kinks) - 1):
        shifted = _shifted_carriers(kind, outer, inner, ends)
        if shifted is not None:
            yield _assemble(network, facts, layer, around, parts, shifted)


def _factorisations(linear: Matrix, limit: int) -> Iterator[tuple[str, Matrix, Matrix]]:
    """Factorisations M = F Q with at most `limit` rows of Q (fewer units than there are now)."""
    rows = np.nonzero(linear.nonzero.any(axis=1))[0]
    columns = np.nonzero(linear.nonzero.any(axis=0))[0]
    if len(rows) <= limit:
        yield "right", Matrix.selection(rows, linear.shape[0]).T, linear.select_rows(rows)
    if len(columns) <= limit:
        yield "left", linear.select_columns(columns), Matrix.selection(columns, linear.shape[1])
    few = linear.modular_rank < min(len(rows), len(columns)) and linear.modular_rank <= limit
    if few and linear.bits_of_rref <= CompileEffort.most_factor_bits:
        inner, pivots = linear.rref()  # exact; the modular rank only says whether it is worth it
        yield "minimal", linear.select_columns(pivots), inner


def _predecessor_ends(
    network: Network, facts: Facts, around: LayerMatrices
) -> tuple[Matrix, Matrix] | None:
    """Exact proven ends of the stacked predecessors, or None if one is unknown or infinite."""
    lows: list[Matrix] = []
    highs: list[Matrix] = []
    for name in around.predecessors:
        if name == network.input_name:
            domain = facts.domain
            if not domain.is_bounded:
                return None
            lows.append(Matrix.column([v for v in domain.lower if v is not None]))
            highs.append(Matrix.column([v for v in domain.upper if v is not None]))
            continue
        known = facts.layers.get(name)
        if known is None or not np.isfinite(known.upper).all():
            return None
        lows.append(
            Matrix.from_floats(
                np.maximum(np.where(np.isfinite(known.lower), known.lower, 0.0), 0.0).reshape(-1, 1)
            )
        )
        highs.append(Matrix.from_floats(np.maximum(known.upper, 0.0).reshape(-1, 1)))
    return (vstack(lows), vstack(highs)) if lows else (Matrix.zeros(0, 1), Matrix.zeros(0, 1))


def _shifted_carriers(
    kind: str, outer: Matrix, inner: Matrix, ends: tuple[Matrix, Matrix]
) -> _Carriers | None:
    low, high = ends
    positive = positive_part(inner)
    negative = inner - positive
    least = (positive @ low + negative @ high).column_values()
    most = (positive @ high + negative @ low).column_values()
    shifts = [_short_above(-value) if value < 0 else Fraction(0) for value in least]
    upper = [
        max(round_up(value + t), _NO_CARRIER_IS_ZERO) for value, t in zip(most, shifts, strict=True)
    ]
    if not all(np.isfinite(upper)):
        return None
    return _Carriers(kind, outer, inner, shifts, upper)


def _short_above(value: Fraction) -> Fraction:
    """A number ≥ value with few significant bits."""
    bits = value.numerator.bit_length() - value.denominator.bit_length()
    step = Fraction(2) ** (bits - CompileEffort.shift_bits)
    return -(-value // step) * step


def _assemble(
    network: Network,
    facts: Facts,
    layer: Layer,
    around: LayerMatrices,
    parts: _Parts,
    chosen: _Carriers | None,
) -> Rewritten:
    """The network with this layer rebuilt; without carriers the linear part goes over skip edges
    (or is zero).
    """
    draft = Draft(network)
    rows = around.incoming.select_rows(parts.kinks)
    bias = layer.bias.select_rows(parts.kinks)
    columns, shift = parts.jumps, parts.shift
    before = facts.layers[layer.name]
    ties, gone = ties_of(layer.name, before, parts.merged), _gone_units(layer.name, before, parts)
    known, detail = before.take(parts.kinks), "linear part over skip edges"
    if chosen is not None:
        rows, bias = vstack([rows, chosen.inner]), vstack([bias, Matrix.column(chosen.shifts)])
        columns = hstack([columns, chosen.outer])
        shift = shift - chosen.outer @ Matrix.column(chosen.shifts)
        sources = tuple((u, facts.layers.get(u)) for u in around.predecessors)
        why = tuple(Carrier(chosen.inner, k, sources) for k in range(len(chosen.shifts)))
        known = known.followed_by(carrier_facts(chosen.upper, why))
        detail = f"{len(chosen.shifts)} {chosen.kind} carriers"
    for successor in around.successors:
        draft.drop_edge(layer.name, successor)
    linear = Matrix.zeros(*parts.linear.shape) if chosen is not None else parts.linear
    connect(draft, around, linear, shift)
    left = FactsEdit(facts)
    left.drop(layer.name)
    if rows.shape[0]:
        draft.put(Layer(layer.name, "relu", bias, around.split_incoming(rows)))
        for successor, block in around.split_outgoing(columns).items():
            draft.add_edge(layer.name, successor, block)
        left.put(layer.name, known)
    else:
        draft.remove(layer.name)
    fewer = layer.size - rows.shape[0]
    step = Step("carry the linear part", layer.name, fewer, detail, ties, gone=gone)
    return Rewritten(draft.freeze(), left.freeze(), (step,))


def _gone_units(name: str, known: LayerFacts, parts: _Parts) -> tuple[GoneUnit, ...]:
    """What became of the layer's units: a kink is shared with the representative that stays."""
    stays = set(parts.kinks)
    pairs = [(k, r) for k, r, _ in parts.merged if k != r and r in stays]
    linear = set(range(known.size)).difference(stays, (k for k, _ in pairs))
    return merged_units(name, known, pairs) + gone_units(name, known, sorted(linear), "carried")
