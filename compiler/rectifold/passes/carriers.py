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
    turned: J relu(z) = J relu(−z) + J z for some units, where M + Σ J_k w_kᵀ has a smaller rank

Sound because Q a + t ≥ 0 on the domain, so each carrier is the identity there, and the sums above
are identities. The shift t comes from exact interval arithmetic over proven ends. The cheapest form
is taken, and only if it is cheaper than the layer as it is. Where the result is written in floats,
one that multiplies the rounding error too often is not taken, and said. Where a pair of mirrored
units is written as one (ir/leaky.py), forms that keep the pairs are looked at as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from rectifold.exact.matrix import Matrix, hstack, vstack
from rectifold.exact.numerals import counted
from rectifold.facts.facts import Carrier, Facts, LayerFacts, carrier_facts
from rectifold.ir.draft import Draft
from rectifold.ir.hyperplanes import ParallelUnits, hyperplane_groups
from rectifold.ir.leaky import LeakyPair, leaky_pairs
from rectifold.ir.network import Layer, Network
from rectifold.passes.accuracy import Declined
from rectifold.passes.carrier_units import (
    CarrierUnits,
    factorisations,
    predecessor_ends,
    shifted_carriers,
)
from rectifold.passes.facts_edit import FactsEdit
from rectifold.passes.layer_matrices import LayerMatrices, connect, layer_matrices
from rectifold.passes.orientations import orientation
from rectifold.passes.result import (
    GoneUnit,
    Options,
    Rewritten,
    Step,
    gone_units,
    merged_units,
    ties_of,
)


@dataclass(frozen=True, eq=False)
class LayerParts:
    """A layer taken apart: kinks J relu(w a + b) and the linear rest M a + d."""

    kinks: list[int]  # representative units
    jumps: Matrix  # successors × kinks
    linear: Matrix  # successors × predecessors
    shift: Matrix  # successors × 1
    merged: list[tuple[int, int, Fraction]]  # (unit, representative, ratio)
    turned: tuple[int, ...] = ()  # places of kinks that become J relu(-w a - b)


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
        apart = [take_apart(layer, around, known, form) for form in forms]
        apart += [other for parts in apart if (other := _turned(layer, around, parts)) is not None]
        candidates = [
            one
            for parts in apart
            for one in _possible_carriers(network, facts, options, layer, around, parts)
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


def take_apart(
    layer: Layer, around: LayerMatrices, known: LayerFacts, groups: list[ParallelUnits]
) -> LayerParts:
    """What the layer gives, with the units in groups by hyperplane; none of them is inactive."""
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
    return LayerParts(kinks, jumps, linear, shift, merged)


def _turned(layer: Layer, around: LayerMatrices, parts: LayerParts) -> LayerParts | None:
    """The same with units turned so that the linear part has a smaller rank; None if none helps."""
    if parts.linear.is_zero:
        return None
    rows = around.incoming.select_rows(parts.kinks)
    found = orientation(parts.linear, parts.jumps, rows)
    if found is None or not found.flips:
        return None
    jumps = parts.jumps.select_columns(found.flips)
    bias = layer.bias.select_rows(parts.kinks)
    return replace(
        parts,
        linear=parts.linear + jumps @ rows.select_rows(found.flips),
        shift=parts.shift + jumps @ bias.select_rows(found.flips),
        turned=found.flips,
    )


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
    parts: LayerParts,
) -> Iterator[Rewritten]:
    if parts.linear.is_zero:
        yield _assemble(network, facts, layer, around, parts, None)
        return
    if options.skips:
        yield _assemble(network, facts, layer, around, parts, None)
    ends = predecessor_ends(network, facts, around)
    if ends is None:
        return
    for kind, outer, inner in factorisations(parts.linear, layer.size - len(parts.kinks) - 1):
        shifted = shifted_carriers(kind, outer, inner, ends)
        if shifted is not None:
            yield _assemble(network, facts, layer, around, parts, shifted)


@dataclass(frozen=True, eq=False)
class _Rebuilt:
    """What the layer becomes: its rows and bias, the columns and shift behind it, and its facts."""

    rows: Matrix
    bias: Matrix
    columns: Matrix
    shift: Matrix
    known: LayerFacts
    detail: str


def _rebuilt(
    facts: Facts,
    layer: Layer,
    around: LayerMatrices,
    parts: LayerParts,
    chosen: CarrierUnits | None,
) -> _Rebuilt:
    """The kinks, and the carriers below them if there are some."""
    signs = [-1 if k in parts.turned else 1 for k in range(len(parts.kinks))]
    rows = around.incoming.select_rows(parts.kinks).scale_rows(signs)
    bias = layer.bias.select_rows(parts.kinks).scale_rows(signs)
    known = facts.layers[layer.name].take(parts.kinks).with_turned(parts.turned)
    if chosen is None:
        skipped = "linear part over skip edges"
        return _Rebuilt(rows, bias, parts.jumps, parts.shift, known, skipped)
    shifts = Matrix.column(chosen.shifts)
    sources = tuple((u, facts.layers.get(u)) for u in around.predecessors)
    why = tuple(Carrier(chosen.inner, k, sources) for k in range(len(chosen.shifts)))
    return _Rebuilt(
        vstack([rows, chosen.inner]),
        vstack([bias, shifts]),
        hstack([parts.jumps, chosen.outer]),
        parts.shift - chosen.outer @ shifts,
        known.followed_by(carrier_facts(chosen.upper, why)),
        f"{len(chosen.shifts)} {chosen.kind} carriers",
    )


def _assemble(
    network: Network,
    facts: Facts,
    layer: Layer,
    around: LayerMatrices,
    parts: LayerParts,
    chosen: CarrierUnits | None,
) -> Rewritten:
    """The network with this layer rebuilt; without carriers the linear part goes over skip edges
    (or is zero).
    """
    draft, before = Draft(network), facts.layers[layer.name]
    made = _rebuilt(facts, layer, around, parts, chosen)
    ties, gone = ties_of(layer.name, before, parts.merged), _gone_units(layer.name, before, parts)
    for successor in around.successors:
        draft.drop_edge(layer.name, successor)
    linear = Matrix.zeros(*parts.linear.shape) if chosen is not None else parts.linear
    connect(draft, around, linear, made.shift)
    left = FactsEdit(facts)
    left.drop(layer.name)
    if made.rows.shape[0]:
        draft.put(Layer(layer.name, "relu", made.bias, around.split_incoming(made.rows)))
        for successor, block in around.split_outgoing(made.columns).items():
            draft.add_edge(layer.name, successor, block)
        left.put(layer.name, made.known)
    else:
        draft.remove(layer.name)
    turned = tuple(int(before.origin[parts.kinks[k]]) for k in parts.turned)
    said = f"{made.detail}, {counted(len(turned), 'unit')} turned" if turned else made.detail
    fewer = layer.size - made.rows.shape[0]
    step = Step("carry the linear part", layer.name, fewer, said, ties, gone=gone, turned=turned)
    return Rewritten(draft.freeze(), left.freeze(), (step,))


def _gone_units(name: str, known: LayerFacts, parts: LayerParts) -> tuple[GoneUnit, ...]:
    """What became of the layer's units: a kink is shared with the representative that stays."""
    stays = set(parts.kinks)
    pairs = [(k, r) for k, r, _ in parts.merged if k != r and r in stays]
    linear = set(range(known.size)).difference(stays, (k for k, _ in pairs))
    return merged_units(name, known, pairs) + gone_units(name, known, sorted(linear), "carried")
